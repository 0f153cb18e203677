"""One synthetic room written in official layouts, read back, and asked the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from spatialevo_core.engine import judge
from spatialevo_core.plugins import load
from spatialevo_core.question import Query, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.scannetpp import spatialevo_datasets as scannetpp_datasets
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic.layouts import write_matrix
from spatialevo_datasets.synthetic.rooms import Blueprint
from spatialevo_datasets.synthetic.scannet_writer import write_scannet
from spatialevo_datasets.synthetic.scannetpp_writer import write_scannetpp

PER_VIEW = 3
"""Questions of one task about one view."""


@dataclass(frozen=True)
class Asked:
    """A question as it can be put to any scene with the same objects and frames."""

    task: AnyTask
    frames: tuple[int, ...]
    query: Query

    def verdict(self, scene: Scene) -> Verdict:
        return judge(self.task, self.task.world(scene, self.frames), self.query)

    def __str__(self) -> str:
        return f"{list(self.frames)} {self.task.name} {self.query}"


@dataclass(frozen=True)
class Difference:
    """A question of which two scenes say different things."""

    asked: Asked
    one: Verdict
    other: Verdict

    @property
    def kind(self) -> str:
        """The two outcomes: answer codes, or that both answer and not the same."""
        return f"{_outcome(self.one)} / {_outcome(self.other)}"

    def __str__(self) -> str:
        return f"{self.asked}: {_said(self.one)} / {_said(self.other)}"


def both_recordings(blueprint: Blueprint, root: Path) -> tuple[Scene, Scene]:
    """The room through ScanNet++: the DSLR recording, and the iPhone's."""
    write_scannetpp(blueprint, root, pictures=False)
    dslr, iphone = (each.load(root, blueprint.name) for each in scannetpp_datasets())
    return dslr, iphone


def through_scannet(blueprint: Blueprint, root: Path, recorded: Scene) -> Scene:
    """The room through ScanNet, with the depth images of another recording.

    Each layout has a depth camera of its own, and other depth images would be other measurements.
    """
    folder = write_scannet(blueprint, root, pictures=False)
    for frame in recorded.frames:
        millimetres = np.rint(frame.depth.read() * 1000).astype(np.uint16)
        Image.fromarray(millimetres).save(folder / f"depth/{frame.index}.png")
    K = np.eye(4)
    K[:3, :3] = recorded.frames[0].depth.K
    write_matrix(folder / "intrinsic/intrinsic_depth.txt", K)
    return ScanNet().load(root, blueprint.name)


def questions(scene: Scene, many: int, seed: int = 0) -> list[Asked]:
    """Candidate questions of all tasks in turn, legal ones and others, in views worth showing."""
    rng = Random(seed)
    streams = [_stream(task, scene, rng) for task in _tasks()]
    found: list[Asked] = []
    while streams and len(found) < many:
        for stream in list(streams):
            asked = next(stream, None)
            if asked is None:
                streams.remove(stream)
            else:
                found.append(asked)
    return found[:many]


def differences(asked: Sequence[Asked], one: Scene, other: Scene) -> list[Difference]:
    """The questions of which the scenes do not say the same: answer, or codes of refusal."""
    found = (Difference(each, each.verdict(one), each.verdict(other)) for each in asked)
    return [each for each in found if _said(each.one) != _said(each.other)]


def _tasks() -> Sequence[AnyTask]:
    return tuple(load().tasks.values())


def _stream(task: AnyTask, scene: Scene, rng: Random) -> Iterator[Asked]:
    for view in task.world.propose(scene, rng):
        for query in islice(task.candidates(view, rng), PER_VIEW):
            yield Asked(task, view.frames, query)


def _outcome(verdict: Verdict) -> str:
    return "answered" if verdict.legal else ", ".join(sorted(set(verdict.codes)))


def _said(verdict: Verdict) -> Any:
    """Numbers to a micrometre: poses that went through quaternions differ in the last digits."""
    if not verdict.legal:
        return tuple(sorted(set(verdict.codes)))
    value = verdict.answer.value
    return round(value, 6) if isinstance(value, float) else value
