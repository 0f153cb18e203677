"""What a frame shows of a set of points, and how much two frames have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32
from scipy.ndimage import grey_closing
from scipy.spatial import cKDTree

from spatialevo_core.errors import ConfigError
from spatialevo_datasets import raster
from spatialevo_datasets.frames import Frame, in_camera, inside, project

BEHIND_M = 0.05
"""How far a point may lie behind the measured surface and still be on it, ..."""
BEHIND_SHARE = 0.02
"""... or this share of the measured depth, whichever is more: sensors err with distance."""
LEAST_KNOWN = 0.5
"""With a smaller share of points of known depth, nothing is said about visibility."""
VISIBLE_SHARE, VISIBLE_IMAGE_SHARE = 0.10, 0.01
GLIMPSED_SHARE, GLIMPSED_IMAGE_SHARE = 0.02, 0.0003

_BUFFER_PX = 320
"""Longer side of the depth buffer of frames without a depth image."""
_WIDEST_SPLAT_PX = 6
_MOST_SLANT_M = 0.3


@dataclass(frozen=True)
class Sight:
    """How one frame shows one object."""

    share: float
    """Of the object's points of known depth, those that are visible."""
    image_share: float
    """Of the image, the part that the 2D box of the visible points covers."""
    depth_m: float | None
    """Camera z of the median visible point; None if no point is visible."""

    def reaches(self, share: float, image_share: float) -> bool:
        """Whether either share is at least this large."""
        return self.share >= share or self.image_share >= image_share

    @property
    def visible(self) -> bool:
        """Clear enough to ask about."""
        return self.reaches(VISIBLE_SHARE, VISIBLE_IMAGE_SHARE)

    @property
    def glimpsed(self) -> bool:
        """Clear enough that a viewer would notice it."""
        return self.reaches(GLIMPSED_SHARE, GLIMPSED_IMAGE_SHARE)


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth image with its intrinsics."""

    depth_m: Float32[np.ndarray, "h w"]
    """0 unknown, inf where nothing was met."""
    K: Float[np.ndarray, "3 3"]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A scan whose points are joined to triangles."""

    points: Float32[np.ndarray, "n 3"]
    faces: Int32[np.ndarray, "f 3"]

    def __post_init__(self) -> None:
        if len(self.faces) and not 0 <= self.faces.min() <= self.faces.max() < len(self.points):
            raise ConfigError(
                f"faces name points {self.faces.min()} to {self.faces.max()}; "
                f"there are {len(self.points)}, numbered from 0"
            )

    def depth_map(self, frame: Frame) -> DepthMap:
        """The depth of the triangles at the centre of each pixel.

        Where they slant, it is the greatest within the pixel, so that a surface does not hide its
        own points.
        """
        K, width, height = _reduced(frame)
        points_cam = in_camera(frame, self.points)
        image = raster.depth_image(points_cam, self.faces, K, width, height)
        return DepthMap(image + _slant(image).astype(np.float32) / 2, K)


@dataclass(frozen=True, eq=False)
class Cloud:
    """A scan of points alone, and how far apart they are."""

    points: Float32[np.ndarray, "n 3"]
    spacing_m: Float32[np.ndarray, " n"]

    @classmethod
    def of(cls, points: Float32[np.ndarray, "n 3"]) -> Cloud:
        """The spacing at each point from its fourth neighbour, within thrice the median."""
        neighbours = min(5, len(points))
        distances = np.asarray(cKDTree(points).query(points, k=[neighbours])[0])
        # With one point per spacing^2, a circle around one that holds 4 others has pi r^2 = 4.
        spacing = distances[:, 0] * np.sqrt(np.pi / 4)
        usual = float(np.median(spacing))
        return cls(points, spacing.clip(usual / 2, usual * 3).astype(np.float32))

    def depth_map(self, frame: Frame) -> DepthMap:
        """The depth of the points, each a square as large as its spacing.

        Of the points that meet a pixel the nearest decides which surface is seen, and all that lie
        on that surface are averaged, so that neither noise nor a slant brings it forward. Gaps of a
        pixel or two that remain inside a surface are closed.
        """
        return _buffer(frame, self)


@dataclass(frozen=True, eq=False)
class Owned:
    """The points by which several objects are seen, in one array."""

    ids: tuple[int, ...]
    """Of the objects that have points to be seen by, maybe an empty set of them."""
    points: Float32[np.ndarray, "n 3"]
    owner: Int[np.ndarray, " n"]
    """Position in `ids`."""

    @classmethod
    def of(cls, clouds: Mapping[int, Float32[np.ndarray, "_ 3"] | None]) -> Owned:
        """By id; what has None is left out."""
        known = {each: cloud for each, cloud in clouds.items() if cloud is not None}
        none = np.zeros((0, 3), dtype=np.float32)
        return cls(
            ids=tuple(known),
            points=np.concatenate([none, *known.values()]),
            owner=np.repeat(np.arange(len(known)), [len(cloud) for cloud in known.values()]),
        )


