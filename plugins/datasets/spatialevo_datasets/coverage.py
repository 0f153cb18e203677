"""Which few frames show a room: greedy, deterministic, connected where the room allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatialevo_datasets.scene import Scene

LEAST_FRAMES, MOST_FRAMES = 4, 8
CONNECTED = 0.10
"""Overlap from which what two frames show can be related."""


def covering(scene: Scene, start: int, among: Sequence[int]) -> tuple[int, ...]:
    """4 to 8 frames (all, where there are fewer) that begin with `start` and cover the objects.

    Each further frame is one that overlaps those chosen and shows the most objects not shown yet;
    where none does, one that shows such objects at all; of equals the one that improves most how
    well objects are seen, then the least index. What is left of the 8 joins parts that do not
    overlap. Returns the indices in rising order.
    """
    shares = {index: scene.shares(index) for index in sorted({start, *among})}
    chosen = [start]
    while len(chosen) < min(MOST_FRAMES, len(shares)):
        best = _best(shares, chosen)
        gains = {each: _gain(scene, chosen, best, shares[each], each) for each in shares}
        index = max((each for each in shares if each not in chosen), key=lambda i: (gains[i], -i))
        if not gains[index].new and len(chosen) >= LEAST_FRAMES:
            break
        chosen.append(index)
    return tuple(sorted(_joined(scene, chosen, [each for each in shares if each not in chosen])))


@dataclass(frozen=True)
class Shares:
    """How much of each object a frame shows, and which of them clearly."""

    share: Mapping[int, float]
    """By id."""
    visible: frozenset[int]
    """Ids."""

    @classmethod
    def of(cls, scene: Scene, index: int) -> Shares:
        """Of one frame."""
        sights = ((each.id, scene.sight(each, index)) for each in scene.instances)
        known = {at: sight for at, sight in sights if sight is not None}
        return cls(
            share={at: sight.share for at, sight in known.items()},
            visible=frozenset(at for at, sight in known.items() if sight.visible),
        )


@dataclass(frozen=True, order=True)
class _Gain:
    connected: bool
    """Shows new objects and overlaps what is chosen."""
    new: int
    better: float


def _best(shares: Mapping[int, Shares], chosen: Sequence[int]) -> Shares:
    share: dict[int, float] = {}
    for index in chosen:
        for at, each in shares[index].share.items():
            share[at] = max(share.get(at, 0.0), each)
    return Shares(share, frozenset().union(*(shares[index].visible for index in chosen)))


def _gain(scene: Scene, chosen: Sequence[int], best: Shares, own: Shares, index: int) -> _Gain:
    new = len(own.visible - best.visible)
    better = sum(max(0.0, share - best.share.get(at, 0.0)) for at, share in own.share.items())
    return _Gain(new > 0 and _overlaps(scene, index, chosen), new, better)


def _overlaps(scene: Scene, index: int, others: Sequence[int]) -> bool:
    return any((scene.overlap(index, other) or 0.0) >= CONNECTED for other in others)


def _joined(scene: Scene, chosen: list[int], spare: list[int]) -> list[int]:
    """The chosen frames and those spare ones that join the most parts of them."""
    while len(chosen) < MOST_FRAMES:
        parts = _parts(scene, chosen)
        touched = {each: sum(_overlaps(scene, each, part) for part in parts) for each in spare}
        bridge = max(spare, key=lambda each: (touched[each], -each), default=None)
        if bridge is None or touched[bridge] < 2:
            break
        chosen = [*chosen, bridge]
        spare = [each for each in spare if each != bridge]
    return chosen


def _parts(scene: Scene, frames: Sequence[int]) -> list[list[int]]:
    """The frames in groups that are connected by overlaps."""
    parts: list[list[int]] = []
    for index in frames:
        met = [part for part in parts if _overlaps(scene, index, part)]
        parts = [part for part in parts if part not in met] + [
            [index, *(i for p in met for i in p)]
        ]
    return parts
