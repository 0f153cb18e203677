"""Which objects of a region are together in a room.

Those of the right kind that stand by one another, each within 1.5 m of the next at their closest
points, make a cluster; a region is a cluster with a core object (a bed, a desk) in it. A core
object that needs company, such as a table with two chairs, has it within 1 m.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse.csgraph import connected_components

from spatialevo_datasets.boxes import corners
from spatialevo_datasets.memo import Memo
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import View
from spatialevo_tasks.regions import Region, among
from spatialevo_tasks.rules import SpatialTerms, hidden

LINK_M = 1.5
"""At their closest points; objects of a region that are farther apart belong to two."""
COMPANY_M = 1.0
"""How near to a core object that needs company it must be."""
SLACK_M = 0.09
"""How far surface noise may move the distance of two objects."""


@dataclass(frozen=True, eq=False)
class Kin:
    """The objects of a kind of region in a room, and how far they are apart."""

    region: Region
    objects: tuple[Instance, ...]
    """By id."""
    gaps_m: Float[np.ndarray, "n n"]
    """Between nearest points; infinite where it is more than `LINK_M` and the slack."""
    _kept: Memo = field(default_factory=lambda: Memo(256), init=False, repr=False)

    @classmethod
    def of(cls, scene: Scene, region: Region) -> Kin:
        """What the room has of it; found once for each room."""
        return scene.derived.get((cls, region), lambda: cls._found(scene, region))

    def cores(self, slack_m: float = 0.0, without: int | None = None) -> Bool[np.ndarray, " n"]:
        """Which objects are core, with `slack_m` more between company; `without` is left out."""
        return self._kept.get(("cores", slack_m, without), lambda: self._cores(slack_m, without))

    def parts(self, slack_m: float = 0.0, without: int | None = None) -> Int[np.ndarray, " n"]:
        """A number for each object, the same where nearness links them one after another."""
        return self._kept.get(("parts", slack_m, without), lambda: self._parts(slack_m, without))

    @classmethod
    def _found(cls, scene: Scene, region: Region) -> Kin:
        kinds = (label for label in scene.labels if among(region.everything, label))
        found = [each for label in kinds for each in scene.labelled(label)]
        objects = tuple(sorted(found, key=lambda each: each.id))
        return cls(region, objects, _gaps(scene, objects))

    def _cores(self, slack_m: float, without: int | None) -> Bool[np.ndarray, " n"]:
        there = np.arange(len(self.objects)) != (-1 if without is None else without)
        core = self._are(self.region.core)
        for each in self.region.core_beside:
            near = (self.gaps_m <= COMPANY_M + slack_m) & self._are(each.near) & there
            np.fill_diagonal(near, False)
            core = core | (self._are((each.label,)) & (near.sum(axis=1) >= each.count))
        found: Bool[np.ndarray, " n"] = core & there
        return found

    def _parts(self, slack_m: float, without: int | None) -> Int[np.ndarray, " n"]:
        linked = self.gaps_m <= LINK_M + slack_m
        if without is not None:
            linked[without] = linked[:, without] = False
        parts: Int[np.ndarray, " n"] = connected_components(linked, directed=False)[1]
        return parts

    def _are(self, words: Iterable[str]) -> Bool[np.ndarray, " n"]:
        kinds = frozenset(words)
        return np.array([among(kinds, each.label) for each in self.objects], dtype=bool)


@dataclass(frozen=True, eq=False)
class Gathering:
    """The objects of a kind of region, and which of them a view shows."""

    kin: Kin
    seen: Bool[np.ndarray, " n"]
    """Whether some image of the view shows each, as far as that can be judged."""

    @classmethod
    def of(cls, view: View, region: Region, terms: SpatialTerms) -> Gathering:
        """What the room of the view has of it; found once for the frames of a view."""

        def found() -> Gathering:
            kin = Kin.of(view.scene, region)
            seen = [not hidden(view, each, terms) for each in kin.objects]
            return cls(kin, np.array(seen, dtype=bool))

        return view.scene.derived.get((cls, region, view.frames, terms), found)

    @property
    def objects(self) -> tuple[Instance, ...]:
        """By id, seen or not."""
        return self.kin.objects

    def name(self, at: int) -> str:
        """`label id` of one of the objects."""
        return f"{self.objects[at].label} {self.objects[at].id}"

    def cores(self) -> Bool[np.ndarray, " n"]:
        """Which objects are core, seen or not."""
        return self.kin.cores()

    def clusters(self, slack_m: float = 0.0, without: int | None = None) -> list[tuple[int, ...]]:
        """The clusters that have a core object to be seen, as positions in `objects`.

        With `slack_m` more between the objects, and `without` one of them.
        """
        parts = self.kin.parts(slack_m, without)
        seen_cores = np.flatnonzero(self.kin.cores(slack_m, without) & self.seen)
        found = dict.fromkeys(parts[seen_cores].tolist())
        return [tuple(np.flatnonzero(parts == part).tolist()) for part in found]


def _gaps(scene: Scene, objects: tuple[Instance, ...]) -> Float[np.ndarray, "n n"]:
    """Exact where the axis-aligned boxes are near enough for it to matter."""
    if not objects:
        return np.zeros((0, 0))
    bounds = np.array([corners(scene.aabb(each))[[0, -1]] for each in objects])
    low, high = bounds[:, 0], bounds[:, 1]
    apart = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).clip(min=0)
    gaps: Float[np.ndarray, "n n"] = np.linalg.norm(apart, axis=2)
    far = gaps > LINK_M + SLACK_M
    gaps[far] = np.inf
    for one, other in np.argwhere(np.triu(~far, 1)):
        gap = scene.gap(objects[one], objects[other]).distance_m
        gaps[one, other] = gaps[other, one] = gap
    return gaps