@dataclass(frozen=True, eq=False)
class Shown:
    """Which of n points one frame shows."""

    visible: Bool[np.ndarray, " n"]
    known: Bool[np.ndarray, " n"]
    """False where the depth needed to decide was not measured."""


@dataclass(frozen=True, eq=False)
class Look(Shown):
    """Which of n points one frame shows, and where."""

    pixels: Float[np.ndarray, "n 2"]
    depth_m: Float[np.ndarray, " n"]
    """Camera z."""


def look(frame: Frame, points: Float32[np.ndarray, "n 3"], surface: Mesh | Cloud | None) -> Look:
    """Which of the points the frame shows.

    A point is visible if it projects inside the image, lies in front of the camera, and lies no
    farther behind the measured depth than its tolerance. The depth is that of the frame's depth
    image (nearest pixel, own intrinsics); a frame without one is measured on `surface`.
    """
    points_cam = in_camera(frame, points)
    pixels, z = project(frame.K, points_cam), points_cam[:, 2]
    within = np.flatnonzero(inside(pixels, frame.width, frame.height))
    measured = _measured(_depth_map(frame, surface), points_cam[within])
    allowed = measured + np.maximum(BEHIND_M, BEHIND_SHARE * measured)
    visible, known = np.zeros(len(points), dtype=bool), np.ones(len(points), dtype=bool)
    known[within] = measured > 0
    visible[within] = (measured > 0) & (z[within] <= allowed)
    return Look(visible=visible, known=known, pixels=pixels, depth_m=z)


