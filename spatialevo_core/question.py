"""The values that a question goes through: Query, Reason, Answer, Verdict.

All are frozen and JSON-plain, so that they can be stored, compared and shown.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny, computed_field


class Frozen(BaseModel):
    """A value: immutable, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Query(Frozen):
    """What a question asks, once read: a subclass per task, its fields the roles in it."""


class Evidence(Frozen):
    """The numbers an answer came from, units in their names: enough to redraw the computation."""


class Terms(Frozen):
    """The settings a truth depends on; a task declares a subclass, a profile changes its values."""


class Stage(IntEnum):
    """When a rule speaks; a later stage may rely on the earlier ones."""

    READ = 0
    """Nothing was recovered from the text."""
    PREMISE = 1
    """What the question takes for granted does not exist."""
    SOLVABLE = 2
    """Not exactly one answer follows from the view."""
    DEGENERATE = 3
    """Noise would decide the answer, or it says nothing."""


class Reason(Frozen):
    """Why a question is refused."""

    code: str
    """Stable: `thing.fault`."""
    stage: Stage
    message: str
    """One plain sentence."""
    entities: tuple[str, ...] = ()
    """What the objection is about, in the world's own names."""
    said: tuple[str, ...] = ()
    """Ways in which people give this reason; explanations are graded by them."""


E = TypeVar("E", bound=Evidence, covariant=True)


class Answer(Frozen, Generic[E]):
    """The truth, with what it was computed from."""

    value: str | int | float
    unit: str = ""
    """Of `value`; empty for words and counts."""
    band: float = 0.0
    """How far noise may move `value`, in `unit`; 0 for words and counts."""
    definition: str = "exact"
    evidence: SerializeAsAny[E]

    @property
    def text(self) -> str:
        """The answer as a solver would say it."""
        return f"{self.value} {self.unit}".strip()


class Verdict(Frozen):
    """What the oracle says of one question: its answer, or the reasons against it."""

    task: str | None
    profile: str = "exact"
    query: SerializeAsAny[Query] | None = None
    answer: SerializeAsAny[Answer[Evidence]] | None = None
    reasons: tuple[Reason, ...] = ()
    text: str | None = None
    parser: str | None = None
    """Who read the text."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def legal(self) -> bool:
        """Whether the question has an answer."""
        return self.answer is not None and not self.reasons

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all reasons."""
        return tuple(reason.code for reason in self.reasons)
