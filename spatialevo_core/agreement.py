"""How our answers compare with those that a benchmark published.

The published questions are put as texts: no task is assigned, and the benchmark's own name for the
kind of a question is only a heading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatialevo_core.numbers import quantity
from spatialevo_core.question import Answer, Evidence, Frozen, Verdict
from spatialevo_core.registry import Registry
from spatialevo_core.scoring import plainly, relative_accuracy
from spatialevo_core.task import AnyTask
from spatialevo_core.worlds import Dataset, PublishedQuestion


class Disagreement(Frozen):
    """A question that we answer otherwise."""

    id: str
    text: str
    published: str
    ours: str
    score: float


class KindReport(Frozen):
    """The questions of one published kind."""

    kind: str
    questions: int
    parsed: int
    answered: int
    """Under the chosen profile."""
    score: float | None
    """Mean over the answered ones: 1 or 0 for words and counts, plain MRA for measures."""
    measure: str
    """'exact' or 'MRA'."""
    refused: dict[str, int]
    """Under the chosen profile: how often each code was the first reason."""
    legal_under_exact: int
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def covered(self) -> bool:
        """Whether any registered task reads questions of this kind."""
        return self.parsed > 0


@dataclass
class _Tally:
    """What is counted while the questions of one kind are asked."""

    questions: int = 0
    parsed: int = 0
    exact: int = 0
    scores: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    measures: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def report(self, kind: str) -> KindReport:
        return KindReport(
            kind=kind,
            questions=self.questions,
            parsed=self.parsed,
            answered=len(self.scores),
            score=sum(self.scores) / len(self.scores) if self.scores else None,
            measure=max(self.measures, key=self.measures.__getitem__, default=""),
            refused=dict(sorted(self.refused.items())),
            legal_under_exact=self.exact,
            disagreements=tuple(self.disagreements),
        )


def agreement(
    questions: Iterable[PublishedQuestion],
    dataset: Dataset[Any],
    root: Path,
    under: Registry,
    exact: Registry,
) -> tuple[KindReport, ...]:
    """One report per published kind, in the order in which kinds first appear.

    `under` and `exact` are registries with the chosen profile and with `exact` bound. Raises
    TaskFault where a task's code fails.
    """
    sources: dict[str, Any] = {}
    tallies: dict[str, _Tally] = {}
    for question in questions:
        if question.world_id not in sources:
            sources[question.world_id] = dataset.load(root, question.world_id)
        source = sources[question.world_id]
        tally = tallies.setdefault(question.kind, _Tally())
        tally.questions += 1
        tally.exact += exact.ask_about(question.text, source).verdict.legal
        _count(tally, question, under.ask_about(question.text, source).verdict, under)
    return tuple(tally.report(kind) for kind, tally in tallies.items())


def _count(tally: _Tally, question: PublishedQuestion, verdict: Verdict, under: Registry) -> None:
    tally.parsed += verdict.query is not None
    if verdict.answer is None or not verdict.legal:
        tally.refused[verdict.codes[0]] += 1
        return
    measure, score = _score(question, verdict.answer, under.task(verdict.task or ""))
    tally.measures[measure] += 1
    tally.scores.append(score)
    if score < 1:
        tally.disagreements.append(
            Disagreement(
                id=question.id,
                text=question.text,
                published=question.answer,
                ours=verdict.answer.text,
                score=score,
            )
        )


def _score(question: PublishedQuestion, ours: Answer[Evidence], task: AnyTask) -> tuple[str, float]:
    """The measure and how well our answer meets the published one."""
    ours = plainly(ours)
    if isinstance(ours.value, float):
        truth = quantity(question.answer, ours.unit)
        if truth is None:
            return "MRA", 0.0
        published: Answer[Evidence] = Answer(value=truth, unit=ours.unit, evidence=Evidence())
        return "MRA", relative_accuracy(ours.text, published)
    met = {text: task.score(text, ours) for text in (question.answer, *question.options)}
    return "exact", float(met[question.answer] == max(met.values()) == 1)
