"""The recording of an ARKitScenes scan: its posed images, turned upright.

Images are stored as the sensor lies in the device, in landscape, however the device was held. Each
is turned by the quarter turns after which up is most nearly up in it, by its own pose: the sky
direction in the owners' table is wrong for some scans. `K` and pose are turned with it. The
principal point counts from the corner of the image, as ARKit defines it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import (
    FARTHEST_M,
    MOST_PIXELS,
    ColourFile,
    DepthFile,
    check_camera,
    listed,
    numbers,
    read_text,
)
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.recording import Camera, Recording

SAME_WITHIN_MS = 1
"""Files of one moment may differ by so much: their names are rounded."""
POSE_WITHIN_MS = 5
"""A pose this far from an image in time, as in the owners' tools, is still the pose of the image.

Poses come at 10 Hz, the images of the folder `raw` at 60 Hz. Within 5 ms a device that turns by 60
degrees a second turns by 0.3 degrees, less than the poses may be wrong anyway.
"""
WIDE, DEPTH, INTRINSICS = "lowres_wide", "lowres_depth", "lowres_wide_intrinsics"
TRAJECTORY = "lowres_wide.traj"
_MOST = np.array([1e12, *[100.0] * 3, *[float(FARTHEST_M)] * 3])
"""Beyond these no line of a trajectory is a pose: seconds, radians (3), metres (3)."""

_SECONDS = r"(0|[1-9]\d*)\.(\d{3})"
_TURN = np.array([[0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0, 0, 0, 1]])
"""From camera coordinates after an anticlockwise quarter turn of the image to those before it."""


def read_recording(folder: Path, scan_id: str) -> Recording:
    """The frames of a scan by time; none where it has no images.

    The number of a frame is its time in milliseconds. An image is left out, and counted, if no
    finite pose lies within 5 ms of it; one without depth is kept. Raises DataError if all are left
    out.
    """
    images = _timed(folder / WIDE, scan_id, ".png")
    if not images:
        return Recording()
    poses = _read_poses(folder / TRAJECTORY)
    cameras = _timed(folder / INTRINSICS, scan_id, ".pincam")
    depths = _timed(folder / DEPTH, scan_id, ".png")
    frames = [
        _upright(at, path, read_camera(_camera_path(cameras, path)), pose, _same(depths, at))
        for at, path in images.items()
        if (pose := poses.nearest(at)) is not None
    ]
    if not frames:
        raise DataError(
            f"{folder / TRAJECTORY} has no pose within {POSE_WITHIN_MS} ms of any of "
            f"{len(images)} images; expected that of the same scan"
        )
    return Recording(tuple(frames), len(images) - len(frames))


def recorded_files(folder: Path, scan_id: str) -> Iterator[Path]:
    """Every file that a recording is read from."""
    for name, ending in ((WIDE, ".png"), (DEPTH, ".png"), (INTRINSICS, ".pincam")):
        yield from _timed(folder / name, scan_id, ending).values()
    yield folder / TRAJECTORY


def read_camera(path: Path) -> Camera:
    """A `.pincam` file: width, height, focal lengths and principal point, in pixels."""
    values = numbers(read_text(path), str(path))
    if len(values) != 6 or not np.isfinite(values).all():
        raise DataError(
            f"{path} holds {len(values)} numbers; expected 6 finite ones: w h fx fy cx cy"
        )
    width, height, fx, fy, cx, cy = values
    whole = (width % 1, height % 1) == (0, 0) and min(width, height) >= 1
    if not whole or width * height > MOST_PIXELS:
        raise DataError(
            f"{path} is no camera: {width:g}x{height:g} pixels; expected whole numbers of pixels"
        )
    size = (int(width), int(height))
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    return Camera(check_camera(K, size, str(path)), *size)


def upright_turns(T_world_camera: Float[np.ndarray, "4 4"]) -> int:
    """The anticlockwise quarter turns that bring up most nearly to the upper side of the image.

    Where the camera looks straight up or down every side is as good, and the image stays.
    """
    right, down, _ = T_world_camera[2, :3]
    # Up lies towards the upper, right, lower, left side of the image; rounding decides nothing.
    return int(np.argmax(np.round([-down, right, down, -right], 9)))


def _upright(
    at: int, image: Path, stored: Camera, pose: Float[np.ndarray, "4 4"], depth: Path | None
) -> Frame:
    turns = upright_turns(pose)
    camera = stored.turned(turns)
    K, size = camera.K, (camera.width, camera.height)
    return Frame(
        index=at,
        K=K,
        width=camera.width,
        height=camera.height,
        T_world_camera=pose @ np.linalg.matrix_power(_TURN, turns),
        read=ColourFile(image, *size, turns),
        depth=None if depth is None else Depth(K, *size, DepthFile(depth, *size, turns)),
    )


@dataclass(frozen=True, eq=False)
class _Poses:
    time_ms: Float[np.ndarray, " n"]
    """Rising."""
    T_world_camera: Float[np.ndarray, "n 4 4"]

    def nearest(self, at: int) -> Float[np.ndarray, "4 4"] | None:
        """The pose nearest in time, the earlier of two; None where it is too far away."""
        away = np.abs(self.time_ms - at)
        if not len(away) or away.min() > POSE_WITHIN_MS:
            return None
        return np.asarray(self.T_world_camera[int(away.argmin())])


def _read_poses(path: Path) -> _Poses:
    """The lines `seconds, axis-angle in radians, shift in metres` of world-to-camera poses."""
    lines = enumerate(read_text(path).splitlines(), start=1)
    rows = {at: numbers(line, f"{path}, line {at}") for at, line in lines if line.strip()}
    for at, row in rows.items():
        if len(row) != 7:
            raise DataError(
                f"{path}, line {at} holds {len(row)} numbers; "
                "expected 7: seconds, axis-angle, shift"
            )
    table = np.array(list(rows.values())).reshape(-1, 7)
    finite = np.isfinite(table).all(axis=1)
    absurd = np.flatnonzero(finite & (np.abs(table) >= _MOST).any(axis=1))
    if len(absurd):
        raise DataError(
            f"{path}, line {list(rows)[absurd[0]]} is no pose; expected seconds, an axis-angle in "
            f"radians and a shift of less than {FARTHEST_M} m"
        )
    table = table[finite]
    T_world_camera = np.tile(np.eye(4), (len(table), 1, 1))
    if len(table):
        to_world = Rotation.from_rotvec(table[:, 1:4]).as_matrix().transpose(0, 2, 1)
        T_world_camera[:, :3, :3] = to_world
        T_world_camera[:, :3, 3] = -(to_world @ table[:, 4:, None])[:, :, 0]
    time_ms = np.rint(table[:, 0] * 1000)
    order = np.argsort(time_ms, kind="stable")
    return _Poses(time_ms[order], T_world_camera[order])


def _timed(folder: Path, scan_id: str, ending: str) -> Mapping[int, Path]:
    """The files `<id>_<seconds><ending>` of a folder, by rising time in milliseconds."""
    name = re.compile(re.escape(f"{scan_id}_") + _SECONDS + re.escape(ending), re.IGNORECASE)
    paths = listed(folder, ending)
    matches = [name.fullmatch(path.name) for path in paths]
    if None in matches:
        strange = paths[matches.index(None)]
        raise DataError(f"{strange} has no time; expected names such as {scan_id}_12.345{ending}")
    found = {int(m[1] + m[2]): path for m, path in zip(matches, paths, strict=True) if m}
    return {at: found[at] for at in sorted(found)}


def _same(paths: Mapping[int, Path], at: int) -> Path | None:
    """The file of that moment."""
    moments = (at, at - SAME_WITHIN_MS, at + SAME_WITHIN_MS)
    return next((paths[moment] for moment in moments if moment in paths), None)


def _camera_path(cameras: Mapping[int, Path], image: Path) -> Path:
    """The intrinsics of an image."""
    seconds = image.stem.rpartition("_")[2]
    found = _same(cameras, int(seconds.replace(".", "")))
    if found is None:
        path = image.parent.with_name(INTRINSICS) / f"{image.stem}.pincam"
        raise DataError(
            f"{path} is missing, as are those 1 ms before and after; its image is there"
        )
    return found
