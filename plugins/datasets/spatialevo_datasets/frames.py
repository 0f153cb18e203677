"""Posed images: OpenCV cameras (+x right, +y down, +z forward), pixel centres at half integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image

NEAREST_M = 1e-6
"""What is not at least this far in front of the optical centre is behind the camera."""


@dataclass(frozen=True, eq=False)
class Depth:
    """The depth image of a frame, with its own intrinsics."""

    K: Float[np.ndarray, "3 3"]
    width: int
    height: int
    read: Callable[[], Float32[np.ndarray, "h w"]]
    """z along the optical axis in metres; 0 where unknown."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One posed image."""

    index: int
    """The number that the dataset gives it; what `--frames` takes."""
    K: Float[np.ndarray, "3 3"]
    width: int
    height: int
    T_world_camera: Float[np.ndarray, "4 4"]
    read: Callable[[], Image.Image]
    """The colour image, RGB."""
    depth: Depth | None = None

    @property
    def position(self) -> Float[np.ndarray, "3"]:
        """The optical centre in the world frame, metres."""
        position: Float[np.ndarray, "3"] = self.T_world_camera[:3, 3]
        return position


def in_camera(frame: Frame, points_world: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """The points in the frame's camera coordinates, metres."""
    rotation, origin = frame.T_world_camera[:3, :3], frame.T_world_camera[:3, 3]
    points_cam: Float[np.ndarray, "n 3"] = (points_world.astype(np.float64) - origin) @ rotation
    return points_cam


def project(
    K: Float[np.ndarray, "3 3"], points_cam: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 2"]:
    """Pixel coordinates (u right, v down); NaN for points that are not in front of the camera."""
    z = points_cam[:, 2]
    rays = points_cam / np.where(z > NEAREST_M, z, np.nan)[:, None]
    pixels: Float[np.ndarray, "n 2"] = rays @ K[:2].T
    return pixels


def inside(
    pixels: Float[np.ndarray, "n 2"], width: int, height: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each pixel coordinate lies on an image of that size; False for NaN."""
    u, v = pixels[:, 0], pixels[:, 1]
    return (u >= 0) & (u < width) & (v >= 0) & (v < height)
