"""The depth image of a triangle mesh: scan conversion in numpy, without a graphics library.

A pixel shows what its centre meets. Triangles have no back: a wall hides from either side. What
reaches behind the camera is cut off in front of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32

from spatialevo_datasets.frames import project

NEAREST_M = 0.01
"""Where triangles that reach behind the camera are cut off."""

_SEAM_PX = 1e-6
"""Spans grow by so much, so that rounding leaves no gap between triangles that share an edge."""

Points = Float[np.ndarray, "n 3"]
Faces = Int32[np.ndarray, "f 3"]


def depth_image(
    points_cam: Points, faces: Faces, K: Float[np.ndarray, "3 3"], width: int, height: int
) -> Float32[np.ndarray, "h w"]:
    """Camera z per pixel in metres, inf where nothing is met.

    K has no skew. About 70 ms for 430,000 triangles and 320 x 240 pixels.
    """
    seen = _may_be_seen(points_cam, faces, K, width, height)
    corners = _corners(*_cut(points_cam, faces[seen]), K)
    spans = _spans(_covering(corners, width, height), width, height)
    at, column = _counted(spans.first, spans.last)
    found = spans.slope[at] * column + spans.begin[at]
    found = np.clip(found, spans.least[at], spans.most[at])
    nearness = np.zeros(height * width, dtype=np.float32)
    np.maximum.at(nearness, spans.row[at] * width + column, found.astype(np.float32))
    with np.errstate(divide="ignore"):
        image: Float32[np.ndarray, "h w"] = (1 / nearness).reshape(height, width)
    return image


@dataclass(frozen=True, eq=False)
class _Corners:
    """Of m triangles the three corners, each in a row."""

    u: Float[np.ndarray, "3 m"]
    v: Float[np.ndarray, "3 m"]
    nearness: Float[np.ndarray, "3 m"]
    """1/z, which is linear on the image."""

    def only(self, kept: Bool[np.ndarray, " m"]) -> _Corners:
        return _Corners(self.u[:, kept], self.v[:, kept], self.nearness[:, kept])


@dataclass(frozen=True, eq=False)
class _Spans:
    """What triangles cover of rows of pixels: the columns `first` to `last` of each."""

    row: Int[np.ndarray, " s"]
    first: Int[np.ndarray, " s"]
    last: Int[np.ndarray, " s"]
    begin: Float[np.ndarray, " s"]
    """1/z at the centre of column 0, ..."""
    slope: Float[np.ndarray, " s"]
    """... and by how much it rises per column."""
    least: Float[np.ndarray, " s"]
    most: Float[np.ndarray, " s"]
    """1/z of the farthest and of the nearest corner."""


def _may_be_seen(
    points_cam: Points, faces: Faces, K: Float[np.ndarray, "3 3"], width: int, height: int
) -> Bool[np.ndarray, " f"]:
    """Whether no side of the view, and not the camera's plane, has the whole face beyond it."""
    x, y, z = points_cam.T
    u, v = K[0, 0] * x + K[0, 2] * z, K[1, 1] * y + K[1, 2] * z
    beyond = (z <= NEAREST_M, u < 0, u > width * z, v < 0, v > height * z)
    sides = np.zeros(len(points_cam), dtype=np.uint8)
    for bit, each in enumerate(beyond):
        sides |= each.astype(np.uint8) << np.uint8(bit)
    a, b, c = faces.T
    seen: Bool[np.ndarray, " f"] = (sides[a] & sides[b] & sides[c]) == 0
    return seen


def _cut(points_cam: Points, faces: Faces) -> tuple[Points, Int[np.ndarray, "g 3"]]:
    """Points and faces that show the same, all in front of the camera."""
    ahead = points_cam[:, 2] > NEAREST_M
    number = ahead[faces[:, 0]].astype(np.int8) + ahead[faces[:, 1]] + ahead[faces[:, 2]]
    tip, right, left = _turned(faces[number == 1], ahead)
    back, far_right, far_left = _turned(faces[number == 2], ~ahead)
    lines = np.concatenate(
        [
            np.stack(each)
            for each in ((tip, right), (tip, left), (back, far_right), (back, far_left))
        ],
        axis=1,
    )
    ends = np.split(
        len(points_cam) + np.arange(lines.shape[1]),
        np.cumsum([len(tip), len(tip), len(back)]),
    )
    cut = (
        faces[number == 3],
        np.stack([tip, ends[0], ends[1]], axis=1),
        np.stack([ends[2], far_right, far_left], axis=1),
        np.stack([ends[2], far_left, ends[3]], axis=1),
    )
    crossings = _crossings(points_cam[lines[0]], points_cam[lines[1]])
    return np.concatenate([points_cam, crossings]), np.concatenate(cut)


