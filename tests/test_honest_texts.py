"""What people would truly write scores high, however they put it; and the laws of the scores."""

import re
from collections.abc import Iterator
from functools import cache
from random import Random
from statistics import median

import pytest

from honest_texts import ANSWERS, EXPLANATIONS, OBSERVATIONS
from spatialevo_core.plugins import load
from spatialevo_core.registry import Asked, Registry
from spatialevo_core.text import sentence
from spatialevo_datasets import labels
from spatialevo_datasets.arrangement import Arrangement
from spatialevo_datasets.instances import Instance
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView, SceneView, View
from spatialevo_trainer.explanations import explanation
from spatialevo_trainer.observations import observation
from spatialevo_trainer.rewards import accuracy

LEAST = 0.9


@cache
def registry() -> Registry:
    return load()


@cache
def room(name: str) -> Scene:
    return registry().dataset("synthetic").load(None, name)


@cache
def asked(name: str, question: str) -> Asked:
    return registry().ask_about(question, room(name))


def view_of(name: str, frames: tuple[int, ...]) -> View:
    return (FrameView if len(frames) == 1 else SceneView)(room(name), frames)


SLOW_ROOMS = ("lroom-2",)
"""They take seconds to look at."""


def observations(size: str) -> list[tuple[tuple[str, tuple[int, ...], str], str]]:
    return [
        (place, text)
        for place, row in OBSERVATIONS.items()
        for text in row
        if size == "many" or place[0] not in SLOW_ROOMS
    ]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param(
            place, text, marks=[pytest.mark.slow] if place[0] in SLOW_ROOMS else [], id=text[:40]
        )
        for place, text in observations("many")
    ],
)
def test_a_true_observation_scores_high(place, text):
    name, frames, question = place
    graded = observation(text, question, view_of(name, frames))
    assert graded.score >= LEAST, (graded.why, graded.found.claims)


@pytest.mark.parametrize(
    ("place", "text"), [(place, text) for place, row in EXPLANATIONS.items() for text in row]
)
def test_a_right_explanation_scores_high(place, text):
    view, verdict = asked(*place)
    graded = explanation(text, verdict, view, registry().task(verdict.task))
    assert graded.score >= LEAST, graded.why


@pytest.mark.parametrize(
    ("place", "text"), [(place, text) for place, row in ANSWERS.items() for text in row]
)
def test_a_right_answer_scores_high(place, text):
    verdict = asked(*place).verdict
    assert accuracy(registry().task(verdict.task), text, verdict) >= LEAST


# Laws, on observations written from the geometry of many rooms.

Told = tuple[FrameView, str, str]
"""A view, a question and a true observation."""


def written(view: FrameView, rng: Random) -> Iterator[str]:
    """True observations of an image in several styles; about things that it shows apart."""
    there = Arrangement.of(view.scene, view.frames)
    shown = there.pictured[0]
    alone: list[Instance] = [
        those[0] for those in there.things.values() if len(those) == 1 and those[0].id in shown
    ]
    row = sorted(alone, key=lambda each: shown[each.id].across)
    for _ in range(4):
        pair = rng.sample(row, len(row))[:2]
        if len(pair) < 2 or there.left(*pair, [0]) is None:
            continue
        a, b = (each.label for each in pair)
        if not there.left(*pair, [0]):
            a, b = b, a
        yield f"In the room, the {a} is left of the {b}."
        yield f"The picture shows a {b}; to its left is a {a}."
        yield f"From left to right, the image has a {a} and a {b}."
        if there.behind(*pair, [0]):
            yield f"A room. The {pair[0].label} is behind the {pair[1].label}; {a} left of {b}."
        left = [each for each in pair if there.on_the_left(each, [0])]
        for each in left:
            yield f"On the left of the image is a {each.label}. The {a} is to the left of the {b}."


FEW = {"room": 2, "lroom": 1, "tiny": 8}
MANY = {"room": 8, "lroom": 4, "tiny": 60}
SIZES = ["few", pytest.param("many", marks=pytest.mark.slow)]


@cache
def told(size: str) -> tuple[Told, ...]:
    """Of two images of each room."""
    found = []
    kinds = FEW if size == "few" else MANY
    for name in [f"{kind}-{n}" for kind, many in kinds.items() for n in range(many)]:
        scene, rng = room(name), Random(name)
        for view in list(FrameView.propose(scene, rng))[:2]:
            for text in written(view, rng):
                a, b = re.findall("|".join(sorted(scene.labels, key=len, reverse=True)), text)[-2:]
                found.append((view, f"Is the {a} left or right of the {b}?", text))
    return tuple(found)


def score(told: Told, text: str) -> float:
    view, question, _ = told
    return observation(text, question, view).score


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_from_the_geometry_scores_high(size):
    scores = [score(each, each[2]) for each in told(size)]
    assert len(scores) > 100
    assert min(scores) >= LEAST


@pytest.mark.parametrize("size", SIZES)
def test_an_observation_of_one_room_loses_more_than_half_in_another(size):
    lost = []
    for kind in ("room", "tiny"):
        rows = [
            each for each in told(size) if f"/{kind}" in each[0].scene.key.replace("lroom", "room")
        ]
        for one in rows:
            others = [each for each in rows if each[0].scene is not one[0].scene]
            other = Random(one[2]).choice(others)
            for question in (one[1], other[1]):
                there = observation(one[2], question, other[0]).score
                lost.append(1 - there / score(one, one[2]))
    assert median(lost) >= 0.5


@pytest.mark.parametrize("size", SIZES)
def test_swapping_left_and_right_lowers_every_text(size):
    turned = {"left": "right", "right": "left"}
    for each in told(size):
        text = re.sub(r"\b(?:left|right)\b", lambda match: turned[match[0]], each[2])
        assert text != each[2]
        assert score(each, text) < score(each, each[2]), (text, each)
    for (name, frames, question), text in observations(size):
        view = view_of(name, frames)
        other = re.sub(r"\b(left|right)(?=\b|most)", lambda match: turned[match[0]], text)
        if other != text:
            before = observation(text, question, view).score
            assert observation(other, question, view).score < before, other


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("joint", [" ", ", ", ". "])
def test_appending_names_never_raises_a_score(joint, size):
    every = sentence(sorted(labels.words()))
    texts = [(view, question, text) for view, question, text in told(size)[::3]]
    texts += [
        (view_of(name, frames), question, text)
        for (name, frames, question), text in observations(size)
    ]
    poor = ("", "A room.", "It is to the", "There is a sofa.", "On the")
    texts += [(view, question, text) for view, question, _ in told(size)[::12] for text in poor]
    for view, question, text in texts:
        before = observation(text, question, view).score
        some = view.scene.labels
        for names in (some, some[::-1], tuple(Random(text).sample(some, len(some)))):
            for listed in (sentence(names), " ".join(names)):
                after = observation(f"{text.rstrip('.')}{joint}{listed}", question, view)
                assert after.score <= before, (text, listed, after.why, after.found.claims)
        assert observation(f"{text}{joint}{every}", question, view).score <= before
