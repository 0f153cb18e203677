"""Writes a synthetic room as ScanNet's owners publish theirs, images exported.

What the loader `scannet` reads back is the same room: with the identity as alignment bit for bit,
with another alignment to a hundredth of a millimetre. Only the pictures lose something, as JPEG.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

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
    Blueprint,
    depth_maps,
    intrinsics,
    mesh_of,
    picture,
)
from spatialevo_datasets.synthetic.surfaces import Mesh

JPEG_QUALITY = 95


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
    stored = inverse(alignment)
    folder = root / "scans" / blueprint.name
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    depths = depth_maps(blueprint)
    mesh = mesh_of(blueprint, depths)
    start = folder / blueprint.name
    points = moved(mesh.points, stored)
    write_ply(Path(f"{start}_vh_clean_2.ply"), points, mesh.color, mesh.triangles)
    _write_annotation(start, blueprint, mesh)
    _write_text(Path(f"{start}.txt"), blueprint, alignment)
    for index, (camera, depth) in enumerate(zip(blueprint.cameras, depths, strict=True)):
        write_matrix(folder / f"pose/{index}.txt", stored @ camera.T_world_camera)
        Image.fromarray(depth).save(folder / f"depth/{index}.png")
        taken = picture(blueprint, camera) if pictures else Image.new("RGB", COLOR_SIZE)
        taken.save(folder / f"color/{index}.jpg", quality=JPEG_QUALITY)
    for name, size, focal in (
        ("color", COLOR_SIZE, COLOR_FOCAL),
        ("depth", DEPTH_SIZE, DEPTH_FOCAL),
    ):
        K = np.eye(4)
        K[:3, :3] = intrinsics(size, focal)
        write_matrix(folder / f"intrinsic/intrinsic_{name}.txt", K)
        write_matrix(folder / f"intrinsic/extrinsic_{name}.txt", np.eye(4))
    return folder


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
