"""ARKitScenes as its owners publish it: the scans of `3dod`, and those of `raw` with their assets.

Of a scan are read `<id>_3dod_annotation.json`, `<id>_3dod_mesh.ply` and, in `<id>_frames` (3dod) or
beside them (raw), `lowres_wide`, `lowres_depth`, `lowres_wide_intrinsics` and `lowres_wide.traj`.
Where both are there, `3dod` is read; its depth differs slightly. Confidence images are not used,
since `3dod` has none.

The owners annotate boxes and segment no points. So an object's size, place and distances are those
of its annotated box, tilt included, while what a frame shows of it is told by the scanned points
in the box. These are a proxy: scan and box are off by a centimetre or so, and the floor and
neighbours reach into boxes. Hence the box is widened by 1 cm on every side, a point in several
boxes belongs to the smallest (a chair under a table, a sink in a cabinet), and points of the
floor, the lowest horizontal plane, belong to none. Of an object without scanned points nobody knows
whether it is seen. Labels beyond the owners' 17 classes are left out, as their tools do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import boxes, floors
from spatialevo_datasets.arkitscenes_frames import read_recording, recorded_files
from spatialevo_datasets.files import (
    FARTHEST_M,
    check_inside,
    given_root,
    no_scenes,
    no_such_world,
    read_model,
)
from spatialevo_datasets.ply import read_mesh
from spatialevo_datasets.scene import Box, Instance, Points, Scene

CLASSES = frozenset(
    {
        "cabinet",
        "refrigerator",
        "shelf",
        "stove",
        "bed",
        "sink",
        "washer",
        "toilet",
        "bathtub",
        "oven",
        "dishwasher",
        "fireplace",
        "stool",
        "chair",
        "table",
        "tv_monitor",
        "sofa",
    }
)
"""What is annotated, by the owners' taxonomy."""
WIDENED_M = 0.01
"""How far outside a box a scanned point may lie and still be of its object."""

_ANNOTATION, _MESH = "_3dod_annotation.json", "_3dod_mesh.ply"
_LAYOUT = "3dod/Training/<id>/ or raw/Training/<id>/"
"""Of a root, for who gives another one."""
_PARTS = ("3dod", "raw", ".")
_SPLITS = {
    "Training": ("train", "training"),
    "Validation": ("val", "valid", "validation"),
}
_ROUNDING = 1e-2
"""How far stored axes may be from orthonormal."""
_SHORTEST_M, _LONGEST_M = 1e-3, 100.0
"""Of the sides of a box; beyond, it is that of no object in a room, or not in metres."""

Triple = tuple[float, float, float]
_Nine = tuple[float, float, float, float, float, float, float, float, float]


