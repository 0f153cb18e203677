"""Which of these (stool, lamp, sofa) is closest to the tv?

The candidate whose geometry is the least distance from the anchor's; a wording that says "farthest"
asks for the greatest. A category of several objects counts by its nearest one in either case, which
must be seen. Under the definitions `aabb` and `obb`, distances are those between boxes; which of a
category has to be seen is decided by the geometry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Annotated, Literal

from pydantic import Field

from spatialevo_core.hooks import hookimpl
from spatialevo_core.question import Answer, Evidence, Query
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import Name, Names
from spatialevo_core.task import MOST_CANDIDATES, AnyTask, Solve, Task
from spatialevo_core.text import sentence
from spatialevo_datasets.distances import Gap, box_box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks import proposals, rules
from spatialevo_tasks.geometry import BoxOf, Triple, rounded
from spatialevo_tasks.profiles import PROFILES
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import read, written

NAMED = ("anchor", "candidates")
FEWEST, MOST = 2, 5

Measure = Callable[[Scene, Instance, Instance], Gap]


class Closest(Query):
    """Which candidate is closest to the anchor, or farthest from it."""

    anchor: Name
    candidates: Annotated[Names, Field(min_length=FEWEST, max_length=MOST)]
    sense: Literal["closest", "farthest"] = "closest"


class ClosestEvidence(Evidence):
    """Every candidate by its object nearest to the anchor, in the order of the question."""

    sense: Literal["closest", "farthest"]
    gaps_m: Mapping[str, float]
    ids: Mapping[str, int]
    points_m: Mapping[str, tuple[Triple, Triple]]
    """The closest point of the anchor, and that of the candidate."""


def by(measure: Measure) -> Solve:
    """The answer with distances measured so."""

    def solve(view: SceneView, q: Closest, terms: SpatialTerms) -> Answer[ClosestEvidence]:
        scene, anchor = view.scene, rules.referent(view, q.anchor, terms)
        gaps: dict[str, Gap] = {}
        ids: dict[str, int] = {}
        for name in q.candidates:
            each = [(measure(scene, anchor, one), one.id) for one in scene.labelled(name)]
            gaps[name], ids[name] = min(each, key=lambda found: found[0].distance_m)
        pick = min if q.sense == "closest" else max
        evidence = ClosestEvidence(
            sense=q.sense,
            gaps_m={name: gap.distance_m for name, gap in gaps.items()},
            ids=ids,
            points_m={n: (rounded(gap.point_a), rounded(gap.point_b)) for n, gap in gaps.items()},
        )
        return Answer(value=pick(gaps, key=lambda name: gaps[name].distance_m), evidence=evidence)

    return solve


def between(box: BoxOf) -> Measure:
    """Measures between the surfaces of boxes."""
    return lambda scene, one, other: box_box(box(scene, one), box(scene, other))


def tied(evidence: ClosestEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may let another candidate win."""
    ranked = sorted(evidence.gaps_m, key=lambda name: evidence.gaps_m[name])
    first, second = ranked[:2] if evidence.sense == "closest" else ranked[:-3:-1]
    lead = abs(evidence.gaps_m[first] - evidence.gaps_m[second])
    if lead >= terms.depth_margin_m:
        return None
    needed = terms.depth_margin_m
    return f"the distances of {first} and {second} differ by {lead:.2f} m; it takes {needed:.2f} m"


def candidates(view: SceneView, rng: Random) -> Iterator[Closest]:
    """Anchors that can be named, with two to five categories of which something can be seen."""
    anchors, seen = proposals.definite(view), proposals.visible(view)
    given: set[Closest] = set()
    for _ in range(MOST_CANDIDATES if anchors and len(seen) > FEWEST else 0):
        anchor = rng.choice(anchors)
        others = [name for name in seen if name != anchor]
        listed = rng.sample(others, rng.randint(FEWEST, min(MOST, len(others))))
        sense = rng.choice(("closest", "farthest"))
        query = Closest.model_validate(
            {"anchor": anchor, "candidates": tuple(listed), "sense": sense}
        )
        if query not in given:
            given.add(query)
            yield query


_TO = {"closest": "closest to", "farthest": "farthest from"}
_READ = {
    "closest": ("(closest|closer|nearest|nearer)", "to"),
    "farthest": ("(farthest|farther|furthest|further|most distant)", "(from|to)"),
}

TASK = Task(
    name="relative_distance",
    summary="Which candidate is closest to an anchor object, or farthest from it.",
    world=SceneView,
    query=Closest,
    phrasings=tuple(
        wording
        for sense, to in _TO.items()
        for most, of in [_READ[sense]]
        for wording in (
            *written(
                f"Which of these ({{candidates}}) is {to} the {{anchor}}",
                f"Which is {to} the {{anchor}}: {{candidates}}",
                f"Measuring from the closest point of each, which of these ({{candidates}}) is "
                f"{to} the {{anchor}}",
                f"Of the {{candidates}}, which is {to} the {{anchor}}",
                f"Which object is {to} the {{anchor}}: {{candidates}}",
                f"Which of the following is {to} the {{anchor}}: {{candidates}}",
                f"What is {to} the {{anchor}}: {{candidates}}",
                f"Choosing from {{candidates}}, which is {to} the {{anchor}}",
                sense=sense,
            ),
            *read(
                "[Measuring from the closest point of each object, ]which [one] of (these|these "
                f"objects|the following|the following objects) ({{candidates}}) is [the] {most} "
                f"{of} the {{anchor}}",
                f"(Which|What) [(object|one)] is [the] {most} {of} the {{anchor}}, {{candidates}}",
                f"(Which|What) [(object|one)] is [the] {most} {of} the {{anchor}}: {{candidates}}",
                f"(Between|Among|Out of|Of) the {{candidates}}, (which|what) [(one|object)] is "
                f"[the] {most} {of} the {{anchor}}",
                sense=sense,
            ),
        )
    ),
    rules=(
        rules.exist(*NAMED),
        rules.distinct(*NAMED),
        rules.unique("anchor"),
        rules.observed(*NAMED, near="anchor"),
        rules.dense(*NAMED, near="anchor"),
        rules.connected(*NAMED, near="anchor"),
        rules.decisive(tied, said=("same distance", "equally close", "equally far", "tie")),
    ),
    candidates=candidates,
    solve=by(Scene.gap),
    definitions={"aabb": by(between(Scene.aabb)), "obb": by(between(Scene.obb))},
    score=exact_label,
    answer_hint=lambda q: f"one of {sentence(q.candidates, 'or')}",
    brief=proposals.told_objects,
    terms=SpatialTerms(),
    profiles=PROFILES,
)


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    """This task."""
    return [TASK]
