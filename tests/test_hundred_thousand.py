"""Many questions, most of them spoilt: nothing raises, and nothing is answered that was not asked.

The questions are proposals and random fillings of every task's roles about many synthetic rooms, in
every wording of the task, and those texts changed in all the ways of `mutants`. What is answered is
compared with the rooms' plans.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice
from math import isfinite
from random import Random
from typing import Any

import pytest

import truths
from mutants import MUTATIONS, Asked, Means, Mutant, fillings, mutants
from spatialevo_core.errors import SpatialEvoError
from spatialevo_core.plugins import load
from spatialevo_core.question import Query, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.views import View

REGISTRY = load()
CODES = {
    *("question.unparseable", "question.other_task"),
    *("object.missing", "object.repeated", "frame.missing"),
    *("object.ambiguous", "object.unseen", "objects.unseen_member", "object.sparse"),
    *("camera.no_heading", "view.no_overlap"),
    *("region.missing", "region.scattered", "floor.incomplete"),
    *("direction.too_close", "answer.near_boundary", "answer.empty"),
}
VIEWS = 8
MUTANTS = 2
"""Of each wording of each query."""
AGAIN = 40
"""One text in so many is judged anew in a room that was built anew."""


NEVER = {
    *("object.sparse", "objects.unseen_member", "camera.no_heading"),
    *("region.scattered", "floor.incomplete"),
}
"""Codes for which these rooms give no occasion; the tasks' own tests do."""
SOURCES = ("proposed", "proposed", "filled", "candidate")


