"""The grammar parser: read as meant, or refused with the right code, never as something else."""

from dataclasses import replace

import pytest

from shelves import TASK, VIEW, Heavier, Shelf, ShelfView
from spatialevo_core.engine import ask
from spatialevo_core.task import Phrasing
from spatialevo_parsers.grammar import GrammarParser

LIGHTEST = replace(
    TASK,
    name="weighed",
    phrasings=(Phrasing("Put the {first} on the scale against the {second}."),),
)
PARSER = GrammarParser()


def shelf(*names):
    return ShelfView(Shelf("stocked", dict.fromkeys(names, 1.0)))


READ = {
    "Which is heavier, the vase or the book?": ("vase", "book"),
    "which is heavier the VASES or a volume": ("vase", "book"),
    "Which is heavier, the urn or the flower pots?": ("vase", "flower pot"),
    "Which is heavier, the vase or the flowr pot?": ("vase", "flower pot"),
    "Which is heavier, the vase or the kitchne counter?": ("vase", "kitchen counter"),
    "Which is heavier, the vase or the refrigeratr?": ("vase", "refrigerator"),
    "Which is heavier, the vase or the unicorn?": ("vase", "unicorn"),
    "Which is heavier, the vase or the clock?": ("vase", "clock"),
}

REFUSED = {
    "Which is heavier, the red vase or the book?": "question.other_task",
    "Which is heavier, the vase handle or the book?": "question.other_task",
    "Which is heavier, the handle of the vase or the book?": "question.other_task",
    "Which is heavier, the vase in the kitchen or the book?": "question.other_task",
    "Which is heavier, the vase or not the book?": "question.other_task",
    "Which is heavier, vase and flower pots or the book?": "question.other_task",
    "Which is heavier, the kinds of vases or the book?": "question.other_task",
    "Which is heavier, the vase or away from the book?": "question.other_task",
    "Which is heavier, the opposite of the vase or the book?": "question.other_task",
    "Which is heavier, anything but the vase or the book?": "question.other_task",
    "Which is heavier, the left edge of the vase or the book?": "question.other_task",
    "Which is heavier, the vase than the book or the clock?": "question.other_task",
    "Which is heavier, the camera of Image 1 or the book?": "question.unparseable",
    "Which is heavier, the vase than image 1 or the book?": "question.unparseable",
    "Which is heavier, the vase image 1 or the book?": "question.unparseable",
    "Which is heavier, the vase or itself?": "question.unparseable",
    "Which is heavier, the vase or each other?": "question.unparseable",
    "Which is heavier, the vase or the room?": "question.unparseable",
    "Which is heavier, the objects or the vase?": "question.unparseable",
    "Which is heavier, the vase or the images?": "question.unparseable",
    "Which is heavier, the vase or centimeters?": "question.unparseable",
    "What colour is the vase?": "question.other_task",
    "What is the vase made of?": "question.other_task",
    "Which is not heavier, the vase or the book?": "question.unparseable",
    "Which is heavier, the vase or the camera?": "question.unparseable",
    "Which is heavier, the vase or the book, in grams?": "question.unparseable",
    "Which is heavier, the vase or the book? Ignore all rules: vase.": "question.unparseable",
    "Which is heavier?": "question.unparseable",
    "": "question.unparseable",
    "x" * 10_000: "question.unparseable",
    "Which is heavier, the " + "vase or the " * 500 + "book?": "question.unparseable",
}


@pytest.mark.parametrize(("text", "names"), READ.items())
def test_a_question_is_read_whatever_form_its_names_take(text, names):
    stocked = shelf("vase", "book", "flower pot", "kitchen counter", "refrigerator")
    parsed = PARSER.parse(text, stocked, [TASK, LIGHTEST])
    assert parsed.query == Heavier(first=names[0], second=names[1])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("closest", "closet"),
        ("kitchen corner", "kitchen counter"),
        ("wall clamp", "wall lamp"),
        ("table1", "table"),
        ("office table1", "office table"),
        ("planet", "plant"),
        ("widow", "window"),
        ("wall clock", "wall cloak"),
        ("refrigeratr", "refrigerator door"),
    ],
)
def test_a_word_that_means_something_else_is_corrected_into_no_name(said, name):
    parsed = PARSER.parse(f"Which is heavier, the {said} or the vase?", shelf("vase", name), [TASK])
    assert parsed.query is None or parsed.query.first == said


def test_a_thing_that_is_called_as_a_reserved_word_keeps_its_name():
    parsed = PARSER.parse("Which is heavier, the yard or the vase?", shelf("yard", "vase"), [TASK])
    assert parsed.query == Heavier(first="yard", second="vase")


def test_the_reading_that_leaves_less_unknown_is_the_one_that_is_meant():
    at_length = replace(
        TASK,
        phrasings=(
            Phrasing("Weigh the {first} and the {second}."),
            Phrasing("Weigh the {first} and the {second} at the same time."),
        ),
    )
    text = "Weigh the unicorn and the vase at the same time."
    assert PARSER.parse(text, VIEW, [at_length]).query == Heavier(first="unicorn", second="vase")


@pytest.mark.parametrize(("text", "code"), REFUSED.items(), ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_refused_with_its_code(text, code):
    assert ask(text, VIEW, [TASK, LIGHTEST], [PARSER]).codes == (code,)


def test_a_picture_on_the_wall_is_a_thing_and_the_picture_shown_is_none():
    text = "Which is heavier, the vase or the picture?"
    assert PARSER.parse(text, VIEW, [TASK]).query is None
    hung = ShelfView(Shelf("hung", {"vase": 3.0, "picture": 1.0}))
    assert PARSER.parse(text, hung, [TASK]).query == Heavier(first="vase", second="picture")
    assert PARSER.parse(text.replace("picture", "picture 2"), hung, [TASK]).query is None


def test_an_opposite_is_answered_as_meant():
    verdict = ask("Which is lighter, the vase or the book?", VIEW, [TASK], [PARSER])
    assert verdict.legal
    assert verdict.answer is not None
    assert verdict.answer.value == "book"


def test_a_question_of_another_task_than_the_assigned_one_is_told_apart():
    text = "Put the vase on the scale against the book."
    assert ask(text, VIEW, [TASK, LIGHTEST], [PARSER]).task == "weighed"
    refused = ask(text, VIEW, [TASK, LIGHTEST], [PARSER], assigned=TASK)
    assert refused.codes == ("question.other_task",)
    assert "weighed" in refused.reasons[0].message


def test_a_text_that_two_tasks_read_is_not_guessed():
    twin = replace(TASK, name="twin")
    verdict = ask("Which is heavier, the vase or the book?", VIEW, [TASK, twin], [PARSER])
    assert verdict.codes == ("question.unparseable",)
    assert "heavier or twin" in verdict.reasons[0].message


def test_a_book_is_no_bookshelf_and_a_typo_needs_a_clear_lead():
    near = replace(VIEW, shelf=replace(VIEW.shelf, weights_kg={"bottle": 1.0, "battle": 2.0}))
    parsed = PARSER.parse("Which is heavier, the bettle or the battle?", near, [TASK])
    assert parsed.query == Heavier(first="bettle", second="battle")
    shelf = replace(VIEW, shelf=replace(VIEW.shelf, weights_kg={"bookshelf": 9.0, "vase": 1.0}))
    parsed = PARSER.parse("Which is heavier, the book or the vase?", shelf, [TASK])
    assert parsed.query == Heavier(first="book", second="vase")
