"""The surface of solids as a scanner would mesh it: what cameras see, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, cos, pi, sin

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, UInt8

from spatialevo_datasets.synthetic.solids import Block, Cylinder, Panel, Solid, Sphere, Vector

NUDGE_M = 0.002
"""A surface with matter this close in front of it is hidden in a joint."""
INSIDE_M = 0.0001
SEEN_WITHIN_M, SEEN_WITHIN = 0.03, 0.02
"""How far the depth image may lie from a point that it shows: metres, and share of its depth."""

Grid = Float[np.ndarray, "a b 3"]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Points of surfaces, joined to triangles."""

    points: Float32[np.ndarray, "n 3"]
    normals: Float32[np.ndarray, "n 3"]
    """Away from the matter."""
    instance: Int32[np.ndarray, " n"]
    color: UInt8[np.ndarray, "n 3"]
    triangles: Int32[np.ndarray, "m 3"]

    def only(self, kept: Bool[np.ndarray, " n"]) -> Mesh:
        """The part of the mesh with these points."""
        number = np.cumsum(kept, dtype=np.int32) - 1
        whole = kept[self.triangles].all(axis=1)
        return Mesh(
            self.points[kept],
            self.normals[kept],
            self.instance[kept],
            self.color[kept],
            np.asarray(number[self.triangles[whole]], np.int32),
        )


@dataclass(frozen=True, eq=False)
class Look:
    """A depth image and where it was taken."""

    K: Float[np.ndarray, "3 3"]
    T_world_camera: Float[np.ndarray, "4 4"]
    depth_m: Float32[np.ndarray, "h w"]

    def shows(
        self, points: Float32[np.ndarray, "n 3"], normals: Float32[np.ndarray, "n 3"]
    ) -> Bool[np.ndarray, " n"]:
        """Whether each point of a surface faces the camera and is met by a pixel around it."""
        T = np.asarray(self.T_world_camera, np.float32)
        away = points - T[:3, 3]
        cam = away @ T[:3, :3]
        z = np.maximum(cam[:, 2], np.float32(1e-3))
        u = np.floor(self.K[0, 0] * cam[:, 0] / z + self.K[0, 2] - 0.5).astype(np.int64)
        v = np.floor(self.K[1, 1] * cam[:, 1] / z + self.K[1, 2] - 0.5).astype(np.int64)
        height, width = self.depth_m.shape
        shown = (np.einsum("ij,ij->i", away, normals) < 0) & (cam[:, 2] > 0.05)
        shown &= (u >= 0) & (v >= 0) & (u < width - 1) & (v < height - 1)
        at = np.flatnonzero(shown)
        corner = v[at] * width + u[at]
        around = self.depth_m.ravel()[corner[:, None] + np.array([0, 1, width, width + 1])]
        within = np.maximum(SEEN_WITHIN_M, SEEN_WITHIN * z[at])
        shown[at] = (np.abs(around - z[at, None]) <= within[:, None]).any(axis=1)
        return np.asarray(shown)


def scanned(mesh: Mesh, looks: Iterable[Look]) -> Mesh:
    """What at least one of the cameras sees."""
    left = np.arange(len(mesh.points))
    seen = np.zeros(len(left), bool)
    for look in looks:
        shown = look.shows(mesh.points[left], mesh.normals[left])
        seen[left[shown]] = True
        left = left[~shown]
    return mesh.only(seen)


def surface(solids: Sequence[Solid], spacing_m: Sequence[float]) -> Mesh:
    """The outside of the union of the solids, points at most `spacing_m` of its solid apart."""
    grids = [
        (number, *grid)
        for number, (solid, spacing) in enumerate(zip(solids, spacing_m, strict=True))
        for grid in _grids(solid, spacing)
    ]
    sizes = np.array([grid.shape[0] * grid.shape[1] for _, grid, _ in grids])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    part = np.repeat([number for number, _, _ in grids], sizes)
    triangles = [
        start + _triangles(*grid.shape[:2])
        for start, (_, grid, _) in zip(starts.tolist(), grids, strict=True)
    ]
    colors = np.array([solid.color for solid in solids], np.uint8)
    instances = np.array([solid.instance for solid in solids], np.int32)
    mesh = Mesh(
        np.concatenate([grid.reshape(-1, 3) for _, grid, _ in grids]).astype(np.float32),
        np.concatenate([normals.reshape(-1, 3) for *_, normals in grids]).astype(np.float32),
        instances[part],
        colors[part],
        np.concatenate(triangles).astype(np.int32),
    )
    return mesh.only(~_in_joints(solids, mesh, part))


