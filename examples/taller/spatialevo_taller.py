"""Which is taller, the lamp or the desk? Which of them reaches higher above the floor?

How tall an object is goes from its lowest to its highest point, wherever it stands; how high it
reaches is that of its highest point alone. A lamp on a desk is shorter than the desk and reaches
higher. Both are vertical, so the axis-aligned box tells them whatever way the room is turned.

A scan moves every point by a few millimetres, which moves an extreme of thousands by less than
2 cm, and may miss the last centimetres of a foot behind a rug or of a thin top. So what is compared
must differ by `margin_m` and by `margin_share` of the larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Literal

from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.slots import Name
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms

NAMED = ("first", "second")


class Higher(Query):
    """Which of two objects is taller, or reaches higher; or less so."""

    first: Name
    second: Name
    measure: Literal["tall", "high"] = "tall"
    sense: Literal["more", "less"] = "more"


class Upright(Evidence):
    """Where an object begins and ends, metres above the world's origin."""

    bottom_m: float
    top_m: float

    def along(self, measure: str) -> float:
        """Its own height, or how high it reaches."""
        return self.top_m - self.bottom_m if measure == "tall" else self.top_m


class Heights(Evidence):
    """Both objects, in the order of the question."""

    first: Upright
    second: Upright
    lead_m: float
    """By which one of them exceeds the other."""
    needed_m: float
    """What noise needs."""


class HeightTerms(SpatialTerms):
    """With what must be clear for a comparison of heights."""

    margin_m: float = 0.05
    margin_share: float = 0.05
    """Of the larger of the two heights; how high something reaches is known absolutely."""


def upright(scene: Scene, instance: Instance) -> Upright:
    """The vertical extent of an object."""
    box = scene.aabb(instance)
    middle, half = float(box.center[2]), float(box.size[2]) / 2
    return Upright(bottom_m=round(middle - half, 4), top_m=round(middle + half, 4))


def solve(view: SceneView, q: Higher, terms: HeightTerms) -> Answer[Heights]:
    """The one whose measure is larger, or smaller."""
    first, second = (
        upright(view.scene, rules.referent(view, name, terms)) for name in (q.first, q.second)
    )
    one, other = first.along(q.measure), second.along(q.measure)
    share = terms.margin_share if q.measure == "tall" else 0.0
    evidence = Heights(
        first=first,
        second=second,
        lead_m=round(abs(one - other), 4),
        needed_m=round(max(terms.margin_m, share * max(one, other)), 4),
    )
    first_leads = (one > other) == (q.sense == "more")
    return Answer(value=q.first if first_leads else q.second, evidence=evidence)


def alike(evidence: Heights, _terms: SpatialTerms) -> str | None:
    """Why noise may turn the comparison around."""
    if evidence.lead_m >= evidence.needed_m:
        return None
    return f"their heights differ by {evidence.lead_m:.2f} m; noise needs {evidence.needed_m:.2f} m"


def candidates(view: SceneView, rng: Random) -> Iterator[Higher]:
    """Pairs of objects that can be named and seen, each with one of the four questions."""
    for first, second in proposals.arrangements(proposals.definite(view), 2, rng):
        measure, sense = rng.choice(("tall", "high")), rng.choice(("more", "less"))
        yield Higher(first=first, second=second, measure=measure, sense=sense)


TASK = SpatialTask(
    name="height_comparison",
    summary="Which of two objects is taller, or reaches higher above the floor.",
    world=SceneView,
    query=Higher,
    phrasings=(
        Phrasing("Which is taller, the {first} or the {second}?"),
        Phrasing("Between the {first} and the {second}, which [one] is taller?"),
        Phrasing("Measured from bottom to top, which is taller, the {first} or the {second}?"),
        Phrasing("Which is less tall, the {first} or the {second}?", sense="less"),
        Phrasing("Which reaches higher, the {first} or the {second}?", measure="high"),
        Phrasing(
            "Whose top is higher above the floor, that of the {first} or that of the {second}?",
            measure="high",
        ),
        Phrasing(
            "Whose top is lower above the floor, that of the {first} or that of the {second}?",
            measure="high",
            sense="less",
        ),
        Phrasing("Is the {first} or the {second} taller?", read_only=True),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.connected(*NAMED),
        rules.decisive(alike, said=("same height", "equally tall", "about as tall")),
    ),
    candidates=candidates,
    solve=solve,
    score=object_label,
    answer_hint=lambda q: f"{q.first} or {q.second}",
    brief=proposals.told_objects,
    terms=HeightTerms(),
)
