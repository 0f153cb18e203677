"""The experiment as read from `studies.toml`: studies, their arms, and the settings of each run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from spatialevo_core.question import Frozen
from spatialevo_trainer.config import Data, HeldOut, TrainConfig
from spatialevo_trainer.demo_plan import shipped_plan
from spatialevo_trainer.settings import over

HERE = Path(__file__).parent
DATASET = "synthetic"
TRAINING, HELD_OUT = range(10_000, 12_000), range(1_000_500, 1_000_550)
"""Seeds of rooms."""


class Views(Frozen):
    """Which pictures of a room are examined."""

    frames: tuple[tuple[int, ...], ...]


class Group(Frozen):
    """A half of the held-out questions."""

    name: str
    rooms: str
    """The kind of room, such as `tiny`."""
    views: str
    questions: tuple[str, ...] = ()
    """Those of the study where none are given."""


class Arm(Frozen):
    """One way to train; it differs from the study's settings in these."""

    name: str
    settings: Mapping[str, Any] = {}
    seeds: int | None = Field(None, ge=1)
    """Fewer than the experiment has, for what is only asked about in passing."""


class Study(Frozen):
    """Arms that start from one base."""

    name: str
    title: str
    base: str
    questions: tuple[str, ...]
    rooms: tuple[str, ...]
    settings: Mapping[str, Any]
    held_out: tuple[Group, ...]
    arms: tuple[Arm, ...]


class Experiment(Frozen):
    """Everything that `make learn` runs."""

    seeds: int = Field(ge=1)
    views: Mapping[str, Views]
    settings: Mapping[str, Any]
    studies: tuple[Study, ...]

    def config(self, study: Study, arm: Arm, seed: int, base: Path) -> TrainConfig:
        """The settings of one run."""
        tasks = {each.name: each.task for each in shipped_plan().questions}
        merged: dict[str, Any] = {}
        for settings in (self.settings, study.settings, arm.settings):
            merged = over(merged, settings)
        return TrainConfig.model_validate(
            {
                **merged,
                "model": str(base),
                "seed": seed,
                "tasks": [tasks[name] for name in study.questions],
                "data": [Data(dataset=DATASET, ids=ids(kind, TRAINING)) for kind in study.rooms],
                "held_out": [
                    HeldOut(
                        name=group.name,
                        dataset=DATASET,
                        ids=ids(group.rooms, HELD_OUT),
                        frames=self.views[group.views].frames,
                        tasks=tuple(tasks[name] for name in group.questions),
                    )
                    for group in study.held_out
                ],
            }
        )


def ids(kind: str, seeds: range) -> tuple[str, ...]:
    """World ids."""
    return tuple(f"{kind}-{seed}" for seed in seeds)


def experiment() -> Experiment:
    """The one in `studies.toml`."""
    return Experiment.model_validate(tomllib.loads((HERE / "studies.toml").read_text("utf-8")))
