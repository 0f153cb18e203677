from dataclasses import replace
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, boxed, camera, moved, outcome, scaled, scanned, with_points
from noise import surface_noise
from spatialevo_core.engine import judge
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.object_size import TASK, Size

SMALL = (0.4, 0.4, 0.8)
FRAMES = (camera(0, (0, 0, 2.2), pitch_deg=-15),)


def prism(corners_xy: np.ndarray, height_m: float, at: tuple[float, float] = (0, 4)) -> np.ndarray:
    """Points on the upright edges of a prism, which decide its box."""
    heights = np.linspace(0, height_m, 25)
    corners = np.asarray(corners_xy, float) + at
    return np.array([[x, y, z] for x, y in corners for z in heights], dtype=np.float32)


# Its sides carry rectangles of 0.816 m^2 with almost the same perimeter: 1 x 0.816, 0.900 x 0.907
# and 1.025 x 0.796.
TRIANGLE = [(0, 0), (1, 0), (0.38, 0.816)]
ROOM = with_points(
    scanned(
        ("table", (-1, 4, 0.4), (1.5, 0.6, 0.8)),
        ("pole", (1, 4, 1), (0.1, 0.1, 2)),
        ("cup", (0, 5, 0.4), SMALL),
        ("chair", (-2, 5, 0.4), SMALL),
        ("chair", (2.5, 5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        frames=FRAMES,
    ),
    "cup",
    20,
)
ROOM = replace(
    ROOM, instances=(*ROOM.instances, Instance(9, "shelf", prism(TRIANGLE, 0.5, (1.2, 5))))
)
NORTH = SceneView.of(ROOM, [0])

ASKED = {
    "What is the length of the longest dimension of the table, in centimeters?": 150,
    "What is the length of the longest dimension (length, width, or height) of the table, "
    "measured in centimeters?": 150,
    "What is the largest dimension of the table, in meters?": 1.5,
    "How long is the longest dimension of the table, in feet?": 4.92,
    "How many inches does the table measure in its longest dimension?": 59.1,
    "How large is the pole along its longest dimension, in cm?": 200,
    "How long is the pole in its longest dimension?": 200,
    "What is the largest dimension of the piano, in meters?": "object.missing",
    "What is the largest dimension of the chair, in meters?": "object.ambiguous",
    "What is the largest dimension of the bed, in meters?": "object.unseen",
    "What is the largest dimension of the cup, in meters?": "object.sparse",
    "What is the largest dimension of the shelf, in meters?": "answer.near_boundary",
    "What is the largest dimension of the table leg, in meters?": "question.other_task",
    "What is the smallest dimension of the table, in meters?": "question.unparseable",
    "How wide is the table, in meters?": "question.other_task",
    "What is the largest dimension of the table, in parsecs?": "question.unparseable",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    found = outcome(asked(TASK, question, NORTH))
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected))


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= set(ASKED.values())


def test_there_are_eight_wordings():
    assert len(set(TASK.wordings(Size(object="table")))) >= 8


def test_the_evidence_redraws_the_box():
    box = judge(TASK, NORTH, Size(object="table")).answer.evidence
    assert box.sides_m == pytest.approx((1.5, 0.6, 0.8), abs=1e-3)
    assert box.center_m == pytest.approx((-1, 4, 0.4), abs=1e-3)
    assert box.axes[2] == (0, 0, 1)
    assert box.source == "points"


def test_the_band_grows_with_the_number_of_points_and_is_told_in_the_unit_asked():
    few = judge(TASK, NORTH, Size(object="table")).answer.band
    table = replace(ROOM.instances[0], points=np.repeat(ROOM.instances[0].points, 9, axis=0))
    dense = replace(ROOM, instances=(table,))
    many = judge(TASK, SceneView.of(dense, [0]), Size(object="table")).answer.band
    assert 2 < few < many < 6.5
    feet = judge(TASK, NORTH, Size(object="table", unit="ft")).answer
    assert feet.band == pytest.approx(few / 30.48)
    assert TASK.score("1.52 m", judge(TASK, NORTH, Size(object="table")).answer) == 1.0
    assert TASK.score("1.7 m", judge(TASK, NORTH, Size(object="table")).answer) < 1.0


def test_profiles_take_their_boxes():
    room = boxed(("table", (0, 0, 0), (2, 1, 1)), turn_deg=45)
    view, q = SceneView.of(room), Size(object="table", unit="m")
    across = round(3 / 2**0.5, 2)
    for profile, side in {"exact": 2, "paper": across, "vsi-bench": 2}.items():
        assert judge(TASK.under(profile), view, q).answer.value == pytest.approx(side)


def test_a_tilted_annotated_box_is_taken_as_it_is():
    room = boxed(("table", (0, 0, 0), (2, 1, 1)))
    box = room.instances[0].box
    c = s = 0.5**0.5
    tilted = replace(box, axes=np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]))
    room = replace(room, instances=(replace(room.instances[0], box=tilted),))
    assert judge(TASK, SceneView.of(room), Size(object="table")).answer.value == 200


