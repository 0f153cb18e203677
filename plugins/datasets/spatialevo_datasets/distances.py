"""Exact nearest distances between point sets and boxes, each with the two closest points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from spatialevo_datasets.boxes import EDGES, Box, aabb, corners, nearest_in_box


@dataclass(frozen=True, eq=False)
class Gap:
    """The nearest distance between two things, and where it is attained."""

    distance_m: float
    point_a: Float[np.ndarray, "3"]
    """On the first thing, world frame."""
    point_b: Float[np.ndarray, "3"]
    """On the second thing; the same point where they touch or overlap."""

    @property
    def turned(self) -> Gap:
        """The same gap seen from the second thing."""
        return Gap(self.distance_m, self.point_b, self.point_a)


def points_points(a: Float[np.ndarray, "n 3"], b: Float[np.ndarray, "m 3"]) -> Gap:
    """The nearest pair of points; of equally near pairs the one with the least coordinates."""
    limit = _upper_bound(a, b)
    near_a = a[_distance_to(aabb(b), a) <= limit]
    near_b = b[_distance_to(aabb(a), b) <= limit]
    distances = np.asarray(cKDTree(near_b).query(near_a)[0])
    point_a = _least(near_a[distances == distances.min()])
    return point_points(point_a, near_b)


def point_points(point: Float[np.ndarray, "3"], points: Float[np.ndarray, "n 3"]) -> Gap:
    """From one point to the nearest of many."""
    point = point.astype(np.float64)
    squares = np.square(points.astype(np.float64) - point).sum(axis=1)
    nearest = _least(points[squares == squares.min()]).astype(np.float64)
    return Gap(float(np.sqrt(squares.min())), point, nearest)


def points_box(points: Float[np.ndarray, "n 3"], box: Box) -> Gap:
    """From the nearest of the points to the solid box."""
    return _nearest_pair(points.astype(np.float64), nearest_in_box(box, points))


def box_box(a: Box, b: Box) -> Gap:
    """Between two solid boxes, exact.

    The intersection of two boxes has a corner on an edge of one of them, so the boxes are apart
    exactly if no edge of either meets the other; then the distance is attained between a corner
    and a box, or between two edges.
    """
    common = np.concatenate([_edges_in(a, b), _edges_in(b, a)])
    if len(common):
        point = common.mean(axis=0)
        return Gap(0.0, point, point)
    corners_a, corners_b = corners(a), corners(b)
    pairs = [
        _nearest_pair(corners_a, nearest_in_box(b, corners_a)),
        _nearest_pair(nearest_in_box(a, corners_b), corners_b),
        _nearest_edges(corners_a, corners_b),
    ]
    return min(pairs, key=lambda gap: gap.distance_m)


def _upper_bound(a: Float[np.ndarray, "n 3"], b: Float[np.ndarray, "m 3"]) -> float:
    """The distance of some pair, by walking three times to the nearest point of the other set."""
    at = aabb(b).center
    for points in (a, b, a):
        gap = point_points(at, points)
        at = gap.point_b
    return gap.distance_m * (1 + 1e-6) + 1e-6


def _distance_to(box: Box, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    beyond = np.abs(points.astype(np.float64) - box.center) - box.size / 2
    distances: Float[np.ndarray, " n"] = np.linalg.norm(np.maximum(beyond, 0), axis=1)
    return distances


def _nearest_pair(a: Float[np.ndarray, "n 3"], b: Float[np.ndarray, "n 3"]) -> Gap:
    """The nearest of the pairs given row by row."""
    squares = np.square(a - b).sum(axis=1)
    tied: Int[np.ndarray, " k"] = np.flatnonzero(squares == squares.min())
    first = tied[np.lexsort(a[tied].T[::-1])[0]]
    return Gap(float(np.sqrt(squares[first])), a[first], b[first])


def _least(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "3"]:
    """The first of the points in the order of x, then y, then z."""
    least: Float[np.ndarray, "3"] = points[np.lexsort(points.T[::-1])[0]]
    return least


def _edges_in(a: Box, b: Box) -> Float[np.ndarray, "k 3"]:
    """A point of every edge of `a` that meets the solid box `b`: the middle of what is inside."""
    ends = corners(a)[EDGES]
    start = (ends[:, 0] - b.center) @ b.axes.T
    step = (ends[:, 1] - ends[:, 0]) @ b.axes.T
    half = b.size / 2
    moving = np.abs(step) > 0
    slope = np.where(moving, step, 1.0)
    one, other = (-half - start) / slope, (half - start) / slope
    between = np.abs(start) <= half
    enter = np.where(moving, np.minimum(one, other), np.where(between, -np.inf, np.inf))
    leave = np.where(moving, np.maximum(one, other), np.where(between, np.inf, -np.inf))
    first, last = enter.max(axis=1).clip(min=0.0), leave.min(axis=1).clip(max=1.0)
    met = first <= last
    middle = ((first[met] + last[met]) / 2)[:, None]
    points: Float[np.ndarray, "k 3"] = ends[met, 0] + middle * (ends[met, 1] - ends[met, 0])
    return points


def _nearest_edges(a: Float[np.ndarray, "8 3"], b: Float[np.ndarray, "8 3"]) -> Gap:
    """The nearest points of two edges, over all 144 pairs.

    Segment to segment after Ericson, Real-Time Collision Detection (2005), section 5.1.9; parallel
    and degenerate edges are left to the corners, which attain their distance too.
    """
    rows, columns = np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12)
    ends_a, ends_b = a[EDGES[rows]], b[EDGES[columns]]
    along_a, along_b = ends_a[:, 1] - ends_a[:, 0], ends_b[:, 1] - ends_b[:, 0]
    between = ends_a[:, 0] - ends_b[:, 0]
    aa, bb, ab = (
        np.einsum("ij,ij->i", p, q)
        for p, q in ((along_a, along_a), (along_b, along_b), (along_a, along_b))
    )
    c, f = np.einsum("ij,ij->i", along_a, between), np.einsum("ij,ij->i", along_b, between)
    area = aa * bb - ab * ab
    skew = area > 1e-12 * aa * bb
    s = np.clip((ab * f - c * bb) / np.where(skew, area, 1.0), 0, 1) * skew
    t = np.clip((ab * s + f) / np.where(bb > 0, bb, 1.0), 0, 1)
    s = np.clip((ab * t - c) / np.where(aa > 0, aa, 1.0), 0, 1)
    return _nearest_pair(ends_a[:, 0] + s[:, None] * along_a, ends_b[:, 0] + t[:, None] * along_b)
