"""What lasts from step to step: the stage, the scheduler, and the questions asked so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from spatialevo_core.errors import RecordError
from spatialevo_core.question import Frozen
from spatialevo_core.registry import Registry
from spatialevo_core.schedule import Scheduler
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.episode import Episode
from spatialevo_trainer.metrics import Sum, Sums, means, measure, merge
from spatialevo_trainer.stage import Stage, row_random


class Share(NamedTuple):
    """What one process contributes to the end of a step."""

    totals: Sums
    """Per task the sum of f_acc and the number of answers."""
    sums: Sums
    """Metrics."""


class SessionState(Frozen):
    """All that a checkpoint must hold beside the trainer's own state."""

    step: int
    """Steps that are done."""
    scheduler: dict[str, object]


class Stopwatch:
    """Time by what it was spent on; whoever ends a part says which it was."""

    def __init__(self) -> None:
        self.laps_s: dict[str, float] = {}
        self._since = time.perf_counter()

    def restart(self) -> None:
        """Forget what was measured."""
        self.laps_s = {}
        self._since = time.perf_counter()

    def lap(self, part: str) -> None:
        """Count the time since the last lap for a part."""
        now = time.perf_counter()
        self.laps_s[part] = self.laps_s.get(part, 0.0) + now - self._since
        self._since = now


class Session:
    """A run's memory; knows nothing of models."""

    def __init__(self, config: TrainConfig, registry: Registry) -> None:
        self.config, self.registry = config, registry
        self.stage = Stage(registry, config.data, config.tasks)
        self.scheduler = config.schedule.start(config.n)
        self.episode: Episode | None = None
        """The step in progress, or the last one."""
        self.report: dict[str, float] = {}
        """The metrics of the last step."""
        self.watch = Stopwatch()
        """Of the step in progress: `generation`, `oracle` and `update`."""

    def begin(self, step: int, rows: Sequence[int]) -> Episode:
        """The episode of a step for these rows, determined by seed, step, rows and scheduler."""
        places = [
            self.stage.draw(self.scheduler, row_random(self.config.seed, step, row), row)
            for row in rows
        ]
        rng = row_random(self.config.seed, step, "fallback", *rows)
        self.episode = Episode(self.config, self.registry, places, rng)
        return self.episode

    def end(self, gather: Callable[[list[Share]], list[Share]] = lambda shares: shares) -> None:
        """Update scheduler and report; `gather` collects the shares of all processes."""
        assert self.episode is not None  # noqa: S101
        sums = measure(self.episode)
        for name, count in self.stage.take_faults().items():
            sums = merge([sums, {f"faults/{name}": Sum(count, 1)}])
        totals = {name: Sum(*total) for name, total in self.episode.totals().items()}
        shares = gather([Share(totals, sums)])
        self.scheduler.update(merge(share.totals for share in shares))
        self.report = means(merge(share.sums for share in shares))
        for task in self.stage.tasks:
            self.report[f"scheduler/accuracy/{task.name}"] = self.scheduler.accuracy(task.name)
        self.watch.lap("oracle")

    def state(self, step: int) -> SessionState:
        """For a checkpoint after `step` steps."""
        return SessionState(step=step, scheduler=self.scheduler.state())

    def restore(self, text: str) -> SessionState:
        """Take up a stored state; raises RecordError if it is none."""
        try:
            state = SessionState.model_validate_json(text)
        except ValidationError as error:
            raise RecordError(f"training state: {error.errors()[0]['msg'].lower()}") from None
        self.scheduler = Scheduler.restore(state.scheduler)
        return state

    def questioner_reward(
        self, completions: Sequence[Any], role: Sequence[str], **_: Any
    ) -> list[float | None]:
        """The questioner's rewards as TRL asks for them; None for the solver's rows."""
        return self._heard("questioner", completions, role)

    def solver_reward(
        self, completions: Sequence[Any], role: Sequence[str], **_: Any
    ) -> list[float | None]:
        """The solver's rewards as TRL asks for them; None for the questioner's rows."""
        return self._heard("solver", completions, role)

    def _heard(
        self, own: str, completions: Sequence[Any], role: Sequence[str]
    ) -> list[float | None]:
        if set(role) != {own}:
            return [None] * len(completions)
        assert self.episode is not None  # noqa: S101
        self.watch.lap("generation")
        texts = [str(completion[0]["content"]) for completion in completions]
        hear = self.episode.hear_questions if own == "questioner" else self.episode.hear_answers
        rewards = hear(texts)
        self.watch.lap("oracle")
        return rewards
