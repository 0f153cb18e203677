from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, boxed, camera, moved, outcome, scaled, scanned, with_points
from sceneries import plane
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.absolute_distance import TASK, Distance

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("desk", (-1, 4, 0.4), SMALL),
        ("sofa", (1, 4, 0.4), SMALL),
        ("tv", (1.42, 4, 0.4), SMALL),
        ("cup", (0, 5, 0.4), SMALL),
        ("chair", (-2, 5, 0.4), SMALL),
        ("chair", (2.5, 5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        ("lamp", (1, -3, 0.4), SMALL),
        frames=(camera(0, (0, 0, 2.2), pitch_deg=-15), camera(1, (0, 0, 2.2), -90, pitch_deg=-15)),
    ),
    "cup",
    20,
)
NORTH = SceneView.of(ROOM, [0])
BOTH = SceneView.of(ROOM, [0, 1])

ASKED = {
    "Measuring from the closest point of each, how far is the desk from the sofa, in meters?": 1.6,
    "How far is the sofa from the desk?": 1.6,
    "What is the shortest distance between the desk and the sofa, in centimeters?": 160,
    "How far apart are the desk and the sofa at their closest points, in feet?": 5.25,
    "What is the distance in inches from the desk to the nearest point of the sofa?": 63.0,
    "How far is the sofa from the desk, in yards?": 1.75,
    "How many millimeters separate the sofa from the desk at their closest points?": 1600,
    "What is the distance between the desk and the sofa in km?": 0.0016,
    "How far is the piano from the desk?": "object.missing",
    "How far is the desk from the desk?": "object.repeated",
    "How far is the desk from the chair?": "object.ambiguous",
    "How far is the desk from the bed?": "object.unseen",
    "How far is the desk from the cup?": "object.sparse",
    "How far is the sofa from the tv?": "answer.empty",
    "How far is the desk from the camera?": "question.unparseable",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    found = outcome(asked(TASK, question, NORTH))
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected))


def test_objects_in_frames_that_share_nothing_cannot_be_related():
    assert outcome(asked(TASK, "How far is the desk from the bed?", BOTH)) == "view.no_overlap"
    assert outcome(asked(TASK, "How far is the bed from the lamp?", BOTH)) == 0.6


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "view.no_overlap"}


def test_the_benchmarks_wording_is_read():
    question = (
        "Measuring from the closest point of each object, what is the distance between the desk "
        "and the sofa (in meters)?"
    )
    assert asked(TASK, question, NORTH).query == Distance(first="desk", second="sofa")


@pytest.mark.parametrize("unit", ["m", "cm", "mm", "km", "ft", "in", "yd"])
def test_the_band_is_nine_centimetres_in_the_unit_asked(unit):
    answer = judge(TASK, NORTH, Distance(first="desk", second="sofa", unit=unit)).answer
    per_metre = {
        "m": 1,
        "cm": 100,
        "mm": 1000,
        "km": 0.001,
        "ft": 1 / 0.3048,
        "in": 1 / 0.0254,
        "yd": 1 / 0.9144,
    }[unit]
    assert answer.unit == unit
    assert answer.band == pytest.approx(0.09 * per_metre)
    assert TASK.score("1.65 m", answer) == 1.0
    assert TASK.score("165 cm", answer) == 1.0
    assert TASK.score("1.1 m", answer) < 1.0


@pytest.mark.parametrize("definition", ["exact", "obb", "aabb"])
def test_parallel_faces_that_noise_brings_together_stay_in_the_band(definition):
    """3 x 2.4 m each, 2 cm displaced towards each other; the worst that there is."""
    face = plane((0, 0, 0), (3, 0, 0), (0, 0, 2.4), 0.01).astype(np.float64)
    faces = [face, face + np.array([0, 2, 0])]
    rng = np.random.default_rng(0)

    def distance(things):
        desk, bed = (np.asarray(each, dtype=np.float32) for each in things)
        objects = (Instance(0, "desk", desk), Instance(1, "bed", bed))
        view = SceneView.of(Scene("test/faces", objects))
        return solve(TASK, view, Distance(first="desk", second="bed"), definition)

    noisy = [each + rng.normal(0, 0.005, each.shape) for each in faces]
    nearer = np.array([0, 0.02, 0])
    before, after = distance(faces), distance([noisy[0] + nearer, noisy[1] - nearer])
    moved_by = before.value - after.evidence.distance_m
    assert 0.07 < moved_by < before.band


