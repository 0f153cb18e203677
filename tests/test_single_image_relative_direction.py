from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, camera, moved, outcome, pose, scanned, with_points
from spatialevo_core.engine import judge
from spatialevo_datasets.frames import in_camera, project
from spatialevo_datasets.views import FrameView
from spatialevo_tasks.cameras import camera_frame
from spatialevo_tasks.geometry import in_space
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.single_image_relative_direction import TASK, Placement

SMALL = (0.3, 0.3, 0.3)
THINGS = (
    ("bed", (0, 4, 0.5), (0.6, 0.6, 0.6)),
    ("lamp", (1.5, 4, 0.5), SMALL),
    ("sofa", (0, 7, 0.5), (1.4, 0.6, 0.9)),
    ("clock", (0.02, 4, 1.7), SMALL),
    ("tv", (-1.5, 4, 1.7), SMALL),
    ("door", (-1.2, 4.5, 0.5), SMALL),
    ("pillow", (0.12, 4, 0.9), (0.2, 0.2, 0.1)),
    ("vase", (0.6, 3, 0.5), (0.1, 0.1, 0.1)),
    ("bottle", (0.73, 3.05, 0.5), (0.1, 0.1, 0.1)),
    ("mirror", (0.17, 5.5, 1.6), SMALL),
    ("cup", (1, 5, 0.5), SMALL),
    ("chair", (-2, 5, 0.5), SMALL),
    ("chair", (2.5, 5, 0.5), SMALL),
    ("stool", (0, -3, 0.5), SMALL),
)
ROOM = with_points(
    scanned(
        *THINGS,
        frames=(
            camera(0, (0, 0, 1.5)),
            camera(1, (0, 5, 4.5), pitch_deg=-75),
            camera(2, (0, 4, 1.1)),
        ),
    ),
    "cup",
    20,
)
VIEW = FrameView.of(ROOM, [0])
LOOKING_DOWN = FrameView.of(ROOM, [1])
FRONT = " (front = the way the camera looks)?"

ASKED = {
    "In this image, where is the lamp relative to the bed" + FRONT: "right",
    "In this image, where is the bed relative to the lamp" + FRONT: "left",
    "In this image, where is the sofa relative to the bed" + FRONT: "front",
    "In this image, where is the clock relative to the bed" + FRONT: "up",
    "In this image, where is the bed relative to the clock" + FRONT: "down",
    "In this image, where is the tv relative to the bed" + FRONT: "up-left",
    "In this image, where is the bed relative to the tv" + FRONT: "down-right",
    "Is the lamp left or right of the bed?": "right",
    "In this image, is the lamp to the left or to the right of the bed?": "right",
    "In this image, is the bed to the left or to the right of the lamp?": "left",
    "In this image, is the door to the left or right of the bed?": "left",
    "In this image, where is the door relative to the bed" + FRONT: "answer.near_boundary",
    "Is the mirror left or right of the sofa?": "answer.near_boundary",
    # 0.12 m beside and 0.4 m above: a horizontal word would be decided by too little.
    "In this image, where is the pillow relative to the bed" + FRONT: "direction.too_close",
    "Is the vase left or right of the bottle?": "direction.too_close",
    "Is the piano left or right of the bed?": "object.missing",
    "Is the bed left or right of the bed?": "object.repeated",
    "Is the chair left or right of the bed?": "object.ambiguous",
    "Is the stool left or right of the bed?": "object.unseen",
    "Is the cup left or right of the bed?": "object.sparse",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, VIEW)) == expected


def test_a_camera_that_looks_at_the_floor_has_no_front():
    question = "Is the mirror left or right of the bed?"
    assert outcome(asked(TASK, question, LOOKING_DOWN)) == "camera.no_heading"


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "camera.no_heading"}


@pytest.mark.parametrize(
    "wording",
    [
        "Is the lamp left or right of the bed?",
        "In this image, is the lamp to the left or to the right of the bed?",
    ],
)
def test_the_short_wordings_are_written_as_well_as_read(wording):
    q = Placement(target="lamp", reference="bed", offer="left or right")
    assert wording in TASK.wordings(q)
    assert asked(TASK, wording, VIEW).query == q


@pytest.mark.parametrize("offer", ["eight ways", "left or right"])
def test_each_offer_has_eight_wordings(offer):
    q = Placement(target="lamp", reference="bed", offer=offer)
    assert len(set(TASK.wordings(q))) >= 8


def test_every_wording_of_the_eight_ways_says_what_front_is():
    assert all(FRONT in text for text in TASK.wordings(Placement(target="tv", reference="bed")))


@pytest.mark.parametrize(
    "question",
    [
        "In this image, in which direction is the lamp from the bed" + FRONT,
        "In this image, in which direction from the bed is the lamp" + FRONT,
        "In this image, what is the direction of the lamp from the bed" + FRONT,
    ],
)
def test_the_direction_of_one_thing_from_another_starts_at_the_other(question):
    verdict = asked(TASK, question, VIEW)
    assert verdict.query == Placement(target="lamp", reference="bed")
    assert verdict.answer.value == "right"


