"""Writes a synthetic room as ScanNet++'s owners publish theirs, both recordings of it.

What the loaders read back is the same room and the same cameras; poses that COLMAP stores as
quaternions come back to the last digits. The traps of the published files are there, too: objects
that share vertices, a part to be removed, images that are bad, unregistered or listed twice,
intrinsics of the fisheye images, and poses in another world beside the right ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.spatial.transform import Rotation

from spatialevo_datasets.synthetic.layouts import (
    groups_of,
    inverse,
    row,
    segments_of,
    write_json,
    write_ply,
    write_segments,
)
from spatialevo_datasets.synthetic.rooms import (
    COLOR_FOCAL,
    COLOR_SIZE,
    MM,
    Blueprint,
    depth_maps,
    intrinsics,
    mesh_of,
    picture,
)
from spatialevo_datasets.synthetic.solids import depth_image
from spatialevo_datasets.synthetic.surfaces import Mesh

SPLIT = "nvs_sem_train"
IPHONE_DEPTH_SIZE = (256, 192)
JPEG_QUALITY = 95
EVERY_TEST = 8
"""Each so-many-th image is a test image."""

Pose = Float[np.ndarray, "4 4"]


def write_scannetpp(blueprint: Blueprint, root: Path, *, pictures: bool = True) -> Path:
    """Writes `root/data/<name>` and returns it; the loaders' id of the room is its name.

    Without `pictures` the colour images are blank.
    """
    folder = root / "data" / blueprint.name
    for name in (
        "scans",
        "dslr/colmap",
        "dslr/nerfstudio",
        "dslr/resized_undistorted_images",
        "iphone/rgb",
        "iphone/depth",
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (root / "splits").mkdir(exist_ok=True)
    (root / f"splits/{SPLIT}.txt").write_text(f"{blueprint.name}\n", "utf-8")
    _write_scan(folder / "scans", blueprint)
    poses = [camera.T_world_camera for camera in blueprint.cameras]
    _write_colmap(folder / "dslr/colmap", poses)
    _write_nerfstudio(folder / "dslr", poses)
    _write_iphone(folder / "iphone", blueprint)
    for index, camera in enumerate(blueprint.cameras):
        taken = picture(blueprint, camera) if pictures else Image.new("RGB", COLOR_SIZE)
        for path in (
            folder / "dslr/resized_undistorted_images" / dslr_name(index),
            folder / "iphone/rgb" / f"{iphone_name(index)}.jpg",
        ):
            taken.save(path, format="JPEG", quality=JPEG_QUALITY)
    return folder


def dslr_name(index: int) -> str:
    """The file name of an image."""
    return f"DSC{index:05}.JPG"


def iphone_name(index: int) -> str:
    """The name of a frame, without ending."""
    return f"frame_{index:06}"


def to_nerfstudio(pose: Pose) -> Pose:
    """The `transform_matrix` of a camera-to-world pose, as nerfstudio's `colmap_to_json` has it."""
    transform = pose.copy()
    transform[:3, 1:3] *= -1
    transform = transform[[1, 0, 2, 3]]
    transform[2] *= -1
    return transform


def _write_scan(folder: Path, blueprint: Blueprint) -> None:
    mesh = mesh_of(blueprint, depth_maps(blueprint))
    write_ply(folder / "mesh_aligned_0.05.ply", mesh.points, mesh.color, mesh.triangles)
    write_segments(folder / "segments.json", blueprint.name, segments_of(mesh))
    annotation = {"sceneId": blueprint.name, "segGroups": _overlapping(blueprint, mesh)}
    write_json(folder / "segments_anno.json", annotation)


def _overlapping(blueprint: Blueprint, mesh: Mesh) -> list[dict[str, object]]:
    """The groups, of which a larger one before the smallest and the last one claim it, too.

    One more, which claims a slice of that larger one, is to be removed.
    """
    groups, segments = groups_of(blueprint, mesh), segments_of(mesh)
    numbers, sizes = np.unique(mesh.instance, return_counts=True)
    own = [np.unique(segments[mesh.instance == number]).tolist() for number in numbers]
    smallest = int(sizes.argmin())
    larger = int(sizes[: smallest + 1].argmax())
    for at in {larger, len(groups) - 1} - {smallest}:
        groups[at]["segments"] = own[at] + own[smallest]
    number = int(numbers[-1]) + 1
    removed = {"id": number, "objectId": number, "segments": own[larger][:1], "label": "remove"}
    return [*groups, removed]


