"""Measuring from the closest point of each, how far is the chair from the desk, in meters?

The nearest distance between the geometries of the two objects: their points where they are
segmented, else their annotated boxes. Under the definitions `aabb` and `obb`, between their boxes.
Two objects less than 0.05 m apart touch, as far as a scan can tell. The band is 0.09 m: 4 cm that
the two may be displaced towards each other, up to 4.3 cm by which noise of 5 mm on every point
brings the closest of two parallel faces nearer (3 x 2.4 m with a point on every 5 mm or more), and
the rounding of the answer. Between boxes it is 0.10 m: the foremost points of either decide
wherever they are, which adds up to 0.4 cm.
"""

from __future__ import annotations

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.slots import Name
from spatialevo_core.task import Solve
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.gaps import BOXED, GapOf
from spatialevo_tasks.geometry import Triple, rounded, source
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.units import LengthUnit, measured
from spatialevo_tasks.wordings import others, written

NAMED = ("first", "second")
BAND_M = 0.09
"""How far surface noise may move the distance of two objects."""
BOXES_BAND_M = 0.10
"""How far it may move that of their boxes."""
TOUCHING_M = 0.05


class Distance(Query):
    """How far apart two objects are at their closest points."""

    first: Name
    second: Name
    unit: LengthUnit = "m"


class DistanceEvidence(Evidence):
    """The two closest points, and what they were found on."""

    distance_m: float
    first_point_m: Triple
    second_point_m: Triple
    first_source: str
    second_source: str


def by(measure: GapOf, band_m: float) -> Solve:
    """The answer with distances measured so, which noise may move as far as the band."""

    def solve(view: SceneView, q: Distance, terms: SpatialTerms) -> Answer[DistanceEvidence]:
        first, second = (rules.referent(view, name, terms) for name in (q.first, q.second))
        gap = measure(view.scene, first, second)
        evidence = DistanceEvidence(
            distance_m=gap.distance_m,
            first_point_m=rounded(gap.point_a),
            second_point_m=rounded(gap.point_b),
            first_source=source(first),
            second_source=source(second),
        )
        return measured(gap.distance_m, q.unit, evidence, band_m)

    return solve


def touching(evidence: DistanceEvidence, _terms: SpatialTerms) -> str | None:
    """Why the distance says nothing."""
    if evidence.distance_m >= TOUCHING_M:
        return None
    return f"the two are {evidence.distance_m:.2f} m apart: they touch"


TASK = SpatialTask(
    name="absolute_distance",
    summary="How far apart two objects are at their closest points.",
    world=SceneView,
    query=Distance,
    phrasings=(
        *written(
            "Measuring from the closest point of each, "
            "how far is the {first} from the {second}, in {unit}",
            "What is the shortest distance between the {first} and the {second}, in {unit}",
            "How far apart are the {first} and the {second} at their closest points, in {unit}",
            "How many {unit} are there between the closest points of the {first} and the {second}",
            "How wide is the gap between the {first} and the {second} at its narrowest, in {unit}",
            "How many {unit} separate the {first} from the {second} at their closest points",
            "In {unit}, how far is it from the {first} to the {second} at their closest points",
            "What is the distance in {unit} from the {first} to the nearest point of the {second}",
        ),
        *others("absolute_distance"),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.connected(*NAMED),
        rules.informative(
            touching,
            said=(
                "touch",
                "touches",
                "touching",
                "no distance",
                "distance is zero",
                "too close",
                "in contact",
            ),
        ),
    ),
    candidates=proposals.about(Distance, *NAMED),
    solve=by(Scene.gap, BAND_M),
    definitions={name: by(measure, BOXES_BAND_M) for name, measure in BOXED.items()},
    score=relative_accuracy,
    answer_hint=lambda q: f"a number in {q.unit}",
    brief=proposals.told_objects,
)