class _Finite(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _Oriented(_Finite):
    centroid: Triple
    axesLengths: Triple  # noqa: N815  (the file's own field names)
    normalizedAxes: _Nine  # noqa: N815


class _Segments(_Finite):
    obbAligned: _Oriented  # noqa: N815


class _Object(_Finite):
    label: str
    segments: _Segments


class _Annotation(_Finite):
    data: list[_Object]
    skipped: bool | None = None


@dataclass(frozen=True)
class ARKitScenes:
    """The dataset `arkitscenes`."""

    name: str = "arkitscenes"
    summary: str = "real rooms: ARKitScenes (3dod or raw), in the owners' folder layout"
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """All scans under `root` by number, or those of a split: Training or Validation."""
        root = given_root(root, self.name)
        name = None if split is None else _split(split)
        folders = (each for parent in _parents(root, name) for each in parent.glob("*"))
        return sorted({each.name for each in folders if _is(each)}, key=int)

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One scan; images and depth are read when they are asked for.

        An object's id is its position in the annotation: the files give the same `objectId` to all.
        """
        root = given_root(root, self.name)
        folder = self._folder(root, world_id)
        check_inside(root, self.files(root, world_id))
        mesh = read_mesh(folder / f"{world_id}{_MESH}")
        found, left_out = _read_objects(folder / f"{world_id}{_ANNOTATION}")
        scanned = _points_in([each.box for each in found], mesh.points)
        recording = read_recording(_frames_folder(folder), world_id)
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                Instance(each.id, each.label, box=each.box, scanned=points)
                for each, points in zip(found, scanned, strict=True)
            ),
            frames=recording.frames,
            points=mesh.points,
            faces=mesh.triangles if len(mesh.triangles) else None,
            dropped_poses=recording.dropped_poses,
            left_out=left_out,
        )

    def missing(self, root: Path | None) -> Iterator[str]:
        """What keeps scans from being loaded."""
        try:
            ids = list(self.ids(root))
        except DataError as error:
            yield str(error)
            return
        if not ids:
            yield str(self._no_scenes(given_root(root, self.name)))
        for world_id in ids:
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)

    def files(self, root: Path | None, world_id: str) -> Iterable[Path]:
        """Every file that a scan is read from, images included, sorted."""
        folder = self._folder(given_root(root, self.name), world_id)
        own = (folder / f"{world_id}{end}" for end in (_ANNOTATION, _MESH))
        found = [*own, *recorded_files(_frames_folder(folder), world_id)]
        return sorted(path for path in found if path.is_file())

    def _folder(self, root: Path, world_id: str) -> Path:
        if _is_id(world_id):
            for folder in (parent / world_id for parent in _parents(root)):
                if _is(folder):
                    return folder
        known = list(self.ids(root))
        raise no_such_world(root, world_id, known) if known else self._no_scenes(root)

    def _no_scenes(self, root: Path) -> DataError:
        return no_scenes(root, _LAYOUT, self.ids, _is)


def _split(given: str) -> str:
    """The owners' name of a split."""
    for name, words in _SPLITS.items():
        if given.lower() in words:
            return name
    raise DataError(f"arkitscenes has no split '{given}'; it has {', '.join(_SPLITS)}")


def _parents(root: Path, split: str | None = None) -> Iterator[Path]:
    """The folders that may hold scans: those of the splits, and `root`, should it be one."""
    for part in _PARTS:
        for name in _SPLITS:
            if split in (None, name):
                yield root / part / name
    if split in (None, root.resolve().name):
        yield root


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal()


def _is(folder: Path) -> bool:
    ends = (_ANNOTATION, _MESH)
    return _is_id(folder.name) and any((folder / f"{folder.name}{end}").is_file() for end in ends)


def _frames_folder(folder: Path) -> Path:
    """Where the recording is: in a folder of its own (3dod), or beside the mesh (raw)."""
    own = folder / f"{folder.name}_frames"
    return own if own.is_dir() else folder


@dataclass(frozen=True, eq=False)
class _Annotated:
    id: int
    label: str
    box: Box


def _read_objects(path: Path) -> tuple[list[_Annotated], tuple[str, ...]]:
    """The annotated objects of the owners' classes, and what is to be said of the others."""
    annotation = read_model(path, _Annotation)
    if annotation.skipped:
        raise DataError(
            f"{path}: skipped is true, so nobody annotated the scan; choose another one"
        )
    found: list[_Annotated] = []
    others: list[str] = []
    for at, each in enumerate(annotation.data):
        label = each.label.strip()
        if re.sub(r"[ /-]", "_", label.lower()) in CLASSES:
            box = _box(each, f"{path}: data[{at}].segments.obbAligned")
            found.append(_Annotated(at, label, box))
        else:
            others.append(f"object {at} '{label}', which is of none of the owners' classes")
    return found, tuple(others)


def _box(stored: _Object, where: str) -> Box:
    oriented = stored.segments.obbAligned
    size, axes = np.array(oriented.axesLengths), np.array(oriented.normalizedAxes).reshape(3, 3)
    if not (size.min() >= _SHORTEST_M and size.max() <= _LONGEST_M):
        raise DataError(
            f"{where}.axesLengths are {oriented.axesLengths}; "
            f"expected metres, {_SHORTEST_M:g} to {_LONGEST_M:g}"
        )
    if np.abs(oriented.centroid).max() >= FARTHEST_M:
        raise DataError(
            f"{where}.centroid is {FARTHEST_M} m or more from the origin; expected metres in a room"
        )
    unit = np.clip(axes, -2, 2)
    if np.abs(unit @ unit.T - np.eye(3)).max() > _ROUNDING:
        raise DataError(f"{where}.normalizedAxes are not orthonormal; expected three unit rows")
    return Box(np.array(oriented.centroid), size, axes)


def _points_in(found: Sequence[Box], points: Points) -> list[Points]:
    """The scanned points of each box: those in no smaller one, less the floor."""
    floor = floors.lowest_plane(points)[:, 2]
    free = np.ones(len(points), bool)
    if len(floor):
        free = (points[:, 2] < floor.min()) | (points[:, 2] > floor.max())
    owner = np.full(len(points), -1)
    by_size = sorted(range(len(found)), key=lambda at: -float(np.prod(found[at].size)))
    for at in by_size:
        widened = replace(found[at], size=found[at].size + 2 * WIDENED_M)
        owner[free & boxes.contains(widened, points)] = at
    return [points[owner == at] for at in range(len(found))]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The dataset `arkitscenes`."""
    return [ARKitScenes()]
