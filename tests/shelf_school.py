"""What the trainer is tested on: shelves, two tasks, and a tiny model to play both roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from shelves import TASK, Shelf, ShelfTerms, ShelfView
from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.registry import Registry
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.task import AnyTask, Phrasing, Task
from spatialevo_parsers.grammar import GrammarParser
from spatialevo_trainer.config import TrainConfig

THINGS = ("book", "vase", "lamp", "clock", "radio")


class Load(Query):
    pass


class Parts(Evidence):
    weights_kg: tuple[float, ...]


def total(view: ShelfView, q: Load, terms: ShelfTerms) -> Answer[Parts]:
    weights = tuple(view.shelf.weights_kg.values())
    return Answer(value=sum(weights), unit="kg", evidence=Parts(weights_kg=weights))


def once(view: ShelfView, rng: Random) -> Iterator[Load]:
    yield Load()


LOAD = Task(
    name="load",
    summary="What a shelf carries.",
    world=ShelfView,
    query=Load,
    phrasings=(Phrasing("How much do all the things weigh together?"),),
    rules=(),
    candidates=once,
    solve=total,
    score=relative_accuracy,
    answer_hint=lambda query: "in kilograms",
    worth=lambda answer: 0.5,
    terms=ShelfTerms(),
)


@dataclass(frozen=True)
class School:
    """A dataset of eight shelves."""

    name: str = "school"
    summary: str = "eight shelves"
    source: type[Shelf] = Shelf
    needs_root: bool = False

    def ids(self, root: Path | None, split: str | None = None) -> list[str]:
        return [f"shelf-{i}" for i in range(8)]

    def load(self, root: Path | None, world_id: str) -> Shelf:
        rng = Random(world_id)
        things = rng.sample(THINGS, 3)
        return Shelf(world_id, {name: float(kg) for kg, name in enumerate(things, start=1)})

    def missing(self, root: Path | None) -> list[str]:
        return []


def school(*tasks: AnyTask, **more: Any) -> Registry:
    chosen = tasks or (TASK, LOAD)
    datasets: Mapping[str, Any] = {"school": School()}
    names = {task.name: task for task in chosen}
    return Registry(tasks=names, parsers=(GrammarParser(),), datasets=datasets, **more)


def settings(**changes: Any) -> TrainConfig:
    base = {
        "data": [{"dataset": "school"}],
        "scenes": 2,
        "n": 2,
        "quota": 2,
        "steps": 4,
        "questioner_tokens": 6,
        "solver_tokens": 5,
        "save_every": 2,
        "lora": {"rank": 4},
    }
    return TrainConfig.model_validate({**base, **changes})


@cache
def tiny_model() -> str:
    """An untrained tiny model, built once for all tests of a process."""
    from spatialevo_trainer.tiny_model import build

    return str(build(Path(mkdtemp(prefix="tiny-"))))
