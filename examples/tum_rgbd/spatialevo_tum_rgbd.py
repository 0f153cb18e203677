"""Recordings in the layout of the TUM RGB-D benchmark, with boxes around their objects.

A sequence is a folder with `rgb.txt` and `depth.txt` (`timestamp filename`), `groundtruth.txt`
(`timestamp tx ty tz qx qy qz qw`, from the camera to the world), the images that these name, and a
file that the benchmark does not have: `objects.json`. Depth is registered to colour, 5000 to the
metre, 0 where unknown (https://cvg.cit.tum.de/data/datasets/rgbd-dataset/file_formats).

The world is that of `groundtruth.txt`; its z axis must point up. The objects are known by their
boxes; what was scanned of them, and the floor, is told by the depth images, fused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.spatial.transform import Rotation

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import boxes, floors, labels
from spatialevo_datasets.files import (
    ColourFile,
    check_camera,
    check_inside,
    decoded,
    given_root,
    image_size,
    is_plain_name,
    no_such_world,
    numbers,
    open_image,
    read_bytes,
    read_model,
    read_text,
)
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.readers import storable_reader
from spatialevo_datasets.scene import Box, Instance, Scene

LISTS = ("rgb.txt", "depth.txt", "groundtruth.txt")
OBJECTS = "objects.json"
DEPTH_PER_M = 5000
APART_S = 0.02
"""The owners' tools take what is no farther apart in time for simultaneous."""
FUSED_FRAMES = 64
FUSED_COLUMNS = 160
"""Of a depth image so many columns are fused, and as many rows as keep its shape."""
FUSED_M = 0.02
"""Of the points in each cube of this side, one is kept: their mean."""
FARTHEST_M = 5.0
"""Beyond, the depth sensor errs by more than the cubes are wide."""
UNIT_WITHIN = 1e-2
"""How far the length of a stored quaternion may be from 1."""

Points = NDArray[np.float32]
Triple = tuple[float, float, float]


class Camera(BaseModel):
    """Intrinsics in pixels, counted from the centre of the first; by default the benchmark's."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    fx: float = 525.0
    fy: float = 525.0
    cx: float = 319.5
    cy: float = 239.5

    @property
    def matrix(self) -> NDArray[np.float64]:
        """As a matrix, pixels counted from the corner of the image."""
        return np.array([[self.fx, 0, self.cx + 0.5], [0, self.fy, self.cy + 0.5], [0, 0, 1]])


class BoxedObject(BaseModel):
    """A box that stands upright in the world frame, metres."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    label: str
    center: Triple
    size: Triple
    """Along its own x, y and up."""
    heading_deg: float = 0.0
    """Of its own x, counter-clockwise from the world's."""

    def box(self, where: str) -> Box:
        """The box; `where` names its origin in a DataError."""
        if min(self.size) <= 0:
            raise DataError(f"{where}.size is {self.size}; expected positive lengths in metres")
        turn = Rotation.from_euler("z", self.heading_deg, degrees=True)
        return Box(np.array(self.center), np.array(self.size), turn.as_matrix().T)


class Annotation(BaseModel):
    """`objects.json`."""

    model_config = ConfigDict(extra="forbid")

    objects: list[BoxedObject]
    camera: Camera = Camera()


@storable_reader
@dataclass(frozen=True)
class DepthFile5000:
    """Reads a depth image of the benchmark when called; DataError unless it is of that size."""

    path: Path
    width: int
    height: int

    def __call__(self) -> Points:
        """Metres, shape (height, width), 0 where unknown."""
        with open_image(read_bytes(self.path), str(self.path)) as image:
            if not image.mode.startswith("I"):
                raise DataError(f"{self.path} has mode {image.mode}; expected 16-bit grey")
            stored = np.asarray(decoded(image, str(self.path), (self.width, self.height)))
        return stored.astype(np.float32) / np.float32(DEPTH_PER_M)


