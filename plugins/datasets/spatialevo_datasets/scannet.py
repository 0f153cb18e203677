"""ScanNet v2 as its owners publish it.

Of a scene folder are read: `<id>_vh_clean_2.ply`, `<id>_vh_clean_2.0.010000.segs.json`,
`<id>.aggregation.json`, `<id>.txt`, and the recording: `color/<n>.jpg`, `depth/<n>.png`,
`pose/<n>.txt` and `intrinsic/intrinsic_{color,depth}.txt` (or without the folder `intrinsic`) where
the owners' reader exported them, else `<id>.sens`, else none.
The mesh and the poses are brought into the aligned frame that `axisAlignment` states. Whose a
vertex is that several objects share, `segments` says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32
from pydantic import BaseModel

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.text import name_form
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import labels
from spatialevo_datasets.files import (
    check_inside,
    given_root,
    is_plain_name,
    no_scenes,
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
from spatialevo_datasets.segments import read_groups

_FILES = ("_vh_clean_2.ply", "_vh_clean_2.0.010000.segs.json", ".aggregation.json", ".txt")
_LAYOUT = "scans/<scene>/ or <scene>/"
"""Of a root, for who gives another one."""
_PARENTS = ("scans", ".")
_PREFIX = "scannet."
"""Of the ids of scenes in the owners' files."""
_TABLE = "scannetv2-labels.combined.tsv"
_STRUCTURAL_CLASSES = ("wall", "floor", "ceiling")
_OTHER_STRUCTURE = "structure"


class _Origin(BaseModel):
    """Which scan and which of its two meshes an aggregation says that it belongs to."""

    sceneId: str | None = None  # noqa: N815  (the file's own field names)
    segmentsFile: str | None = None  # noqa: N815


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
        mesh_path, segments, annotation, _ = (folder / f"{world_id}{end}" for end in _FILES)
        mesh = read_mesh(mesh_path)
        points = _aligned(mesh.points, header.alignment)
        _check_origin(annotation, world_id)
        groups = read_groups(segments, annotation, mesh_path, len(points))
        classes = _read_classes(root)
        kinds = {label: _kind(label, classes) for label in {each.label for each in groups.labelled}}
        parts = [(each, points[own], kinds[each.label]) for each, own in groups.members()]
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
            unlabelled_share=float(np.mean(groups.owner < 0)),
            left_out=groups.left_out(),
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
            yield str(self._no_scenes(given_root(root, self.name)))
        for world_id in ids:
            yield from self._faults(given_root(root, self.name), world_id)

    def _folder(self, root: Path, world_id: str) -> Path:
        if is_plain_name(world_id):
            for folder in (root / parent / world_id for parent in _PARENTS):
                if _is(folder):
                    return folder
        known = list(self.ids(root))
        raise no_such_world(root, world_id, known) if known else self._no_scenes(root)

    def _no_scenes(self, root: Path) -> DataError:
        return no_scenes(root, _LAYOUT, self.ids, _is)

    def _faults(self, root: Path, world_id: str) -> Iterator[str]:
        folder = self._folder(root, world_id)
        absent = [each for end in _FILES if not (each := folder / f"{world_id}{end}").exists()]
        yield from (f"{each} is missing" for each in absent)
        if not absent:
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)


def _is(folder: Path) -> bool:
    there = ((folder / f"{folder.name}{end}").is_file() for end in _FILES)
    return is_plain_name(folder.name) and any(there)


def _aligned(
    points: Float32[np.ndarray, "n 3"], alignment: Float[np.ndarray, "4 4"]
) -> Float32[np.ndarray, "n 3"]:
    moved = points.astype(np.float64) @ alignment[:3, :3].T + alignment[:3, 3]
    aligned: Float32[np.ndarray, "n 3"] = moved.astype(np.float32)
    return aligned


def _check_origin(path: Path, world_id: str) -> None:
    """Raise DataError if the aggregation says that it is of another scan, or another mesh."""
    origin = read_model(path, _Origin)
    if origin.sceneId is not None and origin.sceneId.removeprefix(_PREFIX) != world_id:
        raise DataError(f"{path}: sceneId is {origin.sceneId!r}; expected {world_id}")
    if origin.segmentsFile is not None and not origin.segmentsFile.endswith(_FILES[1]):
        raise DataError(
            f"{path}: segmentsFile is {origin.segmentsFile!r}, which is of another mesh; "
            f"expected the aggregation of {world_id}{_FILES[1]}"
        )


def _read_classes(root: Path) -> Mapping[str, str]:
    """The nyu40 class of each raw label, by the owners' table; empty where the user has none."""
    path = root / _TABLE
    if not path.exists():
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
