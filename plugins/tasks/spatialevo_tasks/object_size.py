"""What is the length of the longest dimension of the table, in centimeters?

The longest side of the gravity-aligned box of the object's points, or of its annotated box; under
the definition `aabb`, of its axis-aligned box, which only quarter turns leave as it is. The band
and what makes noise choose another box are derived in `extents`. A part's or a named side's size
("how wide", "how tall") is not asked here.
"""

from __future__ import annotations

from spatialevo_core.question import Answer, Query
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.slots import Name
from spatialevo_core.task import Solve
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import extents, proposals, rules
from spatialevo_tasks.extents import Extent, ExtentOf
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.units import LengthUnit, measured
from spatialevo_tasks.wordings import others, written


class Size(Query):
    """How long the longest dimension of an object is."""

    object: Name
    unit: LengthUnit = "cm"


def by(extent: ExtentOf) -> Solve:
    """The answer with boxes made so."""

    def solve(view: SceneView, q: Size, terms: SpatialTerms) -> Answer[Extent]:
        box = extent(view.scene, rules.referent(view, q.object, terms))
        return measured(box.longest_m, q.unit, box, box.band_m)

    return solve


def unsteady(box: Extent, _terms: SpatialTerms) -> str | None:
    """Why noise may choose a box of another length."""
    if box.steady:
        return None
    low, high = box.shortest_rival_m, box.longest_rival_m
    return f"boxes of almost the same size have longest sides from {low:.2f} m to {high:.2f} m"


TASK = SpatialTask(
    name="object_size",
    summary="How long an object's longest dimension is.",
    world=SceneView,
    query=Size,
    phrasings=(
        *written(
            "What is the length of the longest dimension of the {object}, in {unit}",
            "How long is the {object} in its longest dimension, in {unit}",
            "How many {unit} does the {object} measure in its longest dimension",
            "In {unit}, how long is the longest dimension of the {object}",
            "What does the longest side of the {object} measure in {unit}",
            "How many {unit} long is the longest side of the {object}",
            "How large is the {object} along its longest dimension, in {unit}",
            "What is the largest dimension of the {object}, in {unit}",
        ),
        *others("object_size"),
    ),
    rules=(
        *rules.named("object"),
        rules.decisive(
            unsteady,
            said=(
                "another side",
                "is round",
                "which side",
                "no clear side",
                "sides are alike",
                "almost square",
            ),
        ),
    ),
    candidates=proposals.about(Size, "object"),
    solve=by(extents.oriented),
    definitions={"aabb": by(extents.upright)},
    score=relative_accuracy,
    answer_hint=lambda q: f"a number in {q.unit}",
    brief=proposals.told_objects,
)
