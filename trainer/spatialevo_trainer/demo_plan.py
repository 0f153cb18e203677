"""What the demo does, read from a TOML file that the package ships."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field

from spatialevo_core.question import Frozen
from spatialevo_core.registry import Registry
from spatialevo_trainer.config import Data, HeldOut, TrainConfig
from spatialevo_trainer.narrowing import narrowed


class Worlds(Frozen):
    """A run of world ids."""

    name: str
    """With `{}` where the number goes."""
    first: int
    count: int = Field(ge=1)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in order."""
        return tuple(self.name.format(self.first + number) for number in range(self.count))


class Judged(Frozen):
    """A world whose questions are judged before the eyes of the user."""

    dataset: str
    world: str
    questions: tuple[str, ...]
    """Beside one that the oracle proposes for each task."""


class Question(Frozen):
    """A kind of question that the tiny model learned."""

    name: str
    task: str
    summary: str
    fixed: Mapping[str, Any] = {}
    """Fields of the query that have one value."""


class Training(Frozen):
    """Worlds to learn on."""

    dataset: str
    worlds: Worlds

    @property
    def data(self) -> Data:
        """As a run's settings name them."""
        return Data(dataset=self.dataset, ids=self.worlds.ids)


class Examined(Training):
    """Worlds never learned on, and which of their views are examined."""

    name: str
    questions: tuple[str, ...]
    frames: tuple[tuple[int, ...], ...]


class Plan(Frozen):
    """The whole demo."""

    judged: tuple[Judged, ...]
    questions: tuple[Question, ...]
    training: Training
    held_out: tuple[Examined, ...]
    train: Mapping[str, Any]

    def narrowed(self, registry: Registry) -> Registry:
        """The registry in which the tasks ask only what the tiny model learned."""
        for each in self.questions:
            registry = narrowed(registry, each.task, summary=each.summary, fixed=each.fixed)
        return registry

    def config(self, model: Path, *, seed: int, steps: int | None) -> TrainConfig:
        """The settings of the training run."""
        given = dict(self.train) if steps is None else {**self.train, "steps": steps}
        return TrainConfig(
            model=str(model),
            data=(self.training.data,),
            held_out=tuple(map(self._held_out, self.held_out)),
            tasks=tuple(each.task for each in self.questions),
            seed=seed,
            **given,
        )

    def _held_out(self, examined: Examined) -> HeldOut:
        tasks = {each.name: each.task for each in self.questions}
        return HeldOut(
            name=examined.name,
            dataset=examined.dataset,
            ids=examined.worlds.ids,
            frames=examined.frames,
            tasks=tuple(tasks[name] for name in examined.questions),
        )


def shipped_plan() -> Plan:
    """The plan in the package."""
    text = (files("spatialevo_trainer") / "data" / "demo.toml").read_text(encoding="utf-8")
    return Plan.model_validate(tomllib.loads(text))
