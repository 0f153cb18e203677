"""Small rooms out of boxes, for tests: metres, z up, cameras that look where they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import cos, radians, sin
from typing import Any

import numpy as np
from PIL import Image

from spatialevo_core.engine import ask
from spatialevo_core.question import Verdict
from spatialevo_core.task import AnyTask
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.frames import Frame
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_parsers.grammar import GrammarParser

WIDTH, HEIGHT = 640, 480
K = np.array([[320.0, 0.0, 320.0], [0.0, 320.0, 240.0], [0.0, 0.0, 1.0]])
"""90 degrees wide, 74 high."""

Place = tuple[str, tuple[float, float, float], tuple[float, float, float]]
"""Label, centre, full size."""


def surface(center: Sequence[float], size: Sequence[float]) -> np.ndarray:
    """Points on the six faces of an upright box, closer together on larger ones."""
    grid = np.linspace(-0.5, 0.5, 25 if max(size) > 1.5 else 9)
    cube = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3)
    shell = cube[np.abs(cube).max(axis=1) > 0.499]
    return (np.asarray(center) + shell * np.asarray(size)).astype(np.float32)


def scanned(*places: Place, frames: Sequence[Frame] = ()) -> Scene:
    """A room of objects that are known by their points."""
    things = tuple(
        Instance(at, label, points=surface(center, size))
        for at, (label, center, size) in enumerate(places)
    )
    return Scene(key="test/scanned", instances=things, frames=tuple(frames))


def boxed(*places: Place, turn_deg: float = 0.0) -> Scene:
    """A room of annotated boxes and nothing else; every box turned about its own vertical."""
    c, s = cos(radians(turn_deg)), sin(radians(turn_deg))
    axes = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    things = tuple(
        Instance(at, label, box=Box(np.array(center, float), np.array(size, float), axes))
        for at, (label, center, size) in enumerate(places)
    )
    return Scene(key="test/boxed", instances=things)


def with_points(scene: Scene, label: str, count: int) -> Scene:
    """The room with no more than this many points of one object."""
    things = tuple(
        replace(each, points=each.points[:: len(each.points) // count][:count])
        if each.label == label and each.points is not None
        else each
        for each in scene.instances
    )
    return replace(scene, instances=things)


def camera(
    index: int,
    at: Sequence[float],
    heading_deg: float = 90.0,
    pitch_deg: float = 0.0,
    roll_deg: float = 0.0,
) -> Frame:
    """A camera at a place; heading counter-clockwise from +x (90 looks along +y), pitch upwards."""
    return Frame(
        index=index,
        K=K,
        width=WIDTH,
        height=HEIGHT,
        T_world_camera=pose(at, heading_deg, pitch_deg, roll_deg),
        read=lambda: Image.new("RGB", (WIDTH, HEIGHT)),
    )


def pose(
    at: Sequence[float], heading_deg: float, pitch_deg: float = 0.0, roll_deg: float = 0.0
) -> np.ndarray:
    """Camera to world, OpenCV; roll is clockwise about the optical axis."""
    h, p, r = radians(heading_deg), radians(pitch_deg), radians(roll_deg)
    forward = np.array([cos(h) * cos(p), sin(h) * cos(p), sin(p)])
    level_right = np.array([sin(h), -cos(h), 0.0])
    level_down = np.cross(forward, level_right)
    right = cos(r) * level_right + sin(r) * level_down
    T = np.eye(4)
    T[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    T[:3, 3] = at
    return T


def moved(scene: Scene, turn_deg: float = 0.0, shift: Sequence[float] = (0, 0, 0)) -> Scene:
    """The room turned about the vertical axis and then shifted, cameras with it."""
    c, s = cos(radians(turn_deg)), sin(radians(turn_deg))
    T = np.eye(4)
    T[:2, :2], T[:3, 3] = [[c, -s], [s, c]], shift
    return transformed(scene, T)


def scaled(scene: Scene, factor: float) -> Scene:
    """The room with all lengths multiplied."""
    return transformed(scene, np.diag([factor, factor, factor, 1.0]))


def transformed(scene: Scene, T: np.ndarray) -> Scene:
    """The room under a turn or a scaling, and a shift."""
    factor = float(np.cbrt(np.linalg.det(T[:3, :3])))
    R, t = T[:3, :3] / factor, T[:3, 3]

    def place(instance: Instance) -> Instance:
        points, box = instance.points, instance.box
        if points is not None:
            points = (points.astype(float) @ R.T * factor + t).astype(np.float32)
        if box is not None:
            box = Box(R @ box.center * factor + t, box.size * factor, box.axes @ R.T)
        return replace(instance, points=points, box=box)

    def stand(frame: Frame) -> Frame:
        T_world_camera = np.eye(4)
        T_world_camera[:3, :3] = R @ frame.T_world_camera[:3, :3]
        T_world_camera[:3, 3] = R @ frame.T_world_camera[:3, 3] * factor + t
        return replace(frame, T_world_camera=T_world_camera)

    return replace(
        scene,
        instances=tuple(map(place, scene.instances)),
        frames=tuple(map(stand, scene.frames)),
    )


def asked(task: AnyTask, text: str, view: Any) -> Verdict:
    """What the oracle says of a text when it is asked of this task."""
    return ask(text, view, [task], [GrammarParser()], task)


def outcome(verdict: Verdict) -> str | int | float:
    """The answer's value, or the first code of a refusal."""
    if verdict.answer is not None and verdict.legal:
        return verdict.answer.value
    return verdict.codes[0]
