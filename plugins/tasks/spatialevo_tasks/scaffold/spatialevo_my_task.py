"""Which reaches higher, the lamp or the sofa?

The object whose highest point lies higher above the floor, wherever its lowest one is: a picture on
the wall reaches higher than a table.
"""

from __future__ import annotations

from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.slots import Name
from spatialevo_core.task import Complaint, rule
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms


class Higher(Query):
    """Two objects, by their names in the room."""

    first: Name
    second: Name


class Tops(Evidence):
    """Where the highest points are: z of the world frame, metres."""

    first_top_m: float
    second_top_m: float


class Limits(SpatialTerms):
    """The settings of all tasks about rooms, and one of its own."""

    top_margin_m: float = 0.10
    """Surface noise of 5 mm raises the top of 50,000 points by up to 2.3 cm; twice that, twice."""


def solve(view: SceneView, q: Higher, terms: Limits) -> Answer[Tops]:
    """The name of the object with the higher top."""
    first, second = (top_m(view, name, terms) for name in (q.first, q.second))
    higher = q.first if first > second else q.second
    return Answer(value=higher, evidence=Tops(first_top_m=first, second_top_m=second))


def top_m(view: SceneView, name: str, terms: Limits) -> float:
    """Height of the highest point of the object that is meant."""
    box = view.scene.aabb(rules.referent(view, name, terms))
    return round(float(box.center[2] + box.size[2] / 2), 4)


@rule("answer.near_boundary", Stage.DEGENERATE, said=("too close to call", "same height"))
def decisive(view: SceneView, q: Higher, answer: Answer[Tops], terms: Limits) -> Complaint | None:
    """Noise does not turn the order around."""
    apart = abs(answer.evidence.first_top_m - answer.evidence.second_top_m)
    if apart >= terms.top_margin_m:
        return None
    message = f"the tops are {apart:.2f} m apart; noise needs {terms.top_margin_m:.2f} m"
    return Complaint(message, (q.first, q.second))


TASK = SpatialTask(
    name="my_task",
    summary="Which of two objects reaches higher.",
    world=SceneView,
    query=Higher,
    phrasings=(
        Phrasing("Which reaches higher, the {first} or the {second}?"),
        Phrasing("Which of the two reaches higher above the floor: the {first} or the {second}?"),
        Phrasing("Of the {first} and the {second}, which has its top [point] higher up?"),
    ),
    rules=(*rules.named("first", "second"), decisive),
    candidates=proposals.about(Higher, "first", "second"),
    solve=solve,
    score=object_label,
    answer_hint=lambda q: f"{q.first} or {q.second}",
    brief=proposals.told_objects,
    terms=Limits(),
)
