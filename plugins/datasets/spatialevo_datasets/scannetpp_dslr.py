"""The DSLR recording of a ScanNet++ scene: undistorted images, without depth.

Poses come from `colmap/images.txt` (world to camera, OpenCV, in the frame of the mesh); without it
from nerfstudio's file, whose world is permuted and whose cameras look along -z. Intrinsics come
from `nerfstudio/transforms_undistorted.json`: `colmap/cameras.txt` describes the fisheye images
before they were undistorted, and is read only where there is nothing else and it says PINHOLE.
Undistorting changes neither the poses nor the names of images.

Left out are images that the owners marked `is_bad`, those that COLMAP did not register, and test
images that were not published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from scipy.spatial.transform import Rotation

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import (
    MOST_PIXELS,
    ColourFile,
    check_camera,
    check_rigid,
    image_size,
    listed,
    numbers,
    read_model,
    read_text,
)
from spatialevo_datasets.frames import Frame
from spatialevo_datasets.recording import Camera, Recording

TRANSFORMS = "nerfstudio/transforms_undistorted.json"
CAMERAS, IMAGES = "colmap/cameras.txt", "colmap/images.txt"
FOLDERS = ("resized_undistorted_images", "undistorted_images")
"""As downloaded, and as the owners' tool `dslr.undistort` names what it makes."""

_NUMBER = re.compile(r".*?(\d+)\.\w+")

_ROUNDING = 1e-2
"""How far the length of a stored quaternion may be from 1."""

Pose = Float[np.ndarray, "4 4"]

_UNKNOWN: Pose = np.full((4, 4), np.nan)


class _Listed(BaseModel):
    file_path: str
    transform_matrix: list[list[float]]
    is_bad: bool = False


