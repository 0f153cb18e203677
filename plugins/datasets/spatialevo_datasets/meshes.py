"""Points on the triangles of a mesh, where its corners alone are too far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Int32


@dataclass(frozen=True, eq=False)
class Filling:
    """Points that lie on triangles."""

    points: Float32[np.ndarray, "m 3"]
    triangle: Int[np.ndarray, " m"]
    """On which one each lies."""


def parts(
    points: Float32[np.ndarray, "n 3"], triangles: Int32[np.ndarray, "f 3"], spacing_m: float
) -> Int[np.ndarray, " f"]:
    """Into how many parts each side must be cut for none to be longer than `spacing_m`."""
    longest = np.zeros(len(triangles))
    for one, other in ((0, 1), (1, 2), (2, 0)):
        side = points[triangles[:, one]] - points[triangles[:, other]]
        np.maximum(longest, np.linalg.norm(side, axis=1), out=longest)
    found: Int[np.ndarray, " f"] = np.ceil(longest / spacing_m).astype(np.int64).clip(min=1)
    return found


def filling(
    points: Float32[np.ndarray, "n 3"],
    triangles: Int32[np.ndarray, "f 3"],
    number: Int[np.ndarray, " f"],
) -> Filling:
    """The centres of the `number` x `number` equal triangles that each triangle is cut into.

    None for a triangle that is left whole. Each lies inside, so that neighbours share none.
    """
    found = [np.zeros((0, 3), np.float32)]
    at = [np.zeros(0, np.int64)]
    for many in np.unique(number[number > 1]).tolist():
        own = np.flatnonzero(number == many)
        corners = points[triangles[own]].astype(np.float64)
        weights = _centres(many)
        found.append(np.einsum("wc,fcx->fwx", weights, corners).reshape(-1, 3).astype(np.float32))
        at.append(np.repeat(own, len(weights)))
    return Filling(np.concatenate(found), np.concatenate(at))


def _centres(many: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Weights of the three corners in the centre of each of `many` x `many` parts."""
    i, j = (each.ravel() for each in np.mgrid[:many, :many])
    upright, turned = i + j < many, i + j < many - 1
    thirds = np.concatenate(
        [
            np.stack([3 * i[upright] + 1, 3 * j[upright] + 1], axis=1),
            np.stack([3 * i[turned] + 2, 3 * j[turned] + 2], axis=1),
        ]
    )
    two = thirds / (3 * many)
    return np.column_stack([1 - two.sum(axis=1), two])
