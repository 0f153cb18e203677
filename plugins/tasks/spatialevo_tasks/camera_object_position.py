"""When you took Image 1, in which direction was the sink?

One of eight ways: the azimuth of the centre of the object's box in the level frame of the reference
camera. The room has one such object, which either image shows; what the reference does not show
itself is related to it by the other image, so that the two must overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from spatialevo_core.question import Answer, Query
from spatialevo_core.slots import ImageNumber, Name
from spatialevo_core.task import Solve
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import PairView
from spatialevo_tasks import geometry, pairs, proposals, rules
from spatialevo_tasks.directions import EIGHT, direction
from spatialevo_tasks.geometry import BoxOf
from spatialevo_tasks.pairs import FromCamera
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms


class ObjectPlace(Query):
    """Where an object was for who took an image."""

    object: Name
    reference: ImageNumber


def by(box: BoxOf) -> Solve:
    """The answer with the object at the centre of its box."""

    def solve(view: PairView, q: ObjectPlace, terms: SpatialTerms) -> Answer[FromCamera]:
        instance = rules.referent(view, q.object, terms)
        center = box(view.scene, instance).center
        rivals = geometry.rival_centers(view.scene, instance, box)
        evidence = pairs.from_camera(view, q.reference, q.object, center, terms, rivals=rivals)
        return Answer(value=EIGHT.word(evidence.azimuth_deg), evidence=evidence)

    return solve


def in_reference(view: PairView, q: ObjectPlace, terms: SpatialTerms) -> bool:
    """Whether the reference image shows the object itself."""
    named = view.scene.labelled(q.object)
    return any(pairs.shown_in(view, q.reference, each, terms) for each in named)


def candidates(view: PairView, rng: Random) -> Iterator[ObjectPlace]:
    """The objects that are alone of their name and can be seen, from either image."""
    visible = set(proposals.visible(view))
    asked = [(n, number) for n in pairs.only_ones(view) if n in visible for number in (1, 2)]
    for name, number in rng.sample(asked, len(asked)):
        yield ObjectPlace(object=name, reference=number)


TASK = SpatialTask(
    name="camera_object_position",
    summary="Where an object was for who took one of the images.",
    world=PairView,
    query=ObjectPlace,
    phrasings=pairs.where_from_camera("object"),
    rules=(
        rules.images("reference"),
        rules.exist("object"),
        pairs.alone("object"),
        rules.observed("object"),
        rules.dense("object"),
        rules.headed(lambda q: (q.reference,)),
        pairs.overlapping_unless(in_reference),
        geometry.far_enough(),
        rules.decisive(geometry.unsettled),
    ),
    candidates=candidates,
    solve=by(Scene.obb),
    definitions={"aabb": by(Scene.aabb)},
    score=direction,
    answer_hint=lambda q: f"one of {', '.join(EIGHT.words)}",  # noqa: ARG005
    brief=proposals.told_objects,
)
