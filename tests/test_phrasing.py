"""Phrasings write and read; vocabularies find names however they are said."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialevo_core.errors import ConfigError
from spatialevo_core.names import Vocabulary
from spatialevo_core.phrasing import Grammar, Phrasing
from spatialevo_core.question import Query
from spatialevo_core.slots import Choice, ImageNumber, Name, Names
from spatialevo_core.text import name_form, plain


class Distance(Query):
    first: Name
    second: Name
    unit: Annotated[
        Literal["m", "cm"], Choice({"m": ("meters", "metres"), "cm": ("centimeters",)})
    ] = "m"


GRAMMAR = Grammar(
    Distance,
    (
        Phrasing("How far is the {first} from the {second} (in|measured in) {unit}?"),
        Phrasing("[Measuring from the closest points,] how far apart are {first} and {second}?"),
        Phrasing(
            "What is the distance [in this room] between the {first} and the {second} [please]?"
        ),
        Phrasing("Is the {first}'s side of the {second} far from the {first}?", read_only=True),
    ),
)


def read(text):
    return [GRAMMAR.build(reading, name_form) for reading in GRAMMAR.readings(text)]


CHAIR_DESK = Distance(first="chair", second="desk")


@pytest.mark.parametrize(
    "text",
    [
        "How far is the chair from the desk in meters?",
        "how far is a chair from the desk measured in METRES",
        "How far apart are the chair and the desk?",
        "Measuring from the closest points how far apart are chair and desk",
        "What is the distance between the chair and the desk?",
        "What is the distance in this room between the chair and the desk please?",
        "What  is the distance\nbetween the chair and the\u200b desk ?",
        "Is the chair's side of the desk far from the chair?",
    ],
)
def test_a_phrasing_reads_its_variants(text):
    assert CHAIR_DESK in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "How far is the chair from the desk in feet?",
        "Is the chair's side of the desk far from the lamp?",
        "How far?",
        "",
        "How far is the chair from the desk in meters? And the lamp?",
    ],
)
def test_a_phrasing_reads_nothing_else(text):
    assert read(text) == []


def test_only_written_phrasings_that_say_the_whole_query_are_written():
    assert len(GRAMMAR.write(CHAIR_DESK)) == 3
    assert GRAMMAR.write(Distance(first="chair", second="desk", unit="cm")) == (
        "How far is the chair from the desk in centimeters?",
    )


LABEL = st.sampled_from(["chair", "coffee table", "night stand", "tv", "trash can", "bed"])


@given(LABEL, LABEL, st.sampled_from(["m", "cm"]))
def test_what_is_written_is_read_back(first, second, unit):
    query = Distance(first=first, second=second, unit=unit)
    for text in GRAMMAR.write(query):
        assert query in read(text)


class Shown(Query):
    things: Names
    image: ImageNumber


def test_lists_and_image_numbers_are_read_as_people_write_them():
    grammar = Grammar(Shown, (Phrasing("Which of {things} is in {image}?"),))
    for listed in (
        "(stool, lamp, sofa)",
        "stool, lamp or sofa",
        "the stool, the lamp, or the sofa",
    ):
        for image in ("Image 2", "image two", "the second image", "picture 2", "frame number 2"):
            (reading,) = grammar.readings(f"Which of {listed} is in {image}?")
            query = grammar.build(reading, name_form)
            assert query == Shown(things=("stool", "lamp", "sofa"), image=2)
    (text,) = grammar.write(Shown(things=("stool", "lamp"), image=1))
    assert text == "Which of stool or lamp is in Image 1?"


def test_a_field_without_a_slot_is_refused_by_name():
    class Bare(Query):
        height: float

    with pytest.raises(ConfigError, match=r"Bare\.height has no slot"):
        Grammar(Bare, (Phrasing("Is it {height} high?"),))


VOCABULARY = Vocabulary(
    names=("chair", "night stand", "refridgerator", "bookshelf", "couch"),
    synonyms=(("refrigerator", "fridge", "refridgerator"), ("sofa", "couch")),
    lexicon=frozenset({"lamp", "book"}),
)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("chair", "chair"),
        ("The Chairs", "chair"),
        ("chair(s)", "chair"),
        ("night_stand", "night stand"),
        ("night stands", "night stand"),
        ("fridge", "refridgerator"),
        ("Refrigerators", "refridgerator"),
        ("sofas", "couch"),
        ("book", None),
        ("books", None),
        ("shelf", None),
        ("ｃｈａｉｒ", "chair"),
        ("", None),
    ],
)
def test_a_name_is_found_however_it_is_said(said, name):
    assert VOCABULARY.find(said) == name


def test_mentions_are_found_longest_first_and_tell_what_is_there():
    text = "A night stand, two chairs and a lamp; the bookshelf holds a book."
    found = [(m.name, m.present) for m in VOCABULARY.mentions(text)]
    assert found == [
        ("night stand", True),
        ("chair", True),
        ("lamp", False),
        ("bookshelf", True),
        ("book", False),
    ]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_exception(text):
    assert isinstance(plain(text), str)
    assert isinstance(VOCABULARY.mentions(text), tuple)
    assert isinstance(list(GRAMMAR.readings(text)), list)
