"""A room opened from a cache: mapped into memory, and with what follows from it looked up.

A folder holds `scene.json` (`StoredRoom`: names, numbers, and how to read each image) and arrays,
each in a `.npy` file. With i objects, n frames, d drawn frames, and g = i, or 0 with many objects:

| file | shape | holds |
|---|---|---|
| `points`, `faces`, `floor` | n x 3 | as in `Scene`, where it has them |
| `clouds` | n x 3 | the points of all objects, one object after the other |
| `K`, `depth_K`, `poses` | n x 3 x 3 (4 x 4) | the cameras; `depth_K` NaN without a depth image |
| `boxes` | i x 3 x 15 | annotated, axis-aligned and fitted: centre, size, axes; NaN for none |
| `gaps` | g x g x 7 | distance, point on the first, on the second; of rising ids, else NaN |
| `sights` | d x i x 3 | share, share of the image, depth; NaN for None |
| `ranges` | d x i x 2 | least and largest share under errors of pose; else NaN |
| `overlaps` | d x d | of drawn frames; NaN for None |
| `choices` | d x 8 | the covering frames for each to begin with, then -1 |
| `cells`, `tops`, `shown` | 2 x rows x columns, m x 3, d x m | the floor, what frames show of it |

Lengths are metres in the world frame, and every number is the one that was computed, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from spatialevo_datasets.arrays import read_array
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.coverage import MOST_FRAMES
from spatialevo_datasets.distances import Gap
from spatialevo_datasets.files import read_model
from spatialevo_datasets.floors import Floor, Grid
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.readers import Places, Stored
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.steadiness import ShareRange
from spatialevo_datasets.visibility import Sight

ROOM = "scene.json"
ANNOTATED, ALIGNED, FITTED = range(3)
"""The boxes of an object, in the order of the array `boxes`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StoredInstance(_Strict):
    """An object; its points are the next so many of `clouds`."""

    id: int
    label: str
    points: NonNegativeInt | None
    scanned: NonNegativeInt | None


class StoredDepth(_Strict):
    """The depth image of a frame."""

    width: int
    height: int
    reader: Stored


class StoredFrame(_Strict):
    """A frame, without its matrices."""

    index: int
    width: int
    height: int
    reader: Stored
    depth: StoredDepth | None


class StoredFloor(_Strict):
    """The numbers of a `Floor`."""

    height_m: float
    low: tuple[int, int]
    shape: tuple[int, int]
    outline_m: float
    area_m2: float
    tops: int


class StoredRoom(_Strict):
    """Of a room all that is in no array."""

    key: str
    instances: list[StoredInstance]
    frames: list[StoredFrame]
    drawn: list[int]
    """Indices of the frames for which sights and overlaps are stored."""
    gaps: bool
    """Whether they are stored."""
    has: list[Literal["points", "faces", "floor"]]
    """Which of them are there."""
    whole_floor: StoredFloor | None
    dropped_poses: int
    unlabelled_share: float | None = None
    left_out: list[str] = []
    room_size_m2: float | None


