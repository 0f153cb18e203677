from dataclasses import replace
from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, boxed, camera, moved, outcome, scanned, with_points
from spatialevo_core.engine import judge
from spatialevo_datasets.scene import Instance
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.directions import SECTORS
from spatialevo_tasks.relative_direction import TASK, Lookout

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("stove", (0, 3, 0.4), SMALL),
        ("sofa", (0, 6, 0.4), SMALL),
        ("lamp", (2, 4, 0.4), SMALL),
        ("table", (-2, 3.4, 0.4), SMALL),
        ("door", (-0.82, 5, 0.4), SMALL),
        ("vase", (0.1, 3.05, 1.0), (0.1, 0.1, 0.2)),
        ("cup", (-1, 4.2, 0.4), SMALL),
        ("chair", (1.2, 5, 0.4), SMALL),
        ("chair", (2.6, 5.5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        ("desk", (1.5, -3, 0.4), SMALL),
        frames=(camera(0, (0, 0, 2.2), pitch_deg=-15), camera(1, (0, 0, 2.2), -90, pitch_deg=-15)),
    ),
    "cup",
    20,
)
NORTH = SceneView.of(ROOM, [0])
BOTH = SceneView.of(ROOM, [0, 1])

ASKED = {
    "Standing by the lamp and facing the sofa, where is the stove?": "answer.near_boundary",
    "Standing by the stove and facing the sofa, where is the table?": "left",
    "From the stove, looking towards the sofa, is the lamp to my left or my right?": "right",
    "From the sofa, looking towards the stove, is the lamp to my left or my right?": "left",
    "Standing by the stove and facing the sofa, is the lamp to my front-left, front-right, "
    "back-left, or back-right?": "front-right",
    "Standing by the lamp and facing the sofa, is the table to my left, right, or back?": "left",
    "Standing by the stove and facing the sofa, where is the piano?": "object.missing",
    "Standing by the stove and facing the stove, where is the lamp?": "object.repeated",
    "Standing by the stove and facing the sofa, where is the sofa?": "object.repeated",
    "Standing by the stove and facing the sofa, where is the chair?": "object.ambiguous",
    "Standing by the stove and facing the sofa, where is the bed?": "object.unseen",
    "Standing by the stove and facing the sofa, where is the cup?": "object.sparse",
    "Standing by the stove and facing the sofa, where is the vase?": "direction.too_close",
    "Standing by the stove and facing the sofa, where is the door?": "answer.near_boundary",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, NORTH)) == expected


def test_objects_in_frames_that_share_nothing_cannot_be_related():
    question = "Standing by the stove and facing the sofa, where is the {}?"
    assert outcome(asked(TASK, question.format("bed"), BOTH)) == "view.no_overlap"
    assert outcome(asked(TASK, question.format("table"), BOTH)) == "left"


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "view.no_overlap"}


def test_a_question_illegal_in_several_ways_says_all_of_one_stage():
    question = "Standing by the bed and facing the chair, where is the cup?"
    assert set(asked(TASK, question, NORTH).codes) == {
        "object.unseen",
        "object.ambiguous",
        "object.sparse",
    }


def test_the_evidence_redraws_the_angle():
    q = Lookout(standing="lamp", facing="sofa", query="stove")
    evidence = judge(TASK, NORTH, q).answer.evidence
    centers = {"lamp": (2, 4, 0.4), "sofa": (0, 6, 0.4), "stove": (0, 3, 0.4)}
    assert evidence.centers_m.keys() == centers.keys()
    for name, center in centers.items():
        assert evidence.centers_m[name] == pytest.approx(center, abs=1e-4)
    # from (2, 4): facing (-2, 2), query (-2, -1): 45 + 26.565 degrees to the left
    assert evidence.azimuth_deg == pytest.approx(-71.565, abs=1e-3)
    assert list(evidence.rays_m.values()) == pytest.approx([8**0.5, 5**0.5])
    assert evidence.decisions[0].clearance_deg == pytest.approx(71.565 - 67.5, abs=1e-3)
    # 2 degrees and atan(0.04 / range) for either ray
    assert evidence.decisions[0].margin_deg == pytest.approx(4 + 0.8102 + 1.0248, abs=1e-3)


BENCHMARK = "If I am standing by the stove and facing the sofa, is the lamp to "
WORDED = {
    BENCHMARK + "the left or the right of the sofa?": "left or right",
    BENCHMARK + "my left, right, or back?\nAn object is to my back if I would have to turn at "
    "least 135 degrees in order to face it.": "left, right or back",
    BENCHMARK + "my front-left, front-right, back-left, or back-right?\nThe directions refer to "
    "the quadrants of a Cartesian plane (if I am standing at the origin and facing along the "
    "positive y-axis).": "quadrants",
}


