"""A laboratory's own view of tasks that it does not own.

- Rules: no task about rooms takes a word such as "object" for a name, since annotators use it for
  what they could not name; and nobody need count more than eight things.
- A definition: `centers` measures distances between the middles of objects.
- A judge: `plain_words` gives short words more than long ones.
- A command: `spatialevo balance FILE` shows how well a fixed answer would do on generated
  questions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from spatialevo_core.cli.shared import show_rows
from spatialevo_core.hooks import hookimpl
from spatialevo_core.judges import Judge, Judgement
from spatialevo_core.question import Answer, Evidence, Query, Reason, Stage
from spatialevo_core.records import QuestionRecord, read_records
from spatialevo_core.task import AnyTask, Complaint, Rule, Solve, rule
from spatialevo_core.text import sentence
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import rules
from spatialevo_tasks.geometry import Triple, rounded
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.units import measured

VAGUE = frozenset({"object", "objects", "otherfurniture", "other furniture", "otherprop", "stuff"})
MOST_COUNTED = 8
CENTER_BAND_M = 0.05
"""How far noise and a missed part of the scan may move the distance of two middles."""


def _words(query: Query) -> Iterator[str]:
    """Everything that the fields of a query say in words."""
    for value in query.model_dump().values():
        yield from (each for each in _listed(value) if isinstance(each, str))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, tuple | list) else (value,)


@rule("object.vague", Stage.PREMISE, said=("vague", "says nothing", "not a name", "unnamed"))
def precise(_view: Any, query: Query, _terms: Any) -> Complaint | None:
    """Names tell what a thing is."""
    vague = tuple(dict.fromkeys(word for word in _words(query) if word.lower() in VAGUE))
    return Complaint(f"{sentence(vague)} says nothing about a thing", vague) if vague else None


@rule("count.tiring", Stage.DEGENERATE, said=("too many", "nobody counts", "cannot be counted"))
def countable(_view: Any, _query: Query, answer: Answer[Any], _terms: Any) -> Complaint | None:
    """A count is one that people agree on."""
    if int(answer.value) <= MOST_COUNTED:
        return None
    return Complaint(f"there are {answer.value}; people agree on up to {MOST_COUNTED}")


class Centers(Evidence):
    """The middles of both boxes, world frame."""

    distance_m: float
    first_center_m: Triple
    second_center_m: Triple


def between_centers(view: SceneView, q: Any, terms: SpatialTerms) -> Answer[Centers]:
    """How far apart the middles of the gravity-aligned boxes of two objects are."""
    first, second = (
        view.scene.obb(rules.referent(view, name, terms)).center for name in (q.first, q.second)
    )
    distance_m = float(np.linalg.norm(first - second))
    evidence = Centers(
        distance_m=distance_m, first_center_m=rounded(first), second_center_m=rounded(second)
    )
    return measured(distance_m, q.unit, evidence, CENTER_BAND_M)


@dataclass(frozen=True)
class PlainWords:
    name: str = "plain_words"

    def observation(self, text: str, question: str, view: Any) -> Judgement | None:
        words = text.split()
        if not words:
            return None
        short = sum(len(word) < 9 for word in words)
        return Judgement(score=short / len(words), reason=f"{short} short words")

    def explanation(self, text: str, reasons: Sequence[Reason], question: str) -> Judgement | None:
        return None


@hookimpl
def spatialevo_rules(task: AnyTask) -> Iterable[Rule]:
    """`object.vague` for every task about rooms, `count.tiring` for counts."""
    if task.world.source is not Scene:
        return []
    return [precise, countable] if task.name == "object_counting" else [precise]


@hookimpl
def spatialevo_solvers(task: AnyTask) -> Mapping[str, Solve]:
    """`centers` of `absolute_distance`."""
    return {"centers": between_centers} if task.name == "absolute_distance" else {}


@hookimpl
def spatialevo_judges() -> Iterable[Judge]:
    """`plain_words`."""
    return [PlainWords()]


@hookimpl
def spatialevo_commands(cli: click.Group) -> None:
    """`spatialevo balance`."""
    cli.add_command(balance)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def balance(file: Path) -> None:
    """Show, for each task in a FILE of questions, how often its commonest answer is right."""
    answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in read_records(file, QuestionRecord):
        if row.task is not None and row.answer is not None:
            answers[row.task][str(row.answer.value)] += 1
    show_rows(_balances(answers))


def _balances(answers: Mapping[str, Counter[str]]) -> Iterator[tuple[str, ...]]:
    yield "task", "questions", "answers", "commonest", "share"
    for task, counts in sorted(answers.items()):
        total = counts.total()
        commonest, most = min(counts.items(), key=lambda each: (-each[1], each[0]))
        yield task, str(total), str(len(counts)), commonest, f"{most / total:.0%}"
