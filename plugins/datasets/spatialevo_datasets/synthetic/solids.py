"""Simple solids, and pictures of them by exact ray casting.

World frame: metres, +z up. Cameras are OpenCV. Every ray is scaled to advance one metre along the
optical axis, so that the distance at which it hits is the depth z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, sin
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32, UInt8

Vector = tuple[float, float, float]
Color = tuple[int, int, int]
"""Red, green, blue in 0..255."""

Origin = Float32[np.ndarray, "3"]
Rays = Float32[np.ndarray, "3 h w"]
Depths = Float32[np.ndarray, "h w"]

NOTHING = -1
"""The instance of a pixel that shows no solid."""
NEAR_M = 0.01
SKY: Color = (186, 204, 222)
LAMP = np.array([0.35, 0.2, 0.915], np.float32)
"""Unit direction towards the light."""
AMBIENT, DIFFUSE, FRONTAL = 0.52, 0.3, 0.3
"""Shares of the colour that is lit from everywhere, from the lamp, and from the camera."""

_SIGNS = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
_EDGES = np.array(
    [(a, b) for a in range(8) for b in range(a + 1, 8) if (_SIGNS[a] != _SIGNS[b]).sum() == 1]
)


class Solid(Protocol):
    """What a picture can be taken of."""

    @property
    def color(self) -> Color:
        """Its colour under full light."""

    @property
    def instance(self) -> int:
        """The object that it is a part of; several solids may share one."""

    def hit(self, origin: Origin, rays: Rays) -> Depths:
        """Where each ray first meets the surface, in multiples of it; inf where it does not."""

    def normals(self, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """The unit normals at points of the surface."""

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """The corners of a box around it, opposite signs at opposite ends."""


@dataclass(frozen=True)
class Block:
    """A box that stands upright, turned about z."""

    center: Vector
    size: Vector
    color: Color
    instance: int
    yaw: float = 0.0
    """Radians, counter-clockwise from above."""

    @cached_property
    def axes(self) -> Float32[np.ndarray, "3 3"]:
        """Rows are the unit axes of its sides."""
        c, s = cos(self.yaw), sin(self.yaw)
        return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]], np.float32)

    def hit(self, origin: Origin, rays: Rays) -> Depths:
        """Where each ray enters the box, or leaves it if it starts inside."""
        start = self.axes @ (origin - np.asarray(self.center, np.float32))
        c, s = self.axes[0, 0], self.axes[0, 1]
        x, y, z = rays
        local = (c * x + s * y, c * y - s * x, z) if self.yaw else (x, y, z)
        slabs = [
            _slab(start[axis], local[axis], np.float32(self.size[axis] / 2)) for axis in range(3)
        ]
        near = np.maximum(np.maximum(slabs[0][0], slabs[1][0]), slabs[2][0])
        far = np.minimum(np.minimum(slabs[0][1], slabs[1][1]), slabs[2][1])
        return _entered(near, far)

    def normals(self, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """The normal of the side that each point is on."""
        local = (points - np.asarray(self.center, np.float32)) @ self.axes.T
        side = np.argmax(np.abs(local) - np.asarray(self.size, np.float32) / 2, axis=1)
        sign = np.sign(np.take_along_axis(local, side[:, None], axis=1))
        return np.asarray(self.axes[side] * sign, np.float32)

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """Its corners."""
        half = np.asarray(self.size) / 2
        return np.asarray(self.center + (_SIGNS * half) @ self.axes)


@dataclass(frozen=True)
class Cylinder:
    """An upright cylinder with closed ends."""

    center: Vector
    radius: float
    height: float
    color: Color
    instance: int

    def hit(self, origin: Origin, rays: Rays) -> Depths:
        """Where each ray enters the cylinder, or leaves it if it starts inside."""
        ox, oy, oz = origin - np.asarray(self.center, np.float32)
        x, y, z = rays
        square = x * x + y * y
        along = ox * x + oy * y
        # the cross product keeps thin legs round at a distance, where b^2 - 4ac cancels
        across = ox * y - oy * x
        room = np.float32(self.radius**2) * square - across * across
        half = np.sqrt(np.maximum(room, 0.0))
        low, high = _slab(oz, z, np.float32(self.height / 2))
        near = np.maximum((-along - half) / square, low)
        far = np.minimum((half - along) / square, high)
        return np.where(room > 0, _entered(near, far), np.float32(np.inf))

    def normals(self, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """Outwards, or up and down on the ends."""
        local = points - np.asarray(self.center, np.float32)
        reach = np.maximum(np.hypot(local[:, 0], local[:, 1]), np.float32(1e-9))
        end = np.abs(local[:, 2]) - self.height / 2 > reach - self.radius
        flat = np.stack([0 * reach, 0 * reach, np.sign(local[:, 2])], axis=1)
        round_ = np.stack([local[:, 0] / reach, local[:, 1] / reach, 0 * reach], axis=1)
        return np.where(end[:, None], flat, round_)

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """The corners of its box."""
        return np.asarray(self.center) + _SIGNS * (self.radius, self.radius, self.height / 2)


@dataclass(frozen=True)
class Sphere:
    """A ball."""

    center: Vector
    radius: float
    color: Color
    instance: int

    def hit(self, origin: Origin, rays: Rays) -> Depths:
        """Where each ray enters the ball, or leaves it if it starts inside."""
        ox, oy, oz = origin - np.asarray(self.center, np.float32)
        x, y, z = rays
        square = x * x + y * y + z * z
        along = ox * x + oy * y + oz * z
        across = (oy * z - oz * y) ** 2 + (oz * x - ox * z) ** 2 + (ox * y - oy * x) ** 2
        room = np.float32(self.radius**2) * square - across
        half = np.sqrt(np.maximum(room, 0.0))
        met = _entered((-along - half) / square, (half - along) / square)
        return np.where(room > 0, met, np.float32(np.inf))

    def normals(self, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """Outwards."""
        return (points - np.asarray(self.center, np.float32)) / np.float32(self.radius)

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """The corners of its box."""
        return np.asarray(self.center) + _SIGNS * self.radius


@dataclass(frozen=True)
class Panel:
    """A rectangle without thickness, seen from both sides: a piece of floor or wall."""

    center: Vector
    u: Vector
    """From the centre to the middle of one side."""
    v: Vector
    """From the centre to the middle of the next side, at a right angle to `u`."""
    color: Color
    instance: int

    @cached_property
    def axes(self) -> Float32[np.ndarray, "3 3"]:
        """Rows: `u` and `v` scaled so that the sides are at +-1, and the unit normal."""
        u, v = np.asarray(self.u), np.asarray(self.v)
        normal = np.cross(u, v)
        return np.asarray([u / (u @ u), v / (v @ v), normal / np.linalg.norm(normal)], np.float32)

    def hit(self, origin: Origin, rays: Rays) -> Depths:
        """Where each ray crosses the rectangle."""
        u, v, n = self.axes @ (origin - np.asarray(self.center, np.float32))
        du, dv, dn = (a * rays[0] + b * rays[1] + c * rays[2] for a, b, c in self.axes)
        t = -n / dn
        inside = (np.abs(u + t * du) <= 1) & (np.abs(v + t * dv) <= 1) & (t > NEAR_M)
        return np.where(inside, t, np.float32(np.inf))

    def normals(self, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """The same everywhere."""
        return np.broadcast_to(self.axes[2], points.shape)

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """Its corners, each twice."""
        return np.asarray(self.center + _SIGNS @ np.array([self.u, self.v, (0.0, 0.0, 0.0)]))


@dataclass(frozen=True, eq=False)
class Rendering:
    """One picture, pixel by pixel."""

    color: UInt8[np.ndarray, "h w 3"]
    depth_m: Float32[np.ndarray, "h w"]
    """z along the optical axis; 0 where there is nothing."""
    instance: Int32[np.ndarray, "h w"]
    """`NOTHING` where there is nothing."""


def render(
    solids: Sequence[Solid],
    K: Float[np.ndarray, "3 3"],
    width: int,
    height: int,
    T_world_camera: Float[np.ndarray, "4 4"],
) -> Rendering:
    """What a pinhole camera sees of the solids, under fixed and shadowless light."""
    rays = _rays(K, width, height, T_world_camera)
    origin = np.asarray(T_world_camera[:3, 3], np.float32)
    depth, owner = _first_hits(solids, K, origin, rays, T_world_camera)
    instances = np.array([*(solid.instance for solid in solids), NOTHING], np.int32)
    return Rendering(
        _shade(solids, origin, rays, depth, owner),
        np.where(owner < len(solids), depth, np.float32(0.0)),
        instances[owner],
    )


def depth_image(
    solids: Sequence[Solid],
    K: Float[np.ndarray, "3 3"],
    width: int,
    height: int,
    T_world_camera: Float[np.ndarray, "4 4"],
) -> Depths:
    """The depth of `render` alone, for a third of the time."""
    rays = _rays(K, width, height, T_world_camera)
    origin = np.asarray(T_world_camera[:3, 3], np.float32)
    depth, owner = _first_hits(solids, K, origin, rays, T_world_camera)
    return np.where(owner < len(solids), depth, np.float32(0.0))


def _rays(
    K: Float[np.ndarray, "3 3"], width: int, height: int, T_world_camera: Float[np.ndarray, "4 4"]
) -> Rays:
    """Through the pixel centres, in world axes, one metre deep."""
    x = (np.arange(width) + 0.5 - K[0, 2]) / K[0, 0]
    y = (np.arange(height) + 0.5 - K[1, 2]) / K[1, 1]
    right, down, forward = np.asarray(T_world_camera[:3, :3], np.float64).T
    across = right[:, None] * x + forward[:, None]
    return np.asarray(across[:, None, :] + (down[:, None] * y)[:, :, None], np.float32)


def _first_hits(
    solids: Sequence[Solid],
    K: Float[np.ndarray, "3 3"],
    origin: Origin,
    rays: Rays,
    T_world_camera: Float[np.ndarray, "4 4"],
) -> tuple[Depths, Int[np.ndarray, "h w"]]:
    """The nearest depth of each pixel, and the position in `solids` of what is there."""
    height, width = rays.shape[1:]
    depth = np.full((height, width), np.inf, np.float32)
    owner = np.full((height, width), len(solids), np.int16)
    windows = _windows(solids, K, width, height, T_world_camera)
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, (left, right, top, bottom) in enumerate(windows):
            if left >= right or top >= bottom:
                continue
            here = np.s_[top:bottom, left:right]
            met = solids[number].hit(origin, rays[:, top:bottom, left:right])
            closer = met < depth[here]
            np.copyto(depth[here], met, where=closer)
            owner[here][closer] = number
    return depth, owner


def _windows(
    solids: Sequence[Solid],
    K: Float[np.ndarray, "3 3"],
    width: int,
    height: int,
    T_world_camera: Float[np.ndarray, "4 4"],
) -> list[tuple[int, int, int, int]]:
    """For each solid the pixels (left, right, top, bottom) outside of which it cannot show."""
    if not solids:
        return []
    rotation, origin = T_world_camera[:3, :3], T_world_camera[:3, 3]
    corners = (np.stack([solid.corners() for solid in solids]) - origin) @ rotation
    a, b = corners[:, _EDGES[:, 0]], corners[:, _EDGES[:, 1]]
    crossing = (a[..., 2] < NEAR_M) != (b[..., 2] < NEAR_M)
    share = (NEAR_M - a[..., 2]) / np.where(crossing, b[..., 2] - a[..., 2], 1.0)
    cut = a + share[..., None] * (b - a)
    points = np.concatenate([corners, cut], axis=1)
    kept = np.concatenate([corners[..., 2] >= NEAR_M, crossing], axis=1)
    depth = np.where(kept, points[..., 2], 1.0)
    spans = [
        _span(K[axis, axis] * points[..., axis] / depth + K[axis, 2], kept, length)
        for axis, length in ((0, width), (1, height))
    ]
    return [(left, right, top, bottom) for (left, right), (top, bottom) in zip(*spans, strict=True)]


def _span(
    pixels: Float[np.ndarray, "n 20"], kept: Bool[np.ndarray, "n 20"], length: int
) -> list[tuple[int, int]]:
    """The whole pixels that each row of coordinates reaches, one more on either side."""
    low = np.floor(np.where(kept, pixels, np.inf).min(axis=1)) - 1
    high = np.ceil(np.where(kept, pixels, -np.inf).max(axis=1)) + 1
    ends = np.clip(np.stack([low, high], axis=1), 0, length).astype(int)
    return [(start, stop) for start, stop in ends.tolist()]


def _slab(
    start: np.float32, direction: Float32[np.ndarray, "h w"], half: np.float32
) -> tuple[Depths, Depths]:
    """Where rays enter and leave the space between two planes at +-half."""
    one, other = (-half - start) / direction, (half - start) / direction
    return np.minimum(one, other), np.maximum(one, other)


def _entered(near: Depths, far: Depths) -> Depths:
    """The first surface in front of the camera on rays inside the solid from `near` to `far`."""
    met = np.where(near > NEAR_M, near, far)
    return np.where((near <= far) & (met > NEAR_M), met, np.float32(np.inf))


def _shade(
    solids: Sequence[Solid],
    origin: Origin,
    rays: Rays,
    depth: Depths,
    owner: Int[np.ndarray, "h w"],
) -> UInt8[np.ndarray, "h w 3"]:
    """The colour of each pixel."""
    flat = owner.ravel()
    order = np.argsort(flat, kind="stable")
    ends = np.searchsorted(flat[order], np.arange(len(solids) + 1)).tolist()
    shown = order[: ends[-1]]
    along = rays.reshape(3, -1).T[shown]
    points = origin + depth.ravel()[shown, None] * along
    normals = np.empty_like(points)
    for solid, start, stop in zip(solids, ends, ends[1:], strict=False):
        if start < stop:
            normals[start:stop] = solid.normals(points[start:stop])
    facing = np.einsum("ij,ij->i", normals, along)
    frontal = np.abs(facing) / np.sqrt(np.einsum("ij,ij->i", along, along))
    lit = np.maximum(-np.sign(facing) * (normals @ LAMP), 0.0)
    light = AMBIENT + DIFFUSE * lit + FRONTAL * frontal
    albedo = np.array([solid.color for solid in solids], np.float32).reshape(-1, 3)
    colors = np.empty((flat.size, 3), np.uint8)
    colors[shown] = np.minimum(light[:, None] * albedo[flat[shown]], 255.0)
    colors[order[ends[-1] :]] = SKY
    return colors.reshape(*owner.shape, 3)
