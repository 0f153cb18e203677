from dataclasses import replace
from math import cos, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, camera, moved, outcome, scanned, with_points
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.views import PairView
from spatialevo_parsers.grammar import GrammarParser
from spatialevo_tasks import camera_camera_position, camera_region_position
from spatialevo_tasks.camera_object_position import TASK, ObjectPlace
from spatialevo_tasks.cameras import wrap_deg

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("wardrobe", (0, 5, 1.2), (3, 0.5, 2.4)),
        ("sink", (3.8, 0.9, 1.2), SMALL),
        ("tv", (-0.9, 4.2, 1.2), SMALL),
        ("mirror", (0, 4, 1.5), SMALL),
        ("cup", (-1.2, 3, 1.2), SMALL),
        ("chair", (0.8, 4, 1.2), SMALL),
        ("chair", (0, -6, 1.2), SMALL),
        ("bed", (-4, -4, 1.2), SMALL),
        ("stool", (0.1, 0.15, 1.2), (0.1, 0.1, 0.1)),
        frames=(
            camera(0, (0, 0, 1.5)),
            camera(1, (0.3, 0, 1.5), heading_deg=45),
            camera(2, (0.3, 0, 1.5), heading_deg=-5),
            camera(3, (0, 3, 4.5), pitch_deg=-80),
            camera(4, (0.1, -1, 1.2)),
        ),
    ),
    "cup",
    20,
)
# (frames shown, question) -> answer or code
ASKED = {
    ((0, 1), "When you took Image 1, in which direction was the mirror?"): "front",
    ((0, 1), "When you took Image 1, where was the sink relative to you?"): "right",
    ((0, 1), "When you took Image 2, in which direction was the mirror?"): "front-left",
    ((1, 0), "When you took the first image, in which direction was the mirror?"): "front-left",
    ((0, 1), "When you took Image 3, in which direction was the sink?"): "frame.missing",
    ((0, 1), "When you took Image 1, in which direction was the piano?"): "object.missing",
    ((0, 1), "When you took Image 1, in which direction was the chair?"): "object.ambiguous",
    ((0, 1), "When you took Image 1, in which direction was the bed?"): "object.unseen",
    ((0, 1), "When you took Image 1, in which direction was the cup?"): "object.sparse",
    ((3, 0), "When you took Image 1, in which direction was the mirror?"): "camera.no_heading",
    ((0, 2), "When you took Image 1, in which direction was the sink?"): "view.no_overlap",
    ((0, 2), "When you took Image 1, in which direction was the mirror?"): "front",
    ((0, 4), "When you took Image 1, in which direction was the stool?"): "direction.too_close",
    ((0, 1), "When you took Image 1, in which direction was the red sink?"): "question.other_task",
}


@pytest.mark.parametrize(("frames", "question", "expected"), [(*k, v) for k, v in ASKED.items()])
def test_asked(frames, question, expected):
    assert outcome(asked(TASK, question, PairView.of(ROOM, frames))) == expected


def test_a_direction_on_the_edge_of_a_sector_is_open():
    """22.5 degrees to the right are between front and front-right."""
    edge = (4 * sin(radians(22)), 4 * cos(radians(22)), 1.5)
    there = scanned(("mirror", edge, SMALL), frames=ROOM.frames[:2])
    verdict = judge(TASK, PairView.of(there, [0, 1]), ObjectPlace(object="mirror", reference=1))
    assert verdict.codes == ("answer.near_boundary",)


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "answer.near_boundary"}


def test_what_only_the_other_image_shows_is_related_by_what_both_show():
    view = PairView.of(ROOM, [0, 1])
    sink = ROOM.labelled("sink")[0]
    assert not ROOM.sight(sink, 0).visible
    assert ROOM.sight(sink, 1).visible
    assert judge(TASK, view, ObjectPlace(object="sink", reference=1)).answer.value == "right"


def test_the_evidence_redraws_the_direction():
    view = PairView.of(ROOM, [0, 1])
    evidence = judge(TASK, view, ObjectPlace(object="sink", reference=1)).answer.evidence
    assert evidence.camera_m == (0, 0, 1.5)
    assert evidence.target_m == pytest.approx((3.8, 0.9, 1.2), abs=1e-4)
    assert (evidence.front_m, evidence.right_m) == pytest.approx((0.9, 3.8), abs=1e-4)
    assert evidence.heading_deg == pytest.approx(90)
    assert evidence.azimuth_deg == pytest.approx(76.675, abs=0.01)


@settings(max_examples=15)
@given(
    azimuth=st.floats(-179, 179),
    range_m=st.floats(1, 4),
    turn=st.floats(-179, 179),
    x=st.floats(-5, 5),
)
def test_the_azimuth_is_the_one_the_object_was_placed_at(azimuth, range_m, turn, x):
    bearing = radians(90 - azimuth)
    center = (range_m * cos(bearing), range_m * sin(bearing), 1.0)
    here = scanned(("mirror", center, SMALL), frames=ROOM.frames[:2])
    for scene in (here, moved(here, turn, (x, 2, 0.3))):
        found = solve(TASK, PairView(scene, (0, 1)), ObjectPlace(object="mirror", reference=1))
        assert abs(wrap_deg(found.evidence.azimuth_deg - azimuth)) < 0.01


def test_exchanging_the_images_exchanges_their_numbers():
    for name in ("mirror", "sink", "wardrobe"):
        for number in (1, 2):
            one = judge(TASK, PairView.of(ROOM, [0, 1]), ObjectPlace(object=name, reference=number))
            two = judge(
                TASK, PairView.of(ROOM, [1, 0]), ObjectPlace(object=name, reference=3 - number)
            )
            assert outcome(one) == outcome(two)


def test_renaming_the_object_changes_nothing_else():
    things = tuple(
        replace(each, label="basin" if each.label == "sink" else each.label)
        for each in ROOM.instances
    )
    renamed = PairView.of(replace(ROOM, instances=things), [0, 1])
    assert judge(TASK, renamed, ObjectPlace(object="basin", reference=1)).answer.value == "right"


@pytest.mark.parametrize(
    "question",
    [
        "When you took Image 1, where was the camera of Image 2 relative to you?",
        "Seen from the camera of Image 1, where was Image 2 taken?",
        "When you took Image 1, in which direction was the sleeping area?",
    ],
)
def test_cameras_and_regions_are_no_objects(question):
    tasks = [TASK, camera_camera_position.TASK, camera_region_position.TASK]
    parsed = GrammarParser().parse(question, PairView.of(ROOM, [0, 1]), tasks, TASK)
    assert [reason.code for reason in parsed.reasons] == ["question.other_task"]
    assert GrammarParser().parse(question, PairView.of(ROOM, [0, 1]), tasks).task in {
        "camera_camera_position",
        "camera_region_position",
    }


def test_it_has_eight_wordings():
    assert len(set(TASK.wordings(ObjectPlace(object="sink", reference=2)))) >= 8
