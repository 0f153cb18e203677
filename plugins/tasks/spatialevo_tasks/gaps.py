"""How far objects are apart, by their geometry or by boxes, and the nearest one of a category."""

from __future__ import annotations

from collections.abc import Callable

from spatialevo_core.question import Frozen
from spatialevo_datasets.distances import Gap, box_box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_tasks.geometry import BoxOf, Triple, rounded

GapOf = Callable[[Scene, Instance, Instance], Gap]
"""`Scene.gap`, or what `between` makes."""


def between(box: BoxOf) -> GapOf:
    """Measures between the surfaces of boxes."""
    return lambda scene, one, other: box_box(box(scene, one), box(scene, other))


class Reach(Frozen):
    """From an object to the nearest one of a category."""

    distance_m: float
    id: int
    """Of the nearest one."""
    from_m: Triple
    to_m: Triple
    """The closest points, world."""


def reach(scene: Scene, anchor: Instance, label: str, measure: GapOf) -> Reach:
    """To the nearest of the objects of that label, which there must be."""
    gaps = [(measure(scene, anchor, each), each.id) for each in scene.labelled(label)]
    gap, at = min(gaps, key=lambda found: found[0].distance_m)
    return Reach(
        distance_m=gap.distance_m, id=at, from_m=rounded(gap.point_a), to_m=rounded(gap.point_b)
    )
