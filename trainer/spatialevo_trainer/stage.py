"""Where a training step plays: worlds are loaded, a view is drawn, and a task that it allows.

Everything is drawn from (seed, step, row) and the scheduler alone, so that prefetching makes
nothing stale and a resumed run draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from spatialevo_core.engine import attempted, guarded
from spatialevo_core.errors import MOST_TOLD, ConfigError, DataError, TaskFault
from spatialevo_core.registry import AnyDataset, Registry
from spatialevo_core.schedule import Scheduler
from spatialevo_core.task import AnyTask
from spatialevo_trainer.config import Data
from spatialevo_trainer.faults import Faults

T = TypeVar("T")

SOURCES_KEPT = 64
"""Loaded worlds held in memory; a scanned room with its points is some 50 MB."""
VERDICTS_KEPT = 8192
MOST_DRAWS = 50
"""Views tried for one row before the data is called unusable."""


@dataclass(frozen=True)
class Place:
    """Where one row plays: a view of a world, and the task drawn for it."""

    row: int
    dataset: str
    world: str
    view: Any
    task: AnyTask
    images: tuple[Any, ...]
    brief: str


@dataclass(frozen=True)
class World:
    """One entry of the data: it is loaded when it is drawn."""

    data: Data
    dataset: AnyDataset
    id: str

    @property
    def name(self) -> str:
        """`dataset/id`."""
        return f"{self.dataset.name}/{self.id}"


class Stage:
    """Draws places from the data; keeps the worlds used last, and counts what broke."""

    def __init__(self, registry: Registry, data: Sequence[Data], tasks: Sequence[str]) -> None:
        self.registry = registry
        self.worlds = tuple(_worlds(registry, data))
        self.tasks = _chosen(registry, self.worlds, tasks)
        self.faults = Faults()
        """Since the last `take_faults`: by name of the task, or of the dataset."""
        self._sources: _Kept[Any] = _Kept(SOURCES_KEPT)
        self._feasible: _Kept[bool] = _Kept(VERDICTS_KEPT)

    def draw(self, scheduler: Scheduler, rng: Random, row: int) -> Place:
        """A view of a random world, and one of the tasks that are feasible in it.

        A world that cannot be loaded is counted and left out. Raises DataError if none is left,
        ConfigError if no view allows a task.
        """
        worlds, views = list(self.worlds), 0
        while views < MOST_DRAWS:
            world = rng.choice(worlds)
            try:
                source = self.load(world)
            except DataError as error:
                self.faults.add(world.dataset.name, error)
                worlds.remove(world)
                if worlds:
                    continue
                count = len(self.worlds)
                told = "the only world" if count == 1 else f"none of the {count} worlds"
                verb = "cannot" if count == 1 else "can"
                raise DataError(f"{told} {verb} be loaded any more; {error}") from error
            views += 1
            offers = dict(self.offers(world, source, rng))
            if offers:
                task = self.registry.task(scheduler.draw(list(offers), rng))
                place = self.place(world, offers[task.name], task, row)
                if place is not None:
                    return place
        raise ConfigError(
            f"no task is feasible in {MOST_DRAWS} views drawn from the data"
            + (
                f"; {self.faults.summary()}"
                if self.faults
                else "; choose other tasks or other data"
            )
        )

    def load(self, world: World) -> Any:
        """The source of a world; raises DataError, whatever the dataset's code raises."""
        return self._sources.get(world.name, lambda: _loaded(world))

    def offers(self, world: World, source: Any, rng: Random) -> Iterable[tuple[str, Any]]:
        """The feasible tasks by name, each with a view; tasks about one view type share it."""
        views: dict[type, Any] = {}
        for task in self.tasks:
            if not issubclass(world.dataset.source, task.world.source):
                continue
            try:
                if task.world not in views:
                    proposed = guarded(
                        task, "view", lambda t: next(t.propose(source, rng), None), task.world
                    )
                    views[task.world] = proposed
                view = views[task.world]
                if view is not None and self.allows(task, view):
                    yield task.name, view
            except TaskFault as fault:
                self.faults.add(fault.task, fault)

    def place(self, world: World, view: Any, task: AnyTask, row: int) -> Place | None:
        """The place of a view and a task; None if its own code or an image is broken."""
        try:
            brief = guarded(task, "brief", lambda: str(task.brief(view)))
            images = guarded(task, "view", lambda: tuple(view.images()))
        except TaskFault as fault:
            self.faults.add(fault.task, fault)
            return None
        return Place(row, world.dataset.name, world.id, view, task, images, brief)

    def take_faults(self) -> Faults:
        """The faults since the last call."""
        faults, self.faults = self.faults, Faults()
        return faults

    def allows(self, task: AnyTask, view: Any) -> bool:
        """Whether the task can be asked in this view; raises TaskFault."""
        return self._feasible.get(
            (task.name, view.key),
            lambda: guarded(task, "feasible", lambda: bool(task.feasible(view))),
        )


class _Kept(Generic[T]):
    """The values used last, by key, a bounded number of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._values:
            self._values[key] = make()
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


def _loaded(world: World) -> Any:
    """What the dataset loads; a file that is gone is no fault of the program that met it."""
    found = attempted(world.dataset.load, world.data.root, world.id)
    if isinstance(found, DataError):
        raise found
    if isinstance(found, Exception):
        told = f"{type(found).__name__}: {' '.join(str(found).split())[:MOST_TOLD]}"
        raise DataError(f"{world.name} cannot be loaded: {told}") from found
    return found


def row_random(seed: int, *where: int | str) -> Random:
    """A generator of its own for each place in a run."""
    return Random("/".join(map(str, (seed, *where))))


def _worlds(registry: Registry, data: Sequence[Data]) -> Iterable[World]:
    if not data:
        raise ConfigError("no data is chosen; set data, a list of tables with the key 'dataset'")
    for each in data:
        dataset = registry.dataset(each.dataset)
        if dataset.needs_root and each.root is None:
            raise ConfigError(f"dataset '{dataset.name}' needs a root folder; set root beside it")
        ids = each.ids or tuple(dataset.ids(each.root, each.split))
        if not ids:
            split = f" in split '{each.split}'" if each.split else ""
            raise ConfigError(f"dataset '{dataset.name}' has no worlds{split}")
        yield from (World(each, dataset, world_id) for world_id in ids)


def _chosen(
    registry: Registry, worlds: Sequence[World], names: Sequence[str]
) -> tuple[AnyTask, ...]:
    """The named tasks, else all that the data allows; refuses those that a problem affects."""
    offered = {
        task.name: task
        for dataset in {world.dataset.name: world.dataset for world in worlds}.values()
        for task in registry.tasks_on(dataset)
    }
    chosen = tuple(registry.task(name) for name in names) or tuple(offered.values())
    for task in chosen:
        if task.name not in offered:
            datasets = ", ".join(sorted({world.dataset.name for world in worlds}))
            raise ConfigError(f"task '{task.name}' cannot be asked on {datasets}")
    if not chosen:
        raise ConfigError("no task can be asked on the chosen data; see 'spatialevo plugins'")
    for problem in registry.affecting((task.name for task in chosen), every=not names):
        raise ConfigError(
            f"plugin '{problem.plugin}' failed in {problem.stage}, so the truth of the chosen "
            f"tasks is in doubt: {problem.message}; see 'spatialevo plugins'"
        )
    return tuple(sorted(chosen, key=lambda task: task.name))
