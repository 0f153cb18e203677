from dataclasses import replace
from math import hypot, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, boxed, camera, moved, outcome, scaled, scanned, with_points
from spatialevo_core.engine import judge, solve
from spatialevo_core.scoring import plainly
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView
from spatialevo_tasks.camera_object_distance import TASK, Range

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("lamp", (0, 4, 1.5), SMALL),
        ("cup", (-2, 5, 1.5), SMALL),
        ("chair", (-1.5, 5, 0.4), SMALL),
        ("chair", (2.5, 5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        frames=(camera(0, (0, 0, 1.5)),),
    ),
    "cup",
    20,
)
VIEW = FrameView.of(ROOM, [0])

ASKED = {
    "How far is the piano from the camera?": "object.missing",
    "How far is the chair from the camera?": "object.ambiguous",
    "How far is the bed from the camera?": "object.unseen",
    "How far is the cup from the camera?": "object.sparse",
    "How far is the red chair from the camera?": "question.other_task",
    "How far is the camera from the camera?": "question.unparseable",
}
LAMP = scanned(("lamp", (0, 4, 1.5), SMALL), frames=(camera(0, (0, 0, 1.5)),))
LAMP_VIEW = FrameView.of(LAMP, [0])
MEASURED = {
    "How far is the lamp from the camera, in meters?": 3.8,
    "How far away is the lamp?": 3.8,
    "How many centimetres is the camera away from the lamp?": 380,
    "What is the distance between the camera and the lamp (in feet)?": 12.47,
    "In inches, how far is it from the camera to the closest point of the lamp?": 149.6,
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_refused(question, expected):
    assert outcome(asked(TASK, question, VIEW)) == expected


@pytest.mark.parametrize(("question", "expected"), MEASURED.items())
def test_asked(question, expected):
    """The near face of the lamp is at y = 3.8, at the height of the camera."""
    assert outcome(asked(TASK, question, LAMP_VIEW)) == pytest.approx(expected)


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "answer.empty"}


def test_a_camera_that_touches_the_object_has_no_distance_from_it():
    """3 cm in front of the near face, and outside the box."""
    room = scanned(("cabinet", (0, 0.23, 1.5), (0.4, 0.4, 0.4)), frames=(camera(0, (0, 0, 1.5)),))
    verdict = judge(TASK, FrameView.of(room, [0]), Range(object="cabinet"))
    assert verdict.codes == ("answer.empty",)
    assert "0.03 m" in verdict.reasons[0].message


def test_being_inside_is_told_by_the_box_and_not_by_the_points():
    """A table is open below: the nearest point is 0.5 m above the camera."""
    table = scanned(("table", (0, 0, 2.0), (2, 2, 0.02)), ("leg", (0.9, 0.9, 1), (0.1, 0.1, 2)))
    top, leg = (each.points for each in table.instances)
    whole = replace(table.instances[0], points=np.concatenate([top, leg]))
    room = Scene("test/under", (whole,), (camera(0, (0, 0, 1.5), pitch_deg=60),))
    evidence = solve(TASK, FrameView.of(room, [0]), Range(object="table")).evidence
    assert evidence.distance_m == pytest.approx(0.49, abs=1e-6)
    assert evidence.box_distance_m == 0
    assert judge(TASK, FrameView.of(room, [0]), Range(object="table")).codes == ("answer.empty",)


def test_the_evidence_redraws_the_distance():
    room = scanned(("lamp", (3, 4, 1.5), SMALL), frames=(camera(0, (0, 0, 1.5), 50),))
    evidence = judge(TASK, FrameView.of(room, [0]), Range(object="lamp")).answer.evidence
    assert evidence.camera_m == (0, 0, 1.5)
    assert evidence.nearest_point_m == pytest.approx((2.8, 3.8, 1.5))
    assert evidence.distance_m == pytest.approx(hypot(2.8, 3.8), abs=1e-6)
    assert evidence.source == "points"