@dataclass(frozen=True, eq=False)
class Tables:
    """What was derived from a room; the module says in which shapes."""

    objects: Mapping[int, int]
    """Position of each object in the arrays, by id."""
    frames: Mapping[int, int]
    """Position of each drawn frame, by index."""
    boxes: Float[np.ndarray, "i 3 15"]
    gaps: Float[np.ndarray, "g g 7"]
    sights: Float[np.ndarray, "d i 3"]
    ranges: Float[np.ndarray, "d i 2"]
    overlaps: Float[np.ndarray, "d d"]
    choices: Int[np.ndarray, "d c"]
    shown: Bool[np.ndarray, "d m"]
    floor: Floor | None

    def box(self, instance: Instance, kind: int) -> Box | None:
        """A box of the object; None if it has none of that kind, or is unknown."""
        at = self.objects.get(instance.id)
        return None if at is None else _box(self.boxes[at, kind])

    def gap(self, first: Instance, second: Instance) -> Gap | None:
        """Between objects of rising id; None if it was not stored."""
        one, two = self.objects.get(first.id), self.objects.get(second.id)
        if one is None or two is None or not len(self.gaps):
            return None
        row = self.gaps[one, two]
        return None if isnan(row[0]) else Gap(float(row[0]), row[1:4], row[4:])

    def look(self, instance: Instance, frame_index: int) -> tuple[int, int] | None:
        """Where arrays have what a frame shows of the object; None if they do not."""
        row, column = self.frames.get(frame_index), self.objects.get(instance.id)
        return None if row is None or column is None else (row, column)

    def pair(self, frame_a: int, frame_b: int) -> tuple[int, int] | None:
        """Where `overlaps` has two frames; None if it does not."""
        row, column = self.frames.get(frame_a), self.frames.get(frame_b)
        return None if row is None or column is None else (row, column)


_NOTHING = Tables(
    objects={},
    frames={},
    boxes=np.zeros((0, 3, 15)),
    gaps=np.zeros((0, 0, 7)),
    sights=np.zeros((0, 0, 3)),
    ranges=np.zeros((0, 0, 2)),
    overlaps=np.zeros((0, 0)),
    choices=np.zeros((0, 8), dtype=np.int64),
    shown=np.zeros((0, 0), dtype=bool),
    floor=None,
)


@dataclass(frozen=True, eq=False)
class PreparedScene(Scene):
    """A room of which much was derived before; what was not is computed, as in any `Scene`.

    A copy with other fields (`dataclasses.replace`) computes everything.
    """

    _tables: Tables = field(default=_NOTHING, init=False, repr=False)

    def _aabb(self, instance: Instance) -> Box:
        return self._tables.box(instance, ALIGNED) or super()._aabb(instance)

    def _obb(self, instance: Instance) -> Box:
        return self._tables.box(instance, FITTED) or super()._obb(instance)

    def _gap(self, first: Instance, second: Instance) -> Gap:
        return self._tables.gap(first, second) or super()._gap(first, second)

    def _sight(self, instance: Instance, frame_index: int) -> Sight | None:
        at = self._tables.look(instance, frame_index)
        if at is None:
            return super()._sight(instance, frame_index)
        share, image_share, depth_m = self._tables.sights[at].tolist()
        if isnan(share):
            return None
        return Sight(share, image_share, None if isnan(depth_m) else depth_m)

    def _share_range(self, instance: Instance, frame_index: int, sight: Sight) -> ShareRange | None:
        at = self._tables.look(instance, frame_index)
        if at is None or isnan(self._tables.ranges[at][0]):
            return super()._share_range(instance, frame_index, sight)
        return ShareRange(*self._tables.ranges[at].tolist())

    def _overlap(self, one: int, two: int) -> float | None:
        at = self._tables.pair(one, two)
        if at is None:
            return super()._overlap(one, two)
        found = float(self._tables.overlaps[at])
        return None if isnan(found) else found

    def _covering(self, start: int) -> tuple[int, ...]:
        row = self._tables.frames.get(start)
        if row is None:
            return super()._covering(start)
        return tuple(each for each in self._tables.choices[row].tolist() if each >= 0)

    @cached_property
    def whole_floor(self) -> Floor | None:
        """As in `Scene`."""
        return self._tables.floor or super().whole_floor

    def _floor_shown(self, frame_index: int) -> Bool[np.ndarray, " m"]:
        row = self._tables.frames.get(frame_index)
        return super()._floor_shown(frame_index) if row is None else self._tables.shown[row]


