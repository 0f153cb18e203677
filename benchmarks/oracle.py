"""How fast the oracle judges, reading included, and what an open room takes.

`python benchmarks/oracle.py [--vertices 200000 500000] [--frames 24] [--json]`

Every question is put once about a room that is fresh but for its pictures, which have been looked
at, and then again, the best of three. All are distinct, and none is answered from memory. Times are
those of the processor, so that other processes matter little.
"""

from __future__ import annotations

import argparse
import gc
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, islice, product
from random import Random
from time import process_time
from typing import Any

import numpy as np

from spatialevo_core.plugins import load
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic import rooms, viewpoints
from spatialevo_datasets.views import View

PER_TASK, PER_VIEW, REPEATS = 200, 12, 3

Question = tuple[tuple[int, ...], str]
"""The frames that are shown, and a text."""
Figures = dict[str, Any]


def opened(vertices: int, frames: int) -> Scene:
    """The room of seed 0 with about so many vertices, as its frames show it."""
    plan = rooms.room(0)
    walk = viewpoints.cameras(plan.outline, plan.pieces, Random(0), frames)
    plan = replace(plan, cameras=walk[:frames])
    usual = len(rooms.mesh_of(plan, rooms.depth_maps(plan)).points)
    return rooms.build(plan, detail=float(np.sqrt(vertices / usual)))


def fresh(scene: Scene) -> Scene:
    """The same room with nothing remembered but what its frames show."""
    again = replace(scene)
    for frame in again.frames:
        again.sight(again.instances[0], frame.index)
    return again


def questions(task: AnyTask, scene: Scene) -> tuple[Question, ...]:
    """Distinct questions that the task might be asked, legal or not, a few of each view."""
    found: dict[Question, None] = {}
    for view in task.world.propose(scene, Random(1)):
        rng = Random(f"{task.name} {view.key}")
        asked = ((w, view.frames) for q in task.candidates(view, rng) for w in task.wordings(q))
        texts = list(islice(asked, 60))
        for text, frames in rng.sample(texts, min(PER_VIEW, len(texts))):
            found[frames, text] = None
        if len(found) >= PER_TASK:
            break
    return tuple(found)[:PER_TASK]


@dataclass
class Clock:
    """Time spent in parts of the work, by name."""

    spent_s: dict[str, float] = field(default_factory=dict)

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time added up."""

        def call(*args: Any) -> Any:
            start = process_time()
            try:
                return function(*args)
            finally:
                self.spent_s[part] = self.spent_s.get(part, 0.0) + process_time() - start

        return call

    def over(self, registry: Registry) -> Registry:
        """The registry, its parsers and the rules and definitions of its tasks timed."""

        @dataclass(frozen=True)
        class Timed:
            name: str
            parse: Callable[..., Any]

        return replace(
            registry,
            parsers=tuple(Timed(p.name, self.timed("parse", p.parse)) for p in registry.parsers),
            tasks={
                name: replace(
                    task,
                    solve=self.timed("solve", task.solve),
                    rules=tuple(replace(r, check=self.timed("rules", r.check)) for r in task.rules),
                )
                for name, task in registry.tasks.items()
            },
        )


def each_ms(work: Callable[[Any], object], items: Iterable[Any]) -> Figures:
    """How long the work takes on each of the items."""
    return percentiles([seconds(lambda item=item: work(item)) for item in items])


def seconds(work: Callable[[], object]) -> float:
    """How long it takes the processor."""
    start = process_time()
    work()
    return process_time() - start


def put(
    registry: Registry, task: AnyTask, scene: Scene, asked: tuple[Question, ...], *, assigned: bool
) -> Iterator[float]:
    """The seconds that each question takes, as one of the task's or of any that may be meant."""
    name = task.name if assigned else None
    for frames, text in asked:
        view: View = task.world(scene, frames)
        yield seconds(lambda view=view, text=text: registry.ask(text, view, name))


def percentiles(times_s: list[float]) -> Figures:
    """In milliseconds."""
    values = np.percentile(times_s, (50, 95, 99, 100)) * 1000 if times_s else np.zeros(4)
    return dict(zip(("p50", "p95", "p99", "most"), values.round(3).tolist(), strict=True))


