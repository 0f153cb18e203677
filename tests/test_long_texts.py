"""Reading stays linear: whatever a model writes, the oracle has an answer in milliseconds."""

from random import Random
from time import process_time

import pytest

from spatialevo_core.plugins import load
from spatialevo_datasets import labels
from spatialevo_datasets.synthetic import Synthetic

LIMIT_S = 0.1
"""Twenty times what it takes, so that a busy machine fails no test."""

WORDS = Random(0)
MADE_UP = ["".join(WORDS.choices("abcdefghijklmnop", k=WORDS.randint(2, 8))) for _ in range(2000)]
ROOM = labels.vocabulary(("sofa", "night stand", "chest of drawers"))


def seconds(work) -> float:
    start = process_time()
    work()
    return process_time() - start


@pytest.mark.parametrize(
    "text",
    ["x " * 5000, "the sofa " * 1111, "chests of drawers " * 555, " ".join(MADE_UP)[:10_000]],
)
def test_the_names_in_ten_thousand_characters_are_found_at_once(text):
    ROOM.mentions("sofas and chests of drawers")  # what is loaded once
    assert seconds(lambda: ROOM.mentions(text)) < LIMIT_S


def test_every_name_in_a_long_text_is_found():
    found = ROOM.mentions("The sofas by a night stand, and these chests of drawers. " * 150)
    assert [each.name for each in found] == ["sofa", "night stand", "chest of drawers"] * 150


def test_an_article_does_not_cut_the_longest_name_short():
    (found,) = ROOM.mentions("is the paper towel dispenser empty")
    assert (found.name, found.start, found.end) == ("paper towel dispenser", 3, 28)


@pytest.mark.parametrize(
    "text",
    [
        f"Which of these ({', '.join(MADE_UP[:60])}) is closest to the tv?",
        f"What is closest to the lamp: {' or '.join(MADE_UP[60:130])}?",
        "Which is closest to the " + "sofa, which is closest to the " * 60 + "door?",
        "If I am standing by the sofa and facing the "
        + "door and facing the " * 90
        + "lamp, where?",
        "How far is the sofa from the " + "door from the " * 130 + "lamp?",
    ],
)
def test_a_question_that_almost_fits_many_wordings_is_refused_at_once(text):
    registry, scene = load(), Synthetic().load(None, "tiny-0")
    task = registry.task("relative_distance")
    view = task.world.of(scene)
    registry.ask("How large is this room?", view, task.name)
    assert len(text) <= 2000
    assert seconds(lambda: registry.ask(text, view, task.name)) < LIMIT_S
    assert not registry.ask(text, view, task.name).legal