@dataclass(frozen=True)
class TumRgbd:
    """The dataset `tum_rgbd`."""

    name: str = "tum_rgbd"
    summary: str = "your recordings in the layout of the TUM RGB-D benchmark, with boxes"
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """The names of the folders with `rgb.txt`, sorted; there are no splits."""
        if split is not None:
            raise DataError(f"{self.name} has no split '{split}'; it has none at all")
        folders = (path.parent for path in given_root(root, self.name).glob(f"*/{LISTS[0]}"))
        return sorted(each.name for each in folders if is_plain_name(each.name))

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One sequence; colour images are read when they are asked for, some depth images now."""
        root = given_root(root, self.name)
        folder = self._folder(root, world_id)
        check_inside(root, self.files(root, world_id))
        annotation = read_model(folder / OBJECTS, Annotation)
        found = _boxes(annotation, str(folder / OBJECTS))
        frames, dropped = _frames(folder, annotation.camera)
        points = _fused(frames)
        scanned = _scanned([box for _, box in found], points)
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                Instance(at, label, box=box, scanned=own)
                for at, ((label, box), own) in enumerate(zip(found, scanned, strict=True))
            ),
            frames=frames,
            points=points,
            dropped_poses=dropped,
        )

    def files(self, root: Path | None, world_id: str) -> Iterable[Path]:
        """Every file that a sequence is read from, images included, sorted."""
        folder = self._folder(given_root(root, self.name), world_id)
        images = (each.path for name in LISTS[:2] for each in _listed(folder, name))
        return sorted({*(folder / name for name in (*LISTS, OBJECTS)), *images})

    def missing(self, root: Path | None) -> Iterator[str]:
        """What keeps sequences from being loaded."""
        try:
            ids = list(self.ids(root))
        except DataError as error:
            yield str(error)
            return
        if not ids:
            yield f"{root} holds no sequences; expected <sequence>/{LISTS[0]} in it"
        for world_id in ids:
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)

    def _folder(self, root: Path, world_id: str) -> Path:
        known = list(self.ids(root))
        if world_id not in known:
            raise no_such_world(root, world_id, known)
        return root / world_id


class _Listed(NamedTuple):
    """A line of `rgb.txt` or `depth.txt`."""

    time_s: float
    path: Path


class _Posed(NamedTuple):
    """A line of `groundtruth.txt`."""

    time_s: float
    T_world_camera: NDArray[np.float64]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines that are no comments, each with where it is."""
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield line, f"{path}, line {number}"


def _listed(folder: Path, name: str) -> Sequence[_Listed]:
    rows = []
    for line, where in _lines(folder / name):
        time, _, file = line.strip().partition(" ")
        if not file.strip():
            raise DataError(f"{where} is {line!r}; expected a time and a file")
        rows.append(_Listed(_time(time, where), folder / file.strip()))
    return rows


def _time(text: str, where: str) -> float:
    time_s = float(numbers(text, where)[0])
    if not np.isfinite(time_s):
        raise DataError(f"{where}: the time is {text}; expected seconds")
    return time_s


def _poses(path: Path) -> Sequence[_Posed]:
    """The poses that are finite, in file order."""
    rows = []
    for line, where in _lines(path):
        row = numbers(line, where)
        if len(row) != 8:
            raise DataError(f"{where} holds {len(row)} numbers; expected t tx ty tz qx qy qz qw")
        if not np.isfinite(row).all():
            continue
        if abs(float(np.linalg.norm(row[4:])) - 1) > UNIT_WITHIN:
            raise DataError(f"{where}: {row[4:].tolist()} is no rotation; expected length 1")
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = Rotation.from_quat(row[4:]).as_matrix(), row[1:4]
        rows.append(_Posed(float(row[0]), pose))
    return rows


def _nearest(times_s: NDArray[np.float64], time_s: float) -> int | None:
    """The number of the time nearest to another, the first of equals; None if too far apart."""
    if not len(times_s):
        return None
    apart = np.abs(times_s - time_s)
    at = int(np.argmin(apart))
    return at if apart[at] <= APART_S else None


