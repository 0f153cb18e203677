"""Which covers more floor, the table or the sofa?

The object whose footprint is larger, seen from above: two sides of the smallest upright box around
it. What hangs covers the floor below it.
"""

from __future__ import annotations

import numpy as np

from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.slots import Name
from spatialevo_core.task import Complaint, rule
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms


class Larger(Query):
    """Two objects, by their names in the room."""

    first: Name
    second: Name


class Footprints(Evidence):
    """The areas that the objects cover."""

    first_m2: float
    second_m2: float


class Limits(SpatialTerms):
    """The settings of all tasks about rooms, and one of its own."""

    area_margin_share: float = 0.25
    """Of the smaller area: two sides that are measured 10 % too long make 21 %."""


def solve(view: SceneView, q: Larger, terms: Limits) -> Answer[Footprints]:
    """The name of the object with the larger footprint."""
    first, second = (footprint_m2(view, name, terms) for name in (q.first, q.second))
    larger = q.first if first > second else q.second
    return Answer(value=larger, evidence=Footprints(first_m2=first, second_m2=second))


def footprint_m2(view: SceneView, name: str, terms: Limits) -> float:
    """The area of the box of the object that is meant, seen from above."""
    box = view.scene.obb(rules.referent(view, name, terms))
    level = np.argsort(np.abs(box.axes[:, 2]))[:2]  # the two sides that lie flat
    return round(float(np.prod(box.size[level])), 4)


@rule("answer.near_boundary", Stage.DEGENERATE, said=("too close to call", "same area"))
def decisive(
    view: SceneView, q: Larger, answer: Answer[Footprints], terms: Limits
) -> Complaint | None:
    """Noise does not turn the order around."""
    smaller, larger = sorted((answer.evidence.first_m2, answer.evidence.second_m2))
    if larger >= smaller * (1 + terms.area_margin_share):
        return None
    message = f"{larger:.2f} and {smaller:.2f} square meters are too alike to tell apart"
    return Complaint(message, (q.first, q.second))


TASK = SpatialTask(
    name="my_task",
    summary="Which of two objects covers more floor.",
    world=SceneView,
    query=Larger,
    phrasings=(
        Phrasing("Which covers more floor, the {first} or the {second}?"),
        Phrasing("Seen from above, which covers a larger area, the {first} or the {second}?"),
        Phrasing("Of the {first} and the {second}, which has the larger footprint?"),
    ),
    rules=(*rules.named("first", "second"), decisive),
    candidates=proposals.about(Larger, "first", "second"),
    solve=solve,
    score=object_label,
    answer_hint=lambda q: f"{q.first} or {q.second}",
    brief=proposals.told_objects,
    terms=Limits(),
)
