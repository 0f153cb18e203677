"""Compared with Image 1, was the camera of Image 2 higher or lower?

The sign of the target's height above the reference's, along gravity, between the optical centres.
The image that is compared with is the reference, wherever in the sentence it stands: "compared with
Image 2, was the camera of Image 1 higher" asks about the camera of Image 1. Cameras whose heights
differ by less than 0.15 m are level, and say nothing.
"""

from __future__ import annotations

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import ImageNumber
from spatialevo_datasets.views import PairView
from spatialevo_tasks import pairs, rules
from spatialevo_tasks.geometry import Triple, rounded
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

SAID = {
    "higher": ("higher up", "above", "at a higher position", "up", "upper", "taller"),
    "lower": ("lower down", "below", "at a lower position", "down", "beneath", "shorter"),
}


class Elevation(Query):
    """Whether the camera of one image was higher than that of another."""

    reference: ImageNumber
    target: ImageNumber


class ElevationEvidence(Evidence):
    """Both optical centres, and by how much the target's is above the reference's."""

    reference_m: Triple
    target_m: Triple
    rise_m: float


def solve(view: PairView, q: Elevation, _terms: SpatialTerms) -> Answer[ElevationEvidence]:
    """The sign of the height difference."""
    reference, target = (view.image(number).position for number in (q.reference, q.target))
    rise_m = float(target[2] - reference[2])
    evidence = ElevationEvidence(
        reference_m=rounded(reference), target_m=rounded(target), rise_m=rise_m
    )
    return Answer(value="higher" if rise_m > 0 else "lower", evidence=evidence)


def level(evidence: ElevationEvidence, terms: SpatialTerms) -> str | None:
    """Why neither camera is higher."""
    if abs(evidence.rise_m) >= terms.height_margin_m:
        return None
    return (
        f"the cameras differ by {abs(evidence.rise_m):.2f} m in height; "
        f"higher or lower takes {terms.height_margin_m:.2f} m"
    )


TASK = SpatialTask(
    name="camera_camera_elevation",
    summary="Whether the camera of one image was higher or lower than that of the other.",
    world=PairView,
    query=Elevation,
    phrasings=(
        *written(
            "Compared with {reference}, was the camera of {target} higher or lower",
            "Compared with the camera of {reference}, was the camera of {target} higher or lower",
            "Was the camera of {target} higher or lower than the camera of {reference}",
            "Was {target} taken from a higher or a lower position than {reference}",
            "Relative to the camera of {reference}, was the camera of {target} higher or lower",
            "Was the camera higher or lower in {target} than in {reference}",
            "When you took {target}, was the camera higher or lower than when you took {reference}",
            "Between {reference} and {target}, is the camera of {target} the higher or the lower",
        ),
        *others("camera_camera_elevation"),
    ),
    rules=(
        rules.images("reference", "target"),
        rules.overlapping(),
        rules.informative(
            level,
            said=("same height", "same level", "equally high", "as high as", "neither is higher"),
        ),
    ),
    candidates=pairs.both_ways(Elevation),
    solve=solve,
    score=lambda reply, answer: exact_label(reply, answer, SAID),
    answer_hint=lambda q: "higher or lower",  # noqa: ARG005
)
