"""ScanNet++ as its owners publish it: one dataset for the camera's pictures, one for the phone's.

Of `data/<scene>` are read `scans/{mesh_aligned_0.05.ply, segments.json, segments_anno.json}` and
one recording: `dslr` (dataset `scannetpp`; its depth is rendered from the mesh) or `iphone`
(dataset `scannetpp_iphone`; its depth is measured). They are two datasets, not one that takes what
it finds, since a scene must not change its questions with what was downloaded. A scene without the
folder of the recording has no frames.

The mesh is stored in metres, z up, aligned. A vertex that several objects share belongs to the
smallest, as in the owners' tools (see `segments`).

The owners have thinned the mesh out where it is flat, and warn that its vertices are no point
cloud. So triangles with sides of more than 10 cm get points of their own, which belong to the
object that has all three corners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.text import name_form
from spatialevo_core.worlds import Dataset
from spatialevo_datasets import labels, meshes, scannetpp_dslr, scannetpp_iphone
from spatialevo_datasets.files import (
    check_inside,
    given_root,
    is_plain_name,
    listed,
    no_scenes,
    no_such_world,
    read_text,
)
from spatialevo_datasets.ply import PlyMesh, read_mesh
from spatialevo_datasets.recording import Recording
from spatialevo_datasets.scene import Instance, Points, Scene
from spatialevo_datasets.segments import read_groups

_FILES = ("mesh_aligned_0.05.ply", "segments.json", "segments_anno.json")

SPACING_M = 0.10
"""No larger triangle is without a point inside."""
MOST_FILLED = 10_000_000
"""More points than these to fill triangles with: the mesh cannot be that of rooms, in metres."""

_LAYOUT = "data/<scene>/scans/ or <scene>/scans/"
"""Of a root, for who gives another one."""
_PARENTS = ("data", ".")


@dataclass(frozen=True)
class ScanNetPP:
    """The dataset `scannetpp`, or `scannetpp_iphone`."""

    name: str
    summary: str
    recording: str
    """The folder in which the recording is."""
    read_recording: Callable[[Path], Recording]
    """Its frames; takes that folder."""
    recorded_files: Callable[[Path], Iterable[Path]]
    """The files they are read from, images included; takes that folder."""
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """All scenes under `root`, sorted, or those that `splits/<split>.txt` lists."""
        root = given_root(root, self.name)
        folders = (each for parent in _PARENTS for each in (root / parent).glob("*") if _is(each))
        found = sorted({each.name for each in folders})
        if split is None:
            return found
        named = self._listed(root, split)
        return [each for each in found if each in named]

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One scene; images and depth are read when they are asked for."""
        root = given_root(root, self.name)
        folder = self._folder(root, world_id)
        check_inside(root, self.files(root, world_id))
        path, segments, annotation = (folder / "scans" / name for name in _FILES)
        mesh = read_mesh(path)
        groups = read_groups(segments, annotation, path, len(mesh.points))
        points, owner = _filled(path, mesh, groups.owner)
        clouds = [
            (group, points[owner == at])
            for at, group in enumerate(groups.labelled)
            if (owner == at).any()
        ]
        floor = [own for each, own in clouds if name_form(each.label) == "floor"]
        recording = Recording()
        if (folder / self.recording).is_dir():
            recording = self.read_recording(folder / self.recording)
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                Instance(each.id, each.label, own)
                for each, own in clouds
                if not labels.structural(each.label)
            ),
            frames=recording.frames,
            points=points,
            faces=mesh.triangles if len(mesh.triangles) else None,
            floor=np.concatenate(floor) if floor else None,
            dropped_poses=recording.dropped_poses,
            unlabelled_share=float(np.mean(owner < 0)),
            left_out=groups.left_out(),
        )

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
            folder = self._folder(given_root(root, self.name), world_id)
            if not (folder / self.recording).is_dir():
                yield f"{folder / self.recording} is missing; without it there are no images"
            try:
                self.load(root, world_id)
            except DataError as error:
                yield str(error)

    def files(self, root: Path | None, world_id: str) -> Iterable[Path]:
        """Every file that a scene is read from, images included, sorted."""
        folder = self._folder(given_root(root, self.name), world_id)
        scans = (folder / "scans" / name for name in _FILES)
        found = [*scans, *self.recorded_files(folder / self.recording)]
        return sorted(path for path in found if path.is_file())

    def _listed(self, root: Path, split: str) -> set[str]:
        known = [path.stem for path in listed(root / "splits", ".txt")]
        if split not in known:
            there = f"it has {', '.join(known)}" if known else "the folder holds none"
            raise DataError(f"{root / 'splits' / f'{split}.txt'} is missing; {there}")
        return set(read_text(root / "splits" / f"{split}.txt").split())

    def _folder(self, root: Path, world_id: str) -> Path:
        if is_plain_name(world_id):
            for folder in (root / parent / world_id for parent in _PARENTS):
                if _is(folder):
                    return folder
        known = list(self.ids(root))
        raise no_such_world(root, world_id, known) if known else self._no_scenes(root)

    def _no_scenes(self, root: Path) -> DataError:
        return no_scenes(root, _LAYOUT, self.ids, _is)


def _is(folder: Path) -> bool:
    there = ((folder / "scans" / name).is_file() for name in _FILES)
    return is_plain_name(folder.name) and any(there)


def _filled(
    path: Path, mesh: PlyMesh, owner: Int[np.ndarray, " n"]
) -> tuple[Points, Int[np.ndarray, " m"]]:
    """The vertices, after them the points inside large triangles, and what each is of."""
    number = meshes.parts(mesh.points, mesh.triangles, SPACING_M)
    if (number[number > 1].astype(float) ** 2).sum() > MOST_FILLED:
        raise DataError(
            f"{path} has sides of up to {number.max() * SPACING_M:.0f} m; expected a room in metres"
        )
    filling = meshes.filling(mesh.points, mesh.triangles, number)
    a, b, c = owner[mesh.triangles[filling.triangle]].T
    inner = np.where((a == b) & (b == c), a, -1)
    return np.concatenate([mesh.points, filling.points]), np.concatenate([owner, inner])


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The datasets `scannetpp` and `scannetpp_iphone`."""
    return [
        ScanNetPP(
            "scannetpp",
            "real rooms: ScanNet++, pictures of the DSLR camera, in the owners' folder layout",
            "dslr",
            scannetpp_dslr.read_recording,
            scannetpp_dslr.recorded_files,
        ),
        ScanNetPP(
            "scannetpp_iphone",
            "real rooms: ScanNet++, pictures and depth of the iPhone, in the owners' folder layout",
            "iphone",
            scannetpp_iphone.read_recording,
            scannetpp_iphone.recorded_files,
        ),
    ]
