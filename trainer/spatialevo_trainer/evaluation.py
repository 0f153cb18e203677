"""How well replies answer generated questions: per task, as benchmarks score them. Needs no torch.

The truth is the one in the question's record; nothing is judged here. A noise band counts for
nothing, and a task that pays in part for almost right answers says how it is reported otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import ConfigDict

from spatialevo_core.errors import ConfigError, SpatialEvoError, TaskFault
from spatialevo_core.numbers import quantity
from spatialevo_core.question import Answer, Evidence, Frozen, Verdict
from spatialevo_core.records import QuestionRecord, Record, StoredAnswer, write_records
from spatialevo_core.registry import Registry
from spatialevo_core.scoring import plainly, relative_accuracy
from spatialevo_core.task import AnyTask
from spatialevo_trainer.estimates import Estimate, over_questions
from spatialevo_trainer.prompts import read_answer
from spatialevo_trainer.question_worlds import Changed
from spatialevo_trainer.replies import ReplyRecord
from spatialevo_trainer.rewards import accuracy

ALL: Final = "all questions"
TAG: Final = "<answer"


class ScoreRecord(Record):
    """What a reply was worth."""

    schema_id: ClassVar[str] = "spatialevo.score/1"

    id: str
    task: str
    answer: str
    """As it was read from the reply; empty if none was."""
    truth: str
    score: float
    unread: bool
    """No answer of the form that was asked for: none in a tag, or no number where one is due."""


class TaskScore(Frozen):
    """The questions of one task, or all of them."""

    task: str
    score: Estimate
    """With a 95 % interval that takes questions for independent."""
    metric: str
    """'MRA', mean relative accuracy without noise band; or 'score', the task's own."""
    unread: float
    """Share."""
    commonest: str = ""
    """The most frequent true answer, where answers are words or counts."""
    chance: float | None = None
    """What always giving that answer would score."""


class Fault(Frozen):
    """A question that could not be scored; never a 0."""

    id: str
    message: str


class Evaluation(Frozen):
    """How a set of replies does."""

    tasks: tuple[TaskScore, ...]
    overall: TaskScore | None
    """None if nothing could be scored."""
    mean_of_tasks: float | None
    missing: tuple[str, ...] = ()
    """Questions without a reply: they score 0."""
    extra: tuple[str, ...] = ()
    """Replies to no question."""
    changed: tuple[Changed, ...] = ()
    """Questions that have another truth now than when they were generated: left out."""
    faults: tuple[Fault, ...] = ()
    remarks: tuple[str, ...] = ()


class _StoredEvidence(Evidence):
    """Evidence as it was stored, for scores that look at it."""

    model_config = ConfigDict(frozen=True, extra="allow")


def evaluate(
    questions: Sequence[QuestionRecord],
    replies: Mapping[str, ReplyRecord],
    registry: Registry,
    *,
    bare: bool = False,
    changed: Sequence[Changed] = (),
    remarks: Iterable[str] = (),
) -> tuple[Evaluation, tuple[ScoreRecord, ...]]:
    """The evaluation, and the score of each question; `bare` replies are answers without a tag.

    Questions whose truth has `changed` are left out, as are those without an answer. Raises
    ConfigError if no reply belongs to any question.
    """
    old = {each.id for each in changed}
    asked = [row for row in questions if row.answer is not None and row.id not in old]
    known = {row.id for row in questions}
    if not known & replies.keys():
        raise ConfigError(f"none of the {len(replies)} replies has the id of a question")
    told = list(remarks)
    refused = sum(row.answer is None for row in questions)
    if refused:
        told.append(f"questions without an answer, left out: {refused}")
    said = [each.reply for each in replies.values() if each.reply is not None]
    if not bare and said and not any(TAG in reply for reply in said):
        told.append("no reply has an <answer> tag; use --bare if replies are nothing but answers")
    scores: list[ScoreRecord] = []
    faults: list[Fault] = []
    chances: dict[str, tuple[str, float | None]] = {}
    for name in sorted({str(row.task) for row in asked}):
        own = [row for row in asked if row.task == name]
        try:
            task = _reported(registry.task(name))
        except SpatialEvoError as error:
            faults += [Fault(id=row.id, message=str(error)) for row in own]
            continue
        for row in own:
            reply = replies.get(row.id)
            if reply is not None and reply.fault is not None:
                faults.append(Fault(id=row.id, message=reply.fault))
                continue
            try:
                scores.append(_scored(task, row, reply, bare=bare))
            except TaskFault as fault:
                faults.append(Fault(id=row.id, message=str(fault)))
        chances[name] = _chance(task, [row.answer for row in own if row.answer])
    tasks = tuple(
        _task_score(name, earned, _metric(registry.task(name)), *chance)
        for name, chance in chances.items()
        if (earned := [each for each in scores if each.task == name])
    )
    place = {row.id: at for at, row in enumerate(questions)}
    scores.sort(key=lambda each: place[each.id])
    means = [each.score.mean for each in tasks]
    report = Evaluation(
        tasks=tasks,
        overall=_task_score(ALL, scores, _common(each.metric for each in tasks)) if tasks else None,
        mean_of_tasks=sum(means) / len(means) if means else None,
        missing=tuple(row.id for row in asked if row.id not in replies),
        extra=tuple(sorted(replies.keys() - known)),
        changed=tuple(changed),
        faults=tuple(sorted(faults, key=lambda each: place[each.id])),
        remarks=tuple(told),
    )
    return report, tuple(scores)


