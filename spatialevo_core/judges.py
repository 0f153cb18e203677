"""Second opinions on what a model says in its own words.

Observations and explanations have deterministic scores, which are always computed and are the
reference. A training run may name a judge; what it says then counts in the reward instead, and both
are in the records. No judge has a say in whether a question is legal, or in its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from pydantic import Field, ValidationError

from spatialevo_core.engine import attempted
from spatialevo_core.errors import JudgeFault
from spatialevo_core.question import Frozen, Reason


class Judgement(Frozen):
    """What a judge thinks of a text."""

    score: float = Field(ge=0, le=1, strict=True)
    reason: str = Field("", max_length=1000)
    """For whoever reads the records; nothing depends on it."""


@runtime_checkable
class Judge(Protocol):
    """Scores texts from 0 to 1; None is no opinion, and leaves the deterministic score in force."""

    @property
    def name(self) -> str:
        """As listed and recorded."""

    def observation(self, text: str, question: str, view: Any) -> Judgement | None:
        """How well a text describes the view for whoever is to be asked the question."""

    def explanation(self, text: str, reasons: Sequence[Reason], question: str) -> Judgement | None:
        """How well a text gives these reasons, and no others, why the question has no answer."""


def opinion(judge: Judge, ask: Callable[..., object], *args: Any) -> Judgement | None:
    """What the judge says when it is asked so; raises JudgeFault if that is no judgement."""
    said = attempted(ask, *args)
    if isinstance(said, Exception):
        raise JudgeFault(judge.name, said) from said
    if said is not None and not isinstance(said, Judgement):
        cause = TypeError(f"returned {type(said).__name__}, expected a Judgement or None")
        raise JudgeFault(judge.name, cause)
    try:
        # one can be built past its own checks
        return None if said is None else Judgement.model_validate(dict(said))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        told = f"{first['loc'][0]}: {first['msg'].lower()}"
        raise JudgeFault(judge.name, ValueError(told)) from None