def _frames(folder: Path, camera: Camera) -> tuple[tuple[Frame, ...], int]:
    """The colour images with depth and pose, numbered as in `rgb.txt`; and how many have none."""
    colours, depths = (_listed(folder, name) for name in LISTS[:2])
    poses = _poses(folder / LISTS[2])
    depth_s, pose_s = (np.array([each.time_s for each in rows]) for rows in (depths, poses))
    if not colours:
        raise DataError(f"{folder / LISTS[0]} lists no images")
    width, height = image_size(colours[0].path)
    K = check_camera(camera.matrix, (width, height), f"{folder / OBJECTS}: camera")
    frames = []
    for index, (time_s, path) in enumerate(colours):
        depth, pose = _nearest(depth_s, time_s), _nearest(pose_s, time_s)
        if depth is None or pose is None:
            continue
        read = DepthFile5000(depths[depth].path, width, height)
        frames.append(
            Frame(
                index=index,
                K=K,
                width=width,
                height=height,
                T_world_camera=poses[pose].T_world_camera,
                read=ColourFile(path, width, height),
                depth=Depth(K, width, height, read),
            )
        )
    if not frames:
        raise DataError(f"{folder}: no image has depth and pose within {APART_S} s")
    return tuple(frames), len(colours) - len(frames)


def _fused(frames: Sequence[Frame]) -> Points:
    """What the depth images of frames spread over the recording show, shape (n, 3), world."""
    last = len(frames) - 1
    count = min(FUSED_FRAMES, len(frames))
    chosen = [frames[at * last // max(count - 1, 1)] for at in range(count)]
    points = np.concatenate([_unprojected(frame) for frame in chosen])
    if not len(points):
        raise DataError("no depth image holds any depth nearer than 5 m")
    cubes = np.floor(points / FUSED_M).astype(np.int64)
    _, cube = np.unique(cubes, axis=0, return_inverse=True)
    held = np.bincount(cube)
    mean = [np.bincount(cube, weights=points[:, axis]) / held for axis in range(3)]
    return np.stack(mean, axis=1).astype(np.float32)


def _unprojected(frame: Frame) -> NDArray[np.float64]:
    """The points that a frame's depth image shows, shape (n, 3), world."""
    if frame.depth is None:
        return np.zeros((0, 3))
    stride = max(frame.depth.width // FUSED_COLUMNS, 1)
    z = frame.depth.read()[::stride, ::stride].astype(np.float64)
    v, u = np.indices(z.shape) * stride + 0.5
    known = (z > 0) & (z < FARTHEST_M)
    rays = np.stack([u[known], v[known], np.ones(known.sum())]) * z[known]
    in_camera = np.linalg.inv(frame.depth.K) @ rays
    points: NDArray[np.float64] = (
        frame.T_world_camera[:3, :3] @ in_camera + frame.T_world_camera[:3, 3:]
    ).T
    return points


def _boxes(annotation: Annotation, where: str) -> list[tuple[str, Box]]:
    """The objects, structure left out, in file order."""
    found = []
    for at, each in enumerate(annotation.objects):
        if not each.label.strip():
            raise DataError(f"{where}: objects[{at}].label is empty; expected what it is called")
        if not labels.structural(each.label):
            found.append((each.label.strip(), each.box(f"{where}: objects[{at}]")))
    return found


def _scanned(found: Sequence[Box], points: Points) -> list[Points]:
    """The fused points in each box: those in no smaller one, and not of the floor."""
    floor = floors.lowest_plane(points)[:, 2]
    free = points[:, 2] > floor.max() if len(floor) else np.ones(len(points), bool)
    owner = np.full(len(points), -1)
    for at in sorted(range(len(found)), key=lambda at: -float(np.prod(found[at].size))):
        owner[free & boxes.contains(found[at], points)] = at
    return [points[owner == at] for at in range(len(found))]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The dataset `tum_rgbd`."""
    return [TumRgbd()]
