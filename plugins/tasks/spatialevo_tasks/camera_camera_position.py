"""When you took Image 1, where was the camera of Image 2 relative to you?

One of eight ways: the azimuth of the target's optical centre in the level frame of the reference
camera. How high either is, and how steeply it looks, does not matter.
"""

from __future__ import annotations

from spatialevo_core.question import Answer, Query
from spatialevo_core.slots import ImageNumber
from spatialevo_datasets.views import PairView
from spatialevo_tasks import geometry, pairs, rules
from spatialevo_tasks.directions import EIGHT, direction
from spatialevo_tasks.pairs import FromCamera
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written


class CameraPlace(Query):
    """Where the camera of one image was for who took another."""

    reference: ImageNumber
    target: ImageNumber


def solve(view: PairView, q: CameraPlace, terms: SpatialTerms) -> Answer[FromCamera]:
    """The sector of the target's optical centre."""
    name, target = f"camera of image {q.target}", view.image(q.target).position
    evidence = pairs.from_camera(view, q.reference, name, target, terms)
    return Answer(value=EIGHT.word(evidence.azimuth_deg), evidence=evidence)


TASK = SpatialTask(
    name="camera_camera_position",
    summary="Where the camera of one image was for who took the other.",
    world=PairView,
    query=CameraPlace,
    phrasings=(
        *written(
            "When you took {reference}, where was the camera of {target} relative to you",
            "Seen from the camera of {reference}, where was the camera of {target}",
            "Seen from the camera of {reference}, where was {target} taken",
            "In which direction from the camera of {reference} was the camera of {target}",
            "Looking as the camera of {reference} does, in which direction was {target} taken",
            "Relative to the camera of {reference}, in which direction was the camera of {target}",
            "If you look the way {reference} was taken, where was the camera of {target}",
            "Taking the viewing direction of {reference} as front, "
            "where was {target} taken from it",
        ),
        *others("camera_camera_position"),
    ),
    rules=(
        rules.images("reference", "target"),
        rules.headed(lambda q: (q.reference,)),
        rules.overlapping(),
        geometry.far_enough(),
        rules.decisive(geometry.unsettled),
    ),
    candidates=pairs.both_ways(CameraPlace),
    solve=solve,
    score=direction,
    answer_hint=lambda q: f"one of {', '.join(EIGHT.words)}",  # noqa: ARG005
)
