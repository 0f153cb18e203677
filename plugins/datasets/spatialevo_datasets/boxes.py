"""Boxes around things: axis-aligned, or fitted to points with one side along gravity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from jaxtyping import Bool, Float

SIDE_NOISE_M = 0.01
"""By which a side of a rectangle is uncertain: surface noise of 5 mm at both of its ends."""
CLEARLY_M = 0.03
"""Between half perimeters: by how much noise may change which of two is the less, and half again
as much, since each is the sum of two uncertain sides."""
RIVAL_SHARE = 0.02
"""How much larger than the smallest a rectangle may be and count as equally small."""
_TIE = 1e-9
"""Relative difference below which two sides count as equal."""

_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
EDGES = np.array(
    [(i, j) for i in range(8) for j in range(i + 1, 8) if np.abs(_SIGNS[i] - _SIGNS[j]).sum() == 2]
)
"""The twelve edges of a box as pairs of rows of `corners`."""


@dataclass(frozen=True, eq=False)
class Box:
    """An oriented box in the world frame."""

    center: Float[np.ndarray, "3"]
    size: Float[np.ndarray, "3"]
    """Full side lengths along `axes`, metres."""
    axes: Float[np.ndarray, "3 3"]
    """Rows are the box's unit axes."""


@dataclass(frozen=True, eq=False)
class Rectangles:
    """For each edge of a footprint's convex hull, the smallest rectangle along that edge."""

    along: Float[np.ndarray, "n 2"]
    """Unit direction of the edge, world xy."""
    size: Float[np.ndarray, "n 2"]
    """Side lengths along the edge and across it, metres."""
    center: Float[np.ndarray, "n 2"]
    """World xy."""

    @property
    def area(self) -> Float[np.ndarray, " n"]:
        """Square metres."""
        area: Float[np.ndarray, " n"] = np.prod(self.size, axis=1)
        return area

    @property
    def half_outline(self) -> Float[np.ndarray, " n"]:
        """Half of the perimeter, metres."""
        half: Float[np.ndarray, " n"] = self.size.sum(axis=1)
        return half

    @property
    def best(self) -> int:
        """Of those that are about as small as the smallest, the one with the least perimeter.

        Where a scan shows two sides of a block, the hull is a right triangle: the rectangles along
        its three edges have the same area, and the one along the two sides the least perimeter.
        Ties go to the smaller area, the longer side, then the one most nearly along x.
        """
        tied = np.flatnonzero(self._small(SIDE_NOISE_M))
        keys = (self.half_outline, self.area, -self.size.max(axis=1), -np.abs(self.along[:, 0]))
        order = np.lexsort([np.round(key[tied], 9) for key in reversed(keys)])
        return int(tied[order[0]])

    @property
    def rivals(self) -> Bool[np.ndarray, " n"]:
        """Those that may be the best of a noisy copy, the best one included.

        Noise lets in what is twice as uncertain, and cannot shut out what is small for certain:
        nothing wins with a perimeter clearly larger than the least among the latter.
        """
        least = self.half_outline[self._small(0.0)].min()
        rivals: Bool[np.ndarray, " n"] = self._small(2 * SIDE_NOISE_M) & (
            self.half_outline <= least + CLEARLY_M
        )
        return rivals

    def _small(self, noise_m: float) -> Bool[np.ndarray, " n"]:
        """Those within 2 % of the least area if their sides are as uncertain as that."""
        small: Bool[np.ndarray, " n"] = self.area - noise_m * self.half_outline <= (
            self.area.min() * (1 + RIVAL_SHARE)
        )
        return small


def aabb(points: Float[np.ndarray, "n 3"]) -> Box:
    """The axis-aligned box of at least one point."""
    # A row for each axis: numpy takes 30 times as long to find the extremes of three columns.
    by_axis = np.ascontiguousarray(points.T)
    low, high = (each.astype(np.float64) for each in (by_axis.min(axis=1), by_axis.max(axis=1)))
    return Box(center=(low + high) / 2, size=high - low, axes=np.eye(3))


def bounds(box: Box) -> Box:
    """The axis-aligned box of an oriented one."""
    return Box(center=box.center, size=np.abs(box.axes).T @ box.size, axes=np.eye(3))


def fit(points: Float[np.ndarray, "n 3"]) -> Box:
    """The gravity-aligned box: the best of the rectangles of the footprint times the height.

    Rows of `axes`: the longer horizontal side (towards +x, or +y where x is 0), the shorter one,
    up. The order of the points does not matter.
    """
    found = rectangles(points[:, :2])
    best = found.best
    along, size = found.along[best], found.size[best]
    if size[1] > size[0] * (1 + _TIE):
        along, size = np.array([-along[1], along[0]]), size[::-1]
    along = along if tuple(np.round(along, 12)) > (0.0, 0.0) else -along
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    x, y = along
    return Box(
        center=np.array([*found.center[best], (low + high) / 2]),
        size=np.array([*size, high - low]),
        axes=np.array([[x, y, 0.0], [-y, x, 0.0], [0.0, 0.0, 1.0]]),
    )


def rectangles(points_xy: Float[np.ndarray, "n 2"]) -> Rectangles:
    """Along each edge of the convex hull the smallest rectangle around the points.

    The smallest of all rectangles is among them (rotating calipers).
    """
    hull = _hull(points_xy.astype(np.float64))
    sides = np.roll(hull, -1, axis=0) - hull
    lengths = np.linalg.norm(sides, axis=1)
    along = sides[lengths > 0] / lengths[lengths > 0, None] if lengths.any() else np.eye(2)[:1]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    # Relative to a corner: far from the origin the products would lose digits that sizes need.
    corners = hull - hull[0]
    spans = [_span(corners @ directions.T) for directions in (along, across)]
    middle = along * spans[0].middle[:, None] + across * spans[1].middle[:, None]
    return Rectangles(
        along=along,
        size=np.stack([span.length for span in spans], axis=1),
        center=hull[0] + middle,
    )


def corners(box: Box) -> Float[np.ndarray, "8 3"]:
    """The corners of the box, world frame."""
    found: Float[np.ndarray, "8 3"] = box.center + (_SIGNS * box.size / 2) @ box.axes
    return found


def nearest_in_box(box: Box, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """For each point the nearest point of the solid box: itself where it is inside."""
    local = (points - box.center) @ box.axes.T
    found: Float[np.ndarray, "n 3"] = (
        box.center + np.clip(local, -box.size / 2, box.size / 2) @ box.axes
    )
    return found


def contains(box: Box, points: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
    """Whether each point lies in the solid box."""
    inside: Bool[np.ndarray, " n"] = np.all(
        np.abs((points - box.center) @ box.axes.T) <= box.size / 2, axis=1
    )
    return inside


@dataclass(frozen=True, eq=False)
class _Span:
    length: Float[np.ndarray, " n"]
    middle: Float[np.ndarray, " n"]


def _span(values: Float[np.ndarray, "m n"]) -> _Span:
    low, high = values.min(axis=0), values.max(axis=0)
    return _Span(length=high - low, middle=(low + high) / 2)


def _hull(points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m 2"]:
    """Corners of the convex hull; GEOS decides exactly, so the order of the points is no matter."""
    path = shapely.linestrings(np.concatenate([points_xy, points_xy[:1]]))
    hull = shapely.normalize(shapely.convex_hull(path))
    found: Float[np.ndarray, "m 2"] = shapely.get_coordinates(hull)
    return found[:-1] if hull.geom_type == "Polygon" else found