def write_evaluation(report: Evaluation, scores: Iterable[ScoreRecord], out: Path) -> None:
    """Write `evaluation.json` and `scores.jsonl` to a folder, over what an earlier call left."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.jsonl").unlink(missing_ok=True)
    write_records(out / "scores.jsonl", scores)
    text = report.model_dump_json(indent=2) + "\n"
    (out / "evaluation.json").write_text(text, encoding="utf-8")


def _reported(task: AnyTask) -> AnyTask:
    """The task, which scores as it is reported."""
    return task if task.report is None else replace(task, score=task.report)


def _metric(task: AnyTask) -> str:
    return "MRA" if (task.report or task.score) is relative_accuracy else "score"


def _scored(
    task: AnyTask, row: QuestionRecord, reply: ReplyRecord | None, *, bare: bool
) -> ScoreRecord:
    """Raises TaskFault where the task's own code breaks."""
    assert row.answer is not None  # noqa: S101
    text = (reply.reply if reply else None) or ""
    answer = text.strip() if bare else read_answer(text).answer
    numeric = not isinstance(row.answer.value, str)
    return ScoreRecord(
        id=row.id,
        task=task.name,
        answer=answer,
        truth=_answer(row.answer).text,
        score=_score(task, answer, row.answer),
        unread=not answer or (numeric and quantity(answer, row.answer.unit) is None),
    )


def _score(task: AnyTask, answer: str, truth: StoredAnswer) -> float:
    return accuracy(task, answer, Verdict(task=task.name, answer=plainly(_answer(truth))))


def _answer(stored: StoredAnswer) -> Answer[Any]:
    return Answer(
        value=stored.value,
        unit=stored.unit,
        band=stored.band,
        definition=stored.definition,
        evidence=_StoredEvidence.model_validate(stored.evidence),
    )


def _chance(task: AnyTask, truths: Sequence[StoredAnswer]) -> tuple[str, float | None]:
    """The most frequent answer and what it scores everywhere; nothing where answers are measured.

    What breaks a score breaks it for every reply, and is told there.
    """
    texts = [_answer(truth).text for truth in truths if not isinstance(truth.value, float)]
    if len(texts) < len(truths) or not texts:
        return "", None
    commonest = min(Counter(texts).items(), key=lambda item: (-item[1], item[0]))[0]
    try:
        return commonest, sum(_score(task, commonest, each) for each in truths) / len(truths)
    except TaskFault:
        return commonest, None


def _task_score(
    name: str,
    scores: Sequence[ScoreRecord],
    metric: str,
    commonest: str = "",
    chance: float | None = None,
) -> TaskScore:
    return TaskScore(
        task=name,
        score=over_questions([each.score for each in scores]),
        metric=metric,
        unread=sum(each.unread for each in scores) / len(scores),
        commonest=commonest,
        chance=chance,
    )


def _common(metrics: Iterable[str]) -> str:
    found = sorted(set(metrics))
    return found[0] if len(found) == 1 else "mixed"
