"""Reads 'sofa <-> door' as the distance of the two, in metres."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spatialevo_core.engine import Parsed, Parser, unparseable
from spatialevo_core.hooks import hookimpl
from spatialevo_core.task import AnyTask


@dataclass(frozen=True)
class Shorthand:
    name: str = "shorthand"

    def parse(
        self, text: str, view: Any, tasks: Sequence[AnyTask], assigned: AnyTask | None = None
    ) -> Parsed:
        able = tasks if assigned is None else (assigned,)
        task = next((each for each in able if each.name == "absolute_distance"), None)
        first, arrow, second = (part.strip() for part in text.partition("<->"))
        if task is None or not (first and arrow and second):
            return Parsed(reasons=(unparseable("no two names with '<->' between them"),))
        find = view.vocabulary().find
        query = task.query(first=find(first) or first, second=find(second) or second)
        return Parsed(task=task.name, query=query)


@hookimpl
def spatialevo_parsers() -> Iterable[Parser]:
    return [Shorthand()]
