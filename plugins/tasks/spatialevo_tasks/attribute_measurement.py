"""Which is longer in its longest dimension, the table or the sofa?

The longest sides of the two gravity-aligned boxes (under `aabb`, the axis-aligned ones) are
compared; `shorter` asks for the other one. They must differ by 5 cm and by 10 % of the longer,
whichever of the boxes is meant that noise may choose among (see `extents`). Height alone ("which is
taller") is another attribute and not asked here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.slots import Choice, Name
from spatialevo_core.task import Solve
from spatialevo_datasets.views import PairView
from spatialevo_tasks import extents, proposals, rules
from spatialevo_tasks.extents import Extent, ExtentOf
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

NAMED = ("first", "second")
LONGER = ("longer", "larger", "bigger", "greater")
SHORTER = ("shorter", "smaller", "less long")
Sense = Annotated[Literal["longer", "shorter"], Choice({"longer": LONGER, "shorter": SHORTER})]


class Comparison(Query):
    """Which of two objects has the longer, or the shorter, longest dimension."""

    first: Name
    second: Name
    sense: Sense = "longer"


class ComparisonEvidence(Evidence):
    """Both boxes."""

    first: Extent
    second: Extent


def by(extent: ExtentOf) -> Solve:
    """The answer with boxes made so."""

    def solve(view: PairView, q: Comparison, terms: SpatialTerms) -> Answer[ComparisonEvidence]:
        first, second = (
            extent(view.scene, rules.referent(view, name, terms)) for name in (q.first, q.second)
        )
        leads = first.longest_m > second.longest_m
        return Answer(
            value=q.first if leads == (q.sense == "longer") else q.second,
            evidence=ComparisonEvidence(first=first, second=second),
        )

    return solve


def alike(evidence: ComparisonEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may turn the comparison around."""
    shorter, longer = sorted((evidence.first, evidence.second), key=lambda each: each.longest_m)
    lead = longer.shortest_rival_m - shorter.longest_rival_m
    needed = max(terms.size_margin_m, terms.size_margin_share * longer.longest_m)
    if lead >= needed:
        return None
    return f"the longest sides differ by {lead:.2f} m for sure; noise needs {needed:.2f} m"


TASK = SpatialTask(
    name="attribute_measurement",
    summary="Which of two objects is longer in its longest dimension.",
    world=PairView,
    query=Comparison,
    phrasings=(
        *written(
            "Which is {sense} in its longest dimension, the {first} or the {second}",
            "Which has the {sense} longest dimension, the {first} or the {second}",
            "Measured along its longest dimension, which is {sense}, the {first} or the {second}",
            "In its longest dimension, is the {first} or the {second} {sense}",
            "Between the {first} and the {second}, which is {sense} in its longest dimension",
            "Of the {first} and the {second}, which has the {sense} longest side",
            "Which object is {sense} along its longest side, the {first} or the {second}",
            "Comparing longest sides, which is {sense}, the {first} or the {second}",
        ),
        *others("attribute_measurement"),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.overlapping(),
        rules.decisive(
            alike,
            said=(
                "same size",
                "same length",
                "equally long",
                "equally large",
                "as long as",
                "as large as",
            ),
        ),
    ),
    candidates=proposals.about(Comparison, *NAMED, sense=("longer", "shorter")),
    solve=by(extents.oriented),
    definitions={"aabb": by(extents.upright)},
    score=object_label,
    answer_hint=lambda q: f"{q.first} or {q.second}",
    brief=proposals.told_objects,
)
