"""No text earns a reward without looking: dumps, copies, templates, hedges, tags in tags."""

from functools import cache

import pytest

import gaming_texts as texts
from spatialevo_core.plugins import load
from spatialevo_core.registry import Asked, Registry
from spatialevo_core.text import sentence
from spatialevo_datasets import labels
from spatialevo_datasets.arrangement import Arrangement
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView
from spatialevo_trainer.explanations import explanation
from spatialevo_trainer.observations import observation
from spatialevo_trainer.prompts import read_answer
from spatialevo_trainer.rewards import accuracy

MOST = 0.1


@cache
def registry() -> Registry:
    return load()


@cache
def room(name: str) -> Scene:
    return registry().dataset("synthetic").load(None, name)


@cache
def asked(name: str, question: str) -> Asked:
    return registry().ask_about(question, room(name))


@cache
def every_name() -> str:
    return ", ".join(sorted(labels.words()))


def filled(text: str, scene: Scene, seen: tuple[str, ...] = (), **words: str) -> str:
    return text.format(
        labels=sentence(list(scene.labels)), seen=sentence(list(seen)), words=every_name(), **words
    )


@pytest.mark.parametrize("template", texts.OBSERVATIONS)
@pytest.mark.parametrize("place", texts.PLACES, ids=lambda place: place[0])
def test_an_observation_without_looking_earns_nothing(place, template):
    name, frames, question, a, b = place
    scene = room(name)
    seen = tuple(Arrangement.of(scene, frames).things)
    text = filled(template, scene, seen, question=question, a=a, b=b)
    graded = observation(text, question, FrameView(scene, frames))
    assert graded.score <= MOST, (text, graded.why, graded.found.claims)


@pytest.mark.parametrize(
    ("name", "question", "reply"),
    [(name, question, reply) for name, question, row in texts.ANSWERS for reply in row],
)
def test_an_answer_that_leaves_it_open_earns_nothing(name, question, reply):
    verdict = asked(name, question).verdict
    assert verdict.legal, verdict.reasons
    task = registry().task(verdict.task)
    assert accuracy(task, verdict.answer.text, verdict) == 1.0
    assert accuracy(task, read_answer(reply).answer, verdict) <= MOST


@pytest.mark.parametrize("template", texts.EXPLANATIONS)
@pytest.mark.parametrize(("name", "question"), texts.EXPLAINED)
def test_an_explanation_that_lists_reasons_or_things_earns_nothing(name, question, template):
    scene = room(name)
    view, verdict = asked(name, question)
    assert not verdict.legal
    text = filled(template, scene, question=question)
    graded = explanation(text, verdict, view, registry().task(verdict.task))
    assert graded.score <= MOST, (text, graded.why)
