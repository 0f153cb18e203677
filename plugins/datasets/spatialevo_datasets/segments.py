"""Objects as groups of segments of a mesh, the way ScanNet and ScanNet++ are annotated.

One file has the segment of every vertex, another the segments of every object. Annotated objects
may overlap: what several share belongs to the smallest of them, by vertices, and of two that are
equally large to the one of lower id. So a cushion is no part of its sofa, in whichever order they
were annotated. What is labelled `remove` was marked to be cut out of the scan, and is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import Int
from pydantic import BaseModel, Field

from spatialevo_core.errors import DataError
from spatialevo_core.text import name_form
from spatialevo_datasets import labels
from spatialevo_datasets.files import read_model

_REMOVED = "remove"

_Number = Annotated[int, Field(ge=0, lt=2**63)]


class _Segments(BaseModel):
    segIndices: list[_Number]  # noqa: N815  (the files' own field names)


class _Group(BaseModel):
    objectId: _Number  # noqa: N815
    label: str
    segments: list[_Number]


class _Annotation(BaseModel):
    segGroups: list[_Group]  # noqa: N815


@dataclass(frozen=True, eq=False)
class Labelled:
    """What is annotated as one thing, structure included."""

    id: int
    label: str


@dataclass(frozen=True, eq=False)
class Groups:
    """The annotated things, and the one that each of n vertices is of."""

    labelled: tuple[Labelled, ...]
    """In the order of the file."""
    owner: Int[np.ndarray, " n"]
    """Position in `labelled`; -1 for none."""

    def members(self) -> Iterator[tuple[Labelled, Int[np.ndarray, " v"]]]:
        """Those that have vertices, with the positions of these, rising."""
        order = np.argsort(self.owner, kind="stable")
        found, starts = np.unique(self.owner[order], return_index=True)
        for at, vertices in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
            if at >= 0:
                yield self.labelled[at], vertices

    def left_out(self) -> tuple[str, ...]:
        """What is to be said of objects that have no vertex; see `Scene.left_out`."""
        there = set(np.unique(self.owner).tolist())
        lost = [
            f"{each.id} '{each.label}'"
            for at, each in enumerate(self.labelled)
            if at not in there and not labels.structural(each.label)
        ]
        return tuple(f"object {each}, which has no vertex of its own" for each in lost)


def read_groups(segments: Path, annotation: Path, mesh: Path, vertices: int) -> Groups:
    """The annotated things of a mesh with so many vertices.

    Raises DataError unless there is a segment for every vertex and a vertex for every segment.
    """
    of_vertex = np.array(read_model(segments, _Segments).segIndices, dtype=np.int64)
    if len(of_vertex) != vertices:
        raise DataError(
            f"{segments}: segIndices has {len(of_vertex)} entries; "
            f"{mesh.name} has {vertices} vertices"
        )
    groups = list(_groups(annotation))
    known, position, counts = np.unique(of_vertex, return_inverse=True, return_counts=True)
    grouped = np.array([each for _, group in groups for each in group.segments], dtype=np.int64)
    group_of = np.repeat(np.arange(len(groups)), [len(group.segments) for _, group in groups])
    foreign = np.flatnonzero(~np.isin(grouped, known))
    if len(foreign):
        raise DataError(
            f"{annotation}: segGroups[{groups[group_of[foreign[0]]][0]}].segments names segment "
            f"{grouped[foreign[0]]}, which no vertex has; expected segments of {segments.name}"
        )
    owner = _smallest(
        group_of, np.searchsorted(known, grouped), counts, [group.objectId for _, group in groups]
    )
    labelled = (Labelled(group.objectId, group.label.strip()) for _, group in groups)
    return Groups(tuple(labelled), owner[position])


def _groups(path: Path) -> Iterator[tuple[int, _Group]]:
    """The groups that are not to be removed, with their positions in the file."""
    ids: set[int] = set()
    for at, group in enumerate(read_model(path, _Annotation).segGroups):
        where = f"{path}: segGroups[{at}]"
        if group.objectId in ids:
            raise DataError(f"{where}.objectId {group.objectId} repeats; expected each once")
        if not group.label.strip():
            raise DataError(f"{where}.label is empty; expected what the object is called")
        ids.add(group.objectId)
        if name_form(group.label) != _REMOVED:
            yield at, group


def _smallest(
    group: Int[np.ndarray, " n"],
    segment: Int[np.ndarray, " n"],
    vertices: Int[np.ndarray, " s"],
    ids: list[int],
) -> Int[np.ndarray, " s"]:
    """The smallest group of each segment, -1 for none; `group` has the `segment` in the same row.

    `vertices` of each segment tell how large the groups are, and their `ids` decide ties.
    """
    group, segment = np.unique(np.stack([group, segment]), axis=1)
    size = np.bincount(group, weights=vertices[segment], minlength=len(ids))
    by_size = np.lexsort((np.array(ids, dtype=np.int64), size))
    rank = np.empty(len(ids), dtype=np.int64)
    rank[by_size] = np.arange(len(ids))
    first = np.full(len(vertices), len(ids))
    np.minimum.at(first, segment, rank[group])
    owner: Int[np.ndarray, " s"] = np.append(by_size, -1)[first]
    return owner
