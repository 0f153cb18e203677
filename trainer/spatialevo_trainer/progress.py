"""How far a run is, on a terminal or in a log file."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from spatialevo_trainer.checkpoints import Remark
    from spatialevo_trainer.chronicle import Progress

EVERY_S: Final = 30.0
"""Seconds between two lines where no terminal is."""
SPAN: Final = 20
"""Steps over which the rate is taken."""
SHOWN: Final = {"solver/accuracy": "accuracy", "questioner/legal": "legal questions"}


class Pace:
    """How fast the steps follow each other."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, float]] = deque(maxlen=SPAN + 1)

    def told(self, step: int, steps: int, row: Mapping[str, float], now_s: float) -> str:
        """Rate and time left, once there are two steps; then what was achieved."""
        self._seen.append((step, now_s))
        parts = []
        first, start_s = self._seen[0]
        done = step - first
        if done:
            rate_s = (now_s - start_s) / done
            parts = [f"{rate_s:.2g} s a step" if rate_s < 10 else f"{duration(rate_s)} a step"]
            parts.append(f"{duration(rate_s * (steps - step))} left")
        parts += [f"{name} {row[key]:.2f}" for key, name in SHOWN.items() if key in row]
        faults = sum(value for key, value in row.items() if key.startswith("faults/"))
        if faults:
            parts.append(f"{faults:.0f} faults")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds in words, to two units."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    if hours:
        return f"{hours} h {rest_min:02} min"
    return f"{minutes} min {rest_s:02} s" if minutes else f"{rest_s} s"


@contextmanager
def shown(console: Console) -> Iterator[tuple[Progress, Remark]]:
    """What to call after a step and for remarks: a bar on a terminal, else lines now and then."""
    pace = Pace()
    if not console.is_terminal:
        yield Log(console, pace), lambda text: _say(console, text)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console) as bar:
        row_id = bar.add_task("", total=None)

        def show(step: int, steps: int, row: Mapping[str, float]) -> None:
            told = pace.told(step, steps, row, time.monotonic())
            bar.update(row_id, completed=step, total=steps, description=told)

        yield show, lambda text: _say(console, text)


class Log:
    """Plain lines: of the first step, of the last one, and of some between them."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console, self._pace = console, pace
        self._next_s = -math.inf

    def __call__(self, step: int, steps: int, row: Mapping[str, float]) -> None:
        """A step is done."""
        now_s = time.monotonic()
        told = self._pace.told(step, steps, row, now_s)
        if now_s >= self._next_s or step == steps:
            self._next_s = now_s + EVERY_S
            _say(self._console, f"step {step} of {steps}: {told}")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