@dataclass
class Account:
    """What became of the questions."""

    asked: int = 0
    accepted: int = 0
    proven: int = 0
    """Accepted answers that a plan could have contradicted."""
    refused: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    wordings: set[str] = field(default_factory=set)
    mutations: Counter[str] = field(default_factory=Counter)
    broken: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By which promise, the questions that break it."""

    def __str__(self) -> str:
        lines = [f"{self.asked} questions, {self.accepted} accepted, {self.proven} proven"]
        lines += [f"  {code}: {many}" for code, many in self.refused.most_common()]
        for promise, cases in self.broken.items():
            lines += [f"{len(cases)} x {promise}", *(f"  {case}" for case in cases[:SHOWN])]
        return "\n".join(lines)


SHOWN = 20


def test_two_thousand_questions_are_judged_as_they_must_be():
    account = judged(["room-0"], 2000)
    assert not account.broken, str(account)
    assert account.asked >= 2000
    assert set(account.tasks) == set(REGISTRY.tasks)
    assert account.accepted > 500
    assert account.proven > 200


@pytest.mark.slow
def test_a_hundred_thousand_questions_are_judged_as_they_must_be():
    names = [*(f"room-{seed}" for seed in range(1, 13)), *(f"lroom-{seed}" for seed in range(4))]
    account = judged(names, 100_000)
    print(account)
    assert not account.broken, str(account)
    assert account.asked >= 100_000
    assert set(account.tasks) == set(REGISTRY.tasks)
    assert set(account.mutations) == {change.__name__ for change, _ in MUTATIONS}
    assert account.wordings >= {
        phrasing.template
        for task in REGISTRY.tasks.values()
        for phrasing in task.phrasings
        if not phrasing.read_only
    }
    assert set(account.refused) == CODES - NEVER


def judged(names: list[str], questions: int) -> Account:
    """The account of at least so many questions, the same number of each task about each room."""
    account = Account()
    each = -(-questions // (len(names) * len(REGISTRY.tasks)))
    for name in names:
        kept: list[tuple[View, Asked, str]] = []
        for task in REGISTRY.tasks.values():
            before = account.asked
            for view, query in queries(task, name):
                if account.asked - before >= each:
                    break
                for text in task.wordings(query):
                    asked = Asked(text, task, query, view.vocabulary())
                    kept += put(account, name, view, asked)
        judge_anew(account, name, kept)
        truths.forget()
    return account


def queries(task: AnyTask, name: str) -> Iterator[tuple[View, Query]]:
    """Queries of the task about views of the room: legal ones, those it tries, and random ones."""
    scene = truths.built(name)
    views = list(islice(task.world.propose(scene, Random(name)), VIEWS))
    made = {
        "proposed": lambda view: (query for query, _ in task.propose(view, Random(name))),
        "candidate": lambda view: task.candidates(view, Random(f"{name} again")),
        "filled": lambda view: fillings(task, scene.labels, Random(f"{name} {view.key}")),
    }
    streams = [(view, {kind: iter(make(view)) for kind, make in made.items()}) for view in views]
    for turn in count():
        for at, (view, stream) in enumerate(streams):
            query = next(stream[SOURCES[(turn + at) % len(SOURCES)]], None)
            if query is not None:
                yield view, query


def put(account: Account, name: str, view: View, asked: Asked) -> Iterator[tuple[View, Asked, str]]:
    """Judge a question and some ways to spoil it; yields now and then one with its verdict."""
    account.wordings.update(r.phrasing.template for r in asked.task.grammar.readings(asked.text))
    plain = settle(account, name, view, asked, asked.text)
    if plain is None:
        return
    if plain.query != asked.query:
        account.broken["a wording reads back as its query"].append(f"{asked.text} {plain.query!r}")
    rng = Random(f"{view.key} {asked.text}")
    for mutant in islice(mutants(asked, rng), MUTANTS):
        account.mutations[mutant.by] += 1
        found = settle(account, name, view, asked, mutant.text)
        if found is not None and not follows(plain, found, mutant):
            case = f"{mutant.text!r} from {asked.text!r} of {view.key}: {found.query!r}"
            account.broken[f"{mutant.by}: {mutant.means.value}"].append(case)
        if found is not None and account.asked % AGAIN == 0:
            spoilt = Asked(mutant.text, asked.task, asked.query, asked.vocabulary)
            yield view, spoilt, found.model_dump_json()


def settle(account: Account, name: str, view: View, asked: Asked, text: str) -> Verdict | None:
    """The verdict on a text asked of the task, when it has passed all that holds of any verdict."""
    account.asked += 1
    try:
        found, again = (REGISTRY.ask(text, view, asked.task.name) for _ in range(2))
        free = REGISTRY.ask(text, view)
    except SpatialEvoError as fault:
        account.broken["nothing raises"].append(f"{text!r} of {view.key}: {fault!r}")
        return None
    account.accepted += found.legal
    account.refused.update(found.codes)
    account.tasks[asked.task.name] += found.legal
    if again.model_dump_json() != found.model_dump_json():
        account.broken["a text has one verdict"].append(text)
    if free.legal and found.legal and free.model_dump_json() != found.model_dump_json():
        account.broken["a text means one thing"].append(f"{text!r}: {free.query!r}")
    if free.legal and not found.legal and free.task == asked.task.name:
        account.broken["a task answers what it is asked"].append(f"{text!r}: {found.codes}")
    for verdict in (found, free):
        for flaw in flaws(verdict):
            account.broken[flaw].append(f"{text!r} of {view.key}: {verdict!r}")
        if verdict.legal:
            wrong = truths.contradicted(verdict.task, name, view, verdict.query, verdict.answer)
            if wrong:
                account.broken["no answer contradicts the plan"].append(f"{text!r}: {wrong}")
    if found.legal and asked.task.name in truths.TRUTHS:
        account.proven += truths.TRUTHS[asked.task.name](name, view, found.query) is not None
    return found


def flaws(verdict: Verdict) -> Iterator[str]:
    """What every verdict must be, and this one is not."""
    if verdict.legal:
        answer = verdict.answer
        numbers = list(leaves(answer.model_dump()))
        if not all(type(each) in (str, int, float, bool, type(None)) for each in numbers):
            yield "answers are plain"
        if not all(isfinite(each) for each in numbers if isinstance(each, float)):
            yield "numbers are finite"
        if not list(leaves(answer.evidence.model_dump())):
            yield "an answer has evidence"
        metric = isinstance(answer.value, float)
        if metric != (answer.band > 0) or metric != bool(answer.unit):
            yield "a measure, and nothing else, has a unit and a band"
    elif not verdict.reasons:
        yield "a refusal has a reason"
    for reason in verdict.reasons:
        if reason.code not in CODES:
            yield f"codes are known: {reason.code}"
        if not sentence(reason.message):
            yield "a reason is a sentence"


def sentence(message: str) -> bool:
    """Whether it is one line of several words, without a mark at its end."""
    printable = not any(unicodedata.category(each) == "Cc" for each in message)
    return printable and len(message.split()) > 2 and message[-1] not in " .?!"


def leaves(value: Any) -> Iterator[Any]:
    """The plain values in nested containers, keys included."""
    if isinstance(value, dict):
        yield from chain.from_iterable(map(leaves, chain(value, value.values())))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(leaves, value))
    else:
        yield value


def follows(plain: Verdict, found: Verdict, mutant: Mutant) -> bool:
    """Whether the verdict on a changed text is one that the change allows."""
    same = found.query == plain.query
    if mutant.means is Means.SAME:
        return same and found.model_copy(update={"text": plain.text}) == plain
    if mutant.means is Means.AT_MOST:
        return same or not found.legal
    if mutant.means is Means.OTHER:
        return not found.legal or (not same and measures_agree(plain, found))
    return mutant.means is Means.ANYTHING or not found.legal


def measures_agree(plain: Verdict, found: Verdict) -> bool:
    """Whether two queries that differ by their unit alone are given the same measure."""
    unit = getattr(found.query, "unit", None)
    if not plain.legal or plain.query.model_copy(update={"unit": unit}) != found.query:
        return True
    ours, theirs = (
        (each.answer.value * truths.METRES[each.answer.unit], each.answer.unit)
        for each in (plain, found)
    )
    rounding = sum(truths.STEP[u] * truths.METRES[u] / 2 for u in (ours[1], theirs[1]))
    return abs(ours[0] - theirs[0]) <= rounding * (1 + 1e-6)


def judge_anew(account: Account, name: str, kept: list[tuple[View, Asked, str]]) -> None:
    """In a room that was built anew, asked in another order, a text has the verdict that it had."""
    scene = rooms.build(truths.plan(name))
    for view, asked, verdict in reversed(kept):
        again = REGISTRY.ask(asked.text, type(view)(scene, view.frames), asked.task.name)
        if again.model_dump_json() != verdict:
            account.broken["a text has one verdict, whatever was asked before"].append(asked.text)
