"""How long synthetic rooms take, the best of five in ms: `python benchmarks/synthetic.py`."""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.solids import Block, Cylinder, Panel, Sphere, render


def best_ms(work: Callable[[], object]) -> float:
    """The shortest of five runs."""
    times = []
    for _ in range(5):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return 1000 * min(times)


def small_picture() -> None:
    """84 x 84 pixels of a floor, three walls and four things."""
    color = (200, 120, 80)
    solids = (
        Panel((0, 0, 0), (3, 0, 0), (0, 3, 0), color, 0),
        Panel((3, 0, 1.3), (0, 3, 0), (0, 0, 1.3), color, 1),
        Panel((0, 3, 1.3), (3, 0, 0), (0, 0, 1.3), color, 2),
        Panel((0, -3, 1.3), (3, 0, 0), (0, 0, 1.3), color, 3),
        Block((1.5, 0.5, 0.3), (0.5, 0.5, 0.6), color, 4, yaw=0.3),
        Block((1.0, -0.8, 0.3), (0.5, 0.5, 0.6), color, 5),
        Cylinder((2.0, -0.3, 0.3), 0.3, 0.6, color, 6),
        Sphere((0.5, 0.4, 0.3), 0.3, color, 7),
    )
    K = np.array([[60.0, 0.0, 42.0], [0.0, 60.0, 42.0], [0.0, 0.0, 1.0]])
    pose = np.array([[0, 0, 1, -2.5], [-1, 0, 0, 0], [0, -1, 0, 1.2], [0, 0, 0, 1.0]])
    render(solids, K, 84, 84, pose)


print(f"8 solids at 84x84: {best_ms(small_picture):.1f}")
for make in (rooms.room, rooms.lroom):
    plan = make(0)
    depths = rooms.depth_maps(plan)
    frames = len(plan.cameras)
    print(f"{plan.name}: {len(plan.pieces)} pieces, {len(plan.solids)} solids, {frames} frames")
    print(f"  blueprint          {best_ms(lambda make=make: make(0)):7.1f}")
    print(f"  depth, per frame   {best_ms(lambda p=plan: rooms.depth_maps(p)) / frames:7.1f}")
    print(f"  mesh               {best_ms(lambda p=plan, d=depths: rooms.mesh_of(p, d)):7.1f}")
    print(f"  whole scene        {best_ms(lambda p=plan: rooms.build(p)):7.1f}")
    picture = best_ms(lambda p=plan: [rooms.picture(p, camera) for camera in p.cameras])
    print(f"  picture, per frame {picture / frames:7.1f}")