def opened(folder: Path, root: Path | None) -> PreparedScene:
    """The room in a folder; images are read from there, or from the root it was prepared from."""
    room = read_model(folder / ROOM, StoredRoom)
    boxes = read_array(folder / "boxes.npy", "f", (len(room.instances), 3, 15))
    scan = {
        name: _read(folder, name, "i" if name == "faces" else "f", None, 3) for name in room.has
    }
    scene = PreparedScene(
        key=room.key,
        instances=_instances(folder, room, boxes),
        frames=_frames(folder, room, Places(folder, root)),
        dropped_poses=room.dropped_poses,
        unlabelled_share=room.unlabelled_share,
        left_out=tuple(room.left_out),
        room_size_m2=room.room_size_m2,
        **scan,
    )
    object.__setattr__(scene, "_tables", _tables(folder, room, boxes))
    return scene


def _read(folder: Path, name: str, kind: str, *shape: int | None) -> np.ndarray[Any, Any]:
    return read_array(folder / f"{name}.npy", kind, shape)


def _box(row: Float[np.ndarray, "15"]) -> Box | None:
    return None if isnan(row[0]) else Box(row[:3], row[3:6], row[6:].reshape(3, 3))


def _instances(
    folder: Path, room: StoredRoom, boxes: Float[np.ndarray, "i 3 15"]
) -> tuple[Instance, ...]:
    sizes = [each for stored in room.instances for each in (stored.points, stored.scanned)]
    ends = np.cumsum([0, *(size or 0 for size in sizes)]).tolist()
    clouds = _read(folder, "clouds", "f", ends[-1], 3)
    parts = [
        None if size is None else clouds[start:end]
        for size, (start, end) in zip(sizes, pairwise(ends), strict=True)
    ]
    found = zip(room.instances, parts[::2], parts[1::2], boxes[:, ANNOTATED], strict=True)
    return tuple(
        Instance(stored.id, stored.label, points, _box(box), scanned)
        for stored, points, scanned, box in found
    )


def _frames(folder: Path, room: StoredRoom, places: Places) -> tuple[Frame, ...]:
    many = len(room.frames)
    K, depth_K = (_read(folder, name, "f", many, 3, 3) for name in ("K", "depth_K"))
    poses = _read(folder, "poses", "f", many, 4, 4)
    return tuple(
        Frame(
            index=each.index,
            K=K[at],
            width=each.width,
            height=each.height,
            T_world_camera=poses[at],
            read=places.reader(each.reader),
            depth=None
            if (depth := each.depth) is None
            else Depth(depth_K[at], depth.width, depth.height, places.reader(depth.reader)),
        )
        for at, each in enumerate(room.frames)
    )


def _tables(folder: Path, room: StoredRoom, boxes: Float[np.ndarray, "i 3 15"]) -> Tables:
    objects, drawn = len(room.instances), len(room.drawn)
    floor, gaps = room.whole_floor, objects if room.gaps else 0
    return Tables(
        objects={id_: at for at, id_ in enumerate(each.id for each in room.instances)},
        frames={index: at for at, index in enumerate(room.drawn)},
        boxes=boxes,
        gaps=_read(folder, "gaps", "f", gaps, gaps, 7),
        sights=_read(folder, "sights", "f", drawn, objects, 3),
        ranges=_read(folder, "ranges", "f", drawn, objects, 2),
        overlaps=_read(folder, "overlaps", "f", drawn, drawn),
        choices=_read(folder, "choices", "i", drawn, MOST_FRAMES),
        shown=_read(folder, "shown", "b", drawn, 0 if floor is None else floor.tops),
        floor=None if floor is None else _floor(folder, floor),
    )


def _floor(folder: Path, stored: StoredFloor) -> Floor:
    scanned, whole = _read(folder, "cells", "b", 2, *stored.shape)
    return Floor(
        height_m=stored.height_m,
        grid=Grid(np.array(stored.low, dtype=np.intp), stored.shape),
        scanned=scanned,
        whole=whole,
        outline_m=stored.outline_m,
        area_m2=stored.area_m2,
        tops=_read(folder, "tops", "f", stored.tops, 3),
    )
