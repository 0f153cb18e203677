"""Which objects of a region are together in a room.

Those of the right kind that stand by one another, each within 1.5 m of the next at their closest
points, make a cluster; a region is a cluster with a core object (a bed, a desk) in it. A core
object that needs company, such as a table with two chairs, has it within 1 m.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from spatialevo_datasets.boxes import corners
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import View
from spatialevo_tasks.regions import Region, among
from spatialevo_tasks.rules import SpatialTerms, hidden

LINK_M = 1.5
"""At their closest points; objects of a region that are farther apart belong to two."""
COMPANY_M = 1.0
"""How near to a core object that needs company it must be."""
SLACK_M = 0.08
"""How far surface noise may move the distance of two objects."""


@dataclass(frozen=True, eq=False)
class Gathering:
    """The objects of a kind of region in a room, and how far they are apart."""

    region: Region
    objects: tuple[Instance, ...]
    """By id."""
    seen: Bool[np.ndarray, " n"]
    """Whether some image of the view shows each, as far as that can be judged."""
    gaps_m: Float[np.ndarray, "n n"]
    """Between nearest points; infinite where it is more than `LINK_M` and the slack."""

    @classmethod
    def of(cls, view: View, region: Region, terms: SpatialTerms) -> Gathering:
        """What the room of the view has of it."""
        kinds = (label for label in view.scene.labels if among(region.everything, label))
        found = [each for label in kinds for each in view.scene.labelled(label)]
        objects = tuple(sorted(found, key=lambda each: each.id))
        seen = np.array([not hidden(view, each, terms) for each in objects], dtype=bool)
        return cls(region, objects, seen, _gaps(view.scene, objects))

    def name(self, at: int) -> str:
        """`label id` of one of the objects."""
        return f"{self.objects[at].label} {self.objects[at].id}"

    def cores(self, slack_m: float = 0.0, without: int | None = None) -> Bool[np.ndarray, " n"]:
        """Which objects are core, with `slack_m` more between company; `without` is left out."""
        there = np.arange(len(self.objects)) != (-1 if without is None else without)
        core = self._are(self.region.core)
        for each in self.region.core_beside:
            near = (self.gaps_m <= COMPANY_M + slack_m) & self._are(each.near) & there
            np.fill_diagonal(near, False)
            core = core | (self._are((each.label,)) & (near.sum(axis=1) >= each.count))
        found: Bool[np.ndarray, " n"] = core & there
        return found

    def clusters(self, slack_m: float = 0.0, without: int | None = None) -> list[tuple[int, ...]]:
        """The clusters that have a core object to be seen, as positions in `objects`."""
        linked = self.gaps_m <= LINK_M + slack_m
        if without is not None:
            linked[without] = linked[:, without] = False
        found, left = [], self.cores(slack_m, without) & self.seen
        while left.any():
            reached = np.arange(len(left)) == np.argmax(left)
            while (further := linked[reached].any(axis=0) & ~reached).any():
                reached = reached | further
            found.append(tuple(np.flatnonzero(reached).tolist()))
            left = left & ~reached
        return found

    def _are(self, words: Iterable[str]) -> Bool[np.ndarray, " n"]:
        kinds = frozenset(words)
        return np.array([among(kinds, each.label) for each in self.objects], dtype=bool)


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
