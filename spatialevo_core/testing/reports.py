"""What a check found: promises kept, promises broken, and remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from spatialevo_core.engine import attempted
from spatialevo_core.errors import SpatialEvoError
from spatialevo_core.question import Frozen

T = TypeVar("T")

MOST_TOLD = 5
"""Ways in which one promise is broken; further ones are counted."""


class Check(Frozen):
    """One promise: kept, or how it was broken."""

    promise: str
    broken: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether nothing broke it."""
        return not self.broken


class Report(Frozen):
    """What a task, dataset or parser was found to keep."""

    kind: str
    name: str
    looked_at: int
    """Questions, worlds or texts."""
    checks: tuple[Check, ...]
    remarks: tuple[str, ...] = ()
    """What breaks no promise, and is worth knowing."""
    ms_each: float | None = None
    """What judging or reading took for each of them, milliseconds; None where none was timed."""

    @property
    def ok(self) -> bool:
        """Whether every promise is kept."""
        return all(check.kept for check in self.checks)

    def lines(self) -> Iterator[str]:
        """Every broken promise and how, then the remarks."""
        for check in self.checks:
            for why in check.broken:
                yield f"{check.promise}: {why}"
        yield from (f"remark: {told}" for told in self.remarks)

    def require(self) -> None:
        """Raise AssertionError with every broken promise; for tests."""
        if not self.ok:
            told = [line for line in self.lines() if not line.startswith("remark: ")]
            raise AssertionError(
                f"{self.kind} '{self.name}' breaks its promises:\n" + "\n".join(told)
            )


RAISES = "its code raises nothing"


@dataclass
class Findings:
    """The checks of one report while they are made."""

    checks: list[Check] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)

    def add(self, promise: str, broken: Iterable[str]) -> None:
        """One promise; what is raised while it is checked ends that check alone."""
        found = self.listed(broken)
        if len(found) > MOST_TOLD:
            found[MOST_TOLD:] = [f"and {len(found) - MOST_TOLD} more"]
        self.checks.append(Check(promise=promise, broken=tuple(found)))

    def listed(self, items: Iterable[T]) -> list[T]:
        """The items, up to where their code raises something, which is told in the report."""
        found: list[T] = []
        error = attempted(found.extend, items)
        if isinstance(error, Exception):
            ours = isinstance(error, SpatialEvoError)
            self.raised.append(str(error) if ours else f"{type(error).__name__}: {error}")
        return found

    def all(self) -> tuple[Check, ...]:
        """Every check, the one of what was raised last."""
        raised = Check(promise=RAISES, broken=tuple(dict.fromkeys(self.raised)))
        return (*self.checks, raised)