def test_closest_points_are_meant_and_not_centres():
    room = boxed(("table", (0, 0, 0.5), (4, 1, 1)), ("stool", (3, 0, 0.5), (1, 1, 1)))
    verdict = judge(TASK, SceneView.of(room), Distance(first="table", second="stool"))
    assert verdict.answer.value == 0.5
    assert verdict.answer.evidence.first_point_m[0] == pytest.approx(2)
    assert verdict.answer.evidence.second_point_m[0] == pytest.approx(2.5)
    assert verdict.answer.evidence.first_source == "annotated box"


def test_profiles_measure_between_their_boxes():
    # Unit cubes turned by 45 degrees, 2 m apart along x: corners point at each other.
    room = boxed(("table", (0, 0, 0), (1, 1, 1)), ("stool", (2, 0, 0), (1, 1, 1)), turn_deg=45)
    view, q = SceneView.of(room), Distance(first="table", second="stool")
    between_corners = 2 - 2 * hypot(0.5, 0.5)
    for profile, definition in {"exact": "exact", "paper": "aabb", "vsi-bench": "obb"}.items():
        answer = judge(TASK.under(profile), view, q).answer
        assert answer.definition == definition
        assert answer.value == pytest.approx(between_corners, abs=0.005)


def test_axis_aligned_boxes_of_turned_ones_are_nearer():
    room = boxed(("table", (0, 0, 0), (1, 1, 1)), ("stool", (2, 2, 0), (1, 1, 1)), turn_deg=45)
    view, q = SceneView.of(room), Distance(first="table", second="stool")
    # Along the diagonal the faces are 2 sqrt 2 - 1 apart, the upright squares around them
    # 2 - sqrt 2 in x and in y.
    assert solve(TASK, view, q).value == pytest.approx(8**0.5 - 1, abs=0.005)
    assert solve(TASK, view, q, "aabb").value == pytest.approx(2**0.5 * (2 - 2**0.5), abs=0.005)


PLACE = st.tuples(*[st.floats(-4, 4)] * 3)
SIZE = st.tuples(*[st.floats(0.2, 1.5)] * 3)


@settings(max_examples=50)
@given(
    places=st.tuples(PLACE, PLACE),
    sizes=st.tuples(SIZE, SIZE),
    turn=st.floats(-180, 180),
    shift=PLACE,
    factor=st.floats(0.5, 2),
)
def test_distances_are_symmetric_ignore_motion_and_scale(places, sizes, turn, shift, factor):
    room = boxed(*zip(("desk", "sofa"), places, sizes, strict=True), turn_deg=20)

    def metres(scene, first="desk", second="sofa", definition="exact"):
        query = Distance(first=first, second=second)
        return solve(TASK, SceneView.of(scene), query, definition).evidence.distance_m

    there = metres(room)
    assert metres(room, "sofa", "desk") == pytest.approx(there, abs=1e-9)
    assert metres(moved(room, turn, shift)) == pytest.approx(there, abs=1e-6)
    assert metres(scaled(room, factor)) == pytest.approx(there * factor, abs=1e-6)
    # Axis-aligned boxes survive quarter turns only.
    boxes = metres(room, definition="aabb")
    assert metres(moved(room, 90, shift), definition="aabb") == pytest.approx(boxes, abs=1e-6)


def test_the_benchmark_profile_takes_the_first_of_a_name():
    room = boxed(
        ("desk", (0, 0, 0), (1, 1, 1)),
        ("chair", (4, 0, 0), (1, 1, 1)),
        ("chair", (2, 0, 0), (1, 1, 1)),
    )
    view, q = SceneView.of(room), Distance(first="desk", second="chair")
    assert outcome(judge(TASK.under("vsi-bench"), view, q)) == 3.0
    assert outcome(judge(TASK, view, q)) == "object.ambiguous"
