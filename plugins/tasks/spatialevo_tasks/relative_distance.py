"""Which of these (stool, lamp, sofa) is closest to the tv?

The candidate whose geometry is the least distance from the anchor's; a wording that says "farthest"
asks for the greatest. A category of several objects counts by its nearest one in either case, which
must be seen. Under the definitions `aabb` and `obb`, all distances are those between boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Annotated, Literal

from pydantic import Field

from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.slots import Name, Names
from spatialevo_core.task import MOST_CANDIDATES, Solve
from spatialevo_core.text import sentence
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.gaps import BOXED, GapOf, Reach, nearest_to, reach
from spatialevo_tasks.naming import object_label
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

NAMED = ("anchor", "candidates")
FEWEST, MOST = 2, 5
Sense = Literal["closest", "farthest"]


class Closest(Query):
    """Which candidate is closest to the anchor, or farthest from it."""

    anchor: Name
    candidates: Annotated[Names, Field(min_length=FEWEST, max_length=MOST)]
    sense: Sense = "closest"


class ClosestEvidence(Evidence):
    """How far each candidate is, in the order of the question."""

    sense: Sense
    reached: Mapping[str, Reach]


def by(measure: GapOf) -> Solve:
    """The answer with distances measured so."""

    def solve(view: SceneView, q: Closest, terms: SpatialTerms) -> Answer[ClosestEvidence]:
        anchor = rules.referent(view, q.anchor, terms)
        reached = {each: reach(view.scene, anchor, each, measure) for each in q.candidates}
        pick = min if q.sense == "closest" else max
        return Answer(
            value=pick(reached, key=lambda name: reached[name].distance_m),
            evidence=ClosestEvidence(sense=q.sense, reached=reached),
        )

    return solve


def tied(evidence: ClosestEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may let another candidate win."""
    ranked = sorted(evidence.reached.items(), key=lambda item: item[1].distance_m)
    (one, near), (other, far) = ranked[:2] if evidence.sense == "closest" else ranked[-2:]
    lead, needed = far.distance_m - near.distance_m, terms.depth_margin_m
    if lead >= needed:
        return None
    return f"the distances of {one} and {other} differ by {lead:.2f} m; it takes {needed:.2f} m"


def candidates(view: SceneView, rng: Random) -> Iterator[Closest]:
    """Anchors that can be named, with two to five categories of which something can be seen."""
    anchors, seen = proposals.definite(view), proposals.visible(view)
    given: set[Closest] = set()
    for _ in range(MOST_CANDIDATES if anchors and len(seen) > FEWEST else 0):
        anchor = rng.choice(anchors)
        rest = [name for name in seen if name != anchor]
        listed = tuple(rng.sample(rest, rng.randint(FEWEST, min(MOST, len(rest)))))
        sense: Sense = rng.choice(("closest", "farthest"))
        query = Closest(anchor=anchor, candidates=listed, sense=sense)
        if query not in given:
            given.add(query)
            yield query


ASKED = (
    "Which of these ({candidates}) is <to> the {anchor}",
    "Which is <to> the {anchor}: {candidates}",
    "Measuring from the closest point of each, which of these ({candidates}) is <to> the {anchor}",
    "Of the {candidates}, which is <to> the {anchor}",
    "Which object is <to> the {anchor}: {candidates}",
    "Which of the following is <to> the {anchor}: {candidates}",
    "What is <to> the {anchor}: {candidates}",
    "Choosing from {candidates}, which is <to> the {anchor}",
)

TASK = SpatialTask(
    name="relative_distance",
    summary="Which candidate is closest to an anchor object, or farthest from it.",
    world=SceneView,
    query=Closest,
    phrasings=(
        *written(*ASKED, to="closest to", sense="closest"),
        *written(*ASKED, to="farthest from", sense="farthest"),
        *others("relative_distance"),
    ),
    rules=(
        rules.exist(*NAMED),
        rules.distinct(*NAMED),
        rules.unique("anchor"),
        rules.observed(*NAMED, meant=nearest_to("anchor")),
        rules.dense(*NAMED, meant=nearest_to("anchor")),
        rules.connected(*NAMED, meant=nearest_to("anchor")),
        rules.decisive(
            tied,
            said=(
                "same distance",
                "equally close",
                "equally far",
                "equally near",
                "as close as",
                "tie",
            ),
        ),
    ),
    candidates=candidates,
    solve=by(Scene.gap),
    definitions={name: by(measure) for name, measure in BOXED.items()},
    score=object_label,
    answer_hint=lambda q: f"one of {sentence(q.candidates, 'or')}",
    brief=proposals.told_objects,
)
