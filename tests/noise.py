"""A scene as a noisy recording would have it: the errors that decide what is legal, and worse ones.

A recording measures depth from where the camera really is, and errs about where that was. So depth
images stay those of the true poses, with the sensor's own noise, while every pose that is written
down is off, and every object that was put together from many frames lies a little beside where a
single frame measured it. That is harder than a room in which things really stand elsewhere: its
depth images would show them where their points are. Annotated boxes are displaced like points.
Frames without a depth image are measured on the scan, which has the errors of the objects in it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import radians
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.scene import Instance, Scene

OBJECT_M, CAMERA_M, CAMERA_DEG, POINT_M = 0.02, 0.01, 0.5, 0.005
STRESS_M = 0.02


def surface_noise(scene: Scene, seed: int) -> Scene:
    """Every object 2 cm aside, every camera 1 cm aside and turned by 0.5 degrees, every point of
    the scan and every measured depth off by 5 mm (Gaussian).

    Directions and axes are drawn evenly from the sphere. Lengths and angles are the largest that
    the model allows: what holds there is what was promised for anything up to it.
    """
    rng = np.random.default_rng(seed)
    offsets = [_aside(rng, OBJECT_M) for _ in scene.instances]
    noisy = _jittered(scene, offsets, POINT_M, rng)
    return replace(noisy, frames=tuple(_mistaken(each, rng) for each in scene.frames))


def point_noise(scene: Scene, seed: int) -> Scene:
    """Every point of the scan off by 2 cm (Gaussian), each for itself; cameras and depth exact."""
    still = [np.zeros(3)] * len(scene.instances)
    return _jittered(scene, still, STRESS_M, np.random.default_rng(seed))


def _aside(rng: np.random.Generator, length: float) -> np.ndarray:
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction) * length


def _mistaken(frame: Frame, rng: np.random.Generator) -> Frame:
    """The frame with another pose written down than the one it was taken from."""
    T_world_camera = frame.T_world_camera.copy()
    turn = Rotation.from_rotvec(_aside(rng, radians(CAMERA_DEG)))
    T_world_camera[:3, :3] = turn.as_matrix() @ T_world_camera[:3, :3]
    T_world_camera[:3, 3] += _aside(rng, CAMERA_M)
    depth = frame.depth and _unsure(frame.depth, int(rng.integers(2**32)))
    return replace(frame, T_world_camera=T_world_camera, depth=depth)


def _unsure(depth: Depth, seed: int) -> Depth:
    """What is unknown stays unknown."""

    def read() -> np.ndarray:
        exact = depth.read()
        noise = np.random.default_rng(seed).normal(scale=POINT_M, size=exact.shape)
        return np.where(exact > 0, exact + noise, exact).astype(np.float32)

    return replace(depth, read=read)


def _jittered(
    scene: Scene, offsets: list[np.ndarray], scale_m: float, rng: np.random.Generator
) -> Scene:
    """Each object displaced by its offset, and each place of the scan by noise of its own."""
    places = _places(scene)
    noisy = places.points + rng.normal(scale=scale_m, size=places.points.shape)

    def move(instance: Instance, own: np.ndarray, offset: np.ndarray) -> Instance:
        box, points = instance.box, instance.points
        if box is not None:
            box = replace(box, center=box.center + offset)
        if points is not None:
            points = (noisy[own] + offset).astype(np.float32)
        return replace(instance, points=points, box=box)

    things = tuple(map(move, scene.instances, places.things, offsets))
    scan, floor = scene.points, scene.floor
    if scan is not None:
        moved = noisy.copy()
        for own, offset in zip(places.things, offsets, strict=True):
            moved[own] = noisy[own] + offset
        scan = moved[places.scan].astype(np.float32)
    if floor is not None:
        floor = noisy[places.floor].astype(np.float32)
    return replace(scene, instances=things, points=scan, floor=floor)


class _Places(NamedTuple):
    """All distinct points of a scene, and which of them each of its arrays consists of."""

    points: np.ndarray
    scan: np.ndarray
    floor: np.ndarray
    things: list[np.ndarray]


@lru_cache(maxsize=1)
def _places(scene: Scene) -> _Places:
    clouds = [scene.points, scene.floor, *(each.points for each in scene.instances)]
    parts = [np.zeros((0, 3), np.float32) if each is None else each for each in clouds]
    points, back = np.unique(np.concatenate(parts), axis=0, return_inverse=True)
    scan, floor, *things = np.split(back, np.cumsum([len(part) for part in parts])[:-1])
    return _Places(points, scan, floor, things)
