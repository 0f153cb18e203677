"""Everything that SpatialEvo raises on purpose.

::

    SpatialEvoError
    ├── UnknownName      a task, dataset, parser, judge or profile that nobody has
    ├── DataError        a file of a dataset says something else than its format promises
    ├── RecordError      a row of one of our own files cannot be read
    ├── ConfigError      a setting, phrasing or task that contradicts itself
    ├── JudgeFault       a judge's code raised, or what it said is no judgement
    └── TaskFault        a task's code raised while judging: neither legal nor illegal, never a 0
        └── ParserFault  a parser's code raised while reading

A question that is refused is no error: see `Verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_TOLD = 200
"""Characters that are repeated of what foreign code said."""


class SpatialEvoError(Exception):
    """The common root; its text is one line that a user can act on."""

    exit_status = 1
    """Of a command that it ends."""


class UnknownName(SpatialEvoError):
    """A name that nobody registered, with the closest one that somebody did."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        if close:
            hint = f"did you mean '{close[0]}'?"
        else:
            hint = f"known: {', '.join(known)}" if known else "none is registered"
        super().__init__(f"there is no {kind} '{name}'; {hint}")
        self.kind, self.name = kind, name


class DataError(SpatialEvoError):
    """A dataset's file is missing, truncated or contradicts another; names file and field."""


class RecordError(SpatialEvoError):
    """A row of a records file cannot be read; names file and line."""


class ConfigError(SpatialEvoError):
    """A setting, phrasing or task contradicts itself; says what would be right."""


class JudgeFault(SpatialEvoError):
    """A judge's code raised, or what it said is no judgement; the deterministic score stands."""

    def __init__(self, judge: str, cause: BaseException) -> None:
        super().__init__(f"judge '{judge}' raised {_told(cause)}")
        self.judge = judge


class TaskFault(SpatialEvoError):
    """A task's code raised; the question is neither legal nor illegal and must not be scored."""

    def __init__(self, task: str, where: str, cause: BaseException) -> None:
        super().__init__(f"task '{task}' raised in {where}: {_told(cause)}")
        self.task, self.where = task, where


class ParserFault(TaskFault):
    """A parser's code raised, or gave what no task can judge; the question must not be scored."""

    def __init__(self, parser: str, task: str, cause: BaseException) -> None:
        SpatialEvoError.__init__(self, f"parser '{parser}' raised {_told(cause)}")
        self.task, self.where = task, f"parser {parser}"


def _told(cause: BaseException) -> str:
    """The error's type and text on one line, cut where it goes on for too long."""
    text = " ".join(str(cause).split())
    if len(text) > MOST_TOLD:
        text = text[: MOST_TOLD - 3] + "..."
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
