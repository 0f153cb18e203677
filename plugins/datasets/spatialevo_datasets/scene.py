"""The world of the built-in tasks: one scanned or simulated room.

Conventions: metres, right-handed, **+z up** (gravity). Cameras are OpenCV (+x right, +y down,
+z forward); `T_world_camera` maps camera to world coordinates. Pixels: K refers to the stated
image size; the centre of the top-left pixel is (0, 0) + 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int
from PIL import Image

from spatialevo_core.names import Vocabulary

Points = Float32[np.ndarray, "n 3"]


@dataclass(frozen=True, eq=False)
class Box:
    """An oriented box in the world frame."""

    center: Float[np.ndarray, "3"]
    size: Float[np.ndarray, "3"]
    """Full side lengths along `axes`, metres."""
    axes: Float[np.ndarray, "3 3"]
    """Rows are the box's unit axes."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One object of the room."""

    id: int
    """Unique in its scene, stable under reloading."""
    label: str
    points: Points | None = None
    """World frame; None where the dataset annotates boxes only."""
    box: Box | None = None
    """The annotated box; None where the dataset segments points only."""


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


@dataclass(frozen=True, eq=False)
class Scene:
    """A room, immutable; derived quantities are computed once and kept (see `spatialevo_datasets.measures`)."""

    key: str
    """`dataset/world_id`, unique."""
    instances: tuple[Instance, ...]
    """Objects only: walls, floor and ceiling are none."""
    frames: tuple[Frame, ...] = ()
    points: Points | None = None
    """Everything that was scanned, structure included; None where there are boxes only."""
    floor: Points | None = None
    """The points labelled as floor."""
    dropped_poses: int = 0
    """Frames left out because their pose is not finite."""
    room_size_m2: float | None = None
    """A published floor area, where the dataset stores one."""
