"""The recording of a ScanNet scene: what its text file states, and its exported images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import (
    ColourFile,
    DepthFile,
    check_rigid,
    image_size,
    numbers,
    read_matrix,
    read_text,
)
from spatialevo_datasets.frames import Depth, Frame


@dataclass(frozen=True, eq=False)
class Header:
    """`<scene>.txt`."""

    path: Path
    values: Mapping[str, str]
    alignment: Float[np.ndarray, "4 4"]
    """From the stored to the aligned frame; the identity where none is stated."""


@dataclass(frozen=True, eq=False)
class Recording:
    """The frames whose pose is known, and the number of the others."""

    frames: tuple[Frame, ...] = ()
    dropped_poses: int = 0


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
    """The exported frames in the aligned world; none where no colour images were exported."""
    colours = _numbered(folder / "color", ".jpg")
    if not colours:
        return Recording()
    K = _intrinsics(folder, header, "color")
    width, height = image_size(next(iter(colours.values())))
    depths = _depths(folder, header, list(colours))
    frames: list[Frame] = []
    for index, path in colours.items():
        pose_path = folder / "pose" / f"{index}.txt"
        pose = read_matrix(pose_path)
        if not np.isfinite(pose).all():
            continue
        check_rigid(pose, str(pose_path))
        read = ColourFile(path, width, height)
        pose = header.alignment @ pose
        frames.append(Frame(index, K, width, height, pose, read, depths.get(index)))
    return Recording(tuple(frames), len(colours) - len(frames))


def _depths(folder: Path, header: Header, indices: list[int]) -> Mapping[int, Depth]:
    """The depth image of every frame, or of none where none were exported."""
    found = _numbered(folder / "depth", ".png")
    if not found:
        return {}
    absent = [index for index in indices if index not in found]
    if absent:
        raise DataError(f"{folder / 'depth' / f'{absent[0]}.png'} is missing; its colour is there")
    K = _intrinsics(folder, header, "depth")
    width, height = image_size(found[indices[0]])
    return {
        index: Depth(K, width, height, DepthFile(found[index], width, height)) for index in indices
    }


def _numbered(folder: Path, ending: str) -> Mapping[int, Path]:
    """The files `<number><ending>` of a folder, by rising number."""
    paths = {path.stem: path for path in folder.glob(f"*{ending}")}
    strange = sorted(stem for stem in paths if not stem.isdecimal())
    if strange:
        raise DataError(f"{paths[strange[0]]} has no number; expected names such as 0{ending}")
    return {int(stem): paths[stem] for stem in sorted(paths, key=int)}


def _intrinsics(folder: Path, header: Header, camera: str) -> Float[np.ndarray, "3 3"]:
    """The exported matrix; else the values in the scene's text file, which differ a little."""
    name = f"intrinsic_{camera}.txt"
    exported = [path for path in (folder / "intrinsic" / name, folder / name) if path.is_file()]
    keys = [f"{key}_{camera}" for key in ("fx", "fy", "mx", "my")]
    if exported:
        where, K = str(exported[0]), read_matrix(exported[0])[:3, :3]
    elif all(key in header.values for key in keys):
        where = f"{header.path}: {', '.join(keys)}"
        fx, fy, cx, cy = (numbers(header.values[key], f"{header.path}: {key}")[0] for key in keys)
        K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    else:
        raise DataError(
            f"{folder / 'intrinsic' / name} is missing, and {header.path} has no {keys[0]}"
        )
    if not (np.isfinite(K).all() and K[0, 0] > 0 and K[1, 1] > 0 and (K[2] == (0, 0, 1)).all()):
        raise DataError(f"{where} is no camera; expected positive focal lengths and a row 0 0 1")
    return K
