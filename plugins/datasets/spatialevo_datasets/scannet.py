"""ScanNet v2 as its owners publish it.

Of a scene folder are read: `<id>_vh_clean_2.ply`, `<id>_vh_clean_2.0.010000.segs.json`,
`<id>.aggregation.json`, `<id>.txt`, and the recording: `color/<n>.jpg`, `depth/<n>.png`,
`pose/<n>.txt` and `intrinsic/intrinsic_{color,depth}.txt` (or without the folder `intrinsic`) where
the owners' reader exported them, else `<id>.sens`, else none.
The mesh and the poses are brought into the aligned frame that `axisAlignment` states.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import Float, Float32, Int
from pydantic import BaseModel, Field

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.text import name_form
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import labels
from spatialevo_datasets.files import (
    check_inside,
    given_root,
    is_plain_name,
    no_such_world,
    read_model,
    read_text,
)
from spatialevo_datasets.ply import read_mesh
from spatialevo_datasets.scannet_frames import (
    read_header,
    read_recording,
    recording_files,
)
from spatialevo_datasets.scene import Instance, Scene

_FILES = ("_vh_clean_2.ply", "_vh_clean_2.0.010000.segs.json", ".aggregation.json", ".txt")
_PARENTS = ("scans", ".")
_TABLE = "scannetv2-labels.combined.tsv"
_STRUCTURAL_CLASSES = ("wall", "floor", "ceiling")
_OTHER_STRUCTURE = "structure"


_Number = Annotated[int, Field(ge=0, lt=2**63)]


class _Segments(BaseModel):
    segIndices: list[_Number]  # noqa: N815  (the file's own field names)


class _Group(BaseModel):
    objectId: _Number  # noqa: N815
    label: str
    segments: list[_Number]


class _Aggregation(BaseModel):
    segGroups: list[_Group]  # noqa: N815


@dataclass(frozen=True)
class ScanNet:
    """The dataset `scannet`."""

    name: str = "scannet"
    summary: str = "real rooms: ScanNet v2, in the owners' folder layout"
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """All scenes under `root`, sorted, or those that `scannetv2_<split>.txt` lists."""
        root = given_root(root, self.name)
        folders = (each for parent in _PARENTS for each in (root / parent).glob("*") if _is(each))
        found = sorted({each.name for each in folders})
        if split is None:
            return found
        listed = set(read_text(root / f"scannetv2_{split}.txt").split())
        return [each for each in found if each in listed]

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One scene; images and depth are read when they are asked for."""
        root = given_root(root, self.name)
        folder = self._folder(root, world_id)
        check_inside(root, self.files(root, world_id))
        header = read_header(folder / f"{world_id}.txt")
        mesh = read_mesh(folder / f"{world_id}{_FILES[0]}")
        points = _aligned(mesh.points, header.alignment)
        groups = _read_groups(folder, world_id, len(points))
        classes = _read_classes(root)
        kinds = {label: _kind(label, classes) for label in {each.label for each in groups}}
        parts = [(each, points[each.vertices], kinds[each.label]) for each in groups]
        floor = [own for _, own, kind in parts if kind == "floor"]
        recording = read_recording(folder, header)
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                Instance(each.id, each.label, own) for each, own, kind in parts if kind is None
            ),
            frames=recording.frames,
            points=points,
            faces=mesh.triangles if len(mesh.triangles) else None,
            floor=np.concatenate(floor) if floor else None,
            dropped_poses=recording.dropped_poses,
            unlabelled_share=1 - sum(len(own) for _, own, _ in parts) / len(points),
        )

    def files(self, root: Path | None, world_id: str) -> Iterable[Path]:
        """Every file that the scene is read from, images included, sorted."""
        root = given_root(root, self.name)
        folder = self._folder(root, world_id)
        own = [root / _TABLE, *(folder / f"{world_id}{end}" for end in _FILES)]
        return sorted(each for each in (*own, *recording_files(folder)) if each.is_file())

    def missing(self, root: Path | None) -> Iterator[str]:
        """What keeps scenes from being loaded, or their images from being seen."""
        try:
            ids = list(self.ids(root))
        except DataError as error:
            yield str(error)
            return
        if not ids:
            yield f"{root} holds no scenes; expected scans/<scene>/ or <scene>/ in it"
        for world_id in ids:
            yield from self._faults(given_root(root, self.name), world_id)

    def _folder(self, root: Path, world_id: str) -> Path:
        if is_plain_name(world_id):
            for folder in (root / parent / world_id for parent in _PARENTS):
                if _is(folder):
                    return folder
        raise no_such_world(root, world_id, self.ids(root))

    def _faults(self, root: Path, world_id: str) -> Iterator[str]:
        folder = self._folder(root, world_id)
        absent = [each for end in _FILES if not (each := folder / f"{world_id}{end}").is_file()]
        yield from (f"{each} is missing" for each in absent)
        if not absent:
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)


