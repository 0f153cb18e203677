"""The promises that every parser makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any

from pydantic import ValidationError

from spatialevo_core.engine import OTHER_TASK, UNPARSEABLE, Parsed, Parser, read
from spatialevo_core.errors import TaskFault
from spatialevo_core.question import Stage
from spatialevo_core.task import AnyTask
from spatialevo_core.testing.reports import Findings, Report
from spatialevo_core.testing.texts import HOSTILE, mangled

SLOW_S = 1.0
"""Reading one text may not take longer."""
_QUERIES = 2
"""Of each task and view, from whose wordings texts are made."""
_WORDINGS = 2


def check_parser(
    parser: Parser,
    views: Iterable[Any],
    tasks: Iterable[AnyTask],
    texts: Iterable[str] = (),
) -> Report:
    """Check that a parser reads anything: hostile texts, mangled wordings of the tasks, and yours.

    That what it reads is right is for the tests of its wordings, and for `check_task`.
    """
    views, tasks = list(views), list(tasks)
    found, more, readings = Findings(), tuple(texts), list[_Reading]()
    for view in views:
        able = [task for task in tasks if isinstance(view, task.world)]
        told = found.listed(_wordings(able, view))
        corpus = dict.fromkeys((*HOSTILE, *mangled(told), *more))
        readings += (_Reading.of(parser, text, view, able) for text in corpus)
    found.add("it never raises, and gives what a task can judge", _raised(readings))
    found.add("the same text reads the same", _moody(readings))
    found.add("a query that it gives is one that its task allows", _disallowed(readings))
    found.add("a refusal has a stage and code of reading", _reasons(readings))
    found.add(f"a text takes it less than {SLOW_S:g} s", _slow(readings))
    understood = sum(each.parsed is not None and each.parsed.query is not None for each in readings)
    remarks = () if understood or not readings else ("it understood none of the texts",)
    spent = sum(each.seconds for each in readings)
    return Report(
        kind="parser",
        name=parser.name,
        looked_at=len(readings),
        checks=found.all(),
        remarks=remarks,
        ms_each=round(spent * 1000 / len(readings), 3) if readings else None,
    )


@dataclass(frozen=True)
class _Reading:
    """What a parser made of a text, read twice."""

    text: str
    parsed: Parsed | None
    again: Parsed | None
    """None where it raised."""
    raised: str
    seconds: float

    @classmethod
    def of(cls, parser: Parser, text: str, view: Any, tasks: Sequence[AnyTask]) -> _Reading:
        started = perf_counter()
        try:
            first, again = (read(parser, text, view, tasks) for _ in range(2))
        except TaskFault as fault:
            return cls(text, None, None, str(fault), perf_counter() - started)
        return cls(text, first, again, "", (perf_counter() - started) / 2)

    @property
    def shown(self) -> str:
        """The text as it is told: escaped, and cut."""
        return ascii(self.text[:60] + ("..." if len(self.text) > 60 else ""))


def _wordings(tasks: Sequence[AnyTask], view: Any) -> Iterator[str]:
    for task in tasks:
        for query, _ in islice(task.propose(view, Random(1)), _QUERIES):
            yield from task.wordings(query)[:_WORDINGS]


def _raised(readings: Sequence[_Reading]) -> Iterator[str]:
    return (f"on {each.shown}: {each.raised}" for each in readings if each.raised)


def _moody(readings: Sequence[_Reading]) -> Iterator[str]:
    return (f"{each.shown} was read in two ways" for each in readings if each.parsed != each.again)


def _disallowed(readings: Sequence[_Reading]) -> Iterator[str]:
    for each in readings:
        query = None if each.parsed is None else each.parsed.query
        if query is None:
            continue
        try:
            type(query).model_validate(query.model_dump())
        except ValidationError as error:
            told = error.errors()[0]
            yield f"{each.shown} gave {query!r}: {told['msg']}; build it by model_validate"


def _reasons(readings: Sequence[_Reading]) -> Iterator[str]:
    for each in readings:
        for reason in () if each.parsed is None else each.parsed.reasons:
            if reason.stage is not Stage.READ or reason.code not in (UNPARSEABLE, OTHER_TASK):
                stage = reason.stage.name.lower()
                yield (
                    f"{each.shown} was refused with {reason.code} ({stage}); "
                    f"expected {UNPARSEABLE} or {OTHER_TASK} (read)"
                )


def _slow(readings: Sequence[_Reading]) -> Iterator[str]:
    return (
        f"{each.shown} of {len(each.text)} characters took {each.seconds:.1f} s"
        for each in readings
        if each.seconds > SLOW_S
    )
