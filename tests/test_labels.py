from itertools import chain

import pytest

from spatialevo_core.text import name_form
from spatialevo_datasets.labels import known, own_names, structural, vocabulary


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("refridgerator", "refrigerator"),
        ("the fridge", "refridgerator"),
        ("television", "tv"),
        ("washing machine", "washer"),
        ("garbage bin", "trash can"),
        ("Trash Bins", "trash can"),
        ("couches", "sofa"),
        ("bedside table", "night stand"),
        ("shelf", "shelves"),
        ("doorframe", "door frame"),
        ("garbage bin", "Trash Can"),
        ("fridge", "Refridgerator"),
        ("television", "TV"),
    ],
)
def test_other_words_find_the_label_that_the_room_has(said, label):
    assert vocabulary([label, "lamp"]).find(said) == label


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tv", "monitor"),
        ("chair", "armchair"),
        ("chair", "stool"),
        ("desk", "table"),
        ("trash can", "recycling bin"),
        ("cabinet", "file cabinet"),
        ("bookshelf", "book"),
        ("bookshelf", "shelf"),
        ("books", "bookshelf"),
        ("tv_monitor", "tv"),
        ("tv_monitor", "monitor"),
        ("heater", "radiator"),
        ("dishwasher", "washer"),
        ("hair dryer", "dryer"),
        ("microwave", "oven"),
        ("stove", "oven"),
        ("bathtub", "sink"),
        ("cup", "mug"),
    ],
)
def test_things_that_differ_are_never_one(one, other):
    assert vocabulary([one]).find(other) is None
    assert vocabulary([other]).find(one) is None


def test_the_labels_of_a_room_come_before_their_synonyms():
    names = vocabulary(["trash can", "trash bin"])
    assert names.find("trash bin") == "trash bin"
    assert names.find("trash can") == "trash can"


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (("sofa", "couch"), "sofa"),
        (("trash can", "trash bin"), "trash bin"),
        (("night stand", "nightstand"), "nightstand"),
        (("Chair", "chair", "chair "), "chair"),
        (("curtains", "curtain"), "curtain"),
        (("desks", "desk"), "desk"),
        (("televisions", "tv"), "tv"),
        (("desk ",), "desk"),
        (("washing_machine", "washer"), "washer"),
        (("tv_monitor",), "tv monitor"),
    ],
)
def test_labels_that_mean_the_same_have_one_name_which_is_the_shortest(found, name):
    assert own_names(found) == dict.fromkeys(found, name)
    assert own_names(found[::-1]) == dict.fromkeys(found, name)


def test_labels_that_mean_different_things_keep_their_names():
    found = ("chair", "office chair", "armchair", "stool", "monitor", "tv", "cup", "mug", "Glass")
    assert own_names(found) == {label: label for label in found}


def test_no_word_is_in_two_groups_of_synonyms():
    words = [name_form(word) for word in chain.from_iterable(known().synonyms)]
    assert len(words) == len(set(words))


def test_the_lexicon_knows_most_household_things_by_their_usual_word():
    assert len(known().lexicon) >= 250
    others = {name_form(word) for group in known().synonyms for word in group[1:]}
    assert not known().lexicon & others


def test_what_is_not_in_the_room_is_known_as_absent():
    found = vocabulary(["bed", "lamp"]).mentions(
        "a bed beside two fridges under a picture of trees"
    )
    assert [(each.name, each.present) for each in found] == [("bed", True), ("refrigerator", False)]


@pytest.mark.parametrize(
    "label", ["wall", "Floor", "ceiling", "unlabelled", "unannotated", "REMOVE"]
)
def test_the_room_itself_is_no_object(label):
    assert structural(label)


@pytest.mark.parametrize("label", ["door", "window", "floor lamp", "wall clock", "ceiling light"])
def test_what_hangs_on_the_room_is_an_object(label):
    assert not structural(label)


def test_no_structural_label_is_in_the_lexicon():
    assert not known().lexicon & known().structural


def test_reserved_words_are_no_names():
    names = vocabulary(["bed"])
    for word in ("camera", "image", "picture", "photo", "view", "you", "room", "left", "back"):
        assert names.known(word) is None