@dataclass(frozen=True, eq=False)
class _Labelled:
    id: int
    label: str
    vertices: Int[np.ndarray, " n"]


def _is(folder: Path) -> bool:
    return any((folder / f"{folder.name}{end}").is_file() for end in _FILES)


def _aligned(
    points: Float32[np.ndarray, "n 3"], alignment: Float[np.ndarray, "4 4"]
) -> Float32[np.ndarray, "n 3"]:
    moved = points.astype(np.float64) @ alignment[:3, :3].T + alignment[:3, 3]
    aligned: Float32[np.ndarray, "n 3"] = moved.astype(np.float32)
    return aligned


def _read_groups(folder: Path, world_id: str, vertices: int) -> list[_Labelled]:
    """The annotated groups with their vertices; of groups that share a segment the last owns it."""
    path = folder / f"{world_id}{_FILES[1]}"
    of_vertex = np.array(read_model(path, _Segments).segIndices, dtype=np.int64)
    if len(of_vertex) != vertices:
        raise DataError(
            f"{path}: segIndices has {len(of_vertex)} entries; "
            f"{world_id}{_FILES[0]} has {vertices} vertices"
        )
    path = folder / f"{world_id}{_FILES[2]}"
    groups = read_model(path, _Aggregation).segGroups
    _check_groups(path, groups)
    segments, position = np.unique(of_vertex, return_inverse=True)
    grouped = np.array([each for group in groups for each in group.segments], dtype=np.int64)
    group_of = np.repeat(np.arange(len(groups)), [len(group.segments) for group in groups])
    foreign = np.flatnonzero(~np.isin(grouped, segments))
    if len(foreign):
        raise DataError(
            f"{path}: segGroups[{group_of[foreign[0]]}].segments names segment "
            f"{grouped[foreign[0]]}, which no vertex has; "
            f"expected the aggregation of {world_id}{_FILES[0]}"
        )
    owner = np.full(len(segments), -1)
    np.maximum.at(owner, np.searchsorted(segments, grouped), group_of)
    return _labelled(groups, owner[position])


def _check_groups(path: Path, groups: Sequence[_Group]) -> None:
    ids: set[int] = set()
    for at, group in enumerate(groups):
        where = f"{path}: segGroups[{at}]"
        if group.objectId in ids:
            raise DataError(f"{where}.objectId {group.objectId} repeats; expected each once")
        if not group.label.strip():
            raise DataError(f"{where}.label is empty; expected what the object is called")
        ids.add(group.objectId)


def _labelled(groups: Sequence[_Group], of_vertex: Int[np.ndarray, " n"]) -> list[_Labelled]:
    """The groups that have vertices, in their order; `of_vertex` is -1 where there is none."""
    order = np.argsort(of_vertex, kind="stable")
    found, starts = np.unique(of_vertex[order], return_index=True)
    return [
        _Labelled(groups[at].objectId, groups[at].label.strip(), vertices)
        for at, vertices in zip(found.tolist(), np.split(order, starts[1:]), strict=True)
        if at >= 0
    ]


def _read_classes(root: Path) -> Mapping[str, str]:
    """The nyu40 class of each raw label, by the owners' table; empty where the user has none."""
    path = root / _TABLE
    if not path.is_file():
        return {}
    text = read_text(path)
    try:
        rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    except csv.Error as error:
        raise DataError(f"{path} is no label table: {error}") from None
    columns = ("raw_category", "nyu40class")
    for column in columns:
        if not rows or column not in rows[0]:
            raise DataError(f"{path} has no column {column}; expected the owners' label table")
    for number, row in enumerate(rows, start=2):
        if None in (row[column] for column in columns):
            raise DataError(f"{path}: line {number} breaks off; expected the owners' label table")
    return {name_form(row["raw_category"]): row["nyu40class"] for row in rows}


def _kind(label: str, classes: Mapping[str, str]) -> str | None:
    """Which part of the room the label names; None for an object."""
    form = name_form(label)
    kind = classes.get(form, form)
    if kind in _STRUCTURAL_CLASSES:
        return kind
    return _OTHER_STRUCTURE if labels.structural(label) else None


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The dataset `scannet`."""
    return [ScanNet()]
