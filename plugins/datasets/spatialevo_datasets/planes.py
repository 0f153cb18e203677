"""Which way the surfaces of a room face: how level its floor is, how its walls are turned."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, atan2, degrees, radians

import numpy as np
from jaxtyping import Float, Float32, Int32
from scipy.spatial import cKDTree

SAMPLE = 5_000
"""Points of a cloud whose surroundings are looked at."""
NEIGHBOURS = 12
LEVEL_WITHIN_DEG = 30.0
"""What is tilted further is no floor or table top that was meant to be level."""
UPRIGHT_WITHIN_DEG = 15.0
"""From the vertical, what is a wall."""
_NEAR_DEG = 10.0

Vector = Float[np.ndarray, "3"]


@dataclass(frozen=True, eq=False)
class Facets:
    """Small pieces of surface."""

    normals: Float[np.ndarray, "n 3"]
    """Unit vectors, of either sign."""
    weights: Float[np.ndarray, " n"]
    """How much surface each stands for."""

    @classmethod
    def of(
        cls, points: Float32[np.ndarray, "n 3"], faces: Int32[np.ndarray, "f 3"] | None
    ) -> Facets:
        """The triangles, or where there are none planes fitted to the surroundings of points."""
        if faces is not None and len(faces):
            a, b, c = points[faces].astype(np.float64).transpose(1, 0, 2)
            normals = np.cross(b - a, c - a)
            area = np.linalg.norm(normals, axis=1)
            kept = area > 0
            return cls(normals[kept] / area[kept, None], area[kept])
        if len(points) < NEIGHBOURS:
            return cls(np.zeros((0, 3)), np.zeros(0))
        centres = points[:: -(-len(points) // SAMPLE)]
        around = points[cKDTree(points).query(centres, k=NEIGHBOURS)[1]].astype(np.float64)
        around -= around.mean(axis=1, keepdims=True)
        _, axes = np.linalg.eigh(np.einsum("nkx,nky->nxy", around, around))
        return cls(axes[:, :, 0], np.ones(len(centres)))


@dataclass(frozen=True)
class Turn:
    """How the walls are turned about the vertical."""

    deg: float
    """From the nearest axis, anticlockwise, -45 to 45."""
    clear: float
    """1 where all walls agree up to quarter turns, 0 where none do."""


def tilt_deg(normal: Vector) -> float:
    """The angle between the vertical and a unit vector of either sign, 0 to 90."""
    return degrees(acos(min(1.0, abs(float(normal[2])))))


def fitted_normal(points: Float[np.ndarray, "n 3"]) -> Vector:
    """The unit normal of the plane through at least three points; a tenth may lie off it."""
    kept = points.astype(np.float64)
    for _ in range(3):
        centre = kept.mean(axis=0)
        normal = np.linalg.eigh(np.cov((kept - centre).T))[1][:, 0]
        away = np.abs((points - centre) @ normal)
        kept = points[away <= np.quantile(away, 0.9)].astype(np.float64)
    return normal


def level_normal(facets: Facets) -> Vector | None:
    """The common normal of what is nearly level; None where that is less than a hundredth."""
    normals = facets.normals * np.where(facets.normals[:, 2:] < 0, -1.0, 1.0)
    near = normals[:, 2] >= np.cos(radians(LEVEL_WITHIN_DEG))
    if facets.weights[near].sum() < 0.01 * facets.weights.sum() or not near.any():
        return None
    mean = _mean(normals[near], facets.weights[near])
    for _ in range(3):
        close = near & (normals @ mean >= np.cos(radians(_NEAR_DEG)))
        if not close.any():
            break
        mean = _mean(normals[close], facets.weights[close])
    return mean


def wall_turn(facets: Facets) -> Turn | None:
    """How most of what is upright is turned; None where that is less than a hundredth."""
    x, y, z = facets.normals.T
    upright = np.abs(z) <= np.sin(radians(UPRIGHT_WITHIN_DEG))
    weights = facets.weights[upright]
    total = float(weights.sum())
    if not upright.any() or total < 0.01 * facets.weights.sum():
        return None
    # Four times the angle is the same for all walls of a room with right angles.
    around = np.exp(4j * np.arctan2(y[upright], x[upright]))
    mean = complex((weights * around).sum() / total)
    return Turn(degrees(atan2(mean.imag, mean.real)) / 4, abs(mean))


def _mean(vectors: Float[np.ndarray, "n 3"], weights: Float[np.ndarray, " n"]) -> Vector:
    total: Vector = weights @ vectors
    return total / float(np.linalg.norm(total))