class _Transforms(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    camera_model: str
    fl_x: float
    fl_y: float
    cx: float
    cy: float
    w: int
    h: int
    k1: float = 0
    k2: float = 0
    k3: float = 0
    k4: float = 0
    frames: list[_Listed]
    test_frames: list[_Listed] = []


@dataclass(frozen=True, eq=False)
class Registered:
    """A line of `images.txt`."""

    T_world_camera: Pose
    """Not finite where the line holds no pose."""
    camera_id: str


@dataclass(frozen=True, eq=False)
class _Shot:
    """One image to be read."""

    name: str
    camera: Camera
    pose: Pose
    """Not finite where it was not registered."""


def read_recording(folder: Path) -> Recording:
    """The frames of the folder `dslr`, by the numbers of their names."""
    shots = _numbered(folder, _shots(folder))
    posed = {index: shot for index, shot in shots.items() if np.isfinite(shot.pose).all()}
    if shots and not posed:
        raise DataError(
            f"{folder}: none of {len(shots)} listed images has a pose; expected their names in "
            f"{IMAGES}"
        )
    frames: list[Frame] = []
    for index, shot in posed.items():
        camera, path = shot.camera, _images(folder) / shot.name
        if not path.exists():
            raise DataError(f"{path} is missing; the owners list it")
        if not frames:
            _check_size(path, camera)
        read = ColourFile(path, camera.width, camera.height)
        frames.append(Frame(index, camera.K, camera.width, camera.height, shot.pose, read))
    return Recording(tuple(frames), len(shots) - len(frames))


def recorded_files(folder: Path) -> Iterable[Path]:
    """The files that the frames are read from, images included."""
    images = (path for name in FOLDERS for path in listed(folder / name))
    return [folder / TRANSFORMS, folder / CAMERAS, folder / IMAGES, *images]


def from_nerfstudio(transform: Pose) -> Pose:
    """The camera-to-world pose (OpenCV, frame of the mesh) of a `transform_matrix`.

    nerfstudio turns the camera to look along -z with y up, exchanges the first two axes of the
    world, and turns the third round.
    """
    pose = transform.copy()
    pose[2] *= -1
    pose = pose[[1, 0, 2, 3]]
    pose[:3, 1:3] *= -1
    return pose


def read_registered(path: Path) -> Mapping[str, Registered]:
    """The poses of COLMAP's `images.txt` by the last part of the image's name.

    The file has two lines for each image, the second of which, with points, may be empty.
    """
    found: dict[str, Registered] = {}
    lines = enumerate(read_text(path).splitlines(), start=1)
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        where = f"{path}: line {number}"
        words = line.split(maxsplit=9)
        if len(words) != 10:
            raise DataError(
                f"{where} has {len(words)} words; expected IMAGE_ID QW QX QY QZ TX TY TZ "
                "CAMERA_ID NAME"
            )
        name = Path(words[9]).name
        if name in found:
            raise DataError(f"{where}: {name} is registered twice; expected each image once")
        found[name] = Registered(_inverted(numbers(" ".join(words[1:8]), where), where), words[8])
        _, points = next(lines, (0, ""))
        if points.strip() and not points.rsplit(maxsplit=1)[-1].lstrip("-").isdecimal():
            raise DataError(
                f"{path}: line {number + 1} lists no points X Y POINT3D_ID; "
                "expected two lines for each image"
            )
    return found


def _inverted(values: Float[np.ndarray, "7"], where: str) -> Pose:
    """Camera to world, of a quaternion (w first) and a shift from world to camera."""
    if not np.isfinite(values).all():
        return _UNKNOWN
    # Clipped, so that the square of an absurd number does not overflow.
    if abs(np.linalg.norm(np.clip(values[:4], -2, 2)) - 1) > _ROUNDING:
        raise DataError(f"{where}: the quaternion is no rotation; expected one of length 1")
    T_camera_world = np.eye(4)
    T_camera_world[:3, :3] = Rotation.from_quat(values[:4], scalar_first=True).as_matrix()
    T_camera_world[:3, 3] = values[4:]
    check_rigid(T_camera_world, where)
    T_world_camera = np.eye(4)
    T_world_camera[:3, :3] = T_camera_world[:3, :3].T
    T_world_camera[:3, 3] = -T_camera_world[:3, :3].T @ T_camera_world[:3, 3]
    return T_world_camera


def _shots(folder: Path) -> list[_Shot]:
    """The images that are listed and not bad, each once."""
    path = folder / IMAGES
    registered = read_registered(path) if path.exists() else None
    if (folder / TRANSFORMS).exists():
        return list(_listed(folder, registered))
    if registered is None:
        raise DataError(f"{folder / TRANSFORMS} is missing; the images have no cameras without it")
    cameras = _read_cameras(folder)
    for name, each in registered.items():
        if each.camera_id not in cameras:
            raise DataError(f"{path}: {name} has camera {each.camera_id}, which {CAMERAS} lacks")
    return [
        _Shot(name, cameras[each.camera_id], each.T_world_camera)
        for name, each in registered.items()
    ]


def _listed(folder: Path, registered: Mapping[str, Registered] | None) -> Iterator[_Shot]:
    path = folder / TRANSFORMS
    transforms = read_model(path, _Transforms)
    camera = _camera(transforms, path)
    images = _images(folder)
    seen: dict[str, _Listed] = {}
    for field, at, each in _entries(transforms):
        name = Path(each.file_path).name
        where = f"{path}: {field}[{at}]"
        if name in seen:
            # The owners' tool lists test images a second time among the others.
            if seen[name] != each:
                raise DataError(f"{where}: {name} is listed twice, and differently")
            continue
        seen[name] = each
        if each.is_bad or (field == "test_frames" and not (images / name).is_file()):
            continue
        if registered is None:
            yield _Shot(name, camera, _unpermuted(each, where))
        elif name in registered:
            yield _Shot(name, camera, registered[name].T_world_camera)
        else:
            yield _Shot(name, camera, _UNKNOWN)


def _entries(transforms: _Transforms) -> Iterator[tuple[str, int, _Listed]]:
    """The listed images with field and position, test images first."""
    lists = {"test_frames": transforms.test_frames, "frames": transforms.frames}
    for field, entries in lists.items():
        for at, each in enumerate(entries):
            yield field, at, each


def _unpermuted(listed: _Listed, where: str) -> Pose:
    rows = listed.transform_matrix
    if [len(row) for row in rows] != [4, 4, 4, 4]:
        raise DataError(f"{where}.transform_matrix is not 4x4")
    pose = from_nerfstudio(np.array(rows))
    if np.isfinite(pose).all():
        check_rigid(pose, f"{where}.transform_matrix")
    return pose


def _camera(given: _Transforms, path: Path) -> Camera:
    if given.camera_model != "PINHOLE" or any((given.k1, given.k2, given.k3, given.k4)):
        raise DataError(
            f"{path}: the camera is {given.camera_model} with k = {given.k1}, {given.k2}, "
            f"{given.k3}, {given.k4}; expected PINHOLE without distortion"
        )
    values = (given.fl_x, given.fl_y, given.cx, given.cy)
    return _pinhole(values, given.w, given.h, str(path))


def _read_cameras(folder: Path) -> Mapping[str, Camera]:
    """The cameras of COLMAP's `cameras.txt` by id; all must be PINHOLE."""
    path = folder / CAMERAS
    cameras: dict[str, Camera] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}: line {number}"
        if words[1:2] != ["PINHOLE"]:
            raise DataError(
                f"{where}: the camera is {' '.join(words[1:2])}; expected PINHOLE, or "
                f"{folder / TRANSFORMS} with the camera of the undistorted images"
            )
        values = numbers(" ".join(words[2:]), where)
        if len(values) != 6 or not np.isfinite(values).all() or (values[:2] % 1).any():
            raise DataError(f"{where}: expected WIDTH HEIGHT FX FY CX CY after PINHOLE")
        width, height, *K = values.tolist()
        cameras[words[0]] = _pinhole(K, int(width), int(height), where)
    return cameras


def _pinhole(values: Iterable[float], width: int, height: int, where: str) -> Camera:
    if min(width, height) <= 0 or width * height > MOST_PIXELS:
        raise DataError(f"{where} has images of {width}x{height} pixels; no camera does")
    fx, fy, cx, cy = values
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    return Camera(check_camera(K, (width, height), where), width, height)


def _images(folder: Path) -> Path:
    """The folder of undistorted images."""
    for name in FOLDERS:
        if (folder / name).is_dir():
            return folder / name
    raise DataError(
        f"{folder / FOLDERS[0]} is missing; download it, or make {FOLDERS[1]} with the owners' "
        "tool dslr.undistort"
    )


def _numbered(folder: Path, shots: Iterable[_Shot]) -> Mapping[int, _Shot]:
    """The images by the numbers in their names, rising; raises DataError if two have the same."""
    found: dict[int, _Shot] = {}
    for shot in shots:
        match = _NUMBER.fullmatch(shot.name)
        if match is None:
            raise DataError(f"{folder}: image {shot.name} has no number; expected DSC01234.JPG")
        index = int(match[1])
        if index in found:
            raise DataError(f"{folder}: {found[index].name} and {shot.name} have the same number")
        found[index] = shot
    return {index: found[index] for index in sorted(found)}


def _check_size(path: Path, camera: Camera) -> None:
    """Raise DataError if the image is not of the size that the intrinsics are for."""
    size = image_size(path)
    if size != (camera.width, camera.height):
        raise DataError(
            f"{path} is {size[0]}x{size[1]} pixels; its intrinsics are those of "
            f"{camera.width}x{camera.height}"
        )
