"""How far objects are apart, by their geometry or by boxes, and the nearest one of a category."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from spatialevo_core.question import Frozen
from spatialevo_datasets.distances import Gap, box_box, points_box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import View
from spatialevo_tasks import rules
from spatialevo_tasks.geometry import BoxOf, Triple, rounded
from spatialevo_tasks.rules import Meant, SpatialTerms

GapOf = Callable[[Scene, Instance, Instance], Gap]
"""`Scene.gap`, or what `between` makes."""
RangeOf = Callable[[Scene, Instance, Float[np.ndarray, "3"]], Gap]
"""From a point of the world frame to an object: `Scene.nearest`, or what `to` makes."""


def between(box: BoxOf) -> GapOf:
    """Measures between the surfaces of boxes."""
    return lambda scene, one, other: box_box(box(scene, one), box(scene, other))


def to(box: BoxOf) -> RangeOf:
    """Measures from a point to the solid box."""
    return lambda scene, instance, point: points_box(point[None], box(scene, instance))


BOXED: Mapping[str, GapOf] = {"aabb": between(Scene.aabb), "obb": between(Scene.obb)}
"""The definitions under which distances are those between boxes."""


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
    gap, nearest = _nearest(scene, anchor, label, measure)
    ends = {"from_m": rounded(gap.point_a), "to_m": rounded(gap.point_b)}
    return Reach(distance_m=gap.distance_m, id=nearest.id, **ends)


def nearest_to(field: str) -> Meant:
    """Of a name that several have, the one is meant that is nearest to the object in that field.

    Distances are those of the definition in force, so that rules look at what is answered with.
    """

    def meant(view: View, query: Any, name: str, terms: SpatialTerms) -> tuple[Instance, ...]:
        anchor = rules.referent(view, getattr(query, field), terms)
        if name == getattr(query, field):
            return (anchor,)
        measure = BOXED.get(terms.definition, Scene.gap)
        return (_nearest(view.scene, anchor, name, measure)[1],)

    return meant


def _nearest(scene: Scene, anchor: Instance, label: str, measure: GapOf) -> tuple[Gap, Instance]:
    gaps = [(measure(scene, anchor, each), each) for each in scene.labelled(label)]
    return min(gaps, key=lambda found: found[0].distance_m)
