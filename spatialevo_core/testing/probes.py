"""Questions beside the good ones, to see whether every rule of a task can object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from pydantic import ValidationError

from spatialevo_core.engine import guarded, judge
from spatialevo_core.question import Query
from spatialevo_core.slots import Choice, ImageSlot, NameSlot, NamesSlot
from spatialevo_core.task import AnyTask

NOWHERE = "thing that is nowhere"
"""A name that no world has."""
PROBES_PER_VIEW = 120
_SEEDS = 6
_NAMES = 12
_NUMBERS = (0, 1, 2, 99)


def silent_rules(task: AnyTask, views: Sequence[Any]) -> Iterator[str]:
    """The codes of the rules that objected to none of the probes; raises TaskFault."""
    silent = dict.fromkeys(each.code for each in task.rules)
    for view in views:
        for query in islice(probes(task, view), PROBES_PER_VIEW):
            if not silent:
                return
            for code in judge(task, view, query).codes:
                silent.pop(code, None)
    yield from silent


def probes(task: AnyTask, view: Any) -> Iterator[Query]:
    """Candidates of the task, and what becomes of them with other values in one blank.

    Names: one that no world has, the other names of the same question, names of the world. Image
    numbers: also those that few views have. Words: every other one.
    """
    seeds: list[Query] = guarded(
        task, "candidates", lambda: list(islice(task.candidates(view, Random(2)), _SEEDS * 4))
    )
    names = view.vocabulary().names
    changed = [_changes(task, query, names) for query in seeds[:_SEEDS]]
    yield from seeds
    while changed:  # in turn, so that every seed and blank comes up early
        for one in list(changed):
            query = next(one, None)
            if query is None:
                changed.remove(one)
            else:
                yield query


def _changes(task: AnyTask, query: Query, names: Sequence[str]) -> Iterator[Query]:
    values = {field: getattr(query, field) for field in task.grammar.slots}
    for field, slot in task.grammar.slots.items():
        for value in _others(slot, field, values, names):
            try:
                yield type(query).model_validate({**values, field: value})
            except ValidationError:
                continue  # the query type itself refuses it, so nobody can ask


def _others(slot: Any, field: str, values: dict[str, Any], names: Sequence[str]) -> Iterator[Any]:
    told = [v for other, v in values.items() if other != field and isinstance(v, str)]
    match slot:
        case NameSlot():
            yield from (NOWHERE, *told, *names[:_NAMES])
        case NamesSlot():
            first, *rest = values[field]
            yield from ((NOWHERE, *rest), (first, first, *rest[1:]))
            yield from ((name, *rest) for name in (*told, *names[:_NAMES]))
        case ImageSlot():
            yield from _NUMBERS
        case Choice():
            yield from slot.words
        case _:
            return
