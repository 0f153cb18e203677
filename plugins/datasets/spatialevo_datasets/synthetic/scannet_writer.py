"""Writes a synthetic room as ScanNet's owners publish theirs, as `.sens` or exported.

What the loader `scannet` reads back is the same room: with the identity as alignment bit for bit,
with another alignment to a hundredth of a millimetre. Only the pictures lose something, as JPEG.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt16
from PIL import Image

from spatialevo_datasets import sens as recording
from spatialevo_datasets.synthetic.layouts import (
    groups_of,
    inverse,
    moved,
    row,
    segments_of,
    write_json,
    write_matrix,
    write_ply,
    write_segments,
)
from spatialevo_datasets.synthetic.rooms import (
    COLOR_FOCAL,
    COLOR_SIZE,
    DEPTH_FOCAL,
    DEPTH_SIZE,
    MM,
    Blueprint,
    depth_maps,
    intrinsics,
    mesh_of,
    picture,
)
from spatialevo_datasets.synthetic.surfaces import Mesh
from spatialevo_datasets.synthetic.viewpoints import Camera

JPEG_QUALITY = 95
SENSOR = b"synthetic"
FRAME_US = 33_333
"""Between two frames."""


def write_scannet(
    blueprint: Blueprint,
    root: Path,
    axis_alignment: Float[np.ndarray, "4 4"] | None = None,
    *,
    pictures: bool = True,
    sens: bool = False,
) -> Path:
    """Writes `root/scans/<name>` and returns it; the loader's id of the room is its name.

    `axis_alignment` (rigid; the identity by default) takes the stored frame to the room's own, so
    mesh and poses are stored in the frame that it undoes. Without `pictures` the colour images are
    blank, which takes a third of the time. With `sens` the recording is not exported but left in
    `<name>.sens`, whose poses are in single precision.
    """
    alignment = np.eye(4) if axis_alignment is None else axis_alignment
    stored = inverse(alignment)
    folder = root / "scans" / blueprint.name
    folder.mkdir(parents=True, exist_ok=True)
    depths = depth_maps(blueprint)
    mesh = mesh_of(blueprint, depths)
    start = folder / blueprint.name
    points = moved(mesh.points, stored)
    write_ply(Path(f"{start}_vh_clean_2.ply"), points, mesh.color, mesh.triangles)
    _write_annotation(start, blueprint, mesh)
    _write_text(Path(f"{start}.txt"), blueprint, alignment)
    shots = (
        _Shot(stored @ camera.T_world_camera, _jpeg(blueprint, camera, drawn=pictures), depth)
        for camera, depth in zip(blueprint.cameras, depths, strict=True)
    )
    if sens:
        _write_sens(Path(f"{start}.sens"), list(shots))
    else:
        _write_exported(folder, shots)
    return folder


@dataclass(frozen=True, eq=False)
class _Shot:
    pose: Float[np.ndarray, "4 4"]
    jpeg: bytes
    depth_mm: UInt16[np.ndarray, "h w"]


def _jpeg(blueprint: Blueprint, camera: Camera, *, drawn: bool) -> bytes:
    taken = picture(blueprint, camera) if drawn else Image.new("RGB", COLOR_SIZE)
    stream = BytesIO()
    taken.save(stream, "jpeg", quality=JPEG_QUALITY)
    return stream.getvalue()


def _write_exported(folder: Path, shots: Iterable[_Shot]) -> None:
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(exist_ok=True)
    for index, shot in enumerate(shots):
        write_matrix(folder / f"pose/{index}.txt", shot.pose)
        Image.fromarray(shot.depth_mm).save(folder / f"depth/{index}.png")
        (folder / f"color/{index}.jpg").write_bytes(shot.jpeg)
    for name, K in _cameras().items():
        write_matrix(folder / f"intrinsic/intrinsic_{name}.txt", K)
        write_matrix(folder / f"intrinsic/extrinsic_{name}.txt", np.eye(4))


def _write_sens(path: Path, shots: Sequence[_Shot]) -> None:
    K = _cameras()
    matrices = [K["color"], np.eye(4), K["depth"], np.eye(4)]
    with path.open("wb") as file:
        file.write(recording.NAME.pack(recording.VERSION, len(SENSOR)) + SENSOR)
        file.write(
            recording.CAMERAS.pack(
                *np.ravel(matrices),
                recording.JPEG,
                recording.ZLIB_UINT16,
                *COLOR_SIZE,
                *DEPTH_SIZE,
                MM,
                len(shots),
            )
        )
        for index, shot in enumerate(shots):
            packed = zlib.compress(shot.depth_mm.astype("<u2").tobytes())
            stamp_us = index * FRAME_US
            sizes = len(shot.jpeg), len(packed)
            file.write(recording.FRAME.pack(*shot.pose.ravel(), stamp_us, stamp_us, *sizes))
            file.write(shot.jpeg + packed)
        file.write(struct.pack("<Q", 0))  # no inertial measurements


def _cameras() -> dict[str, Float[np.ndarray, "4 4"]]:
    cameras = {"color": (COLOR_SIZE, COLOR_FOCAL), "depth": (DEPTH_SIZE, DEPTH_FOCAL)}
    matrices = {name: np.eye(4) for name in cameras}
    for name, (size, focal) in cameras.items():
        matrices[name][:3, :3] = intrinsics(size, focal)
    return matrices


def _write_annotation(start: Path, blueprint: Blueprint, mesh: Mesh) -> None:
    """Which segment each vertex is in, and which segments make up which object."""
    segments = segments_of(mesh)
    mesh_name = f"scannet.{blueprint.name}_vh_clean_2.ply"
    write_segments(Path(f"{start}_vh_clean_2.0.010000.segs.json"), mesh_name, segments)
    write_json(
        Path(f"{start}.aggregation.json"),
        {
            "sceneId": f"scannet.{blueprint.name}",
            "appId": "Aggregator.v2",
            "segGroups": groups_of(blueprint, mesh),
            "segmentsFile": f"{mesh_name.removesuffix('.ply')}.0.010000.segs.json",
        },
    )


def _write_text(path: Path, blueprint: Blueprint, alignment: Float[np.ndarray, "4 4"]) -> None:
    values: dict[str, object] = {"axisAlignment": row(alignment.ravel())}
    for name, size, focal in (
        ("color", COLOR_SIZE, COLOR_FOCAL),
        ("depth", DEPTH_SIZE, DEPTH_FOCAL),
    ):
        values |= {f"{name}Width": size[0], f"{name}Height": size[1]}
        values |= {f"fx_{name}": focal, f"fy_{name}": focal}
        values |= {f"mx_{name}": size[0] / 2, f"my_{name}": size[1] / 2}
    values |= {"numColorFrames": len(blueprint.cameras), "numDepthFrames": len(blueprint.cameras)}
    path.write_text("".join(f"{key} = {value}\n" for key, value in values.items()), "utf-8")