def _turned(faces: Faces, marked: Bool[np.ndarray, " n"]) -> Int[np.ndarray, "3 f"]:
    """The corners of each face, beginning with the one that is marked."""
    order = (marked[faces].argmax(axis=1)[:, None] + np.arange(3)) % 3
    return np.take_along_axis(faces, order, axis=1).T


def _crossings(starts: Points, ends: Points) -> Points:
    """Where the lines between them are NEAREST_M in front of the camera."""
    share = (NEAREST_M - starts[:, 2]) / (ends[:, 2] - starts[:, 2])
    crossings: Points = starts + share[:, None] * (ends - starts)
    return crossings


def _corners(
    points_cam: Points, faces: Int[np.ndarray, "f 3"], K: Float[np.ndarray, "3 3"]
) -> _Corners:
    u, v = project(K, points_cam).T
    with np.errstate(divide="ignore"):
        nearness = 1 / points_cam[:, 2]
    return _Corners(u[faces.T], v[faces.T], nearness[faces.T])


def _covering(corners: _Corners, width: int, height: int) -> _Corners:
    """The triangles whose box has the centre of a pixel in it."""
    up, down = _centres(*_extent(corners.v), height)
    left, right = _centres(*_extent(corners.u), width)
    return corners.only((up <= down) & (left <= right))


def _spans(corners: _Corners, width: int, height: int) -> _Spans:
    at, row = _counted(*_centres(*_extent(corners.v), height))
    left, right = _crossed(corners, at, row + 0.5)
    first, last = _centres(left - _SEAM_PX, right + _SEAM_PX, width)
    met = first <= last
    at, row = at[met], row[met]
    slope, fall = _gradient(corners)
    begin = corners.nearness[0] + slope * (0.5 - corners.u[0]) + fall * (0.5 - corners.v[0])
    least, most = _extent(corners.nearness)
    return _Spans(
        row=row,
        first=first[met],
        last=last[met],
        begin=begin[at] + fall[at] * row,
        slope=slope[at],
        least=least[at],
        most=most[at],
    )


def _extent(
    corners: Float[np.ndarray, "3 m"],
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """The least and the greatest of three."""
    a, b, c = corners
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _centres(
    low: Float[np.ndarray, " n"], high: Float[np.ndarray, " n"], size: int
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """The first and the last pixel whose centre lies between the two; none if first > last."""
    first = np.ceil(np.clip(low, 0, size) - 0.5).astype(np.intp)
    last = np.floor(np.clip(high, 0, size) - 0.5).astype(np.intp)
    return first, last


def _counted(
    first: Int[np.ndarray, " n"], last: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    """All numbers from `first` to `last` of every entry: the entry, and the number."""
    many = np.maximum(last - first + 1, 0)
    entry = np.repeat(np.arange(len(many)), many)
    begin = first - (np.cumsum(many) - many)
    return entry, np.arange(len(entry)) + begin[entry]


def _crossed(
    corners: _Corners, at: Int[np.ndarray, " n"], v: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Where the line at height v enters and leaves the triangle of that number."""
    left, right = np.full(len(v), np.inf), np.full(len(v), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        (u0, u1), (v0, v1) = corners.u[[one, other]], corners.v[[one, other]]
        level = v0 == v1
        slope = np.divide(u1 - u0, v1 - v0, out=np.zeros(len(level)), where=~level)
        begin = u0 - slope * v0
        u = slope[at] * v + begin[at]
        met = (np.minimum(v0, v1)[at] <= v) & (v <= np.maximum(v0, v1)[at])
        np.minimum(left, u, out=left, where=met)
        np.maximum(right, u, out=right, where=met)
    return left, right


def _gradient(corners: _Corners) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """How 1/z rises per pixel to the right and downwards; 0 for triangles seen edge-on."""
    u, v, w = (each[1:] - each[0] for each in (corners.u, corners.v, corners.nearness))
    area = u[0] * v[1] - u[1] * v[0]
    inverse = np.divide(1, area, out=np.zeros(len(area)), where=area != 0)
    return (w[0] * v[1] - w[1] * v[0]) * inverse, (w[1] * u[0] - w[0] * u[1]) * inverse
