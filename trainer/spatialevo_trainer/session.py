"""What lasts from step to step: the stage, the scheduler, and the questions asked so far."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from spatialevo_core.errors import SpatialEvoError
from spatialevo_core.question import Frozen
from spatialevo_core.registry import Registry
from spatialevo_core.schedule import Scheduler
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.episode import Episode
from spatialevo_trainer.metrics import Sum, Sums, means, measure, measure_lengths, merge
from spatialevo_trainer.stage import Stage, row_random

WINDOW: Final = 10
"""Steps over which the share of replies that the oracle could not judge is taken."""
UNJUDGED: Final = ("questioner/unjudged", "solver/unjudged")


class Share(NamedTuple):
    """What one process contributes to the end of a step."""

    totals: Sums
    """Per task the sum of f_acc and the number of answers."""
    sums: Sums
    """Metrics."""
    told: dict[str, str]
    """What broke, and how."""


class SessionState(Frozen):
    """All that a checkpoint must hold beside the trainer's own state."""

    step: int
    """Steps that are done."""
    scheduler: dict[str, object]
    unjudged: tuple[tuple[float, int], ...] = ()
    """Of the last steps, replies that could not be judged, and all replies."""


class TooManyFaults(SpatialEvoError):
    """The oracle could not judge too many replies to train on the rest."""


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
        if config.judge is not None:
            registry.judge(config.judge)  # one that is not there is told before the first step
        self.scheduler = config.schedule.start(config.n)
        self.episode: Episode | None = None
        """The step in progress, or the last one."""
        self.report: dict[str, float] = {}
        """The metrics of the last step."""
        self.told: dict[str, str] = {}
        """What broke in the last step: by name of task or dataset, the message of one fault."""
        self._unjudged: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self._lengths: dict[str, list[int]] = {}
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
        self._lengths = {}
        return self.episode

    def end(self, gather: Callable[[list[Share]], list[Share]] = lambda shares: shares) -> None:
        """Update scheduler and report; `gather` collects the shares of all processes."""
        assert self.episode is not None  # noqa: S101
        faults = self.stage.take_faults()
        sums = merge(
            [
                measure(self.episode),
                measure_lengths(self.episode, self._lengths),
                {f"faults/{name}": Sum(count, 1) for name, count in faults.items()},
            ]
        )
        totals = {name: Sum(*total) for name, total in self.episode.totals().items()}
        told = faults.told | self.episode.faults.told
        shares = gather([Share(totals, sums, told)])
        self.scheduler.update(merge(share.totals for share in shares))
        merged = merge(share.sums for share in shares)
        self.report = means(merged)
        for task in self.stage.tasks:
            self.report[f"scheduler/accuracy/{task.name}"] = self.scheduler.accuracy(task.name)
        self.told = {name: each for share in shares for name, each in share.told.items()}
        both = [merged[name] for name in UNJUDGED if name in merged]
        self._unjudged.append((sum(e.total for e in both), sum(e.number for e in both)))
        self.watch.lap("oracle")

    def require_judged(self) -> None:
        """Raise TooManyFaults if too many of the last steps' replies could not be judged.

        Steps that the run has not had yet count as if everything in them had been judged, so that
        a bad first step alone ends no run.
        """
        unjudged = sum(count for count, _ in self._unjudged)
        replies = sum(number for _, number in self._unjudged) / len(self._unjudged) * WINDOW
        if unjudged > self.config.max_faults * replies:
            told = "; ".join(self.told.values()) or "no question could be proposed"
            raise TooManyFaults(
                f"{unjudged:.0f} replies of the last {WINDOW} steps could not be judged, more than "
                f"the share max_faults = {self.config.max_faults:g} allows: {told}"
            )

    def state(self, step: int) -> SessionState:
        """For a checkpoint after `step` steps."""
        return SessionState(
            step=step, scheduler=self.scheduler.state(), unjudged=tuple(self._unjudged)
        )

    def restore(self, state: SessionState) -> None:
        """Take up a stored state; raises RecordError if its scheduler is none."""
        self.scheduler = Scheduler.restore(state.scheduler)
        self._unjudged = deque(state.unjudged, maxlen=WINDOW)

    def questioner_reward(
        self, completions: Sequence[Any], role: Sequence[str], **given: Any
    ) -> list[float | None]:
        """The questioner's rewards as TRL asks for them; None for the solver's rows."""
        return self._heard("questioner", completions, role, given)

    def solver_reward(
        self, completions: Sequence[Any], role: Sequence[str], **given: Any
    ) -> list[float | None]:
        """The solver's rewards as TRL asks for them; None for the questioner's rows."""
        return self._heard("solver", completions, role, given)

    def _heard(
        self, own: str, completions: Sequence[Any], role: Sequence[str], given: Mapping[str, Any]
    ) -> list[float | None]:
        if set(role) != {own}:
            return [None] * len(completions)
        assert self.episode is not None  # noqa: S101
        self._lengths[own] = [len(tokens) for tokens in given.get("completion_ids", ())]
        self.watch.lap("generation")
        texts = [str(completion[0]["content"]) for completion in completions]
        hear = self.episode.hear_questions if own == "questioner" else self.episode.hear_answers
        rewards = hear(texts)
        self.watch.lap("oracle")
        return rewards