def sights(
    seen: Look, owner: Int[np.ndarray, " m"], owners: int, frame: Frame
) -> tuple[Sight | None, ...]:
    """The sight of each owner 0, 1, ... of the first points; None with too few of known depth."""
    total = np.bincount(owner, minlength=owners)
    known = np.bincount(owner[seen.known[: len(owner)]], minlength=owners)
    shown = np.flatnonzero(seen.visible[: len(owner)])
    shown = shown[np.lexsort((seen.depth_m[shown], owner[shown]))]
    counts = np.bincount(owner[shown], minlength=owners)
    ends = np.cumsum(counts)
    pixels, depth_m = seen.pixels[shown], seen.depth_m[shown]
    image_px = frame.width * frame.height
    found: list[Sight | None] = []
    for at in range(owners):
        if total[at] == 0 or known[at] < LEAST_KNOWN * total[at]:
            found.append(None)
        elif counts[at] == 0:
            found.append(Sight(share=0.0, image_share=0.0, depth_m=None))
        else:
            own = slice(ends[at] - counts[at], ends[at])
            covered = float(np.prod(np.ptp(pixels[own], axis=0))) / image_px
            median = float(depth_m[own][(counts[at] - 1) // 2])
            found.append(Sight(float(counts[at] / known[at]), covered, median))
    return tuple(found)


def overlap(a: Shown, b: Shown) -> float | None:
    """The share of points visible in one frame that are visible in the other; the smaller way.

    Both are about the same points. None if the depth is unknown for most of them.
    """
    shares = (_share_seen(a, b), _share_seen(b, a))
    return None if None in shares else min(share for share in shares if share is not None)


def sample(points: Float32[np.ndarray, "n 3"], most: int) -> Float32[np.ndarray, "m 3"]:
    """At most so many of the points, chosen by a hash of their coordinates: order is no matter."""
    if len(points) <= most:
        return points
    bits = np.ascontiguousarray(points, dtype=np.float32).view(np.uint32).astype(np.uint64)
    mixed = bits @ np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    chosen: Float32[np.ndarray, "m 3"] = points[np.argpartition(mixed, most)[:most]]
    return chosen


def _share_seen(a: Shown, b: Shown) -> float | None:
    """Of the points visible in `a`, the share that `b` shows."""
    both = np.count_nonzero(a.visible & b.visible)
    known = np.count_nonzero(a.visible & b.known)
    total = np.count_nonzero(a.visible)
    if total == 0:
        return 0.0 if a.known.any() else None
    return None if known < LEAST_KNOWN * total else both / known


def _depth_map(frame: Frame, surface: Mesh | Cloud | None) -> DepthMap:
    if frame.depth is not None:
        return DepthMap(frame.depth.read(), frame.depth.K)
    if surface is None:
        return DepthMap(np.full((1, 1), np.inf, dtype=np.float32), np.diag([0.0, 0.0, 1.0]))
    return surface.depth_map(frame)


def _measured(depth: DepthMap, points_cam: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """The measured depth where each point projects; 0 outside the depth image."""
    height, width = depth.depth_m.shape
    pixels = project(depth.K, points_cam)
    within = inside(pixels, width, height)
    columns, rows = pixels[within].astype(np.intp).T
    measured = np.zeros(len(points_cam))
    found = depth.depth_m[rows, columns]
    measured[within] = np.where(np.isnan(found), 0.0, found)
    return measured


def _reduced(frame: Frame) -> tuple[Float[np.ndarray, "3 3"], int, int]:
    """K, width and height of the depth buffer of a frame."""
    scale = min(1.0, _BUFFER_PX / max(frame.width, frame.height))
    width, height = round(frame.width * scale), round(frame.height * scale)
    K = np.diag([width / frame.width, height / frame.height, 1.0]) @ frame.K
    return K, width, height


def _buffer(frame: Frame, surface: Cloud) -> DepthMap:
    K, width, height = _reduced(frame)
    points_cam = in_camera(frame, surface.points)
    pixels = project(K, points_cam)
    margin = _WIDEST_SPLAT_PX
    met = inside(pixels + margin, width + 2 * margin, height + 2 * margin)
    splats = _splats(pixels[met], points_cam[met, 2], surface.spacing_m[met] * K[0, 0])
    # A frame of cells around the image takes what the squares put beside it.
    stride = width + 4 * margin
    cells = (splats.row + 2 * margin) * stride + splats.column + 2 * margin
    nearest = np.full((height + 4 * margin) * stride, np.inf, dtype=np.float32)
    np.minimum.at(nearest, cells, splats.depth_m)
    limit = nearest + np.maximum(BEHIND_M, BEHIND_SHARE * nearest)
    front = splats.depth_m <= limit[cells]
    count = np.bincount(cells[front], minlength=len(nearest))
    total = np.bincount(cells[front], weights=splats.depth_m[front], minlength=len(nearest))
    nearness = np.divide(count, total, out=np.zeros(len(nearest)), where=count > 0)
    closed = grey_closing(nearness.reshape(-1, stride), size=(3, 3))
    image = closed[2 * margin : 2 * margin + height, 2 * margin : 2 * margin + width]
    with np.errstate(divide="ignore"):
        depth_m = 1 / image
    return DepthMap((depth_m + _slant(depth_m)).astype(np.float32), K)


def _slant(depth_m: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """How much farther a slanted surface may be within one pixel; 0 beyond its edges.

    Each axis counts by its smaller step, so that the step from one surface to another does not.
    """
    finite = np.where(np.isfinite(depth_m), depth_m, 1e3)
    slant = np.zeros_like(depth_m)
    for axis in (0, 1):
        steps = np.abs(np.diff(finite, axis=axis))
        edge = [(1, 1) if each == axis else (0, 0) for each in (0, 1)]
        padded = np.pad(steps, edge, mode="edge")
        ahead, behind = (padded.take(range(at, at + depth_m.shape[axis]), axis) for at in (0, 1))
        slant += np.minimum(ahead, behind)
    capped: Float[np.ndarray, "h w"] = np.minimum(slant, _MOST_SLANT_M)
    return capped


@dataclass(frozen=True, eq=False)
class _Splats:
    """One row for each pixel that a point covers."""

    row: Int[np.ndarray, " n"]
    column: Int[np.ndarray, " n"]
    depth_m: Float32[np.ndarray, " n"]


def _splats(
    pixels: Float[np.ndarray, "n 2"],
    z: Float[np.ndarray, " n"],
    spacing: Float[np.ndarray, " n"],
) -> _Splats:
    """Squares of pixels around the points, about twice `spacing / z` pixels wide."""
    reach = np.rint(0.9 * spacing / z).clip(0, _WIDEST_SPLAT_PX)
    column, row = np.floor(pixels).astype(np.int32).T
    depth_m = z.astype(np.float32)
    rows, columns, depths = [], [], []
    for size in range(_WIDEST_SPLAT_PX + 1):
        own = reach == size
        steps = np.arange(-size, size + 1, dtype=np.int32)
        down, right = (each.reshape(-1, 1) for each in np.meshgrid(steps, steps))
        rows.append((row[own] + down).ravel())
        columns.append((column[own] + right).ravel())
        depths.append(np.tile(depth_m[own], steps.size**2))
    return _Splats(np.concatenate(rows), np.concatenate(columns), np.concatenate(depths))
