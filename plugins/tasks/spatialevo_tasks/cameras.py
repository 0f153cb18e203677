"""Headings, azimuths and yaw: how a camera, or a person, stands on the floor.

The world is right-handed with +z up; cameras are OpenCV (+z forward). An *azimuth* is told by who
stands there: 0 front, +90 right, 180 back, -90 left. A *yaw* is a turn about +z, positive
counter-clockwise seen from above, so a camera that turns left has a positive yaw. The two have
opposite signs, and `azimuth_of_yaw` is the only place that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, atan2, degrees, hypot, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Point = Float[np.ndarray, "3"]
Pose = Float[np.ndarray, "4 4"]

LEAST_TILT_DEG = 20.0
"""An optical axis nearer to the vertical than this has no heading."""


class Components(NamedTuple):
    """A vector in a level frame, metres."""

    front: float
    right: float
    up: float

    @property
    def horizontal(self) -> float:
        """Length of the projection on the floor, metres."""
        return hypot(self.front, self.right)

    @property
    def azimuth_deg(self) -> float:
        """0 front, +90 right, 180 back, -90 left."""
        return azimuth_of_yaw(degrees(atan2(-self.right, self.front)))

    @property
    def length(self) -> float:
        """Length in space, metres."""
        return sqrt(self.front**2 + self.right**2 + self.up**2)


@dataclass(frozen=True, eq=False)
class LevelFrame:
    """Someone upright at `origin` (world, metres), looking along the unit vector (east, north)."""

    origin: Point
    east: float
    """World x of the forward direction."""
    north: float
    """World y of the forward direction."""

    def vector(self, vector: Point) -> Components:
        """A world vector, taken apart into front, right and up."""
        x, y, z = (float(each) for each in vector)
        return Components(x * self.east + y * self.north, x * self.north - y * self.east, z)

    def point(self, point: Point) -> Components:
        """Where a world point lies, seen from the origin."""
        return self.vector(np.subtract(point, self.origin))

    @property
    def heading_deg(self) -> float:
        """Yaw of the forward direction, counted from world +x, counter-clockwise."""
        return degrees(atan2(self.north, self.east))


def camera_frame(T_world_camera: Pose) -> LevelFrame:
    """The level frame of a camera; world +x is forward for one that looks straight up or down.

    Whether a camera has a heading at all is a matter of its `tilt_deg`.
    """
    origin: Point = T_world_camera[:3, 3]
    return facing_frame(origin, origin + T_world_camera[:3, 2])


def facing_frame(standing: Point, facing: Point) -> LevelFrame:
    """The level frame of someone at one place who looks at another.

    Straight above one another they give no direction: then it is world +x, at range 0.
    """
    x, y = float(facing[0] - standing[0]), float(facing[1] - standing[1])
    flat = hypot(x, y)
    return LevelFrame(standing, x / flat, y / flat) if flat > 0 else LevelFrame(standing, 1.0, 0.0)


def tilt_deg(T_world_camera: Pose) -> float:
    """Between the optical axis and the vertical: 0 looks straight up or down, 90 is level."""
    x, y, z = (float(each) for each in T_world_camera[:3, 2])
    return degrees(acos(min(1.0, abs(z) / sqrt(x * x + y * y + z * z))))


def yaw_deg(before: LevelFrame, after: LevelFrame) -> float:
    """The turn about gravity between two headings, in (-180, 180]; positive is to the left."""
    return wrap_deg(after.heading_deg - before.heading_deg)


def azimuth_of_yaw(yaw: float) -> float:
    """The azimuth, degrees, that a turn by `yaw` degrees makes one face; its own inverse."""
    return wrap_deg(-yaw)


def wrap_deg(angle: float) -> float:
    """The same angle in (-180, 180]."""
    return 180.0 - (180.0 - angle) % 360.0