@pytest.mark.parametrize(("question", "offer"), WORDED.items())
def test_the_benchmarks_wordings_are_read_with_their_vocabulary(question, offer):
    query = asked(TASK, question, NORTH).query
    assert query == Lookout(standing="stove", facing="sofa", query="lamp", offer=offer)


@pytest.mark.parametrize("offer", SECTORS)
def test_each_vocabulary_has_eight_wordings(offer):
    q = Lookout(standing="stove", facing="sofa", query="lamp", offer=offer)
    assert len(set(TASK.wordings(q))) >= 8


def test_the_benchmark_profile_takes_the_first_of_a_name_and_waives_margins():
    task = TASK.under("vsi-bench")
    question = "Standing by the stove and facing the sofa, where is the {}?"
    assert outcome(asked(task, question.format("chair"), NORTH)) == "front-right"
    assert outcome(asked(task, question.format("bed"), NORTH)) == "back"
    assert outcome(asked(task, question.format("piano"), NORTH)) == "object.missing"


PLACE = st.tuples(*[st.floats(-4, 4)] * 2, st.floats(0, 2))


@settings(max_examples=60)
@given(
    places=st.tuples(PLACE, PLACE, PLACE),
    turn=st.floats(-180, 180),
    shift=PLACE,
    lift=st.floats(0, 2),
)
def test_moving_the_room_or_lifting_an_object_turns_no_direction(places, turn, shift, lift):
    labels = ("stove", "sofa", "lamp")
    q = Lookout(standing="stove", facing="sofa", query="lamp")
    room = boxed(*((label, at, SMALL) for label, at in zip(labels, places, strict=True)))
    before = judge(TASK, SceneView.of(room), q)
    after = judge(TASK, SceneView.of(moved(room, turn, (*shift[:2], shift[2] + lift))), q)
    if before.legal:
        slack = before.answer.evidence.decisions[0]
        assert after.legal or slack.clearance_deg - slack.margin_deg < 1e-6
        assert after.answer.value == before.answer.value


@settings(max_examples=60)
@given(places=st.tuples(PLACE, PLACE, PLACE))
def test_facing_and_queried_swapped_mirror_the_direction(places):
    labels = ("stove", "sofa", "lamp")
    room = boxed(*((label, at, SMALL) for label, at in zip(labels, places, strict=True)))
    view = SceneView.of(room)
    one = judge(TASK, view, Lookout(standing="stove", facing="sofa", query="lamp"))
    other = judge(TASK, view, Lookout(standing="stove", facing="lamp", query="sofa"))
    if one.legal:
        mirror = {"left": "right", "right": "left"}
        parts = one.answer.value.split("-")
        assert other.answer.value == "-".join(mirror.get(part, part) for part in parts)


def test_the_order_of_the_instances_does_not_matter():
    q = Lookout(standing="stove", facing="sofa", query="lamp", offer="left or right")
    turned = replace(ROOM, instances=ROOM.instances[::-1])
    assert judge(TASK, SceneView.of(turned, [0]), q) == judge(TASK, NORTH, q)


@pytest.mark.parametrize(("x", "right"), [(0.45, False), (0.8, True)])
def test_no_box_that_noise_may_fit_instead_changes_the_side(x, right):
    """The rectangles along the sides of an equilateral triangle are the same but for their centres,
    which lie 0.19 m to either side of the triangle's own: 0.26 m is 3.8 degrees to the right, 0.45
    m 6.1 degrees; noise needs 5."""
    corners = [(x + 0.866 * cos(a), 4 + 0.866 * sin(a)) for a in (pi / 2, pi * 7 / 6, pi * 11 / 6)]
    points = [(*corner, z / 24) for corner in corners for z in range(25)]
    dais = Instance(9, "dais", points=np.array(points, dtype=np.float32))
    room = scanned(("stove", (0, 0, 0.4), SMALL), ("sofa", (0, 5, 0.4), SMALL))
    view = SceneView.of(replace(room, instances=(*room.instances, dais)))
    q = Lookout(standing="stove", facing="sofa", query="dais", offer="left or right")
    assert outcome(judge(TASK, view, q)) == ("right" if right else "answer.near_boundary")
    # An axis-aligned box has one centre.
    assert outcome(judge(TASK.under("paper"), view, q)) == "right"