def test_it_is_the_nearest_point_in_space_and_not_the_depth_or_the_centre():
    """3 aside, 4 ahead, 12 above make 13; the depth would be 4."""
    room = scanned(
        ("clock", (3.1, 4.1, 12.1), (0.2, 0.2, 0.2)), frames=(camera(0, (0, 0, 0), 53, 67),)
    )
    assert judge(TASK, FrameView.of(room, [0]), Range(object="clock")).answer.value == 13.0


def test_definitions_differ_where_a_box_is_turned():
    """A unit cube turned by 45 degrees, 5 m ahead: its edge is sqrt(1/2) before its centre."""
    box = boxed(("box", (0, 5, 1), (1, 1, 1)), turn_deg=45).instances
    view = FrameView.of(Scene("test/turned", box, (camera(0, (0, 0, 1)),)), [0])
    q = Range(object="box")
    assert solve(TASK, view, q).evidence.distance_m == pytest.approx(5 - sqrt(0.5))
    assert solve(TASK, view, q, "aabb").evidence.distance_m == pytest.approx(5 - sqrt(0.5))
    aside = replace(view.scene, frames=(camera(0, (-4, 1, 1)),))
    view = FrameView.of(aside, [0])
    exact, aabb = (solve(TASK, view, q, d).evidence.distance_m for d in ("exact", "aabb"))
    # The face towards (-1, -1) lies half a metre from the centre; the corner of the upright
    # box around it is at (-sqrt(1/2), 5 - sqrt(1/2)).
    assert exact == pytest.approx(8 / sqrt(2) - 0.5)
    assert aabb == pytest.approx((4 - sqrt(0.5)) * sqrt(2))
    assert solve(TASK, view, q, "obb").evidence.source == "annotated box"


@pytest.mark.parametrize(("unit", "per_metre"), [("m", 1), ("cm", 100), ("in", 1 / 0.0254)])
def test_the_band_is_six_centimetres_in_the_unit_asked(unit, per_metre):
    answer = judge(TASK, LAMP_VIEW, Range(object="lamp", unit=unit)).answer
    assert answer.band == pytest.approx(0.06 * per_metre)
    assert TASK.score("3.84 m", answer) == 1.0
    assert TASK.score("3.5 m", answer) == 0.9
    assert TASK.score("3.6 m", plainly(answer)) == 0.9


@settings(max_examples=10)
@given(turn=st.floats(-180, 180), x=st.floats(-5, 5), y=st.floats(-5, 5), factor=st.floats(0.5, 2))
def test_moving_changes_nothing_and_scaling_scales(turn, x, y, factor):
    q = Range(object="lamp")
    for definition in ("exact", "obb"):
        before = solve(TASK, LAMP_VIEW, q, definition).evidence.distance_m
        there = FrameView.of(moved(LAMP, turn, (x, y, 0.5)), [0])
        assert solve(TASK, there, q, definition).evidence.distance_m == pytest.approx(
            before, abs=1e-5
        )
        larger = FrameView.of(scaled(LAMP, factor), [0])
        assert solve(TASK, larger, q, definition).evidence.distance_m == pytest.approx(
            factor * before, abs=1e-5
        )


@settings(max_examples=10)
@given(st.permutations(range(386)))
def test_the_order_of_the_points_does_not_matter(order):
    (lamp,) = LAMP.instances
    assert len(lamp.points) == 386
    shuffled = replace(LAMP, instances=(replace(lamp, points=lamp.points[list(order)]),))
    q = Range(object="lamp")
    assert solve(TASK, FrameView.of(shuffled, [0]), q) == solve(TASK, LAMP_VIEW, q)


def test_renaming_the_object_changes_nothing_else():
    (lamp,) = LAMP.instances
    renamed = FrameView.of(replace(LAMP, instances=(replace(lamp, label="vase"),)), [0])
    assert judge(TASK, renamed, Range(object="vase")).answer == (
        judge(TASK, LAMP_VIEW, Range(object="lamp")).answer
    )


def test_it_has_eight_wordings():
    assert len(set(TASK.wordings(Range(object="lamp", unit="cm")))) >= 8
