from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import (
    asked,
    boxed,
    camera,
    moved,
    outcome,
    scaled,
    scanned,
    surface,
    with_points,
)
from noise import surface_noise
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.scene import Instance
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.relative_distance import TASK, Closest

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("tv", (0, 4, 0.4), SMALL),
        ("stool", (0.9, 4, 0.4), SMALL),
        ("lamp", (-1.6, 4, 0.4), SMALL),
        ("sofa", (0.4, 6, 0.4), SMALL),
        ("plant", (-1, 4.05, 0.4), SMALL),
        ("chair", (2.4, 5, 0.4), SMALL),
        ("chair", (-0.2, 4.7, 0.4), SMALL),
        ("cup", (1.2, 5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        ("box", (2.2, 5.8, 0.4), SMALL),
        ("box", (0, -1.5, 0.4), SMALL),
        frames=(camera(0, (0, 0, 2.2), pitch_deg=-15), camera(1, (0, 0, 2.2), -90, pitch_deg=-15)),
    ),
    "cup",
    20,
)
NORTH = SceneView.of(ROOM, [0])
BOTH = SceneView.of(ROOM, [0, 1])

# Between the surfaces: stool 0.5, plant 0.6, lamp 1.2, sofa 1.6, the nearer chair 0.3.
ASKED = {
    "Which of these (stool, lamp, sofa) is closest to the tv?": "stool",
    "Which of these (sofa, lamp, stool) is closest to the tv?": "stool",
    "Which of these (stool, lamp, sofa) is farthest from the tv?": "sofa",
    "Measuring from the closest point of each object, which of these objects (lamp, sofa, stool, "
    "chair) is the closest to the tv?": "chair",
    "Which is closer to the tv, the lamp or the sofa?": "lamp",
    "Of the lamp and the sofa, which is further from the tv?": "sofa",
    "Which is nearest to the tv: lamp or chair?": "chair",
    "Which is farthest from the tv: stool or chair?": "stool",
    "Which of these (stool, lamp, piano) is closest to the tv?": "object.missing",
    "Which of these (stool, lamp, stool) is closest to the tv?": "object.repeated",
    "Which of these (stool, lamp, tv) is closest to the tv?": "object.repeated",
    "Which of these (stool, lamp) is closest to the chair?": "object.ambiguous",
    "Which of these (stool, lamp, bed) is closest to the tv?": "object.unseen",
    "Which of these (stool, lamp, cup) is closest to the tv?": "object.sparse",
    "Which of these (stool, plant, sofa) is closest to the tv?": "answer.near_boundary",
    "Which of these (stool, plant, sofa) is farthest from the tv?": "sofa",
    "Which of these (stool, lamp, sofa) is not closest to the tv?": "question.unparseable",
    "Which of these (stool) is closest to the tv?": "question.unparseable",
    "Which of these (stool, lamp, sofa, plant, chair, bed) is closest to the tv?": (
        "question.unparseable"
    ),
    "Which of these (red stool, lamp) is closest to the tv?": "question.other_task",
    "Which of these (stool, lamp) is closest to the camera?": "question.unparseable",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, NORTH)) == expected


def test_objects_in_frames_that_share_nothing_cannot_be_related():
    question = "Which of these ({}, stool) is closest to the tv?"
    assert outcome(asked(TASK, question.format("bed"), BOTH)) == "view.no_overlap"
    assert outcome(asked(TASK, question.format("lamp"), BOTH)) == "stool"


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "view.no_overlap"}


def test_the_nearest_of_a_category_is_what_must_be_seen():
    question = "Which of these (box, stool) is closest to the {}?"
    assert outcome(asked(TASK, question.format("tv"), NORTH)) == "stool"
    near = scanned(
        ("tv", (0, 4, 0.4), SMALL),
        ("stool", (1.2, 4, 0.4), SMALL),
        ("box", (0, 8, 0.4), SMALL),
        ("box", (0, -1, 0.4), SMALL),
        frames=(camera(0, (0, 2, 1.6)),),
    )
    assert outcome(asked(TASK, question.format("tv"), SceneView.of(near, [0]))) == "stool"
    hidden = scanned(
        ("tv", (0, 4, 0.4), SMALL),
        ("stool", (2.4, 4, 0.4), SMALL),
        ("box", (0, 8, 0.4), SMALL),
        ("box", (0, 2.6, 0.4), SMALL),
        frames=(camera(0, (0, 3.2, 1.6)),),
    )
    assert outcome(asked(TASK, question.format("tv"), SceneView.of(hidden, [0]))) == "object.unseen"


