"""The longest side of an object, and how far noise may move it.

The side is that of the gravity-aligned box. Surface noise moves every point by a Gaussian of 5 mm.
The largest of n such draws is expected below 5 mm sqrt(2 ln n), so the two ends of an object of n
points move apart by less than twice that; they never move together by as much, since some point
stays out there. Both ends together stray from what is expected by a few millimetres, for which the
band has 1 cm more. Moving an object as a whole changes no side. An annotated box has one point at
each end.

Noise also picks the box anew among rectangles of almost the same area and perimeter: all its rivals
count (`boxes.Rectangles`). On prisms of 50 to 4000 points over triangles, trapezoids, L-shapes,
ellipses and polygons, sides that no rival changes by more than half of the band stayed in it in all
but one of 22,860 noisy copies, which left it by 5 mm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, sqrt

import numpy as np

from spatialevo_core.question import Evidence
from spatialevo_datasets.scene import Box, Instance, Scene
from spatialevo_tasks.geometry import Triple, rounded, source

POINT_NOISE_M = 0.005
STRAY_M = 0.01
STEADY_SHARE = 0.5
"""Of the band, what another choice of rectangle may take: noise needs the rest."""


class Extent(Evidence):
    """The box of an object, and what its longest side might be as well."""

    longest_m: float
    band_m: float
    shortest_rival_m: float
    longest_rival_m: float
    """Of the longest sides that noise may choose among, the one measured included."""
    sides_m: Triple
    axes: tuple[Triple, Triple, Triple]
    """The direction of each side."""
    center_m: Triple
    source: str

    @property
    def steady(self) -> bool:
        """Whether another choice of rectangle takes no more than its part of the band."""
        leeway = (self.longest_rival_m - self.longest_m, self.longest_m - self.shortest_rival_m)
        return max(leeway) <= STEADY_SHARE * self.band_m


ExtentOf = Callable[[Scene, Instance], Extent]


def oriented(scene: Scene, instance: Instance) -> Extent:
    """By the gravity-aligned box, or the annotated one."""
    box, found = scene.obb(instance), scene.footprint(instance)
    if found is None:
        return _extent(instance, box)
    rivals = found.size[found.rivals].max(axis=1)
    return _extent(instance, box, np.maximum(rivals, box.size[2]).tolist())


def upright(scene: Scene, instance: Instance) -> Extent:
    """By the axis-aligned box, which noise cannot turn."""
    return _extent(instance, scene.aabb(instance))


def _extent(instance: Instance, box: Box, rivals: Sequence[float] = ()) -> Extent:
    longest = float(box.size.max())
    count = 2 if instance.points is None else len(instance.points)
    x, y, z = (rounded(axis) for axis in box.axes)
    return Extent(
        longest_m=longest,
        band_m=2 * POINT_NOISE_M * sqrt(2 * log(max(count, 2))) + STRAY_M,
        shortest_rival_m=min((longest, *rivals)),
        longest_rival_m=max((longest, *rivals)),
        sides_m=rounded(box.size),
        axes=(x, y, z),
        center_m=rounded(box.center),
        source=source(instance),
    )
