"""Geometry that tests put together by hand: cameras, planes, and rooms made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.scene import Instance, Scene


def looking(position: Sequence[float], yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> np.ndarray:
    """Camera to world: at yaw 0 along +x, at +90 along +y; a positive pitch looks up."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = position
    return pose


def intrinsics(width: int, height: int, focal_px: float) -> np.ndarray:
    return np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1.0]])


def frame(
    pose: np.ndarray,
    index: int = 0,
    *,
    width: int = 640,
    height: int = 480,
    focal_px: float = 320.0,
    depth: Depth | None = None,
) -> Frame:
    """A camera 90 degrees wide, of one grey image."""
    K = intrinsics(width, height, focal_px)
    read = lambda: Image.new("RGB", (width, height), "grey")  # noqa: E731
    return Frame(index, K, width, height, pose, read, depth)


def depth_image(metres: np.ndarray, focal_px: float) -> Depth:
    height, width = metres.shape
    return Depth(
        K=intrinsics(width, height, focal_px),
        width=width,
        height=height,
        read=lambda: metres.astype(np.float32),
    )


def plane(
    corner: Sequence[float], along: Sequence[float], up: Sequence[float], step_m: float = 0.02
) -> np.ndarray:
    """Points in the middle of the cells of a grid on a parallelogram."""
    corner, along, up = (np.array(each, dtype=float) for each in (corner, along, up))
    columns, rows = (max(1, round(np.linalg.norm(side) / step_m)) for side in (along, up))
    s, t = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    points = corner + s.reshape(-1, 1) * along + t.reshape(-1, 1) * up
    return points.astype(np.float32)


def room(*clouds: np.ndarray, frames: Sequence[Frame] = (), labels: Sequence[str] = ()) -> Scene:
    """A scene of these objects, called a, b, c ... unless told otherwise."""
    names = labels or [chr(ord("a") + at) for at in range(len(clouds))]
    instances = tuple(
        Instance(at, name, points)
        for at, (name, points) in enumerate(zip(names, clouds, strict=True))
    )
    return Scene("test/room", instances, tuple(frames), np.concatenate(clouds))
