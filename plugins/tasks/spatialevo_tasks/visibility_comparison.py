"""Which image shows more of the sofa?

What an image shows of an object is the share of the object's own points that are visible in it, not
the part of the image that it fills: images of any size, from near or far, compare. An image wins by
a lead of at least 0.15. It is the `same` if the object is visible in both images and the shares
differ by at most 0.05, and `neither` if both are below 0.02 and the object is visible in neither;
all else is too close to call, also a large object of which hardly a point shows. Each image is
judged by itself, so that the two need not overlap. A wording that asks for less is answered by the
other image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Literal

from spatialevo_core.hooks import hookimpl
from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import ImageNumber, Name
from spatialevo_core.task import AnyTask, Complaint, Task, rule
from spatialevo_datasets.scene import Sight
from spatialevo_datasets.views import PairView
from spatialevo_tasks import pairs, proposals, rules
from spatialevo_tasks.profiles import PROFILES
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import read, written

SAME, NEITHER = "same", "neither"
SAME_WITHIN = 0.05
NEITHER_BELOW = 0.02
UNKNOWN = Sight(share=0.0, image_share=0.0, depth_m=None)
"""What a profile that does not ask for known depth makes of unknown depth."""
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
    image_shares: tuple[float, float]
    """Of the image, the part that the 2D box of the visible points covers."""
    visible: tuple[bool, bool]


def solve(view: PairView, q: Showing, terms: SpatialTerms) -> Answer[ShowingEvidence]:
    """The image that shows more, or less; `same` or `neither`."""
    instance = rules.referent(view, q.object, terms)
    one, two = (view.scene.sight(instance, index) or UNKNOWN for index in view.frames[:2])
    evidence = ShowingEvidence(
        shares=(one.share, two.share),
        image_shares=(one.image_share, two.image_share),
        visible=(_clear(one, terms), _clear(two, terms)),
    )
    more = 1 if one.share >= two.share else 2
    value = f"image{more if q.sense == 'more' else 3 - more}"
    return Answer(value=tie(evidence) or value, evidence=evidence)


def _clear(sight: Sight, terms: SpatialTerms) -> bool:
    return sight.reaches(terms.visible_share, terms.visible_image_share)


def tie(evidence: ShowingEvidence) -> str | None:
    """`same` or `neither`; None if one image leads, or if it is open."""
    if max(evidence.shares) < NEITHER_BELOW:
        return None if any(evidence.visible) else NEITHER
    one, two = evidence.shares
    return SAME if all(evidence.visible) and abs(one - two) <= SAME_WITHIN else None


def close(evidence: ShowingEvidence, terms: SpatialTerms) -> str | None:
    """Why noise may decide which image shows more."""
    one, two = evidence.shares
    if abs(one - two) >= terms.visibility_margin or tie(evidence) is not None:
        return None
    return (
        f"the images show {one:.0%} and {two:.0%} of it; a lead takes "
        f"{terms.visibility_margin:.0%}, to be the same {SAME_WITHIN:.0%} in plain view"
    )


@rule(
    "object.sparse",
    Stage.SOLVABLE,
    said=("too few points", "not enough points", "sparse", "cannot be measured"),
)
def measured(view: PairView, q: Showing, terms: SpatialTerms) -> Complaint | None:
    """The object has enough points, enough of them of known depth, to take a share of."""
    instance = rules.referent(view, q.object, terms)
    count = 0 if instance.points is None else len(instance.points)
    if count < terms.fewest_points:
        message = f"{q.object} has {count} points, fewer than the {terms.fewest_points} needed"
        return Complaint(message, (q.object,))
    if None in view.sights(instance):
        return Complaint(f"the depth of most of the {q.object} is unknown", (q.object,))
    return None


def candidates(view: PairView, rng: Random) -> Iterator[Showing]:
    """Objects that are alone of their name: those to be seen, and one that is not."""
    names, visible = pairs.only_ones(view), set(proposals.visible(view))
    hidden = [name for name in names if name not in visible]
    asked = [name for name in names if name in visible] + rng.sample(hidden, min(1, len(hidden)))
    for name in rng.sample(asked, len(asked)):
        yield Showing(object=name, sense=rng.choice(("more", "less")))


MOST = (
    "Which (image|picture|photo|view) shows [the] most of the {object}",
    "In which (image|picture|photo|view) is [the] most of the {object} visible",
    "In which (image|picture|photo|view) is the {object} [the] most visible",
)

TASK = Task(
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
        *read(
            "Which image shows {sense} of the {object}, {first} or {second}",
            "In which (image|picture|photo|view) (is|can) {sense} of the {object} [be] "
            "(visible|seen|shown)",
            "In which (image|picture|photo|view) is the {object} {sense} visible",
            "Is the {object} {sense} visible in {first} or [in] {second}",
            "Is {sense} of the {object} visible in {first} or {second}",
        ),
        *read(*MOST, sense="more"),
        *read(*(each.replace("most", "least") for each in MOST), sense="less"),
    ),
    rules=(
        rules.images("first", "second"),
        rules.exist("object"),
        pairs.alone("object"),
        measured,
        rules.decisive(close, said=("shows as much", "same amount", "equally visible")),
    ),
    candidates=candidates,
    solve=solve,
    score=lambda reply, answer: exact_label(reply, answer, SAID),
    answer_hint=lambda q: f"image1, image2, {SAME} or {NEITHER}",  # noqa: ARG005
    brief=proposals.told_objects,
    worth=lambda answer: 0.5 if answer.value in (SAME, NEITHER) else 1.0,
    terms=SpatialTerms(),
    profiles=PROFILES,
)


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    """This task."""
    return [TASK]
