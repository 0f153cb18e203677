"""One object of a room, and what is measured on it alone or between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from spatialevo_core.errors import ConfigError
from spatialevo_datasets import boxes, distances
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.distances import Gap

Points = Float32[np.ndarray, "_ 3"]


@dataclass(frozen=True, eq=False)
class Instance:
    """One object of the room."""

    id: int
    """Unique in its scene, stable under reloading."""
    label: str
    """As the dataset writes it; `Scene.labels` has one name for labels that mean the same."""
    points: Points | None = None
    """World frame; None where the dataset annotates boxes only."""
    box: Box | None = None
    """The annotated box; None where the dataset segments points only."""
    scanned: Points | None = None
    """Where only a box is annotated, the points of the scan inside it, maybe none.

    Neighbours may be among them: they tell what a frame shows of the object, never its size,
    place or distance. None where there is no scan.
    """

    def __post_init__(self) -> None:
        if self.points is not None and not len(self.points):
            raise ConfigError(f"instance {self.id} '{self.label}' has no points; leave them None")

    @property
    def seen_by(self) -> Points | None:
        """The points by which frames show the object; None where nothing tells what they show."""
        return self.scanned if self.points is None else self.points


def obb(instance: Instance) -> Box:
    """The gravity-aligned box fitted to the points; without points, the annotated box."""
    if instance.points is not None:
        return boxes.fit(instance.points)
    if instance.box is None:
        raise ConfigError(f"instance {instance.id} '{instance.label}' has neither points nor a box")
    return instance.box


def nearest(instance: Instance, point: Float[np.ndarray, "3"]) -> Gap:
    """From a point of the world frame to the nearest point of the object."""
    if instance.points is not None:
        return distances.point_points(point, instance.points)
    return distances.points_box(point[None], obb(instance))


def filled(instance: Instance) -> Float[np.ndarray, "_ 3"]:
    """The object's points; else the corners of its box, and what was scanned pulled into it."""
    if instance.points is not None:
        return instance.points
    box, scanned = obb(instance), instance.scanned
    corners = boxes.corners(box)
    return (
        corners
        if scanned is None
        else np.concatenate([corners, boxes.nearest_in_box(box, scanned)])
    )


def gap(a: Instance, b: Instance) -> Gap:
    """The nearest distance between two objects."""
    if a.points is not None:
        if b.points is not None:
            return distances.points_points(a.points, b.points)
        return distances.points_box(a.points, obb(b))
    if b.points is not None:
        return distances.points_box(b.points, obb(a)).turned
    return distances.box_box(obb(a), obb(b))