def _in_joints(
    solids: Sequence[Solid], mesh: Mesh, part: Int32[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Whether each point lies inside another solid, or between two that touch."""
    corners = np.stack([solid.corners() for solid in solids])
    low, high = corners.min(axis=1) - NUDGE_M, corners.max(axis=1) + NUDGE_M
    touch = np.logical_and(low[:, None] <= high, high[:, None] >= low).all(axis=2)
    ahead = mesh.points + np.float32(NUDGE_M) * mesh.normals
    ends = np.searchsorted(part, np.arange(len(solids) + 1))
    hidden = np.zeros(len(part), bool)
    for one, other in np.argwhere(touch & ~np.eye(len(solids), dtype=bool)).tolist():
        span = slice(ends[one], ends[one + 1])
        hidden[span] |= inside(solids[other], ahead[span])
    return hidden


def inside(solid: Solid, points: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
    """Whether each point is more than 0.1 mm deep in the solid; a panel has no inside."""
    if isinstance(solid, Block):
        local = (points - np.asarray(solid.center)) @ solid.axes.T
        return np.asarray((np.abs(local) < np.asarray(solid.size) / 2 - INSIDE_M).all(axis=1))
    if isinstance(solid, Cylinder):
        local = points - np.asarray(solid.center)
        level = np.abs(local[:, 2]) < solid.height / 2 - INSIDE_M
        return np.asarray(level & (np.hypot(local[:, 0], local[:, 1]) < solid.radius - INSIDE_M))
    if isinstance(solid, Sphere):
        away = np.linalg.norm(points - np.asarray(solid.center), axis=1)
        return np.asarray(away < solid.radius - INSIDE_M)
    return np.zeros(len(points), bool)


def _grids(solid: Solid, spacing: float) -> Iterator[tuple[Grid, Grid]]:
    """The faces of a solid as grids of points, with their normals."""
    if isinstance(solid, Panel):
        yield _face(solid.center, np.asarray(solid.u), np.asarray(solid.v), spacing)
    elif isinstance(solid, Block):
        sides = np.asarray(solid.axes, np.float64) * np.asarray(solid.size)[:, None] / 2
        yield from _faces(solid.center, sides, spacing)
    elif isinstance(solid, Sphere):
        for points, _ in _faces((0.0, 0.0, 0.0), np.eye(3), 1.6 * spacing / solid.radius):
            out = points / np.linalg.norm(points, axis=2, keepdims=True)
            yield solid.center + solid.radius * out, out
    elif isinstance(solid, Cylinder):
        yield _mantle(solid, spacing)
        for up in (-1.0, 1.0):
            square, normals = _face(
                (0.0, 0.0, 0.0), np.array([1.0, 0, 0]), np.array([0, up, 0]), spacing / solid.radius
            )
            x, y = square[..., 0], square[..., 1]
            disc = [x * np.sqrt(1 - y * y / 2), y * np.sqrt(1 - x * x / 2), 0 * x]
            middle = np.asarray(solid.center) + np.array([0.0, 0.0, up * solid.height / 2])
            yield middle + solid.radius * np.stack(disc, axis=2), normals


def _faces(
    center: Vector, sides: Float[np.ndarray, "3 3"], spacing: float
) -> Iterator[tuple[Grid, Grid]]:
    """The six faces of a box; rows of `sides` reach from its centre to the middle of a face."""
    for axis in range(3):
        u, v, out = sides[(axis + 1) % 3], sides[(axis + 2) % 3], sides[axis]
        yield _face(np.asarray(center) + out, u, v, spacing)
        yield _face(np.asarray(center) - out, v, u, spacing)


def _face(
    center: Vector | Float[np.ndarray, "3"],
    u: Float[np.ndarray, "3"],
    v: Float[np.ndarray, "3"],
    spacing: float,
) -> tuple[Grid, Grid]:
    """A rectangle from edge to edge through its middle; the normal is that of u x v."""
    a, b = (
        np.linspace(-1.0, 1.0, 1 + 2 * max(1, ceil(np.linalg.norm(side) / spacing - 1e-6)))
        for side in (u, v)
    )
    points = np.asarray(center) + a[:, None, None] * u + b[None, :, None] * v
    normal = np.cross(u, v)
    return points, np.broadcast_to(normal / np.linalg.norm(normal), points.shape)


def _mantle(solid: Cylinder, spacing: float) -> tuple[Grid, Grid]:
    """The round side of a cylinder."""
    number = 4 * max(2, ceil(pi * solid.radius / (2 * spacing)))
    turns = [2 * pi * k / number for k in range(number + 1)]
    out = np.array([(cos(turn), sin(turn), 0.0) for turn in turns])
    rise = np.linspace(-0.5, 0.5, 1 + max(1, ceil(solid.height / spacing - 1e-6)))
    points = solid.radius * out[:, None] + np.array([0.0, 0.0, solid.height]) * rise[:, None]
    return np.asarray(solid.center) + points, np.broadcast_to(out[:, None], points.shape)


def _triangles(rows: int, columns: int) -> Int32[np.ndarray, "m 3"]:
    """Two for each cell of a grid, counter-clockwise where rows x columns points to the viewer."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    below = np.stack([first, first + columns, first + columns + 1], axis=1)
    above = np.stack([first, first + columns + 1, first + 1], axis=1)
    return np.asarray(np.concatenate([below, above]), np.int32)
