"""Which is at smaller depth along the viewing direction, the chair or the lamp?

Depth is the camera z of the median visible point; the smaller one wins, or the larger one where
that is asked, and within 0.05 m it is the `same`. A wording that says "closer to the camera" is
refused unless the nearest-point distances agree: they differ with the same sign, or, where the
depths are the same, by at most 0.05 m. An object of which no point is known to be visible (a box
without points) is as deep as its centre. Where one is known by an annotated box, the points in it
are partly those of its neighbours: the depths must then differ by another 0.15 m, and are never
called the same.
"""

from __future__ import annotations

from typing import Literal, get_args

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.slots import Name
from spatialevo_datasets.scene import Instance
from spatialevo_datasets.views import FrameView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

NAMED = ("first", "second")
SAME = "same"
SAME_SAID = ("same depth", "equal", "equally close", "about the same", "both", "neither")
SAME_WITHIN_M = 0.05
BOXED_M = 0.15
"""How far the depth of what is seen in an annotated box may be from that of the object in it.

In synthetic rooms 95 % were off by less than 0.11 m; the worst was a bed with pillows, by 0.28 m.
"""


Sense = Literal["depth", "closer"]


class Ordering(Query):
    """Which of two objects is at smaller depth, or at larger depth."""

    first: Name
    second: Name
    sense: Sense = "depth"
    """Whether the wording speaks of depth, or of being closer to the camera."""
    wanted: Literal["smaller", "larger"] = "smaller"


class OrderingEvidence(Evidence):
    """Both depths, and the distances from the camera where the wording speaks of them."""

    first_depth_m: float
    second_depth_m: float
    first_distance_m: float | None = None
    """From the optical centre to the nearest point."""
    second_distance_m: float | None = None
    boxed_m: float = 0.0
    """How far the depths may be off because an object is known by an annotated box."""


def solve(view: FrameView, q: Ordering, terms: SpatialTerms) -> Answer[OrderingEvidence]:
    """The name of the object at the wanted depth, or `same`."""
    both = [rules.referent(view, name, terms) for name in (q.first, q.second)]
    a, b = (_depth_m(view, each) for each in both)
    distances_m: list[float | None] = [None, None]
    if q.sense == "closer":
        eye = view.frame.position
        distances_m = [view.scene.nearest(each, eye).distance_m for each in both]
    evidence = OrderingEvidence(
        first_depth_m=a,
        second_depth_m=b,
        first_distance_m=distances_m[0],
        second_distance_m=distances_m[1],
        boxed_m=BOXED_M if any(each.points is None for each in both) else 0.0,
    )
    winner = q.first if (a < b) == (q.wanted == "smaller") else q.second
    return Answer(value=SAME if abs(a - b) <= SAME_WITHIN_M else winner, evidence=evidence)


def _depth_m(view: FrameView, instance: Instance) -> float:
    sight = view.scene.sight(instance, view.frame.index)
    if sight is not None and sight.depth_m is not None:
        return sight.depth_m
    offset = view.scene.obb(instance).center - view.frame.position
    return float(offset @ view.frame.T_world_camera[:3, 2])


def close(evidence: OrderingEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may turn the order around."""
    lead = evidence.second_depth_m - evidence.first_depth_m
    least = terms.depth_margin_m + evidence.boxed_m
    if SAME_WITHIN_M - evidence.boxed_m < abs(lead) < least:
        return f"the depths differ by {abs(lead):.2f} m; noise needs {least:.2f} m"
    if evidence.first_distance_m is None or evidence.second_distance_m is None:
        return None
    nearer = evidence.second_distance_m - evidence.first_distance_m
    if abs(nearer) <= SAME_WITHIN_M if abs(lead) <= SAME_WITHIN_M else nearer * lead > 0:
        return None
    return f"by depth one leads by {lead:.2f} m, by the nearest points {nearer:.2f} m"


TASK = SpatialTask(
    name="depth_ordering",
    summary="Which of two objects is at smaller depth along the viewing direction.",
    world=FrameView,
    query=Ordering,
    phrasings=(
        *written(
            "Which is at smaller depth along the viewing direction, the {first} or the {second}",
            "Along the viewing direction, which is at smaller depth, the {first} or the {second}",
            "Which has the smaller depth in this image, the {first} or the {second}",
            "In this image, which has the smaller depth, the {first} or the {second}",
            "Is the {first} or the {second} at smaller depth along the viewing direction",
            "Measured along the viewing direction, which comes first, the {first} or the {second}",
            "Between the {first} and the {second}, which is at smaller depth in this image",
            "Of the {first} and the {second}, which has the smaller depth along the optical axis",
        ),
        *written(
            "Which is closer to the camera, the {first} or the {second}",
            "Which is nearer to the camera, the {first} or the {second}",
            "Which object is closer to the camera, the {first} or the {second}",
            "In this image, which is closer to the camera, the {first} or the {second}",
            "Is the {first} or the {second} closer to the camera",
            "Between the {first} and the {second}, which is closer to the camera",
            "Of the {first} and the {second}, which is nearer to the camera",
            "Which of the two is closer to the camera: the {first} or the {second}",
            sense="closer",
        ),
        *others("depth_ordering"),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.decisive(
            close,
            said=("same depth", "equally far", "equally deep", "same distance", "as far away"),
        ),
    ),
    candidates=proposals.about(Ordering, *NAMED, sense=get_args(Sense)),
    solve=solve,
    score=lambda reply, answer: object_label(reply, answer, {SAME: SAME_SAID}),
    answer_hint=lambda q: f"{q.first}, {q.second} or {SAME}",
    brief=proposals.told_objects,
    worth=lambda answer: 0.5 if answer.value == SAME else 1.0,
)
