from dataclasses import replace

import pytest

from builders import asked, boxed, camera, moved, outcome, scanned, with_points
from spatialevo_core.engine import judge
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView
from spatialevo_tasks.depth_ordering import TASK, Ordering

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("chair", (-1.5, 3, 0.4), SMALL),
        ("lamp", (1.5, 4, 0.4), SMALL),
        ("table", (0.5, 3.0, 0.4), SMALL),
        ("stool", (0, 4.1, 0.4), SMALL),
        ("cup", (-2, 5, 0.4), SMALL),
        ("box", (-0.6, 5.5, 0.4), SMALL),
        ("box", (2.5, 5.5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        ("tv", (4.4, 4.8, 0.4), SMALL),
        ("sofa", (0.6, 5.1, 0.4), SMALL),
        frames=(camera(0, (0, 0, 1.5), pitch_deg=0),),
    ),
    "cup",
    20,
)
VIEW = FrameView.of(ROOM, [0])

ASKED = {
    "Which is at smaller depth along the viewing direction, the chair or the lamp?": "chair",
    "Which is at smaller depth along the viewing direction, the lamp or the chair?": "chair",
    "Which has the smaller depth in this image, the chair or the table?": "same",
    "Which is closer to the camera, the chair or the lamp?": "chair",
    "Which is closer to the camera: the lamp or the chair?": "chair",
    "In this image, which has the smaller depth, the tv or the sofa?": "tv",
    # 4.4 m to the side, the tv is at smaller depth and yet farther away.
    "Which is closer to the camera, the tv or the sofa?": "answer.near_boundary",
    # Of equal depth, and 0.5 m apart in distance.
    "Which is closer to the camera, the chair or the table?": "answer.near_boundary",
    "Which is closer to the camera, the lamp or the stool?": "answer.near_boundary",
    "Which is farther from the camera, the chair or the lamp?": "lamp",
    "Is the lamp or the chair farther away from the camera?": "lamp",
    "Which has the larger depth in this image, the tv or the sofa?": "sofa",
    "Which has the greater depth, the chair or the table?": "same",
    "Which is farther from the camera, the tv or the sofa?": "answer.near_boundary",
    "Which has the smaller depth in this image, the piano or the lamp?": "object.missing",
    "Which has the smaller depth in this image, the lamp or the lamp?": "object.repeated",
    "Which has the smaller depth in this image, the box or the lamp?": "object.ambiguous",
    "Which has the smaller depth in this image, the bed or the lamp?": "object.unseen",
    "Which has the smaller depth in this image, the cup or the lamp?": "object.sparse",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, VIEW)) == expected


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= set(ASKED.values())


def test_the_evidence_holds_both_depths_and_the_distances_only_where_asked():
    q = Ordering(first="chair", second="lamp")
    plain = judge(TASK, VIEW, q).answer.evidence
    # The near faces lie at 2.8 and 3.8 m; what is seen of the sides is at most 0.4 m farther.
    assert 2.799 <= plain.first_depth_m <= 3.2
    assert 3.799 <= plain.second_depth_m <= 4.2
    assert plain.first_distance_m is None
    closer = judge(TASK, VIEW, q.model_copy(update={"sense": "closer"})).answer.evidence
    # The nearest corner of the chair is (-1.3, 2.8, 0.8), 0.7 m below the camera.
    assert closer.first_distance_m == pytest.approx((1.3**2 + 2.8**2 + 0.7**2) ** 0.5, abs=1e-3)


def test_a_camera_that_looks_down_measures_along_its_own_axis():
    room = scanned(
        ("mat", (0, 3, 0.0), (0.6, 0.6, 0.02)),
        ("shelf", (0, 3.6, 1.6), (0.6, 0.6, 0.02)),
        frames=(camera(0, (0, 1, 2.5), pitch_deg=-50),),
    )
    # z = 0.643 y - 0.766 height: the mat at 1.286 + 1.915, the shelf at 1.671 + 0.689.
    verdict = judge(TASK, FrameView.of(room, [0]), Ordering(first="mat", second="shelf"))
    assert verdict.answer.value == "shelf"
    assert verdict.answer.evidence.first_depth_m == pytest.approx(3.20, abs=0.1)
    assert verdict.answer.evidence.second_depth_m == pytest.approx(2.36, abs=0.1)


def test_a_box_without_points_is_as_deep_as_its_centre():
    things = boxed(("chair", (0, 3, 0.4), SMALL), ("lamp", (0, 5, 0.4), SMALL)).instances
    room = Scene(key="test/both", instances=things, frames=ROOM.frames)
    evidence = judge(TASK, FrameView.of(room, [0]), Ordering(first="chair", second="lamp")).answer
    assert evidence.value == "chair"
    assert evidence.evidence.second_depth_m == pytest.approx(5)


def test_what_is_seen_in_an_annotated_box_tells_depth_less_surely():
    """By points 0.22 m decide, and nothing is the same; by what is in boxes 0.22 m do not."""
    by_points = scanned(
        ("chair", (-1, 3, 0.4), SMALL),
        ("table", (1, 3, 0.4), SMALL),
        ("lamp", (0, 3.22, 0.4), SMALL),
        ("stool", (0.5, 3.6, 0.4), SMALL),
        frames=(camera(0, (0, 0, 1.5), pitch_deg=0),),
    )
    by_boxes = replace(
        by_points,
        instances=tuple(
            replace(each, points=None, box=by_points.obb(each), scanned=each.points)
            for each in by_points.instances
        ),
    )
    said = {
        ("chair", "table"): ("same", "answer.near_boundary"),
        ("chair", "lamp"): ("chair", "answer.near_boundary"),
        ("stool", "chair"): ("chair", "chair"),
    }
    for (first, second), expected in said.items():
        query = Ordering(first=first, second=second)
        views = (FrameView(scene, (0,)) for scene in (by_points, by_boxes))
        assert tuple(outcome(judge(TASK, view, query)) for view in views) == expected


def test_swapping_the_objects_or_moving_the_room_leaves_the_winner():
    swapped = Ordering(first="lamp", second="chair")
    there = FrameView.of(moved(ROOM, 70, (3, -2, 1)), [0])
    for view, q in (
        (VIEW, swapped),
        (there, swapped),
        (there, Ordering(first="chair", second="lamp")),
    ):
        assert judge(TASK, view, q).answer.value == "chair"


@pytest.mark.parametrize(
    ("reply", "score"), [("the chair", 1), ("Chairs.", 1), ("lamp", 0), ("same", 0), ("", 0)]
)
def test_the_label_is_scored_exactly(reply, score):
    answer = judge(TASK, VIEW, Ordering(first="chair", second="lamp")).answer
    assert TASK.score(reply, answer) == score


def test_equal_depth_is_the_same_and_teaches_half():
    answer = judge(TASK, VIEW, Ordering(first="chair", second="table")).answer
    assert TASK.worth(answer) == 0.5
    assert TASK.score("the same depth", answer) == 1.0


@pytest.mark.parametrize("sense", ["depth", "closer"])
def test_each_sense_has_eight_wordings(sense):
    assert len(set(TASK.wordings(Ordering(first="chair", second="lamp", sense=sense)))) >= 8