def per_task(registry: Registry, scene: Scene) -> Iterator[tuple[str, Figures, list[float]]]:
    """Each task's figures, and the seconds of its questions when asked again."""
    for task in registry.tasks.values():
        if not issubclass(Scene, task.world.source):
            continue
        asked = questions(task, scene)
        if not asked:
            continue
        first = list(put(registry, task, fresh(scene), asked, assigned=True))
        list(put(registry, task, scene, asked, assigned=True))
        again = [
            list(map(min, zip(*rounds, strict=True)))
            for rounds in (
                [list(put(registry, task, scene, asked, assigned=own)) for _ in range(REPEATS)]
                for own in (True, False)
            )
        ]
        legal = sum(registry.ask(t, task.world(scene, f), task.name).legal for f, t in asked)
        clock = Clock()
        timed = clock.over(registry)
        total = sum(put(timed, timed.tasks[task.name], scene, asked, assigned=True))
        figures = {
            "questions": len(asked),
            "legal": legal,
            "first": percentiles(first),
            "warm": percentiles(again[0]),
            "warm_unassigned": percentiles(again[1]),
            "share": {part: round(spent / total, 3) for part, spent in clock.spent_s.items()},
        }
        yield task.name, figures, again[0]


def first_touch(scene: Scene) -> Mapping[str, Figures]:
    """What is computed once and kept, of a room about which nothing has been asked."""
    things, frames = scene.instances, [frame.index for frame in scene.frames]
    return {
        "frame": each_ms(lambda frame: scene.sight(things[0], frame), frames),
        "object": each_ms(scene.obb, things),
        "pair of objects": each_ms(lambda pair: scene.gap(*pair), combinations(things, 2)),
        "pair of frames": each_ms(lambda pair: scene.overlap(*pair), combinations(frames, 2)),
        "object in a frame": each_ms(lambda at: scene.share_range(*at), product(things, frames)),
        "floor": each_ms(lambda room: room.whole_floor, [scene]),
        "floor in a frame": each_ms(lambda frame: scene.floor_seen([frame]), frames),
    }


def memory(registry: Registry, vertices: int, frames: int) -> Figures:
    """Megabytes of an open room, and of one about which everything has been asked."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    scene = opened(vertices, frames)
    gc.collect()
    bare = tracemalloc.get_traced_memory()[0]
    first_touch(scene)
    for task in registry.tasks.values():
        if issubclass(Scene, task.world.source):
            list(put(registry, task, scene, questions(task, scene)[:50], assigned=True))
    gc.collect()
    asked = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {
        "open_mb": round((bare - before) / 1e6, 1),
        "asked_mb": round((asked - before) / 1e6, 1),
    }


def measured(registry: Registry, vertices: int, frames: int) -> Figures:
    """All figures of one room."""
    scene = opened(vertices, frames)
    rows = list(per_task(registry, fresh(scene)))
    times = [each for *_, row in rows for each in row]
    return {
        "vertices": len(scene.points) if scene.points is not None else 0,
        "frames": len(scene.frames),
        "objects": len(scene.instances),
        "tasks": {name: figures for name, figures, _ in rows},
        "all_warm": percentiles(times),
        "questions_per_second": round(1 / float(np.mean([np.mean(row) for *_, row in rows]))),
        "first_touch": first_touch(replace(scene)),
        "memory": memory(registry, vertices, frames),
    }


def told(room: Figures) -> Iterator[str]:
    """The figures as a table; milliseconds."""
    yield f"{room['vertices']:,} vertices, {room['frames']} frames, {room['objects']} objects; ms"
    heads = ("questions", "legal", "p50", "p95", "p99", "any p50", "first p50", "p99", "most")
    yield f"{'':32}" + "".join(f"{head:>10}" for head in (*heads, "parse", "rules", "solve"))
    for name, row in room["tasks"].items():
        times = [
            *(row["warm"][each] for each in ("p50", "p95", "p99")),
            row["warm_unassigned"]["p50"],
            *(row["first"][each] for each in ("p50", "p99", "most")),
        ]
        shares = [row["share"].get(part, 0.0) for part in ("parse", "rules", "solve")]
        yield (
            f"{name:32}{row['questions']:10}{row['legal']:10}"
            + "".join(f"{each:10.3f}" for each in times)
            + "".join(f"{each:10.0%}" for each in shares)
        )
    warm, rate = room["all_warm"], room["questions_per_second"]
    yield f"warm p50 {warm['p50']:.3f}, p99 {warm['p99']:.3f}; {rate:,} questions a second"
    for what, row in room["first_touch"].items():
        times = "  ".join(f"{each} {row[each]:8.2f}" for each in ("p50", "p99", "most"))
        yield f"first touch of a {what:18} {times}"
    size = room["memory"]
    yield f"memory: open {size['open_mb']} MB, with everything asked {size['asked_mb']} MB"
    yield ""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vertices", type=int, nargs="+", default=[200_000, 500_000])
    options.add_argument("--frames", type=int, default=24)
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    chosen = options.parse_args()
    registry = load()
    found = [measured(registry, each, chosen.frames) for each in chosen.vertices]
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(line for room in found for line in told(room)))


if __name__ == "__main__":
    main()
