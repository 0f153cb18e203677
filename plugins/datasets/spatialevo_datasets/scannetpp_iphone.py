"""The iPhone recording of a ScanNet++ scene: extracted images, with measured depth.

`pose_intrinsic_imu.json` has for each frame of the video `aligned_pose`, camera to world (OpenCV)
in the frame of the mesh, and the intrinsics of the colour image. Its `pose`, in ARKit's own world,
is not used, nor is COLMAP's reconstruction, whose camera has distortion. Only frames that were
extracted to `rgb/` are there: the video is not decoded. Depth is read from `depth/` where it was
extracted, else from `depth.bin`. The depth camera sees what the colour camera does; its intrinsics
are the colour image's, scaled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, RootModel

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import (
    ColourFile,
    DepthFile,
    check_camera,
    check_rigid,
    image_size,
    listed,
    read_model,
)
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.recording import Recording
from spatialevo_datasets.scannetpp_depth import DepthBlock, read_blocks

POSES = "pose_intrinsic_imu.json"
COLOUR, DEPTH = "rgb", "depth"
VIDEOS, DEPTH_STREAM = ("rgb.mkv", "rgb.mp4"), "depth.bin"
EXTRACT = "extract it with the owners' tool iphone.prepare_iphone_data"

_NAME = re.compile(r"frame_(\d+)")

_Numbers = list[float] | list[list[float]]


class _Recorded(BaseModel):
    aligned_pose: _Numbers | None = None
    intrinsic: _Numbers


class _Poses(RootModel[dict[str, _Recorded]]):
    pass


def read_recording(folder: Path) -> Recording:
    """The frames of the folder `iphone` that were extracted, by number."""
    colours = _images(folder / COLOUR, (".jpg", ".png"))
    if not colours:
        raise _no_colour(folder)
    path = folder / POSES
    recorded = read_model(path, _Poses).root
    width, height = image_size(next(iter(colours.values())))
    depths = _depths(folder, colours)
    frames: list[Frame] = []
    for index, colour in colours.items():
        where = f"{path}: {colour.stem}"
        entry = recorded.get(colour.stem)
        pose = None if entry is None else _pose(entry, where)
        if entry is None or pose is None:
            continue
        K = _intrinsics(entry, (width, height), where)
        depth = _depth(depths.get(index), K, width, height)
        read = ColourFile(colour, width, height)
        frames.append(Frame(index, K, width, height, pose, read, depth))
    if not frames:
        raise DataError(
            f"{path} has no finite aligned_pose for any image of {folder / COLOUR}; "
            "expected entries such as frame_000000 for frame_000000.jpg"
        )
    return Recording(tuple(frames), len(colours) - len(frames))


def recorded_files(folder: Path) -> Iterable[Path]:
    """The files that the frames are read from, images included."""
    extracted = [path for name in (COLOUR, DEPTH) for path in listed(folder / name)]
    return [folder / POSES, folder / DEPTH_STREAM, *extracted]


def _no_colour(folder: Path) -> DataError:
    video = next((name for name in VIDEOS if (folder / name).is_file()), VIDEOS[0])
    return DataError(f"{folder / COLOUR} holds no images of {video}; {EXTRACT}")


def _images(folder: Path, endings: tuple[str, ...]) -> Mapping[int, Path]:
    """The files `frame_<number>` of a folder, by rising number."""
    found: dict[int, Path] = {}
    for path in (each for each in listed(folder) if each.name.lower().endswith(endings)):
        match = _NAME.fullmatch(path.stem)
        if match is None or int(match[1]) in found:
            raise DataError(f"{path} is not named as the others; expected frame_000000.jpg")
        found[int(match[1])] = path
    return {index: found[index] for index in sorted(found)}


def _depths(folder: Path, colours: Mapping[int, Path]) -> Mapping[int, DepthFile | DepthBlock]:
    """The depth image of each frame; none where the recording has none."""
    found = _images(folder / DEPTH, (".png",))
    if found:
        return _extracted(folder / DEPTH, found, colours)
    stream = folder / DEPTH_STREAM
    if not stream.exists():
        return {}
    last = max(colours)
    blocks = read_blocks(stream, last + 1)
    if last >= len(blocks):
        raise DataError(
            f"{stream} holds {len(blocks)} images, and none for {colours[last].name}; "
            "expected one for each frame of the video"
        )
    return {index: blocks[index] for index in colours}


def _extracted(
    folder: Path, found: Mapping[int, Path], colours: Mapping[int, Path]
) -> Mapping[int, DepthFile]:
    absent = [path.stem for index, path in colours.items() if index not in found]
    if absent:
        raise DataError(f"{folder / f'{absent[0]}.png'} is missing; its colour image is there")
    width, height = image_size(found[next(iter(colours))])
    return {index: DepthFile(found[index], width, height) for index in colours}


def _depth(
    read: DepthFile | DepthBlock | None, K: Float[np.ndarray, "3 3"], width: int, height: int
) -> Depth | None:
    """The depth image with the intrinsics of the colour image of that size, scaled."""
    if read is None:
        return None
    scale = np.diag([read.width / width, read.height / height, 1.0])
    return Depth(scale @ K, read.width, read.height, read)


def _pose(entry: _Recorded, where: str) -> Float[np.ndarray, "4 4"] | None:
    """None where the frame was not aligned."""
    if entry.aligned_pose is None:
        return None
    pose = _matrix(entry.aligned_pose, 4, f"{where}.aligned_pose")
    if not np.isfinite(pose).all():
        return None
    check_rigid(pose, f"{where}.aligned_pose")
    return pose


def _intrinsics(entry: _Recorded, size: tuple[int, int], where: str) -> Float[np.ndarray, "3 3"]:
    K = _matrix(entry.intrinsic, 3, f"{where}.intrinsic")
    return check_camera(K, size, f"{where}.intrinsic")


def _matrix(stored: _Numbers, size: int, where: str) -> Float[np.ndarray, "n n"]:
    """A square matrix that is stored row by row, in rows or flat."""
    rows = [row if isinstance(row, list) else [row] for row in stored]
    flat = np.array([number for row in rows for number in row])
    if len(flat) != size * size:
        raise DataError(f"{where} holds {len(flat)} numbers; expected a {size}x{size} matrix")
    return flat.reshape(size, size)
