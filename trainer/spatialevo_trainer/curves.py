"""Curves of one or several runs: one picture per role, one line per task or run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spatialevo_trainer.metrics import FILE, read_rows

PANELS: Final[Mapping[str, Mapping[str, str]]] = {
    "questioner": {
        "reward": "reward",
        "legal": "legal questions",
        "f_valid": "f_valid",
        "f_obs": "f_obs",
        "unique": "distinct questions in a group",
        "zero_variance": "groups without signal",
    },
    "solver": {
        "reward": "reward",
        "accuracy": "accuracy of sampled answers",
        "f_explain": "f_explain",
        "f_fmt": "f_fmt",
        "fallback": "questions from the oracle",
        "zero_variance": "groups without signal",
    },
}
EXAMINED: Final[Mapping[str, str]] = {
    "sampled": "solver/accuracy",
    "legal": "questioner/legal",
    "f_obs": "questioner/f_obs",
    "unique": "questioner/unique",
}
"""What training measures like the held-out quantity of that name, the part before a slash."""
SPAN: Final = 10
"""Steps in the running mean that is drawn."""

Rows = Sequence[Mapping[str, Any]]


def draw(runs: Sequence[Path], folder: Path) -> list[Path]:
    """Write `questioner.png` and `solver.png` to a folder: training figures, not held out.

    One run is drawn with a line per task, several with a line per run.
    """
    rows = {run.name: read_rows(run / FILE) for run in runs}
    folder.mkdir(parents=True, exist_ok=True)
    return [_picture(role, rows, folder / f"{role}.png") for role in PANELS]


def title(name: str) -> str:
    """What a training curve such as `solver/reward` or `solver/reward/task` is called."""
    role, quantity, *task = name.split("/", 2)
    return ", ".join([f"{role}: {PANELS[role][quantity]}", *task])


def smooth(values: Sequence[float | None], span: int = SPAN) -> Float[np.ndarray, " n"]:
    """The running mean over the last `span` values, missing ones left out; NaN where all are."""
    series = np.array([np.nan if value is None else value for value in values], dtype=float)
    known = np.isfinite(series)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, series, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    start = np.maximum(0, np.arange(1, len(series) + 1) - span)
    number = count[1:] - count[start]
    sums = total[1:] - total[start]
    return np.where(number > 0, sums / np.maximum(number, 1), np.nan)


def _picture(role: str, runs: Mapping[str, Rows], path: Path) -> Path:
    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3).flat
    for ax, (quantity, title) in zip(axes, PANELS[role].items(), strict=True):
        _panel(ax, f"{role}/{quantity}", runs)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("step", fontsize=8)
        ax.grid(visible=True, alpha=0.3)
    figure.suptitle(f"{role}, while training (mean of {SPAN} steps)", fontsize=12)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(path, dpi=110)
    return path


def _panel(ax: Axes, name: str, runs: Mapping[str, Rows]) -> None:
    for run, rows in runs.items():
        steps = [row["step"] for row in rows]
        label = run if len(runs) > 1 else "all"
        ax.plot(steps, smooth([row.get(name) for row in rows]), label=label, linewidth=2)
        if len(runs) == 1:
            for task in _tasks(rows):
                values = smooth([row.get(f"{name}/{task}") for row in rows])
                ax.plot(steps, values, label=task, linewidth=1, alpha=0.7)


def _tasks(rows: Rows) -> list[str]:
    """The tasks that the rows speak of."""
    prefix = "scheduler/accuracy/"
    return sorted({key.removeprefix(prefix) for row in rows for key in row if prefix in key})
