"""Which task to practise next: the weakest ones more often, none of them never.

Estimated accuracy of a task: a = (S + 2 prior) / (N + 2), where S and N are the sums of scores and
answers, forgotten exponentially. A strategy turns it into a weight of at least delta: `adaptive`
1 - a, `learnability` a (1 - a), `uniform` 1; the probability is the weight's share among the tasks
that are feasible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field, ValidationError

from spatialevo_core.errors import ConfigError, RecordError
from spatialevo_core.question import Frozen

PRIOR_ANSWERS = 2
Strategy = Literal["adaptive", "uniform", "learnability"]


class Tally(Frozen):
    """What is remembered of one task: the forgotten sums of scores and of answers."""

    score: float = Field(0.0, ge=0)
    answers: float = Field(0.0, ge=0)


class SchedulerState(Frozen):
    """Everything a scheduler is; stored in checkpoints."""

    strategy: Strategy = "adaptive"
    prior: float = Field(0.35, ge=0, le=1)
    """Assumed accuracy of a task that was never tried."""
    delta: float = Field(0.05, gt=0, le=1)
    """Least weight, so that mastered tasks stay in practice."""
    half_life: float | None = Field(None, gt=0)
    """Answers after which a score counts half; None never forgets (the published rule)."""
    tallies: Mapping[str, Tally] = {}


class Scheduler:
    """Keeps a running accuracy per task and draws the next one; knows no task by name."""

    def __init__(
        self,
        strategy: Strategy = "adaptive",
        prior: float = 0.35,
        delta: float = 0.05,
        half_life: float | None = None,
    ) -> None:
        try:
            self._state = SchedulerState(
                strategy=strategy, prior=prior, delta=delta, half_life=half_life
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"scheduler {first['loc'][0]}: {first['msg'].lower()}") from None

    def accuracy(self, task: str) -> float:
        """The estimate for a task; the prior if it was never tried."""
        tally = self._state.tallies.get(task, Tally())
        prior = self._state.prior * PRIOR_ANSWERS
        return (tally.score + prior) / (tally.answers + PRIOR_ANSWERS)

    def probabilities(self, feasible: Sequence[str]) -> dict[str, float]:
        """The chance of each feasible task, in the order of their names."""
        if not feasible:
            raise ConfigError("no task is feasible; the scheduler has nothing to draw from")
        weigh = _WEIGHTS[self._state.strategy]
        weights = {
            name: max(self._state.delta, weigh(self.accuracy(name))) for name in sorted(feasible)
        }
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}

    def draw(self, feasible: Sequence[str], rng: Random) -> str:
        """One task, by its probability."""
        chances = self.probabilities(feasible)
        return rng.choices(list(chances), weights=list(chances.values()))[0]

    def update(self, totals: Mapping[str, tuple[float, int]]) -> None:
        """Count new answers: per task the sum of their scores and their number."""
        tallies = dict(self._state.tallies)
        for name, (score, answers) in sorted(totals.items()):
            old = tallies.get(name, Tally())
            life = self._state.half_life
            keep = 1.0 if life is None else 0.5 ** (answers / life)
            tallies[name] = Tally(
                score=old.score * keep + score, answers=old.answers * keep + answers
            )
        self._state = self._state.model_copy(update={"tallies": tallies})

    def state(self) -> dict[str, object]:
        """JSON-plain; `restore` makes the same scheduler of it."""
        return self._state.model_dump(mode="json")

    @classmethod
    def restore(cls, state: Mapping[str, object]) -> Scheduler:
        """The scheduler that had this state; raises RecordError if it is none."""
        try:
            restored = SchedulerState.model_validate(state)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise RecordError(f"scheduler state, field '{where}': {first['msg']}") from None
        scheduler = cls()
        scheduler._state = restored
        return scheduler


_WEIGHTS: Mapping[Strategy, Callable[[float], float]] = {
    "adaptive": lambda accuracy: 1 - accuracy,
    "learnability": lambda accuracy: accuracy * (1 - accuracy),
    "uniform": lambda accuracy: 1.0,  # noqa: ARG005
}
