import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, camera, moved, outcome, scanned
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.views import PairView
from spatialevo_tasks.camera_motion import TASK, Motion

START = camera(0, (0, 0, 1.5))


def pair(*frames):
    """Two views of a wide cupboard in the north, with a desk before it."""
    cupboard, desk = ("cupboard", (0, 5, 1.5), (6, 0.5, 3)), ("desk", (0, 3, 0.4), (2, 1, 0.8))
    scene = scanned(cupboard, desk, frames=frames)
    return PairView.of(scene, [0, 1])


def to(at, heading=90.0, pitch=0.0, roll=0.0):
    return pair(START, camera(1, at, heading, pitch, roll))


HERE = (0, 0, 1.5)
TURN = "From Image 1 to Image 2, which way did the camera turn?"
MOVE = "From Image 1 to Image 2, which way did the camera move?"
EITHER = "From Image 1 to Image 2, did the camera mainly turn or mainly move, and which way?"
UNREAD = "question.unparseable"

ASKED = [
    (TURN, to(HERE, 110), "left"),
    (TURN, to(HERE, 70), "right"),
    (TURN, to((0, 1, 1.5), 110), "left"),
    (TURN, to(HERE, 80), "answer.empty"),
    (TURN, to(HERE, -88), "view.no_overlap"),
    (TURN, pair(START, camera(1, (0, 2.7, 3.5), pitch_deg=-80)), "camera.no_heading"),
    (MOVE, to((0, 1, 1.5)), "forward"),
    (MOVE, to((0, -0.5, 1.5)), "backward"),
    (MOVE, to((0.4, 0.05, 1.5)), "right"),
    (MOVE, to((-0.6, 0.5, 1.5)), "forward-left"),
    (MOVE, to((0.0, 0.5, 2.0)), "forward-up"),
    (MOVE, to((0.0, 0.1, 1.0)), "down"),
    (MOVE, to((0.9, 0.8, 1.8)), "forward-right"),
    (MOVE, to((0.05, 0.05, 1.5)), "answer.empty"),
    # The second component is 0.5 of the first, or as large as the third.
    (MOVE, to((0.5, 1, 1.5)), "answer.near_boundary"),
    (MOVE, to((0.6, 1, 2.1)), "answer.near_boundary"),
    (EITHER, to(HERE, 115), "turn left"),
    (EITHER, to((0.05, 0.05, 1.5), 60), "turn right"),
    (EITHER, to((0, 1, 1.5), 93), "move forward"),
    (EITHER, to((0, 1, 1.5), 115), "answer.near_boundary"),
    (EITHER, to((0, 1, 1.5), 100), "answer.near_boundary"),
    (EITHER, to(HERE, 92), "answer.near_boundary"),
    (
        "From the first image to Image 2, did the camera turn left or right?",
        to(HERE, 110),
        "left",
    ),
    ("In which direction did the camera move from Image 1 to Image 2?", to((0, 1, 1.5)), "forward"),
    ("From Image 1 to Image 1, which way did the camera turn?", to(HERE, 110), "frame.missing"),
    ("From Image 1 to Image 3, which way did the camera turn?", to(HERE, 110), "frame.missing"),
    ("From Image 1 to Image 2, which way did the camera not turn?", to(HERE, 110), UNREAD),
    ("From Image 1 to Image 2, which way did the chair move?", to(HERE, 110), UNREAD),
    ("From Image 1 to Image 2, how far did the camera move?", to((0, 1, 1.5)), UNREAD),
]


@pytest.mark.parametrize(("question", "view", "expected"), ASKED)
def test_asked(question, view, expected):
    assert outcome(asked(TASK, question, view)) == expected


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {expected for *_, expected in ASKED}


def test_a_move_asks_for_no_heading_of_the_second_image():
    view = pair(camera(0, HERE, pitch_deg=-45), camera(1, (0, 2.7, 3.5), pitch_deg=-80))
    assert outcome(asked(TASK, MOVE, view)) == "forward-up"


def test_the_way_back_is_told_in_the_level_frame_that_it_starts_from():
    # The second camera looks 25 degrees to the left; (0.8, -1.2) is, from it, 1.43 behind and 0.22
    # to the right.
    view = to((-0.8, 1.2, 1.5), 115)
    for kind, there, back in ((TURN, "left", "right"), (MOVE, "forward-left", "backward")):
        reversed_ = kind.replace("Image 1 to Image 2", "Image 2 to Image 1")
        assert outcome(asked(TASK, kind, view)) == there
        assert outcome(asked(TASK, reversed_, view)) == back


@settings(max_examples=60)
@given(
    yaw=st.floats(-170, 170),
    heading=st.floats(-179, 179),
    pitches=st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    roll=st.floats(-45, 45),
)
def test_a_turn_is_the_yaw_about_gravity_whatever_the_pitch(yaw, heading, pitches, roll):
    view = pair(
        camera(0, HERE, heading, pitches[0], roll), camera(1, HERE, heading + yaw, pitches[1])
    )
    answer = solve(TASK, view, Motion(kind="turn"))
    assert answer.evidence.yaw_deg == pytest.approx(yaw, abs=1e-6)
    if abs(yaw) >= 15:
        assert answer.value == ("left" if yaw > 0 else "right")


@settings(max_examples=60)
@given(
    step=st.tuples(*[st.floats(-2, 2)] * 3),
    heading=st.floats(-179, 179),
    pitch=st.floats(-60, 60),
    turn=st.floats(-179, 179),
)
def test_a_move_is_told_in_the_level_frame_of_the_first_image(step, heading, pitch, turn):
    front, right, up = step
    h = np.radians(heading)
    ahead, aside = np.array([np.cos(h), np.sin(h), 0]), np.array([np.sin(h), -np.cos(h), 0])
    place = np.array(HERE) + front * ahead + right * aside + [0, 0, up]
    view = pair(camera(0, HERE, heading, pitch), camera(1, place, heading + 50))
    for there in (view, PairView(moved(view.scene, turn, (1, 2, 3)), (0, 1))):
        evidence = solve(TASK, there, Motion(kind="move")).evidence
        told = (evidence.front_m, evidence.right_m, evidence.up_m)
        assert told == pytest.approx(step, abs=1e-9)


@given(step=st.tuples(*[st.floats(-2, 2)] * 3))
def test_the_way_back_has_the_opposite_words(step):
    opposite = {"forward": "backward", "left": "right", "up": "down"}
    opposite |= {there: here for here, there in opposite.items()}
    place = tuple(np.array(HERE) + step)
    there = solve(TASK, to(place), Motion(kind="move"))
    back = solve(TASK, pair(camera(0, place), camera(1, HERE)), Motion(kind="move"))
    if all(each.clearance_deg > 0.1 for each in there.evidence.decisions):
        assert back.value == "-".join(opposite[word] for word in there.value.split("-"))


@pytest.mark.parametrize("kind", ["turn", "move", "either"])
def test_each_kind_has_eight_wordings(kind):
    assert len(set(TASK.wordings(Motion(kind=kind)))) >= 8


def test_a_move_is_scored_whatever_the_order_of_its_words():
    answer = judge(TASK, to((-0.6, 0.5, 1.5)), Motion(kind="move")).answer
    assert TASK.score("to the left and forward", answer) == 1.0
    assert TASK.score("left", answer) == 0.0


def test_the_main_motion_is_scored_with_its_kind():
    answer = judge(TASK, to(HERE, 115), Motion(kind="either")).answer
    assert TASK.score("It mainly turned left", answer) == 1.0
    assert TASK.score("It mainly moved left", answer) == 0.0