def test_left_and_right_are_those_of_the_image_for_things_at_different_depths():
    """The sofa is at world x = 0, the lamp at 1.5; from (3, 0) the sofa is the one on the left."""
    room = scanned(*THINGS, frames=(camera(0, (3, 0, 1.5), heading_deg=115),))
    q = Placement(target="sofa", reference="lamp", offer="left or right")
    evidence = judge(TASK, FrameView.of(room, [0]), q).answer.evidence
    # Azimuths from the heading of 115: lamp at atan2(4, -1.5), sofa at atan2(7, -3).
    assert evidence.azimuth_deg == pytest.approx(-(113.1986 - 110.5560), abs=1e-3)


@pytest.mark.parametrize(("pitch_deg", "codes"), [(0, ()), (-25, ("answer.near_boundary",))])
def test_what_the_picture_shows_the_other_way_round_is_refused(pitch_deg, codes):
    """Seen from (0, 0) the box is 33.7 degrees to the right, and the clock 26.6.

    A level camera has them in columns of that order; one that looks down has not, since the box is
    far below it and so deeper than it is distant.
    """
    centers = np.array([(1.2, 1.8, 0.15), (1.2, 2.4, 1.9)])
    frame = camera(0, (0, 0, 1.45), pitch_deg=pitch_deg)
    room = scanned(("box", centers[0], SMALL), ("clock", centers[1], SMALL), frames=(frame,))
    box, clock = project(frame.K, in_camera(frame, centers))[:, 0]
    assert (box > clock) == (not codes)
    q = Placement(target="box", reference="clock", offer="left or right")
    verdict = judge(TASK, FrameView.of(room, [0]), q)
    assert verdict.codes == codes
    assert codes or verdict.answer.value == "right"


def test_the_evidence_redraws_the_vector():
    evidence = judge(TASK, VIEW, Placement(target="tv", reference="bed")).answer.evidence
    assert (evidence.front_m, evidence.right_m, evidence.up_m) == pytest.approx(
        (0, -1.5, 1.2), abs=1e-4
    )
    assert evidence.camera_m == (0, 0, 1.5)
    assert evidence.heading_deg == pytest.approx(90)
    # Level against up: atan2(1.2, 1.5) is 38.66 degrees, atan(0.5) is 26.57.
    assert evidence.decisions[0].clearance_deg == pytest.approx(38.660 - 26.565, abs=0.01)
    # Left against front: 45 degrees.
    assert evidence.decisions[1].clearance_deg == pytest.approx(45, abs=0.01)


@pytest.mark.parametrize(
    ("vector", "word"),
    [
        ((0, 1, 0.4), "front"),
        ((0, 1, 0.6), "up-front"),
        ((0, -1, -0.6), "down-back"),
        ((1, 0.9, 0.2), "front-right"),
        ((1, 0.9, 1), "up-right"),
        ((0.05, 0.05, 0.25), "up"),
        ((0.05, 0.05, -0.25), "down"),
        ((0.12, 0, 0.25), "up-right"),
        ((0.09, 0, 0.19), "up-right"),
    ],
)
def test_words_in_space(vector, word):
    x, y, z = vector
    level = camera_frame(pose((0, 0, 0), 90))
    assert in_space("ray", level.vector((x, y, z)), SpatialTerms()).word == word


def test_a_plain_up_counts_the_whole_ray_and_any_other_word_the_floor():
    level = camera_frame(pose((0, 0, 0), 90))
    plain = in_space("ray", level.vector((0.06, 0.0, 0.3)), SpatialTerms())
    assert plain.rays_m["ray"] == pytest.approx(sqrt(0.06**2 + 0.3**2))
    tilted = in_space("ray", level.vector((0.15, 0.0, 0.3)), SpatialTerms())
    assert tilted.rays_m["ray"] == pytest.approx(0.15)


def test_the_score_gives_a_tenth_for_one_of_two_parts():
    answer = judge(TASK, VIEW, Placement(target="tv", reference="bed")).answer
    assert [TASK.score(r, answer) for r in ("upper left", "left", "down-left", "down")] == [
        1.0,
        0.1,
        0.1,
        0.0,
    ]
    assert [TASK.report(r, answer) for r in ("upper left", "left")] == [1.0, 0.0]


@settings(max_examples=15)
@given(turn=st.floats(-180, 180), x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_moving_room_and_camera_together_changes_nothing(turn, x, y):
    there = FrameView.of(moved(ROOM, turn, (x, y, 0.5)), [0])
    for target in ("lamp", "tv", "clock"):
        for offer in ("eight ways", "left or right"):
            q = Placement(target=target, reference="bed", offer=offer)
            if (verdict := judge(TASK, VIEW, q)).legal:
                assert judge(TASK, there, q).answer.value == verdict.answer.value


def test_a_pitched_camera_keeps_level_directions():
    room = scanned(*THINGS, frames=(camera(0, (0, 0, 2.5), pitch_deg=-30, roll_deg=8),))
    q = Placement(target="lamp", reference="bed")
    assert judge(TASK, FrameView.of(room, [0]), q).answer.value == "right"
