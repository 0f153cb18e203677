"""From Image 1 to Image 2, which way did the camera move, or turn?

A turn is `left` or `right` by the yaw about gravity, of 15 degrees at least. A move, of 0.15 m at
least, is told in the level frame of the image it starts from, whichever is named first, by the
words of every component that is at least half of the largest, at most two. Asked whether the camera
mainly turned or mainly moved, it turned if the yaw is a turn and the translation is no move, and it
moved if the yaw is below 8 degrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Literal

from spatialevo_core.question import Answer, Query
from spatialevo_core.slots import ImageNumber
from spatialevo_datasets.views import PairView
from spatialevo_tasks import rules
from spatialevo_tasks.cameras import camera_frame, yaw_deg
from spatialevo_tasks.directions import direction_and_verb
from spatialevo_tasks.geometry import Decided, Triple, move_word, rounded, turn_word, unsettled
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

Kind = Literal["turn", "move", "either"]
LEAST_TURN_DEG, LEAST_MOVE_M = 15.0, 0.15
NO_TURN_DEG = 8.0


class Motion(Query):
    """Which way the camera turned, moved, or whichever of the two it mainly did."""

    kind: Kind
    first: ImageNumber = 1
    second: ImageNumber = 2


class MotionEvidence(Decided):
    """The motion in the level frame of the first image, metres, and the turn about gravity."""

    kind: Kind
    yaw_deg: float
    """Positive to the left."""
    translation_m: float
    front_m: float
    right_m: float
    up_m: float
    positions_m: tuple[Triple, Triple]
    headings_deg: tuple[float, float]
    """From world +x, counter-clockwise."""


def solve(view: PairView, q: Motion, terms: SpatialTerms) -> Answer[MotionEvidence]:
    """The words for the turn or the move; `turn ...` or `move ...` where either was asked."""
    images = (view.image(number) for number in (q.first, q.second))
    before, after = (camera_frame(image.T_world_camera) for image in images)
    yaw, moved = yaw_deg(before, after), before.point(after.origin)
    turns = q.kind == "turn" or (q.kind == "either" and _turned(yaw) and not _moved(moved.length))
    word, decisions = turn_word(yaw, terms) if turns else move_word(moved, terms)
    evidence = MotionEvidence(
        kind=q.kind,
        yaw_deg=yaw,
        translation_m=moved.length,
        front_m=moved.front,
        right_m=moved.right,
        up_m=moved.up,
        positions_m=(rounded(before.origin), rounded(after.origin)),
        headings_deg=(before.heading_deg, after.heading_deg),
        decisions=decisions,
    )
    if q.kind == "either":
        word = f"turn {word}" if turns else f"move {word}"
    return Answer(value=word, evidence=evidence)


def _turned(yaw: float) -> bool:
    return abs(yaw) >= LEAST_TURN_DEG


def _moved(length_m: float) -> bool:
    return length_m >= LEAST_MOVE_M


def still(evidence: MotionEvidence, _terms: SpatialTerms) -> str | None:
    """Why there is no motion to speak of."""
    if evidence.kind == "turn" and not _turned(evidence.yaw_deg):
        return f"the camera turned by {abs(evidence.yaw_deg):.0f} degrees, too little to tell"
    if evidence.kind == "move" and not _moved(evidence.translation_m):
        return f"the camera moved by {evidence.translation_m:.2f} m, too little to tell"
    return None


def mixed(evidence: MotionEvidence, terms: SpatialTerms) -> str | None:
    """Why it is open what the camera mainly did, or which way."""
    turn, move = abs(evidence.yaw_deg), evidence.translation_m
    mainly = (_moved(move) and turn < NO_TURN_DEG) or (_turned(turn) and not _moved(move))
    if evidence.kind == "either" and not mainly:
        return f"a turn of {turn:.0f} degrees and a move of {move:.2f} m are both or neither"
    return None if still(evidence, terms) else unsettled(evidence, terms)


def candidates(_view: PairView, rng: Random) -> Iterator[Motion]:
    """The three kinds of question."""
    for kind in rng.sample(("turn", "move", "either"), 3):
        yield Motion.model_validate({"kind": kind})


HINTS = {
    "turn": "left or right",
    "move": "one or two of forward, backward, left, right, up, down",
    "either": "turn or move, and left, right, forward, backward, up or down",
}
_WAYS = (
    "From {first} to {second}, ",
    "Moving from {first} to {second}, ",
    "Going from {first} to {second}, ",
    "After {first} and before {second}, ",
)
_ASKED: dict[Kind, tuple[str, str]] = {
    "turn": ("which way did the camera turn", "in which direction did the camera rotate"),
    "move": ("which way did the camera move", "in which direction was the camera moved"),
    "either": (
        "did the camera mainly turn or mainly move, and which way",
        "did it mainly turn or mainly move, and which way",
    ),
}

TASK = SpatialTask(
    name="camera_motion",
    summary="Which way the camera moved or turned from the first image to the second.",
    world=PairView,
    query=Motion,
    phrasings=(
        *(
            wording
            for kind, asked in _ASKED.items()
            for wording in written(*(way + ask for way in _WAYS for ask in asked), kind=kind)
        ),
        *others("camera_motion"),
    ),
    rules=(
        rules.images("first", "second"),
        rules.headed(lambda q: (q.first,) if q.kind == "move" else (q.first, q.second)),
        rules.overlapping(),
        rules.informative(
            still,
            said=(
                "no motion",
                "not move",
                "not turn",
                "hardly moved",
                "hardly turned",
                "stood still",
                "same place",
            ),
        ),
        rules.decisive(
            mixed,
            said=(
                "both moved and",
                "neither clearly",
                "moved and turned",
                "mixed",
                "in two directions",
            ),
        ),
    ),
    candidates=candidates,
    solve=solve,
    score=direction_and_verb,
    answer_hint=lambda q: HINTS[q.kind],
)
