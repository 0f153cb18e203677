"""How far is the lamp from the camera, in meters?

From the optical centre to the nearest point of the object's geometry: its points where it is
segmented, else its annotated box. Under the definitions `aabb` and `obb`, to its box. A camera
inside the box of the object (under a table, in a shower) is at no distance from it, and neither is
one less than 0.05 m away: `answer.empty`. The band is 0.06 m: 3 cm by which object and camera may
be displaced, up to 2.5 cm by which noise of 5 mm on every point brings the closest of hundreds of
thousands nearer, or the side of their box, and the rounding of the answer.
"""

from __future__ import annotations

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.slots import Name
from spatialevo_core.task import Solve
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.gaps import RangeOf, to
from spatialevo_tasks.geometry import BoxOf, Triple, rounded, source
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.units import LengthUnit, measured
from spatialevo_tasks.wordings import others, written

BAND_M = 0.06
"""How far surface noise may move the distance of a camera and an object."""
TOUCHING_M = 0.05


class Range(Query):
    """How far an object is from the camera."""

    object: Name
    unit: LengthUnit = "m"


class RangeEvidence(Evidence):
    """The optical centre, the nearest point, and what it was found on."""

    distance_m: float
    camera_m: Triple
    nearest_point_m: Triple
    box_distance_m: float
    """From the camera to the object's solid box; 0 inside it."""
    source: str


def by(measure: RangeOf, box: BoxOf) -> Solve:
    """The answer with distances measured so; `box` tells what is inside the object."""
    outside = to(box)

    def solve(view: FrameView, q: Range, terms: SpatialTerms) -> Answer[RangeEvidence]:
        instance, camera = rules.referent(view, q.object, terms), view.frame.position
        gap = measure(view.scene, instance, camera)
        evidence = RangeEvidence(
            distance_m=gap.distance_m,
            camera_m=rounded(camera),
            nearest_point_m=rounded(gap.point_b),
            box_distance_m=outside(view.scene, instance, camera).distance_m,
            source=source(instance),
        )
        return measured(gap.distance_m, q.unit, evidence, BAND_M)

    return solve


def at_it(evidence: RangeEvidence, _terms: SpatialTerms) -> str | None:
    """Why there is no distance to speak of."""
    if evidence.box_distance_m <= 0:
        return "the camera is inside the object's box; a distance needs it outside"
    if evidence.distance_m < TOUCHING_M:
        return f"the camera is {evidence.distance_m:.2f} m from the object: it touches it"
    return None


TASK = SpatialTask(
    name="camera_object_distance",
    summary="How far an object's nearest point is from the camera.",
    world=FrameView,
    query=Range,
    phrasings=(
        *written(
            "How far is the {object} from the camera, in {unit}",
            "How far is the camera from the {object}, in {unit}",
            "What is the distance in {unit} from the camera to the nearest point of the {object}",
            "What is the distance between the camera and the {object}, in {unit}",
            "Measuring to its closest point, how far is the {object} from the camera, in {unit}",
            "How many {unit} are there between the camera and the closest point of the {object}",
            "How many {unit} is the camera away from the {object}",
            "In {unit}, how far is it from the camera to the closest point of the {object}",
            "When this image was taken, how many {unit} was the {object} away from the camera",
        ),
        *others("camera_object_distance"),
    ),
    rules=(
        *rules.named("object"),
        rules.informative(
            at_it,
            said=(
                "inside {}",
                "within {}",
                "within object",
                "touches",
                "no distance",
                "at {} itself",
            ),
        ),
    ),
    candidates=proposals.about(Range, "object"),
    solve=by(Scene.nearest, Scene.obb),
    definitions={"aabb": by(to(Scene.aabb), Scene.aabb), "obb": by(to(Scene.obb), Scene.obb)},
    score=relative_accuracy,
    answer_hint=lambda q: f"a number in {q.unit}",
    brief=proposals.told_objects,
)
