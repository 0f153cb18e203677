"""Writes a synthetic room as ScanNet's owners publish theirs, images exported.

What the loader `scannet` reads back is the same room: with the identity as alignment bit for bit,
with another alignment to a hundredth of a millimetre. Only the pictures lose something, as JPEG.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from spatialevo_datasets.synthetic.rooms import (
    COLOR_FOCAL,
    COLOR_SIZE,
    DEPTH_FOCAL,
    DEPTH_SIZE,
    Blueprint,
    depth_maps,
    intrinsics,
    mesh_of,
    picture,
)
from spatialevo_datasets.synthetic.surfaces import Mesh

SLICE_M = 0.5
"""Objects are cut into slices of this height: the segments that the annotation groups."""
JPEG_QUALITY = 95

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


def write_scannet(
    blueprint: Blueprint,
    root: Path,
    axis_alignment: Float[np.ndarray, "4 4"] | None = None,
    *,
    pictures: bool = True,
) -> Path:
    """Writes `root/scans/<name>` and returns it; the loader's id of the room is its name.

    `axis_alignment` (rigid; the identity by default) takes the stored frame to the room's own, so
    mesh and poses are stored in the frame that it undoes. Without `pictures` the colour images are
    blank, which takes a third of the time.
    """
    alignment = np.eye(4) if axis_alignment is None else axis_alignment
    stored = _inverse(alignment)
    folder = root / "scans" / blueprint.name
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    depths = depth_maps(blueprint)
    mesh = mesh_of(blueprint, depths)
    start = folder / blueprint.name
    _write_mesh(Path(f"{start}_vh_clean_2.ply"), mesh, stored)
    _write_annotation(start, blueprint, mesh)
    _write_text(Path(f"{start}.txt"), blueprint, alignment)
    for index, (camera, depth) in enumerate(zip(blueprint.cameras, depths, strict=True)):
        _write_matrix(folder / f"pose/{index}.txt", stored @ camera.T_world_camera)
        Image.fromarray(depth).save(folder / f"depth/{index}.png")
        taken = picture(blueprint, camera) if pictures else Image.new("RGB", COLOR_SIZE)
        taken.save(folder / f"color/{index}.jpg", quality=JPEG_QUALITY)
    for name, size, focal in (
        ("color", COLOR_SIZE, COLOR_FOCAL),
        ("depth", DEPTH_SIZE, DEPTH_FOCAL),
    ):
        K = np.eye(4)
        K[:3, :3] = intrinsics(size, focal)
        _write_matrix(folder / f"intrinsic/intrinsic_{name}.txt", K)
        _write_matrix(folder / f"intrinsic/extrinsic_{name}.txt", np.eye(4))
    return folder


def _inverse(rigid: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    inverse = np.eye(4)
    inverse[:3, :3] = rigid[:3, :3].T
    inverse[:3, 3] = -rigid[:3, :3].T @ rigid[:3, 3]
    return inverse


def _write_mesh(path: Path, mesh: Mesh, stored: Float[np.ndarray, "4 4"]) -> None:
    vertices = np.zeros(len(mesh.points), _VERTEX)
    vertices["at"] = mesh.points.astype(np.float64) @ stored[:3, :3].T + stored[:3, 3]
    vertices["rgba"][:, :3] = mesh.color
    vertices["rgba"][:, 3] = 255
    faces = np.zeros(len(mesh.triangles), _FACE)
    faces["count"], faces["corners"] = 3, mesh.triangles
    header = _HEADER.format(vertices=len(vertices), faces=len(faces))
    path.write_bytes(header.encode() + vertices.tobytes() + faces.tobytes())


def _write_annotation(start: Path, blueprint: Blueprint, mesh: Mesh) -> None:
    """Which segment each vertex is in, and which segments make up which object."""
    segments = _segments(mesh)
    labels = {piece.id: piece.label for piece in blueprint.pieces} | dict(blueprint.structure)
    scanned = np.unique(mesh.instance).tolist()
    groups = [
        {
            "id": number,
            "objectId": number,
            "segments": np.unique(segments[mesh.instance == number]).tolist(),
            "label": labels[number],
        }
        for number in scanned
    ]
    mesh_name = f"scannet.{blueprint.name}_vh_clean_2.ply"
    _write_json(
        Path(f"{start}_vh_clean_2.0.010000.segs.json"),
        {"sceneId": mesh_name, "segIndices": segments.tolist()},
    )
    _write_json(
        Path(f"{start}.aggregation.json"),
        {
            "sceneId": f"scannet.{blueprint.name}",
            "appId": "Aggregator.v2",
            "segGroups": groups,
            "segmentsFile": f"{mesh_name.removesuffix('.ply')}.0.010000.segs.json",
        },
    )


def _segments(mesh: Mesh) -> Int[np.ndarray, " n"]:
    """A number for each slice of each object: sparse, as in the published files."""
    slices = np.floor(np.maximum(mesh.points[:, 2], 0.0) / SLICE_M).astype(np.int64)
    return np.asarray(100 * mesh.instance.astype(np.int64) + slices)


def _write_text(path: Path, blueprint: Blueprint, alignment: Float[np.ndarray, "4 4"]) -> None:
    values: dict[str, object] = {"axisAlignment": _row(alignment.ravel())}
    for name, size, focal in (
        ("color", COLOR_SIZE, COLOR_FOCAL),
        ("depth", DEPTH_SIZE, DEPTH_FOCAL),
    ):
        values |= {f"{name}Width": size[0], f"{name}Height": size[1]}
        values |= {f"fx_{name}": focal, f"fy_{name}": focal}
        values |= {f"mx_{name}": size[0] / 2, f"my_{name}": size[1] / 2}
    values |= {"numColorFrames": len(blueprint.cameras), "numDepthFrames": len(blueprint.cameras)}
    path.write_text("".join(f"{key} = {value}\n" for key, value in values.items()), "utf-8")


def _write_matrix(path: Path, matrix: Float[np.ndarray, "4 4"]) -> None:
    path.write_text("".join(f"{_row(row)}\n" for row in matrix), "utf-8")


def _row(numbers: Iterable[float]) -> str:
    """All digits, so that reading gives the same numbers."""
    return " ".join(repr(float(number)) for number in numbers)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), "utf-8")