@pytest.mark.parametrize(("profile", "nearest"), [("exact", 2), ("paper", 3)])
@pytest.mark.parametrize("thinned", [2, 3])
def test_the_one_that_needs_points_is_the_one_that_is_answered_with(profile, nearest, thinned):
    """The upright box is 1.0 m away; the other, by its axis-aligned box alone, 0.9 m."""
    across = np.linspace((0.6, 8.0), (3.0, 5.0), 10 if thinned == 3 else 100)
    points = {
        2: surface((1.4, 4, 0.4), SMALL)[:: 10 if thinned == 2 else 1],
        3: np.concatenate([np.insert(across, 2, height, axis=1) for height in (0.0, 0.4)]),
    }
    tv, stool = ("tv", (0, 4, 0.4), SMALL), ("stool", (-2.4, 4, 0.4), SMALL)
    room = scanned(tv, stool, frames=(camera(0, (0, 0, 1.5)),))
    boxes = tuple(Instance(at, "box", each.astype(np.float32)) for at, each in points.items())
    view = SceneView.of(replace(room, instances=(*room.instances, *boxes)))
    verdict = judge(TASK.under(profile), view, Closest(anchor="tv", candidates=("stool", "box")))
    assert outcome(verdict) == ("object.sparse" if thinned == nearest else "box")


@pytest.mark.parametrize("sense", ["closest", "farthest"])
def test_each_sense_has_eight_wordings(sense):
    q = Closest(anchor="tv", candidates=("stool", "lamp"), sense=sense)
    assert len(set(TASK.wordings(q))) >= 8


def test_the_evidence_names_every_gap_and_where_it_is():
    q = Closest(anchor="tv", candidates=("lamp", "chair"))
    evidence = judge(TASK, NORTH, q).answer.evidence
    assert {name: each.id for name, each in evidence.reached.items()} == {"lamp": 2, "chair": 6}
    assert evidence.reached["lamp"].distance_m == pytest.approx(1.2, abs=1e-3)
    chair = evidence.reached["chair"]
    assert chair.distance_m == pytest.approx(0.3, abs=1e-3)
    assert (chair.from_m[1], chair.to_m[1]) == pytest.approx((4.2, 4.5), abs=1e-3)


def gaps(answer):
    return {name: each.distance_m for name, each in answer.evidence.reached.items()}


def test_profiles_measure_between_their_boxes():
    # Corner to corner the turned stool is nearer by its axis-aligned box, by its surface farther.
    room = boxed(
        ("tv", (0, 0, 0), (1, 1, 1)),
        ("stool", (1.8, 1.8, 0), (1, 1, 1)),
        turn_deg=45,
    )
    lamp = boxed(("cup", (9, 9, 9), SMALL), ("lamp", (-1.95, 0, 0), (1, 1, 1))).instances[1]
    room = type(room)("test/both", (*room.instances, type(lamp)(2, "lamp", box=lamp.box)))
    view, q = SceneView.of(room), Closest(anchor="tv", candidates=("stool", "lamp"))
    # surfaces: 1.8 sqrt 2 - 1 = 1.546 against 1.95 - 0.5 - 0.707 = 0.743
    assert gaps(solve(TASK, view, q)) == pytest.approx(
        {"stool": 1.8 * 2**0.5 - 1, "lamp": 1.45 - 0.5**0.5}, abs=1e-6
    )
    # axis-aligned: (1.8 - sqrt 2) sqrt 2 = 0.546
    assert gaps(solve(TASK, view, q, "aabb")) == pytest.approx(
        {"stool": (1.8 - 2**0.5) * 2**0.5, "lamp": 1.45 - 0.5**0.5}, abs=1e-6
    )
    for profile, closest in {"exact": "lamp", "paper": "stool", "vsi-bench": "lamp"}.items():
        assert outcome(judge(TASK.under(profile), view, q)) == closest


def test_the_benchmark_profile_takes_the_first_anchor_and_waives_margins():
    task = TASK.under("vsi-bench")
    assert outcome(asked(task, "Which of these (stool, lamp) is closest to the chair?", NORTH)) == (
        "stool"
    )
    question = "Which of these (stool, plant) is closest to the {}?"
    assert outcome(asked(task, question.format("tv"), NORTH)) == "stool"
    assert outcome(asked(task, question.format("piano"), NORTH)) == "object.missing"


def test_a_questioner_never_lists_one_thing_twice():
    for query, verdict in TASK.propose(NORTH, Random(3)):
        assert verdict.legal
        assert len({query.anchor, *query.candidates}) == 1 + len(query.candidates) <= 6


PLACE = st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(0, 2))


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[PLACE] * 4), st.floats(-180, 180), PLACE, st.floats(1, 2), st.integers(0, 999))
def test_order_motion_scale_and_noise_leave_the_closest(places, turn, shift, factor, seed):
    labels = ("tv", "stool", "lamp", "sofa")
    room = scanned(*((label, at, SMALL) for label, at in zip(labels, places, strict=True)))
    for sense in ("closest", "farthest"):
        q = Closest(anchor="tv", candidates=labels[1:], sense=sense)
        verdict = judge(TASK, SceneView.of(room), q)
        if verdict.legal:
            turned = q.model_copy(update={"candidates": labels[:0:-1]})
            assert outcome(judge(TASK, SceneView.of(room), turned)) == verdict.answer.value
            changes = (moved(room, turn, shift), scaled(room, factor), surface_noise(room, seed))
            for changed in changes:
                assert judge(TASK, SceneView.of(changed), q).answer.value == verdict.answer.value
