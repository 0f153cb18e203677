import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, camera, moved, outcome, scanned
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.views import PairView
from spatialevo_tasks.camera_camera_position import TASK, CameraPlace
from spatialevo_tasks.cameras import wrap_deg


def room(*frames):
    """A cupboard seen by cameras south of it."""
    return scanned(("cupboard", (0, 5, 1), (2, 0.5, 2)), frames=frames)


ROOM = room(
    camera(0, (0, 0, 1.5)),
    camera(1, (1.5, 0, 1.2), heading_deg=105),
    camera(2, (0.1, 0.05, 1.9)),
    camera(3, (1.0, 0.45, 1.5), heading_deg=100),
    camera(4, (0, 5, 4.5), pitch_deg=-80),
    camera(5, (-2, -1, 1.5), heading_deg=-90),
    camera(6, (-1.5, 1.5, 1.5), heading_deg=60),
)

# (frames shown, question) -> answer or code
ASKED = {
    ((0, 1), "When you took Image 1, where was the camera of Image 2 relative to you?"): "right",
    (
        (0, 1),
        "When you took the second image, where was the camera of image one relative to you?",
    ): ("left"),
    ((1, 0), "When you took Image 1, where was the camera of Image 2 relative to you?"): "left",
    ((0, 6), "Seen from the camera of Image 1, where was Image 2 taken?"): "front-left",
    ((0, 1), "Seen from the camera of Image 1, where was Image 3 taken?"): "frame.missing",
    ((0, 1), "Seen from the camera of Image 1, where was Image 1 taken?"): "frame.missing",
    ((4, 0), "Seen from the camera of Image 1, where was Image 2 taken?"): "camera.no_heading",
    ((0, 5), "Seen from the camera of Image 1, where was Image 2 taken?"): "view.no_overlap",
    ((0, 2), "Seen from the camera of Image 1, where was Image 2 taken?"): "direction.too_close",
    ((0, 3), "Seen from the camera of Image 1, where was Image 2 taken?"): "answer.near_boundary",
}


@pytest.mark.parametrize(("frames", "question", "expected"), [(*k, v) for k, v in ASKED.items()])
def test_asked(frames, question, expected):
    assert outcome(asked(TASK, question, PairView.of(ROOM, frames))) == expected


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= set(ASKED.values())


def test_what_is_ahead_of_a_camera_is_in_front_and_not_to_its_right():
    """The ground plane is that of the world; in the camera's own x and y, ahead is nowhere."""
    there = room(camera(0, (0, 0, 1.5), pitch_deg=-20), camera(1, (0, 2, 1.0)))
    verdict = judge(TASK, PairView.of(there, [0, 1]), CameraPlace(reference=1, target=2))
    assert verdict.answer.value == "front"


def test_the_evidence_redraws_the_direction():
    view = PairView.of(ROOM, [0, 1])
    evidence = judge(TASK, view, CameraPlace(reference=1, target=2)).answer.evidence
    assert evidence.camera_m == (0, 0, 1.5)
    assert evidence.target_m == (1.5, 0, 1.2)
    assert (evidence.front_m, evidence.right_m) == pytest.approx((0, 1.5))
    assert evidence.up_m == pytest.approx(-0.3)
    assert evidence.azimuth_deg == pytest.approx(90)
    assert evidence.decisions[0].margin_deg == pytest.approx(2 + 1.5276, abs=1e-3)


@settings(max_examples=60)
@given(
    heading=st.floats(-179, 179),
    pitch=st.floats(-60, 60),
    azimuth=st.floats(-179, 179),
    range_m=st.floats(0.3, 4),
    turn=st.floats(-179, 179),
)
def test_the_azimuth_is_the_one_the_camera_was_placed_at(heading, pitch, azimuth, range_m, turn):
    bearing = np.radians(heading - azimuth)
    place = (1 + range_m * np.cos(bearing), 2 + range_m * np.sin(bearing), 1.1)
    there = room(camera(0, (1, 2, 1.5), heading, pitch), camera(1, place, 10))
    for scene in (there, moved(there, turn, (3, 1, 0))):
        view = PairView(scene, (0, 1))
        evidence = solve(TASK, view, CameraPlace(reference=1, target=2)).evidence
        assert abs(wrap_deg(evidence.azimuth_deg - azimuth)) < 1e-6


def test_cameras_that_look_the_same_way_see_each_other_in_opposite_directions():
    parallel = room(camera(0, (0, 0, 1.5)), camera(1, (1.2, 0.1, 1.4)))
    view = PairView.of(parallel, [0, 1])
    one, other = (
        judge(TASK, view, CameraPlace(reference=r, target=3 - r)).answer.value for r in (1, 2)
    )
    assert (one, other) == ("right", "left")


def test_it_has_eight_wordings():
    assert len(set(TASK.wordings(CameraPlace(reference=2, target=1)))) >= 8
