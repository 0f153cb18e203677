"""What the official folder layouts share: meshes, annotated segments, matrices and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, UInt8

from spatialevo_datasets.synthetic.rooms import Blueprint
from spatialevo_datasets.synthetic.surfaces import Mesh

SLICE_M = 0.5
"""Objects are cut into slices of this height: the segments that the annotation groups."""

_VERTEX = np.dtype([("at", "<f4", 3), ("rgba", "u1", 4)])
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
_HEADER = """ply
format binary_little_endian 1.0
element vertex {vertices}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property uchar alpha
element face {faces}
property list uchar int vertex_indices
end_header
"""


def write_ply(
    path: Path,
    points: Float32[np.ndarray, "n 3"],
    color: UInt8[np.ndarray, "n 3"],
    triangles: Int32[np.ndarray, "m 3"],
) -> None:
    """A coloured mesh as a binary little-endian PLY file; bit for bit the points given."""
    vertices = np.zeros(len(points), _VERTEX)
    vertices["at"] = points
    vertices["rgba"][:, :3], vertices["rgba"][:, 3] = color, 255
    faces = np.zeros(len(triangles), _FACE)
    faces["count"], faces["corners"] = 3, triangles
    header = _HEADER.format(vertices=len(vertices), faces=len(faces))
    path.write_bytes(header.encode() + vertices.tobytes() + faces.tobytes())


def segments_of(mesh: Mesh) -> Int[np.ndarray, " n"]:
    """A number for each slice of each object: sparse, as in the published files."""
    slices = np.floor(np.maximum(mesh.points[:, 2], 0.0) / SLICE_M).astype(np.int64)
    return np.asarray(100 * mesh.instance.astype(np.int64) + slices)


def groups_of(blueprint: Blueprint, mesh: Mesh) -> list[dict[str, object]]:
    """The entries of `segGroups`: which segments make up which object, structure included."""
    segments = segments_of(mesh)
    labels = {piece.id: piece.label for piece in blueprint.pieces} | dict(blueprint.structure)
    return [
        {
            "id": number,
            "objectId": number,
            "segments": np.unique(segments[mesh.instance == number]).tolist(),
            "label": labels[number],
        }
        for number in np.unique(mesh.instance).tolist()
    ]


def write_segments(path: Path, scene_id: str, segments: Int[np.ndarray, " n"]) -> None:
    """Which segment each vertex is in, under the key `segIndices`."""
    write_json(path, {"sceneId": scene_id, "segIndices": segments.tolist()})


def write_matrix(path: Path, matrix: Float[np.ndarray, "r c"]) -> None:
    """A text file of one row of numbers per line, with all their digits."""
    path.write_text("".join(f"{row(each)}\n" for each in matrix), "utf-8")


def row(numbers: Iterable[float]) -> str:
    """The numbers with all their digits, so that reading gives the same ones; spaces between."""
    return " ".join(repr(float(number)) for number in numbers)


def write_json(path: Path, content: object) -> None:
    """JSON without needless spaces."""
    path.write_text(json.dumps(content, separators=(",", ":")), "utf-8")


def inverse(rigid: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    """The inverse of a rotation and a shift; that of the identity is exact."""
    inverted = np.eye(4)
    inverted[:3, :3] = rigid[:3, :3].T
    inverted[:3, 3] = -rigid[:3, :3].T @ rigid[:3, 3]
    return inverted


def moved(
    points: Float32[np.ndarray, "n 3"], rigid: Float[np.ndarray, "4 4"]
) -> Float32[np.ndarray, "n 3"]:
    """The points after a rotation and a shift."""
    placed = points.astype(np.float64) @ rigid[:3, :3].T + rigid[:3, 3]
    return np.asarray(placed, np.float32)
