"""What a dataset offers: what is in its worlds, and what can be asked about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from pydantic import Field

from spatialevo_core.errors import TaskFault
from spatialevo_core.generation import Settings, proposed_views, questions
from spatialevo_core.question import Frozen
from spatialevo_core.task import AnyTask
from spatialevo_core.worlds import Countable

EVERY = 1_000_000
"""More questions than the views of a world that are looked at can give."""


class TaskStats(Frozen):
    """What one task can ask."""

    worlds: int = 0
    """In which it has a question."""
    views: int = 0
    """Of those that `generate` looks at, 40 in each world, the ones with a question."""
    questions: int = 0
    """That `generate` draws from them, two a view at most."""
    faults: int = 0
    """How often its code failed."""

    def plus(self, other: TaskStats) -> TaskStats:
        """Both together."""
        mine, theirs = self.model_dump(), other.model_dump()
        return TaskStats(**{key: mine[key] + theirs[key] for key in mine})


class Stats(Frozen):
    """What some worlds offer."""

    dataset: str
    worlds: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    """What is in them, such as `objects`."""
    names: dict[str, int] = Field(default_factory=dict)
    """How many things have each name, most first."""
    views: dict[str, int] = Field(default_factory=dict)
    """All views worth asking about, by kind."""
    tasks: dict[str, TaskStats] = Field(default_factory=dict)

    def plus(self, other: Stats) -> Stats:
        """Both together."""
        tasks = {
            name: self.tasks.get(name, TaskStats()).plus(other.tasks.get(name, TaskStats()))
            for name in {**self.tasks, **other.tasks}
        }
        names = Counter(self.names) + Counter(other.names)
        return Stats(
            dataset=self.dataset,
            worlds=self.worlds + other.worlds,
            counts=_sum(self.counts, other.counts),
            names=dict(sorted(names.items(), key=lambda item: (-item[1], item[0]))),
            views=_sum(self.views, other.views),
            tasks=tasks,
        )


def stats_of(
    dataset: str, source: Any, world_id: str, tasks: Sequence[AnyTask], seed: int
) -> Stats:
    """What one world offers; the questions are those that `generate` draws under that seed."""
    tally = source.tally() if isinstance(source, Countable) else None
    settings = Settings(
        dataset=dataset, tasks=tuple(each.name for each in tasks), per_scene=EVERY, seed=seed
    )
    drawn = questions(tasks, source, world_id, settings)
    found: dict[str, TaskStats] = {}
    for task in tasks:
        own = [row for row in drawn.questions if row.task == task.name]
        found[task.name] = TaskStats(
            worlds=int(bool(own)),
            views=len({row.frames for row in own}),
            questions=len(own),
            faults=sum(fault.task == task.name for fault in drawn.faults),
        )
    names = {} if tally is None else tally.names
    return Stats(
        dataset=dataset,
        worlds=1,
        counts={} if tally is None else tally.counts,
        names=dict(sorted(names.items(), key=lambda item: (-item[1], item[0]))),
        views=_views(tasks, source),
        tasks=found,
    )


def _views(tasks: Iterable[AnyTask], source: Any) -> dict[str, int]:
    """How many views of each kind the source proposes; the first task of a kind answers for it."""
    kinds: dict[str, AnyTask] = {}
    for task in tasks:
        kinds.setdefault(task.world.__name__, task)
    return {kind: _count(task, source) for kind, task in sorted(kinds.items())}


def _count(task: AnyTask, source: Any) -> int:
    count = 0
    with suppress(
        TaskFault
    ):  # counted with the task, which draws its questions from the same views
        for _ in proposed_views(task, source, Random(0)):
            count += 1
    return count


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
