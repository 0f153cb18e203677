"""VSI-Bench's metadata: real rooms as labelled oriented boxes, and its published questions.

The folder holds `scenes.json` (per scene: `dataset`, `room_size_m2`, `objects` with `label`,
`center` and full `size` in metres, and `axes`, whose rows are the box axes) and `questions.jsonl`
(per line: `id`, `scene`, `question_type`, `question`, `options`, `answer`). There are no points and
no frames. An object's id is its position in the list: which box of a category comes first matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, RootModel

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.worlds import Dataset, PublishedQuestion
from spatialevo_datasets import labels
from spatialevo_datasets.files import (
    given_root,
    no_such_world,
    parse_model,
    read_model,
    read_text,
)
from spatialevo_datasets.scene import Box, Instance, Scene

_SCENES, _QUESTIONS = "scenes.json", "questions.jsonl"
_ROUNDING = 1e-3
"""How far stored axes may be from orthonormal."""
_OPTION = re.compile(r"([A-Z])\.\s*(.+)")

Triple = tuple[float, float, float]


class _Finite(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _Object(_Finite):
    label: str
    center: Triple
    size: Triple
    axes: tuple[Triple, Triple, Triple]


class _Room(_Finite):
    dataset: str
    room_size_m2: float
    objects: list[_Object]


class _Rooms(RootModel[dict[str, _Room]]):
    pass


class _Question(_Finite):
    id: int | str
    scene: str
    question_type: str
    question: str
    options: list[str] | None
    answer: str


@dataclass(frozen=True)
class VsiBench:
    """The dataset `vsi_bench`."""

    name: str = "vsi_bench"
    summary: str = "boxes of real rooms and the published questions of VSI-Bench"
    source: type[Scene] = Scene
    needs_root: bool = True

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """The rooms in file order; a split is the dataset that they come from (`scannet`, ...)."""
        rooms = _rooms(given_root(root, self.name))
        known = sorted({room.dataset for room in rooms.values()})
        if split is not None and split not in known:
            raise DataError(f"{self.name} has no split '{split}'; known: {', '.join(known)}")
        return [each for each, room in rooms.items() if split in (None, room.dataset)]

    def load(self, root: Path | None, world_id: str) -> Scene:
        """One room."""
        root = given_root(root, self.name)
        rooms = _rooms(root)
        if world_id not in rooms:
            raise no_such_world(root / _SCENES, world_id, rooms)
        room = rooms[world_id]
        where = f"{root / _SCENES}: {world_id}.objects"
        return Scene(
            key=f"{self.name}/{world_id}",
            instances=tuple(
                Instance(at, each.label, box=_box(each, f"{where}[{at}]"))
                for at, each in enumerate(room.objects)
                if not labels.structural(each.label)
            ),
            room_size_m2=room.room_size_m2,
        )

    def files(self, root: Path | None, world_id: str) -> Iterable[Path]:  # noqa: ARG002
        """The file that holds all rooms."""
        return [given_root(root, self.name) / _SCENES]

    def missing(self, root: Path | None) -> Iterator[str]:
        """What keeps rooms or questions from being read."""
        try:
            root = given_root(root, self.name)
            for world_id in self.ids(root):
                self.load(root, world_id)
        except DataError as error:
            yield str(error)
        if root is not None and root.is_dir():
            try:
                for _ in self.questions(root):
                    pass
            except DataError as error:
                yield str(error)

    def questions(self, root: Path) -> Iterator[PublishedQuestion]:
        """The published questions in file order, the answer's letter replaced by its option."""
        path = given_root(root, self.name) / _QUESTIONS
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if line.strip():
                where = f"{path}, line {number}"
                yield _published(parse_model(line, where, _Question), where)


def _published(asked: _Question, where: str) -> PublishedQuestion:
    matches = [_OPTION.fullmatch(option.strip()) for option in asked.options or ()]
    options = {match[1]: match[2] for match in matches if match}
    if asked.options and asked.answer not in options:
        raise DataError(f"{where}: answer '{asked.answer}' is none of {', '.join(options)}")
    return PublishedQuestion(
        id=str(asked.id),
        world_id=asked.scene,
        kind=asked.question_type,
        text=asked.question,
        answer=options.get(asked.answer, asked.answer),
        options=tuple(options.values()),
    )


def _box(stored: _Object, where: str) -> Box:
    size, axes = np.array(stored.size), np.array(stored.axes)
    if size.min() <= 0:
        raise DataError(f"{where}.size is {stored.size}; expected positive lengths in metres")
    if np.abs(axes @ axes.T - np.eye(3)).max() > _ROUNDING:
        raise DataError(f"{where}.axes are not orthonormal; expected three unit rows")
    return Box(center=np.array(stored.center), size=size, axes=axes)


def _rooms(root: Path) -> dict[str, _Room]:
    path = root / _SCENES
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return _read_rooms(path, changed)


@lru_cache(maxsize=2)
def _read_rooms(path: Path, changed: int) -> dict[str, _Room]:
    """All rooms of the file, kept until the file changes."""
    del changed
    return read_model(path, _Rooms).root


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Scene]]:
    """The dataset `vsi_bench`."""
    return [VsiBench()]
