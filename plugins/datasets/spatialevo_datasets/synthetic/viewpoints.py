"""Where pictures of a room are taken from: by someone who walks through it with a camera.

From every place that is chosen there are up to four pictures: one, one turned on the spot, one
moved without turning, one moved and turned; so that motion, position and overlap have answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, pi, radians, sin
from random import Random

import numpy as np
from jaxtyping import Float

from spatialevo_datasets.synthetic.floorplan import Outline, Piece, Rectangle
from spatialevo_datasets.synthetic.solids import Vector

LOWEST_M, HIGHEST_M = 1.2, 1.8
FROM_WALL_M, FROM_PIECE_M = 0.3, 0.2
AHEAD_M = 1.1
"""What must be free in front of the camera."""
HALF_VIEW = radians(30)
PROPOSALS = 40

Spot = tuple[float, float]
"""x and y, metres."""


@dataclass(frozen=True)
class Camera:
    """A level camera: no roll."""

    eye: Vector
    yaw: float
    """Of the optical axis, counter-clockwise from +x."""
    pitch: float
    """Above the horizon, radians."""

    @property
    def T_world_camera(self) -> Float[np.ndarray, "4 4"]:  # noqa: N802
        """OpenCV camera to world."""
        c, s = cos(self.yaw), sin(self.yaw)
        forward = np.array([cos(self.pitch) * c, cos(self.pitch) * s, sin(self.pitch)])
        right = np.array([s, -c, 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
        pose[:3, 3] = self.eye
        return pose


def cameras(
    outline: Outline, pieces: Sequence[Piece], rng: Random, at_least: int
) -> tuple[Camera, ...]:
    """Pictures that together show the pieces, in the order in which they are taken."""
    walk = _Walk(outline, pieces, rng)
    taken: list[Camera] = []
    while len(taken) < at_least:
        taken += walk.stop()
    return tuple(taken)


def toward(
    outline: Outline, pieces: Sequence[Piece], rng: Random, spots: Sequence[Spot]
) -> Camera | None:
    """One more picture, of several proposed the one with most of these spots of the floor in it."""
    walk = _Walk(outline, pieces, rng)
    views = [view for _ in range(PROPOSALS) if (view := walk.proposal(spots))]
    return max(views, key=lambda view: sum(_in_view(view, *spot) for spot in spots), default=None)


class _Walk:
    def __init__(self, outline: Outline, pieces: Sequence[Piece], rng: Random) -> None:
        self.outline, self.pieces, self.rng = outline, pieces, rng
        self.shown = [0.0] * len(pieces)

    def stop(self) -> Iterator[Camera]:
        """The pictures from one more place, the one that shows most of what was shown least."""
        things = [(piece.place.x, piece.place.y) for piece in self.pieces]
        views = [view for _ in range(PROPOSALS) if (view := self.proposal(things))]
        if not views:
            return
        best = max(views, key=self._worth)
        for number in self._framed(best):
            self.shown[number] += 1
        yield best
        if turned := self._turned(best, 18, 40):
            yield turned
        if moved := self._moved(best):
            yield moved
        if (moved := self._moved(best)) and (turned := self._turned(moved, 10, 30)):
            yield turned

    def proposal(self, targets: Sequence[Spot]) -> Camera | None:
        """A picture from anywhere of about one of the targets, if someone can stand there."""
        half = (self.outline.width / 2, self.outline.depth / 2)
        x, y = (self.rng.uniform(-length, length) for length in half)
        height = self.rng.uniform(LOWEST_M, HIGHEST_M)
        target_x, target_y = self.rng.choice(targets)
        yaw = atan2(target_y - y, target_x - x) + self.rng.uniform(-0.35, 0.35)
        pitch = radians(self.rng.uniform(-22, -6))
        view = Camera((round(x, 3), round(y, 3), round(height, 3)), yaw, pitch)
        return view if self._open(view) else None

    def _turned(self, view: Camera, least: float, most: float) -> Camera | None:
        """The same place, turned by so many degrees one way or the other."""
        turn = self.rng.choice((-1, 1)) * radians(self.rng.uniform(least, most))
        views = (replace(view, yaw=view.yaw + turn), replace(view, yaw=view.yaw - turn))
        return next((each for each in views if self._open(each)), None)

    def _moved(self, view: Camera) -> Camera | None:
        """The same view from a step away, higher or lower every other time."""
        for _ in range(PROPOSALS):
            way, step = self.rng.uniform(-pi, pi), self.rng.uniform(0.2, 0.7)
            rise = self.rng.choice((0.0, self.rng.uniform(-0.45, 0.45)))
            x, y, z = view.eye
            eye = (
                round(x + step * cos(way), 3),
                round(y + step * sin(way), 3),
                round(min(HIGHEST_M, max(LOWEST_M, z + rise)), 3),
            )
            if self._open(moved := replace(view, eye=eye)):
                return moved
        return None

    def _open(self, view: Camera) -> bool:
        """Whether there is room for someone, and nothing right before the camera."""
        x, y, z = view.eye
        ahead = (
            (x + AHEAD_M * cos(view.yaw + off), y + AHEAD_M * sin(view.yaw + off), z)
            for off in (-HALF_VIEW, 0.0, HALF_VIEW)
        )
        return self._free(view.eye) and all(self._free(point, 0.1, 0.05, z) for point in ahead)

    def _free(
        self, at: Vector, wall: float = FROM_WALL_M, piece: float = FROM_PIECE_M, base: float = 0.0
    ) -> bool:
        """Whether nothing is that near, from `base` up to the height of a person."""
        body = Rectangle(at[0], at[1], base - 0.05, (0.01, 0.01, HIGHEST_M + 0.1 - base))
        return self.outline.holds(body, wall) and not any(
            body.meets(each.place, piece) for each in self.pieces
        )

    def _framed(self, view: Camera) -> list[int]:
        """The pieces whose middle is in the picture, not too far to make out."""
        return [
            number
            for number, piece in enumerate(self.pieces)
            if _in_view(view, piece.place.x, piece.place.y)
        ]

    def _worth(self, view: Camera) -> float:
        return sum(1 / (1 + self.shown[number]) for number in self._framed(view))


def _in_view(view: Camera, x: float, y: float) -> bool:
    """Whether a place is in the picture, neither too near nor too far to make out."""
    ahead, aside = x - view.eye[0], y - view.eye[1]
    off_axis = (atan2(aside, ahead) - view.yaw + pi) % (2 * pi) - pi
    return 0.7 < hypot(ahead, aside) < 5.0 and abs(off_axis) < HALF_VIEW
