"""How far the share of an object that a frame shows hangs on errors of pose.

A depth image is as exact as its pixels; what lies where in it is only as exact as the pose. Half a
degree and three centimetres aside, a table top seen at a flat angle is found decimetres behind the
depth that was measured for it, and counts as hidden.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import radians, tan
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32

from spatialevo_datasets.boxes import aabb, corners
from spatialevo_datasets.frames import Frame, in_camera
from spatialevo_datasets.visibility import look

ASIDE_M, ASIDE_DEG = 0.02, 0.5
"""How far an object may be off across the optical axis: by itself and its camera, by a turn."""
ALONG_M = 0.01
"""And along the axis: one that is off by 2 cm aside is not off by as much along it."""
_ROUNDING_M = 1e-3
"""More than single precision takes from world coordinates."""


class ShareRange(NamedTuple):
    """The least and the largest share of an object's points that a frame may show."""

    least: float
    most: float


def share_range(frame: Frame, points: Float32[np.ndarray, "n 3"], share: float) -> ShareRange:
    """Over eight errors of pose, and none, where `share` is shown; world frame, metres.

    Without a depth image the scan is its own measure, and moves with its pose.
    """
    if frame.depth is None:
        return ShareRange(share, share)
    sides = _sides_within_reach(frame, in_camera(frame, corners(aabb(points))))
    if not sides.any(axis=0).all():
        return ShareRange(min(share, 0.0), max(share, 0.0))
    points_cam = in_camera(frame, points)
    near_cam = points_cam[_sides_within_reach(frame, points_cam).all(axis=1)]
    beside = len(points) - len(near_cam)
    measured = frame.depth.read()
    once = replace(frame, depth=replace(frame.depth, read=lambda: measured))
    shares = [share]
    aside = ASIDE_M + tan(radians(ASIDE_DEG)) * np.abs(near_cam[:, 2:])
    for x, y, along in product((-1, 0, 1), (-1, 0, 1), (-ALONG_M, ALONG_M)):
        if abs(x) + abs(y) == 1:
            shifted_cam = near_cam + aside * np.array([x, y, 0]) + np.array([0, 0, along])
            shares.append(_share(once, _world(frame, shifted_cam), beside))
    return ShareRange(min(shares), max(shares))


def _sides_within_reach(
    frame: Frame, points_cam: Float[np.ndarray, "n 3"]
) -> Bool[np.ndarray, "n 5"]:
    """For each side of what the image shows, and its front: whether an error may bring a point in.

    A point that is out of reach on one side is never seen.
    """
    aside = ASIDE_M + tan(radians(ASIDE_DEG)) * np.abs(points_cam[:, 2:])
    right, down, forward = frame.K
    sides = np.stack(
        [right, frame.width * forward - right, down, frame.height * forward - down, forward]
    )
    inwards = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    within: Bool[np.ndarray, "n 5"] = points_cam @ inwards.T >= -(aside + ALONG_M + _ROUNDING_M)
    return within


def _share(frame: Frame, points: Float32[np.ndarray, "n 3"], beside: int) -> float:
    """Of the points and so many that lie beside the image."""
    seen = look(frame, points, None)
    known = np.count_nonzero(seen.known) + beside
    return float(np.count_nonzero(seen.visible) / known) if known else 0.0


def _world(frame: Frame, points_cam: Float[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    points: Float32[np.ndarray, "n 3"] = (
        points_cam @ frame.T_world_camera[:3, :3].T + frame.position
    ).astype(np.float32)
    return points
