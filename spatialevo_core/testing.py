"""The promises that every task must keep, as checks that plugin authors and `tasks check` run.

::

    def test_my_task_keeps_its_promises():
        check_task(TASK, [MyView.of(my_world)]).require()
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any

from spatialevo_core.engine import Parser, judge
from spatialevo_core.errors import TaskFault
from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Frozen, Query, Verdict
from spatialevo_core.task import AnyTask

QUERIES_PER_VIEW = 12
"""How many legal queries of each view are checked."""


class Check(Frozen):
    """One promise: kept, or how it was broken."""

    promise: str
    broken: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether nothing broke it."""
        return not self.broken


class Report(Frozen):
    """What a task was found to keep."""

    task: str
    questions: int
    """Legal questions that were checked."""
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every promise is kept."""
        return all(check.kept for check in self.checks)

    def require(self) -> None:
        """Raise AssertionError with every broken promise; for tests."""
        broken = [f"{check.promise}: {why}" for check in self.checks for why in check.broken]
        if broken:
            raise AssertionError(f"task '{self.task}' breaks its promises:\n" + "\n".join(broken))


Asked = tuple[Any, Query, Verdict]
"""A view, a legal query on it and the verdict."""


def check_task(
    task: AnyTask,
    views: Iterable[Any],
    parsers: Sequence[Parser] = (),
    others: Sequence[AnyTask] = (),
) -> Report:
    """Check a task on views of its world; with parsers, its wordings also against other tasks."""
    views = list(views)
    before = [fingerprint(view) for view in views]
    try:
        asked = [each for view in views for each in _asked(task, view)]
        checks = [Check(promise=name, broken=tuple(check(task, asked))) for name, check in PROMISES]
        checks.append(Check(promise=READABLE, broken=tuple(_misread(task, asked, parsers, others))))
    except TaskFault as fault:
        return Report(
            task=task.name,
            questions=0,
            checks=(Check(promise="its code raises nothing", broken=(str(fault),)),),
        )
    changed = [
        view.key for view, was in zip(views, before, strict=True) if fingerprint(view) != was
    ]
    checks.append(Check(promise="worlds are not changed by asking", broken=tuple(changed)))
    return Report(task=task.name, questions=len(asked), checks=tuple(checks))


def fingerprint(value: Any) -> str:
    """A digest of a value's data: dataclass fields, containers, buffers and plain values.

    Functions, and what a lazily computed property has kept, are no data.
    """
    digest = hashlib.sha256()
    for piece in _pieces(value):
        digest.update(piece)
    return digest.hexdigest()


def _asked(task: AnyTask, view: Any) -> Iterator[Asked]:
    for query, verdict in islice(task.propose(view, Random(1)), QUERIES_PER_VIEW):
        yield view, query, verdict


def _answers_something(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    if not asked:
        yield f"none of the views allows a legal question of {task.name}"


def _reads_back(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view, query, _ in asked:
        names = view.vocabulary()
        wordings = task.wordings(query)
        if not wordings:
            yield f"no phrasing writes {query!r}"
        for text in wordings:
            read = list(_read(task, text, names))
            if query not in read:
                yield f"'{text}' was written for {query!r} and reads as {read or 'nothing'}"


def _read(task: AnyTask, text: str, names: Vocabulary) -> Iterator[Query]:
    for reading in task.grammar.readings(text):
        try:
            yield task.grammar.build(reading, lambda raw: names.find(raw) or raw)
        except ValueError:
            continue


def _repeats(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view, query, verdict in asked:
        if judge(task, view, query).model_dump_json() != verdict.model_dump_json():
            yield f"{query!r} was judged twice with two outcomes"


def _rewards_truth(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        if verdict.answer is None:
            continue
        truth, silence = verdict.answer.text, ""
        if task.score(truth, verdict.answer) != 1.0:
            yield f"the truth '{truth}' of {query!r} scores {task.score(truth, verdict.answer)}"
        if task.score(silence, verdict.answer) != 0.0:
            yield f"silence scores {task.score(silence, verdict.answer)} on {query!r}"


def _worth_is_a_share(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        if verdict.answer is not None and not 0 <= task.worth(verdict.answer) <= 1:
            yield f"{query!r} is worth {task.worth(verdict.answer)}, outside [0, 1]"


def _hints(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        hint = task.answer_hint(query)
        truth = str(verdict.answer.value) if verdict.answer else ""
        if hint.strip().lower() == truth.strip().lower():
            yield f"the hint '{hint}' of {query!r} is the answer"


READABLE = "no parser takes its wordings for anything else"

PROMISES: tuple[tuple[str, Callable[[AnyTask, Sequence[Asked]], Iterator[str]]], ...] = (
    ("it can answer something", _answers_something),
    ("it reads every wording that it writes", _reads_back),
    ("the same question gives the same verdict", _repeats),
    ("the truth scores 1 and silence 0", _rewards_truth),
    ("worth is in [0, 1]", _worth_is_a_share),
    ("hints do not give the answer away", _hints),
)


def _misread(
    task: AnyTask, asked: Sequence[Asked], parsers: Sequence[Parser], others: Sequence[AnyTask]
) -> Iterator[str]:
    tasks = [task, *(other for other in others if other.name != task.name)]
    for view, query, _ in asked:
        same = [other for other in tasks if other.world is task.world]
        for text in task.wordings(query):
            for parser in parsers:
                parsed = parser.parse(text, view, same)
                if (parsed.task, parsed.query) != (task.name, query):
                    found = parsed.query or "; ".join(reason.message for reason in parsed.reasons)
                    yield f"{parser.name} reads '{text}' as {parsed.task}: {found!r}"


def _pieces(value: Any) -> Iterator[bytes]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for each in dataclasses.fields(value):
            yield each.name.encode()
            yield from _pieces(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield repr(key).encode()
            yield from _pieces(value[key])
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, str | bytes | int | float | bool | None | frozenset):
        yield repr(sorted(value, key=repr) if isinstance(value, frozenset) else value).encode()
    else:
        try:
            yield memoryview(value).tobytes()
        except TypeError:
            return