def test_a_height_that_no_choice_of_rectangle_exceeds_settles_a_triangle():
    tall = Scene("test/tall", (Instance(0, "shelf", prism(TRIANGLE, 1.4)),))
    assert judge(TASK, SceneView.of(tall), Size(object="shelf")).answer.value == 140
    low = Scene("test/low", (Instance(0, "shelf", prism(TRIANGLE, 0.4)),))
    verdict = judge(TASK, SceneView.of(low), Size(object="shelf"))
    assert verdict.codes == ("answer.near_boundary",)
    box = verdict.answer.evidence
    assert (box.shortest_rival_m, box.longest_rival_m) == pytest.approx(
        (0.816 / hypot(0.38, 0.816), hypot(0.62, 0.816)), abs=1e-3
    )


def test_of_a_block_two_scanned_sides_tell_the_longest():
    """A rectangle along the long edge of their hull, a triangle, is as small and 1 m long."""
    sides = Instance(0, "shelf", prism([(0, 0), (0.6, 0), (0, 0.8)], 0.4))
    verdict = judge(TASK, SceneView.of(Scene("test/half", (sides,))), Size(object="shelf"))
    assert verdict.legal
    assert verdict.answer.value == 80


CORNERS = st.lists(
    st.tuples(st.floats(0, 1.5), st.floats(0, 1.5)), min_size=3, max_size=6, unique=True
)


@settings(max_examples=60, deadline=None)
@given(CORNERS, st.floats(0.1, 1.2), st.integers(0, 10_000))
def test_accepted_sizes_stay_in_their_band_under_surface_noise(corners, height, seed):
    room = Scene("test/prism", (Instance(0, "shelf", prism(corners, height)),))
    verdict = judge(TASK, SceneView.of(room), Size(object="shelf"))
    if verdict.legal:
        noisy = judge(TASK, SceneView.of(surface_noise(room, seed)), Size(object="shelf"))
        # either answer is rounded to a whole centimetre
        assert abs(noisy.answer.value - verdict.answer.value) <= verdict.answer.band + 1


@settings(max_examples=40, deadline=None)
@given(
    sides=st.tuples(*[st.floats(0.2, 2)] * 3),
    turn=st.floats(-180, 180),
    shift=st.tuples(*[st.floats(-5, 5)] * 3),
    factor=st.floats(0.5, 2),
)
def test_sizes_ignore_motion_and_the_order_of_points_and_follow_scale(sides, turn, shift, factor):
    room = scanned(("table", (0, 0, 0), sides))

    def longest(scene, definition="exact"):
        solve = TASK.solver(definition)
        query = Size(object="table")
        return solve(SceneView.of(scene), query, TASK.terms).evidence.longest_m

    assert longest(room) == pytest.approx(max(sides), abs=1e-4)
    assert longest(moved(room, turn, shift)) == pytest.approx(max(sides), abs=1e-4)
    assert longest(scaled(room, factor)) == pytest.approx(max(sides) * factor, abs=1e-4)
    turned = replace(room.instances[0], points=room.instances[0].points[::-1])
    assert longest(replace(room, instances=(turned,))) == longest(room)
    # Axis-aligned boxes survive quarter turns only.
    assert longest(moved(room, 90, shift), "aabb") == pytest.approx(max(sides), abs=1e-4)
