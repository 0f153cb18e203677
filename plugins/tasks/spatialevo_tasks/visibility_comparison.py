"""Which image shows more of the sofa?

What an image shows of an object is the share of the object's own points that are visible in it, not
the part of the image that it fills: images of any size, from near or far, compare. An image wins by
a lead of at least 0.15. It is the `same` if the object is visible in both images and the shares
differ by at most 0.05, and `neither` if both are below 0.02 and the object is visible in neither;
all else is too close to call, and so is a lead that may shrink to 0.05, or a tie that may become a
lead of 0.15, under errors of pose (a table top at a flat angle may come and go). Each image is
judged by itself, so that the two need not overlap. Asked for less, the other image is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from random import Random
from typing import Literal

from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import ImageNumber, Name
from spatialevo_core.task import Complaint, rule
from spatialevo_datasets.scene import Sight
from spatialevo_datasets.steadiness import ShareRange
from spatialevo_datasets.views import PairView
from spatialevo_tasks import pairs, proposals, reasons, rules
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

SAME, NEITHER = "same", "neither"
SAME_WITHIN = 0.05
NEITHER_BELOW = 0.02
UNKNOWN = Sight(share=0.0, image_share=0.0, depth_m=None)
NOWHERE = ShareRange(0.0, 0.0)
SAID = {
    SAME: ("the same amount", "equal", "equally much", "both", "both the same", "as much"),
    NEITHER: ("neither image", "none", "neither of them", "no image", "not visible in either"),
    **pairs.IMAGES_SAID,
}


class Showing(Query):
    """Which of two images shows more, or less, of an object."""

    object: Name
    sense: Literal["more", "less"] = "more"
    first: ImageNumber = 1
    second: ImageNumber = 2


class ShowingEvidence(Evidence):
    """How the first and the second image show the object."""

    shares: tuple[float, float]
    """Of the object's points."""
    ranges: tuple[ShareRange, ShareRange]
    """The least and the most of them under errors of pose."""
    image_shares: tuple[float, float]
    """Of the image, the part that the 2D box of the visible points covers."""
    visible: tuple[bool, bool]


def solve(view: PairView, q: Showing, terms: SpatialTerms) -> Answer[ShowingEvidence]:
    """The image that shows more, or less; `same` or `neither`."""
    thing = rules.referent(view, q.object, terms)
    one, two = (view.scene.sight(thing, index) or UNKNOWN for index in view.frames[:2])
    first, second = (view.scene.share_range(thing, at) or NOWHERE for at in view.frames[:2])
    enough = terms.visible_share, terms.visible_image_share
    evidence = ShowingEvidence(
        shares=(one.share, two.share),
        ranges=(first, second),
        image_shares=(one.image_share, two.image_share),
        visible=(one.reaches(*enough), two.reaches(*enough)),
    )
    more = 1 if one.share >= two.share else 2
    value = f"image{more if q.sense == 'more' else 3 - more}"
    return Answer(value=tie(evidence) or value, evidence=evidence)


def tie(evidence: ShowingEvidence) -> str | None:
    """`same` or `neither`; None if one image leads, or if it is open."""
    if max(evidence.shares) < NEITHER_BELOW:
        return None if any(evidence.visible) else NEITHER
    one, two = evidence.shares
    return SAME if all(evidence.visible) and abs(one - two) <= SAME_WITHIN else None


def close(evidence: ShowingEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may decide which image shows more."""
    looks = zip(evidence.shares, evidence.ranges, strict=True)
    (ahead, first), (behind, second) = sorted(looks, reverse=True)
    lead = ahead - behind
    falls = hypot(ahead - first.least, second.most - behind)
    rises = hypot(first.most - ahead, behind - second.least)
    if tie(evidence) is None:
        settled = lead >= terms.visibility_margin and lead - falls > SAME_WITHIN
    else:
        settled = max(lead + rises, falls - lead) < terms.visibility_margin
    if settled:
        return None
    return f"the images show {ahead:.0%} and {behind:.0%} of it; noise decides if that is a lead"


@rule("object.sparse", Stage.SOLVABLE, said=(*reasons.SPARSE_SAID, "can not be measured"))
def measured(view: PairView, q: Showing, terms: SpatialTerms) -> Complaint | None:
    """The object has enough points, enough of them of known depth, to take a share of."""
    instance = rules.referent(view, q.object, terms)
    count = 0 if instance.seen_by is None else len(instance.seen_by)
    if count < terms.fewest_points:
        few = f"{q.object} has {count} points; a share takes {terms.fewest_points}"
        return Complaint(few, (q.object,))
    if None in view.sights(instance):
        unknown = f"most points of {q.object} are of unknown depth in an image"
        return Complaint(unknown, (q.object,))
    return None


def candidates(view: PairView, rng: Random) -> Iterator[Showing]:
    """Objects that are alone of their name: those to be seen, and one that is not."""
    names, visible = pairs.only_ones(view), set(proposals.visible(view))
    hidden = [name for name in names if name not in visible]
    asked = [name for name in names if name in visible] + rng.sample(hidden, min(1, len(hidden)))
    for name in rng.sample(asked, len(asked)):
        yield Showing(object=name, sense=rng.choice(("more", "less")))


TASK = SpatialTask(
    name="visibility_comparison",
    summary="Which of the two images shows more, or less, of an object.",
    world=PairView,
    query=Showing,
    phrasings=(
        *written(
            "Which image shows {sense} of the {object}",
            "Which shows {sense} of the {object}, {first} or {second}",
            "Which of the two images shows {sense} of the {object}",
            "In which image is {sense} of the {object} visible",
            "In which of the two images can {sense} of the {object} be seen",
            "Is {sense} of the {object} visible in {first} or in {second}",
            "Does {first} or {second} show {sense} of the {object}",
            "Between {first} and {second}, which one shows {sense} of the {object}",
            "Which image lets you see {sense} of the {object}",
        ),
        *others("visibility_comparison"),
    ),
    rules=(
        rules.images("first", "second"),
        rules.exist("object"),
        pairs.alone("object"),
        measured,
        rules.decisive(
            close,
            said=("show as much", "shows as much", "same amount", "equally visible", "as visible"),
        ),
    ),
    candidates=candidates,
    solve=solve,
    score=lambda reply, answer: exact_label(reply, answer, SAID),
    answer_hint=lambda q: f"image1, image2, {SAME} or {NEITHER}",  # noqa: ARG005
    brief=proposals.told_objects,
    worth=lambda answer: 0.5 if answer.value in (SAME, NEITHER) else 1.0,
)
