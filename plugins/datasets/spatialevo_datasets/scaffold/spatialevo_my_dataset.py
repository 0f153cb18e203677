"""Rooms as segmented scans with posed images, one folder each; the layout is in README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Int
from pydantic import BaseModel, ConfigDict

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import labels
from spatialevo_datasets.files import (
    ColourFile,
    check_camera,
    check_inside,
    check_rigid,
    given_root,
    image_size,
    is_plain_name,
    no_such_world,
    read_bytes,
    read_model,
)
from spatialevo_datasets.scene import Frame, Instance, Points, Scene

ROOM, SCAN = "room.json", "scan.npz"

Three = tuple[float, float, float]
Four = tuple[float, float, float, float]


class Image(BaseModel):
    """A posed image."""

    model_config = ConfigDict(allow_inf_nan=False)

    file: str
    K: tuple[Three, Three, Three]
    T_world_camera: tuple[Four, Four, Four, Four]


class Room(BaseModel):
    """The contents of `room.json`."""

    objects: dict[int, str]
    """Labels by the number that `scan.npz` has for the object."""
    frames: list[Image] = []


@dataclass(frozen=True)
class Recordings:
    """The dataset `my_dataset`."""

    name: str = "my_dataset"
    summary: str = "rooms as segmented scans with posed images"
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """The names of the folders that hold a room, sorted."""
        if split is not None:
            raise DataError(f"{self.name} has no splits")
        folders = (path.parent.name for path in given_root(root, self.name).glob(f"*/{ROOM}"))
        return sorted(filter(is_plain_name, folders))

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One room; images are read when they are asked for."""
        root = given_root(root, self.name)
        known = self.ids(root)
        if world_id not in known:
            raise no_such_world(root, world_id, known)
        folder = root / world_id
        check_inside(root, self.files(root, world_id))
        room, (points, owner) = read_model(folder / ROOM, Room), read_scan(folder / SCAN)
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                instance(folder, number, label, points[owner == number])
                for number, label in sorted(room.objects.items())
                if not labels.structural(label)
            ),
            frames=tuple(frame(folder, at, image) for at, image in enumerate(room.frames)),
            points=points,
        )

    def files(self, root: Path, world_id: str) -> Iterable[Path]:
        """What the room is read from, so that a cache of it knows when it is old."""
        folder = root / world_id
        images = {folder / each.file for each in read_model(folder / ROOM, Room).frames}
        return sorted({folder / ROOM, folder / SCAN} | images)

    def missing(self, root: Path | None) -> Iterator[str]:
        """What keeps rooms from being loaded."""
        try:
            ids = list(self.ids(root))
        except DataError as error:
            yield str(error)
            return
        if not ids:
            yield f"{root} has no room; expected folders with {ROOM} and {SCAN}"
        for world_id in ids:
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)


def read_scan(path: Path) -> tuple[Points, Int[np.ndarray, " n"]]:
    """Points in metres, z up, and the number of the object that each belongs to."""
    data = read_bytes(path)
    try:
        with np.load(BytesIO(data)) as arrays:
            points = np.asarray(arrays["points"], np.float32)
            owner = np.asarray(arrays["object"], np.int64)
    except (ValueError, KeyError, EOFError, OSError, BadZipFile) as error:
        raise DataError(f"{path}: {error}; expected the arrays points and object") from None
    if points.shape != (len(owner), 3) or not np.isfinite(points).all():
        raise DataError(f"{path}: expected n x 3 finite points, and n numbers of objects")
    return points, owner


def instance(folder: Path, number: int, label: str, points: Points) -> Instance:
    """An object; raises DataError if nothing was scanned of it."""
    if not len(points):
        raise DataError(f"{folder / SCAN} has no point of object {number}, '{label}'")
    return Instance(number, label, points=points)


def frame(folder: Path, index: int, image: Image) -> Frame:
    """A posed image; raises DataError unless camera and pose are possible ones."""
    path, where = folder / image.file, f"{folder / ROOM}: frames[{index}]"
    width, height = image_size(path)
    pose = np.array(image.T_world_camera)
    check_rigid(pose, f"{where}.T_world_camera")
    K = check_camera(np.array(image.K), (width, height), f"{where}.K")
    return Frame(index, K, width, height, pose, ColourFile(path, width, height))


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The dataset."""
    return [Recordings()]
