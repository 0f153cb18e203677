"""Stores a room with what follows from it, in the form that `prepared` opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from spatialevo_core.writing import writing
from spatialevo_datasets.arrays import write_array
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.coverage import MOST_FRAMES
from spatialevo_datasets.files import ColourFile
from spatialevo_datasets.floors import Floor
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.prepared import (
    ROOM,
    StoredDepth,
    StoredFloor,
    StoredFrame,
    StoredInstance,
    StoredRoom,
)
from spatialevo_datasets.readers import DepthArray, Places, Stored
from spatialevo_datasets.scene import Instance, Scene

MOST_OBJECTS = 150
"""In a room of more, gaps are left to be computed when they are asked for."""

_Array = np.ndarray[Any, Any]
_NONE = float("nan")


def store_scene(scene: Scene, folder: Path, root: Path | None) -> None:
    """Write the room into an empty folder; images that are files stay where they are.

    Sights, ranges and overlaps are stored of `scene.drawn`, so the work does not grow with the
    length of a recording; gaps where there are at most 150 objects; ranges of objects that are
    alone of their name, since they take long and nobody can ask about another by its name.
    """
    places = Places(folder, root)
    frames = [_frame(each, places) for each in scene.frames]
    scene = _reading_once(scene)
    floor = scene.whole_floor
    few = len(scene.instances) <= MOST_OBJECTS
    given = {"points": scene.points, "faces": scene.faces, "floor": scene.floor}
    scan = {name: array for name, array in given.items() if array is not None}
    room = StoredRoom(
        key=scene.key,
        instances=[_instance(each) for each in scene.instances],
        frames=frames,
        drawn=[frame.index for frame in scene.drawn],
        gaps=few,
        has=list(scan),
        whole_floor=None if floor is None else _numbers(floor),
        dropped_poses=scene.dropped_poses,
        unlabelled_share=scene.unlabelled_share,
        left_out=list(scene.left_out),
        room_size_m2=scene.room_size_m2,
    )
    arrays = {
        **scan,
        "clouds": _clouds(scene.instances),
        "boxes": _boxes(scene),
        "gaps": _gaps(scene, scene.instances if few else ()),
        **_cameras(scene.frames),
        **_looks(scene, room.drawn),
        **({} if floor is None else {"cells": _cells(floor), "tops": floor.tops}),
    }
    for name, array in arrays.items():
        write_array(folder / f"{name}.npy", array)
    with writing(folder / ROOM):
        (folder / ROOM).write_text(json.dumps(room.model_dump(mode="json")), encoding="utf-8")


def _instance(each: Instance) -> StoredInstance:
    sizes = [None if cloud is None else len(cloud) for cloud in (each.points, each.scanned)]
    return StoredInstance(id=each.id, label=each.label, points=sizes[0], scanned=sizes[1])


def _frame(frame: Frame, places: Places) -> StoredFrame:
    return StoredFrame(
        index=frame.index,
        width=frame.width,
        height=frame.height,
        reader=places.stored(frame.read) or _copied_colour(frame, places),
        depth=None if frame.depth is None else _depth(frame.index, frame.depth, places),
    )


def _depth(index: int, depth: Depth, places: Places) -> StoredDepth:
    reader = places.stored(depth.read) or _copied_depth(index, depth, places)
    return StoredDepth(width=depth.width, height=depth.height, reader=reader)


def _copied_colour(frame: Frame, places: Places) -> Stored:
    """Of an image that is in no file of its own, a file of it."""
    path = places.folder / f"colour-{frame.index}.png"
    image = frame.read()
    with writing(path):
        image.save(path, compress_level=1)
    return places.known(ColourFile(path, frame.width, frame.height))


def _copied_depth(index: int, depth: Depth, places: Places) -> Stored:
    path = places.folder / f"depth-{index}.npy"
    write_array(path, depth.read())
    return places.known(DepthArray(path, depth.width, depth.height))


def _numbers(floor: Floor) -> StoredFloor:
    return StoredFloor(
        height_m=floor.height_m,
        low=(int(floor.grid.low[0]), int(floor.grid.low[1])),
        shape=floor.grid.shape,
        outline_m=floor.outline_m,
        area_m2=floor.area_m2,
        tops=len(floor.tops),
    )


def _cells(floor: Floor) -> _Array:
    return np.stack([floor.scanned, floor.whole])


def _clouds(instances: Sequence[Instance]) -> Float[np.ndarray, "n 3"]:
    parts = [each for one in instances for each in (one.points, one.scanned) if each is not None]
    return np.concatenate([np.zeros((0, 3), dtype=np.float32), *parts])


def _boxes(scene: Scene) -> Float[np.ndarray, "i 3 15"]:
    found = np.full((len(scene.instances), 3, 15), _NONE)
    for row, each in zip(found, scene.instances, strict=True):
        if each.box is not None:
            row[0] = _flat(each.box)
        if _shaped(each):
            row[1:] = _flat(scene.aabb(each)), _flat(scene.obb(each))
    return found


def _flat(box: Box) -> Float[np.ndarray, "15"]:
    return np.concatenate([box.center, box.size, box.axes.ravel()])


def _shaped(instance: Instance) -> bool:
    return instance.points is not None or instance.box is not None


def _gaps(scene: Scene, instances: Sequence[Instance]) -> Float[np.ndarray, "g g 7"]:
    found = np.full((len(instances), len(instances), 7), _NONE)
    placed = sorted((each.id, at) for at, each in enumerate(instances) if _shaped(each))
    for (_, one), (_, two) in combinations(placed, 2):
        gap = scene.gap(instances[one], instances[two])
        found[one, two] = gap.distance_m, *gap.point_a, *gap.point_b
    return found


def _cameras(frames: Sequence[Frame]) -> dict[str, _Array]:
    depth_K = [np.full((3, 3), _NONE) if each.depth is None else each.depth.K for each in frames]
    return {
        "K": _stacked([each.K for each in frames], 3),
        "poses": _stacked([each.T_world_camera for each in frames], 4),
        "depth_K": _stacked(depth_K, 3),
    }


def _stacked(matrices: Sequence[_Array], size: int) -> _Array:
    stacked = np.stack(matrices) if matrices else np.zeros((0, size, size))
    return stacked if stacked.dtype.kind == "f" else stacked.astype(float)


def _looks(scene: Scene, drawn: Sequence[int]) -> dict[str, _Array]:
    """What the drawn frames show; all of one frame before the next, so each is read once."""
    objects, floor = scene.instances, scene.whole_floor
    alone = {own[0].id for own in map(scene.labelled, scene.labels) if len(own) == 1}
    sights = np.full((len(drawn), len(objects), 3), _NONE)
    ranges = np.full((len(drawn), len(objects), 2), _NONE)
    shown = np.zeros((len(drawn), 0 if floor is None else len(floor.tops)), dtype=bool)
    for row, index in enumerate(drawn):
        shown[row] = scene.floor_shown(index)
        for column, each in enumerate(objects):
            sight = scene.sight(each, index)
            if sight is not None:
                depth_m = _NONE if sight.depth_m is None else sight.depth_m
                sights[row, column] = sight.share, sight.image_share, depth_m
            if sight is not None and each.id in alone:
                ranges[row, column] = scene.share_range(each, index)
    overlaps = np.array(
        [[_NONE if (o := scene.overlap(a, b)) is None else o for b in drawn] for a in drawn]
    )
    choices = np.full((len(drawn), MOST_FRAMES), -1, dtype=np.int64)
    for choice, start in zip(choices, drawn, strict=True):
        covering = scene.covering(start)
        choice[: len(covering)] = covering
    return {
        "sights": sights,
        "ranges": ranges,
        "shown": shown,
        "overlaps": overlaps.reshape(len(drawn), len(drawn)),
        "choices": choices,
    }


def _reading_once(scene: Scene) -> Scene:
    """The scene anew, with each depth image kept until another is read."""

    @lru_cache(maxsize=1)
    def kept(read: Callable[[], Float32[np.ndarray, "h w"]]) -> Float32[np.ndarray, "h w"]:
        return read()

    def once(frame: Frame) -> Frame:
        depth = frame.depth
        return (
            frame
            if depth is None
            else replace(frame, depth=replace(depth, read=partial(kept, depth.read)))
        )

    return replace(scene, frames=tuple(map(once, scene.frames)))
