"""Writes a synthetic room as ARKitScenes' owners publish theirs.

What the loader `arkitscenes` reads back is the room as that format can tell it: the same scan and
the same cameras, but of the objects only those of the owners' 17 classes, by their exact boxes.
Images are stored as the sensor takes them, in landscape; of a device that is held upright the
upright image shows more above and below and less at the sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.spatial.transform import Rotation

from spatialevo_datasets.arkitscenes import CLASSES
from spatialevo_datasets.synthetic.layouts import inverse, row, write_json, write_ply
from spatialevo_datasets.synthetic.rooms import (
    COLOR_FOCAL,
    COLOR_SIZE,
    MM,
    Blueprint,
    depth_maps,
    intrinsics,
    mesh_of,
)
from spatialevo_datasets.synthetic.solids import depth_image, render
from spatialevo_datasets.synthetic.surfaces import Mesh

SIZE, FOCAL = (256, 192), COLOR_FOCAL * 256 / COLOR_SIZE[0]
"""Of colour and depth alike: the view of the room's own cameras."""
FIRST_MS, STEP_MS = 6_845_706, 100
"""When the first image was taken, and how long after it the next."""
SCAN_ID = "40000000"
CLASS_OF: Mapping[str, str] = MappingProxyType(
    {each: each for each in CLASSES}
    | dict.fromkeys(("desk", "dining table", "coffee table"), "table")
    | {"file cabinet": "cabinet", "bookshelf": "shelf", "washing machine": "washer"}
    | {"tv": "tv_monitor", "monitor": "tv_monitor"}
)
"""The owners' class of the room's labels; a label that is not in it is not annotated."""


def write_arkitscenes(
    blueprint: Blueprint,
    root: Path,
    layout: Literal["3dod", "raw"] = "3dod",
    *,
    scan_id: str = SCAN_ID,
    split: str = "Training",
    held: Sequence[int] = (0, 2),
    pictures: bool = True,
) -> Path:
    """Writes `root/<layout>/<split>/<scan_id>` and returns it.

    `held`: by how many anticlockwise quarter turns the stored images become upright, one image
    after the other, over and over. Without `pictures` the colour images are blank.
    """
    folder = root / layout / split / scan_id
    recording = folder / f"{scan_id}_frames" if layout == "3dod" else folder
    for name in ("lowres_wide", "lowres_depth", "lowres_wide_intrinsics"):
        (recording / name).mkdir(parents=True, exist_ok=True)
    mesh = mesh_of(blueprint, depth_maps(blueprint))
    write_ply(folder / f"{scan_id}_3dod_mesh.ply", mesh.points, mesh.color, mesh.triangles)
    write_json(folder / f"{scan_id}_3dod_annotation.json", _annotation(blueprint, mesh))
    trajectory = []
    for number, camera in enumerate(blueprint.cameras):
        pose = sensor_pose(camera.T_world_camera, held[number % len(held)])
        seconds = f"{(FIRST_MS + STEP_MS * number) / MM:.3f}"
        trajectory.append(f"{seconds} {row(_world_to_camera(pose))}\n")
        _write_images(recording, f"{scan_id}_{seconds}", blueprint, pose, pictures=pictures)
    (recording / "lowres_wide.traj").write_text("".join(trajectory), "utf-8")
    return folder


def sensor_pose(upright: Float[np.ndarray, "4 4"], turns: int) -> Float[np.ndarray, "4 4"]:
    """The pose of a camera whose image becomes that of `upright` by anticlockwise quarter turns."""
    about_axis = np.eye(4)
    about_axis[:3, :3] = Rotation.from_euler("z", -90 * turns, degrees=True).as_matrix().round()
    return upright @ about_axis


def _write_images(
    recording: Path,
    name: str,
    blueprint: Blueprint,
    pose: Float[np.ndarray, "4 4"],
    *,
    pictures: bool,
) -> None:
    solids, K = blueprint.solids, intrinsics(SIZE, FOCAL)
    depth_mm = np.rint(depth_image(solids, K, *SIZE, pose) * MM).astype(np.uint16)
    Image.fromarray(depth_mm).save(recording / f"lowres_depth/{name}.png")
    colour = (
        Image.fromarray(render(solids, K, *SIZE, pose).color)
        if pictures
        else Image.new("RGB", SIZE)
    )
    colour.save(recording / f"lowres_wide/{name}.png")
    pincam = f"{SIZE[0]} {SIZE[1]} {row((FOCAL, FOCAL, SIZE[0] / 2, SIZE[1] / 2))}\n"
    (recording / f"lowres_wide_intrinsics/{name}.pincam").write_text(pincam, "utf-8")


def _world_to_camera(pose: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "6"]:
    """Axis-angle in radians and shift in metres."""
    stored = inverse(pose)
    return np.concatenate([Rotation.from_matrix(stored[:3, :3]).as_rotvec(), stored[:3, 3]])


def _annotation(blueprint: Blueprint, mesh: Mesh) -> dict[str, object]:
    """The boxes of what was scanned; `objectId` is the same for all, as in the published files."""
    scanned = set(np.unique(mesh.instance).tolist())
    data = [
        {
            "uid": f"{blueprint.name}-{piece.id}",
            "label": CLASS_OF[piece.label],
            "objectId": 1,
            "segments": {
                "obbAligned": {
                    "centroid": piece.box.center.tolist(),
                    "axesLengths": piece.box.size.tolist(),
                    "normalizedAxes": piece.box.axes.ravel().tolist(),
                }
            },
        }
        for piece in blueprint.pieces
        if piece.label in CLASS_OF and piece.id in scanned
    ]
    return {"data": data, "skipped": False}
