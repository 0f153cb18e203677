"""How many chairs are in this room?

The number of objects of the category. A count of none says nothing (`answer.empty`): asking how
many there are takes nothing for granted, so a category that the room lacks is no missing premise.
Frames that overlap must lead from each member to every other, else one may be counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from spatialevo_core.numbers import settled
from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.slots import Name
from spatialevo_core.task import Complaint, rule
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, reasons, rules
from spatialevo_tasks.geometry import Triple, rounded
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

LADDER = {0.0: 1.0, 1.0: 0.3, 2.0: 0.1}
"""What a count is worth by how far off it is."""


class Category(Query):
    """How many objects of the category there are."""

    category: Name


class Members(Evidence):
    """Which objects were counted, and where they are."""

    ids: tuple[int, ...]
    centers_m: tuple[Triple, ...]


def solve(view: SceneView, q: Category, _terms: SpatialTerms) -> Answer[Members]:
    """One for each object of the category."""
    members = view.scene.labelled(q.category)
    evidence = Members(
        ids=tuple(each.id for each in members),
        centers_m=tuple(rounded(view.scene.obb(each).center) for each in members),
    )
    return Answer(value=len(members), evidence=evidence)


def score(reply: str, answer: Answer[Any]) -> float:
    """The count ladder: 1 for the number itself, 0.3 one off, 0.1 two off; 0 for a choice."""
    said = settled(reply)
    return 0.0 if said is None else LADDER.get(abs(said - float(answer.value)), 0.0)


def candidates(view: SceneView, rng: Random) -> Iterator[Category]:
    """The categories of which something can be seen."""
    labels = proposals.visible(view)
    for label in rng.sample(labels, len(labels)):
        yield Category(category=label)


@rule(
    "answer.empty",
    Stage.DEGENERATE,
    said=("none", "no such", "zero", "0", "nothing to count", *reasons.MISSING_SAID),
)
def some(
    _view: SceneView, q: Category, answer: Answer[Members], _terms: SpatialTerms
) -> Complaint | None:
    """There is something to count."""
    if answer.value:
        return None
    return Complaint(f"there are none of them in this room{rules.of_the_room([q.category])}")


TASK = SpatialTask(
    name="object_counting",
    summary="How many objects of a category there are.",
    world=SceneView,
    query=Category,
    phrasings=(
        *written(
            "How many {category:plural} are [there] in (this|the) room",
            "How many {category:plural} are there in total",
            "How many {category:plural} does (this|the) room have",
            "How many {category:plural} does (this|the) room contain",
            "How many {category:plural} can be counted in (this|the) room",
            "How many {category:plural} do you count in (this|the) room",
            "What is the number of {category:plural} in (this|the) room",
            "What is the total number of {category:plural} in (this|the) room",
        ),
        *written("Count the {category:plural} in (this|the) room", end="."),
        *others("object_counting"),
    ),
    rules=(
        rules.all_observed("category"),
        rules.connected("category", everything=True),
        some,
    ),
    candidates=candidates,
    solve=solve,
    score=score,
    report=relative_accuracy,
    answer_hint=lambda q: "a whole number",  # noqa: ARG005
    brief=proposals.told_objects,
    worth=lambda answer: 0.5 if answer.value == 1 else 1.0,
)
