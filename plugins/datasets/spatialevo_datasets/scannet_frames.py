"""The recording of a ScanNet scene: what its text file states, and its posed images.

The images are those that the owners' reader exported, where it did; else those in `<scene>.sens`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import (
    ColourFile,
    DepthFile,
    check_camera,
    check_rigid,
    image_size,
    listed,
    numbers,
    read_matrix,
    read_text,
)
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.recording import Recording
from spatialevo_datasets.sens import read_sens

FROZEN = 10
"""So many equal poses in a row are those of a tracker that has stopped."""


@dataclass(frozen=True, eq=False)
class Header:
    """`<scene>.txt`."""

    path: Path
    values: Mapping[str, str]
    alignment: Float[np.ndarray, "4 4"]
    """From the stored to the aligned frame; the identity where none is stated."""


def read_header(path: Path) -> Header:
    """The lines `key = value`, and the axis alignment among them."""
    rows = (line.partition("=") for line in read_text(path).splitlines())
    values = {key.strip(): value.strip() for key, mark, value in rows if mark}
    if "axisAlignment" not in values:
        return Header(path, values, np.eye(4))
    where = f"{path}: axisAlignment"
    flat = numbers(values["axisAlignment"], where)
    if len(flat) != 16 or not np.isfinite(flat).all():
        raise DataError(f"{where} holds {len(flat)} numbers; expected 16 finite ones")
    alignment = flat.reshape(4, 4)
    check_rigid(alignment, where)
    return Header(path, values, alignment)


def read_recording(folder: Path, header: Header) -> Recording:
    """The frames in the aligned world; none where there are neither images nor a `.sens` file."""
    if _numbered(folder / "color", ".jpg"):
        return _exported(folder, header)
    stream = folder / f"{folder.name}.sens"
    return _streamed(stream, header) if stream.exists() else Recording()


def recording_files(folder: Path) -> Iterable[Path]:
    """The files that `read_recording` reads, or leaves to be read when an image is asked for."""
    if not listed(folder / "color", ".jpg"):
        yield folder / f"{folder.name}.sens"
        return
    for name, ending in (("color", ".jpg"), ("depth", ".png"), ("pose", ".txt")):
        yield from listed(folder / name, ending)
    for camera in ("color", "depth"):
        yield from _exported_intrinsics(folder, camera)


def tracked(poses: Float[np.ndarray, "n 4 4"]) -> Bool[np.ndarray, " n"]:
    """Which poses, in the order they were taken, are finite and not one of many that are equal.

    No hand holds a camera so still that ten poses in a row agree in every digit; a tracker that has
    stopped repeats its last pose while the camera moves on.
    """
    flat = poses.reshape(-1, 16)
    finite = np.isfinite(flat).all(axis=1)
    new = np.ones(len(flat), dtype=bool)
    new[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    run = np.cumsum(new) - 1
    kept: Bool[np.ndarray, " n"] = finite & (np.bincount(run)[run] < FROZEN)
    return kept


def _exported(folder: Path, header: Header) -> Recording:
    colours = _numbered(folder / "color", ".jpg")
    width, height = image_size(next(iter(colours.values())))
    K = _intrinsics(folder, header, "color", (width, height))
    depths = _depths(folder, header, list(colours))
    where = [folder / "pose" / f"{index}.txt" for index in colours]
    poses = np.array([read_matrix(path) for path in where])
    followed = tracked(poses)
    kept = [
        Frame(
            index,
            K,
            width,
            height,
            _aligned(header, poses[at], str(where[at])),
            ColourFile(path, width, height),
            depths.get(index),
        )
        for at, (index, path) in enumerate(colours.items())
        if followed[at]
    ]
    return Recording(tuple(kept), len(colours) - len(kept))


def _streamed(path: Path, header: Header) -> Recording:
    stream = read_sens(path)
    K = check_camera(stream.K_color, stream.color_size, f"{path}: the colour camera")
    K_depth = check_camera(stream.K_depth, stream.depth_size, f"{path}: the depth camera")
    poses = stream.frames.poses
    kept = [
        Frame(
            index,
            K,
            *stream.color_size,
            _aligned(header, poses[index], f"{path}: the pose of frame {index}"),
            stream.color(index),
            Depth(K_depth, *stream.depth_size, stream.depth(index)),
        )
        for index in np.flatnonzero(tracked(poses)).tolist()
    ]
    return Recording(tuple(kept), len(poses) - len(kept))


def _aligned(
    header: Header, pose: Float[np.ndarray, "4 4"], where: str
) -> Float[np.ndarray, "4 4"]:
    check_rigid(pose, where)
    aligned: Float[np.ndarray, "4 4"] = header.alignment @ pose
    return aligned


def _depths(folder: Path, header: Header, indices: list[int]) -> Mapping[int, Depth]:
    """The depth image of every frame, or of none where none were exported."""
    found = _numbered(folder / "depth", ".png")
    if not found:
        return {}
    absent = [index for index in indices if index not in found]
    if absent:
        raise DataError(f"{folder / 'depth' / f'{absent[0]}.png'} is missing; its colour is there")
    width, height = image_size(found[indices[0]])
    K = _intrinsics(folder, header, "depth", (width, height))
    return {
        index: Depth(K, width, height, DepthFile(found[index], width, height)) for index in indices
    }


def _numbered(folder: Path, ending: str) -> Mapping[int, Path]:
    """The files `<number><ending>` of a folder, by rising number."""
    found = listed(folder, ending)
    paths = {path.stem: path for path in found}
    if len(paths) < len(found):
        raise DataError(f"{folder} has an image twice, with endings in either case; expected one")
    strange = sorted(stem for stem in paths if not (stem.isdecimal() and str(int(stem)) == stem))
    if strange:
        raise DataError(f"{paths[strange[0]]} has no number; expected names such as 0{ending}")
    return {int(stem): paths[stem] for stem in sorted(paths, key=int)}


def _intrinsics(
    folder: Path, header: Header, camera: str, size: tuple[int, int]
) -> Float[np.ndarray, "3 3"]:
    """The exported matrix; else the values in the scene's text file, which differ a little."""
    exported = _exported_intrinsics(folder, camera)
    keys = [f"{key}_{camera}" for key in ("fx", "fy", "mx", "my")]
    if exported:
        return check_camera(read_matrix(exported[0])[:3, :3], size, str(exported[0]))
    if not all(key in header.values for key in keys):
        missing = folder / "intrinsic" / f"intrinsic_{camera}.txt"
        raise DataError(f"{missing} is missing, and {header.path} has no {keys[0]}")
    fx, fy, cx, cy = (_value(header, key) for key in keys)
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    return check_camera(K, size, f"{header.path}: {', '.join(keys)}")


def _value(header: Header, key: str) -> float:
    values = numbers(header.values[key], f"{header.path}: {key}")
    if len(values) != 1:
        raise DataError(f"{header.path}: {key} holds {len(values)} numbers; expected one")
    return float(values[0])


def _exported_intrinsics(folder: Path, camera: str) -> list[Path]:
    name = f"intrinsic_{camera}.txt"
    return [path for path in (folder / "intrinsic" / name, folder / name) if path.exists()][:1]