def _write_colmap(folder: Path, poses: Sequence[Pose]) -> None:
    """The fisheye camera of the images as they were taken, and where they were taken from.

    Of the images beyond the room's, which are left out, the bad one is registered.
    """
    width, height = COLOR_SIZE
    fisheye = row((0.7 * COLOR_FOCAL, 0.7 * COLOR_FOCAL, width / 2, height / 2, 0.05, -0.01, 0, 0))
    (folder / "cameras.txt").write_text(
        "# Camera list with one line of data per camera:\n"
        "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n"
        f"1 OPENCV_FISHEYE {width} {height} {fisheye}\n",
        "utf-8",
    )
    lines = [
        "# Image list with two lines of data per image:",
        "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME",
        "#   POINTS2D[] as (X, Y, POINT3D_ID)",
    ]
    for index, pose in enumerate([*poses, poses[0]]):
        stored = inverse(pose)
        turn = Rotation.from_matrix(stored[:3, :3]).as_quat(scalar_first=True)
        numbers = row((*turn, *stored[:3, 3]))
        points = "" if index % 2 else "12.5 40.25 17 80.0 9.5 -1"
        lines += [f"{index + 1} {numbers} 1 {dslr_name(index)}", points]
    (folder / "images.txt").write_text("\n".join(lines) + "\n", "utf-8")


def _write_nerfstudio(folder: Path, poses: Sequence[Pose]) -> None:
    """The undistorted camera, and the images; two more than the room has: a bad and a lost one."""
    width, height = COLOR_SIZE
    listed = [
        {
            "file_path": dslr_name(index),
            "mask_path": dslr_name(index).replace(".JPG", ".png"),
            "transform_matrix": to_nerfstudio(pose).tolist(),
            "is_bad": index == len(poses),
        }
        for index, pose in enumerate([*poses, poses[0], np.eye(4)])
    ]
    names = [dslr_name(index) for index in range(len(poses))]
    tests, train = names[::EVERY_TEST], [each for each in names if each not in names[::EVERY_TEST]]
    test_frames = [each for each in listed if each["file_path"] in tests]
    write_json(
        folder / "nerfstudio/transforms_undistorted.json",
        {
            "fl_x": COLOR_FOCAL,
            "fl_y": COLOR_FOCAL,
            "cx": width / 2,
            "cy": height / 2,
            "w": width,
            "h": height,
            **dict.fromkeys(("k1", "k2", "k3", "k4"), 0.0),
            "camera_model": "PINHOLE",
            # The owners' tool lists the test images among the others, too.
            "frames": [*(each for each in listed if each not in test_frames), *test_frames],
            "test_frames": test_frames,
        },
    )
    lists = {"train": train, "test": tests, "has_masks": True}
    write_json(folder / "train_test_lists.json", lists)


def _write_iphone(folder: Path, blueprint: Blueprint) -> None:
    """Depth and poses; of one more frame of the video than was extracted, too."""
    K, scale = intrinsics(COLOR_SIZE, COLOR_FOCAL), IPHONE_DEPTH_SIZE[0] / COLOR_SIZE[0]
    K_depth = intrinsics(IPHONE_DEPTH_SIZE, COLOR_FOCAL * scale)
    # The phone's own world: turned and shifted, and y up.
    other = np.eye(4)
    other[:3, :3] = Rotation.from_euler("xz", (-90, 30), degrees=True).as_matrix()
    other[:3, 3] = 1.5, 0.25, -2.0
    entries = {}
    poses = [camera.T_world_camera for camera in blueprint.cameras]
    for index, pose in enumerate([*poses, poses[0]]):
        entries[iphone_name(index)] = {
            "timestamp": index / 60,
            "pose": (other @ pose).tolist(),
            "aligned_pose": pose.tolist(),
            "intrinsic": K.tolist(),
        }
    write_json(folder / "pose_intrinsic_imu.json", entries)
    for index, pose in enumerate(poses):
        seen = depth_image(blueprint.solids, K_depth, *IPHONE_DEPTH_SIZE, pose)
        millimetres = np.rint(seen * MM).astype(np.uint16)
        Image.fromarray(millimetres).save(folder / f"depth/{iphone_name(index)}.png")
