"""Standing by the stove and facing the sofa, where is the lamp?

The azimuth of the queried object on the floor plane for someone who stands at the centre of one
object and faces the centre of another: from the ray to the faced one to the ray to the queried one;
heights do not matter. The wording decides the vocabulary: eight ways, the quadrants, left or right,
or left, right or back with back from 135 degrees on.
"""

from __future__ import annotations

from math import hypot
from typing import get_args

from spatialevo_core.question import Answer, Query
from spatialevo_core.slots import Name
from spatialevo_core.task import Solve
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import geometry, proposals, rules
from spatialevo_tasks.cameras import facing_frame
from spatialevo_tasks.directions import SECTORS, Offer, direction
from spatialevo_tasks.geometry import Between, BoxOf, Found, Point
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

NAMED = ("standing", "facing", "query")


class Lookout(Query):
    """Where the queried object is for someone who stands by one and faces another."""

    standing: Name
    facing: Name
    query: Name
    offer: Offer = "eight ways"


def by(box: BoxOf) -> Solve:
    """The answer with every object at the centre of its box."""

    def solve(view: SceneView, q: Lookout, terms: SpatialTerms) -> Answer[Between]:
        placed = geometry.places(view, (q.standing, q.facing, q.query), box, terms)

        def find(standing: Point, facing: Point, query: Point) -> Found:
            seen = facing_frame(standing, facing).point(query)
            rays = {
                f"{q.standing} to {q.facing}": hypot(*(facing - standing)[:2]),
                f"{q.standing} to {q.query}": seen.horizontal,
            }
            return geometry.on_the_floor(q.offer, seen.azimuth_deg, rays, terms)

        found = placed.found(find)
        return Answer(value=found.word, evidence=Between(**placed.told, **found.bearing))

    return solve


_STANCES = (
    "Standing by the {standing} and facing the {facing}, ",
    "If I am standing by the {standing} and facing the {facing}, ",
    "Suppose you stand at the {standing} and look at the {facing}: ",
    "From the {standing}, looking towards the {facing}, ",
)
_ASKED: dict[Offer, tuple[str, str]] = {
    "eight ways": ("where is the {query}?", "in which direction is the {query}?"),
    "quadrants": (
        "is the {query} to (my|your) front-left, front-right, back-left, or back-right?",
        "in which quadrant is the {query}: front-left, front-right, back-left or back-right?",
    ),
    "left or right": (
        "is the {query} to (my|your) left or (my|your) right?",
        "on which side is the {query}, left or right?",
    ),
    "left, right or back": (
        "is the {query} to (my|your) left, right, or back?",
        "is the {query} left, right or behind (back means a turn of at least 135 degrees)?",
    ),
}

TASK = SpatialTask(
    name="relative_direction",
    summary="Where an object is for someone who stands by a second and faces a third.",
    world=SceneView,
    query=Lookout,
    phrasings=(
        *(
            wording
            for offer, asked in _ASKED.items()
            for wording in written(*(s + a for s in _STANCES for a in asked), end="", offer=offer)
        ),
        *others("relative_direction"),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.connected(*NAMED),
        geometry.far_enough(),
        rules.decisive(geometry.unsettled),
    ),
    candidates=proposals.about(Lookout, *NAMED, offer=get_args(Offer)),
    solve=by(Scene.obb),
    definitions={"aabb": by(Scene.aabb)},
    score=direction,
    answer_hint=lambda q: f"one of {', '.join(SECTORS[q.offer].words)}",
    brief=proposals.told_objects,
)
