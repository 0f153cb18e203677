import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from spatialevo_datasets.boxes import Box, aabb, corners, nearest_in_box
from spatialevo_datasets.distances import box_box, point_points, points_box, points_points
from spatialevo_datasets.scene import Instance, Scene

CLOUDS = arrays(
    np.float32,
    st.tuples(st.integers(1, 30), st.just(3)),
    elements=st.integers(-300, 300).map(lambda cm: np.float32(cm / 100)),
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    quaternion = draw(arrays(np.float64, 4, elements=st.integers(-5, 5)))
    turn = Rotation.from_quat(quaternion if quaternion.any() else [0, 0, 0, 1])
    center = draw(arrays(np.float64, 3, elements=st.integers(-30, 30))) / 10
    size = draw(arrays(np.float64, 3, elements=st.integers(0, 25))) / 10
    return Box(center, size, turn.as_matrix())


def cube(x: float, y: float, z: float, turn: Rotation | None = None) -> Box:
    axes = np.eye(3) if turn is None else turn.as_matrix().T
    return Box(np.array([x, y, z], dtype=float), np.ones(3), axes)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (cube(0, 0, 0), cube(3, 0, 0), 2),
        (cube(0, 0, 0), cube(4, 5, 0), 5),
        (cube(0, 0, 0), cube(2, 3, 3), 3),
        (cube(0, 0, 0), cube(1, 0, 0), 0),
        (cube(0, 0, 0), cube(0.2, 0.1, 0), 0),
        (cube(0, 0, 0), Box(np.zeros(3), np.full(3, 5.0), np.eye(3)), 0),
        (
            cube(0, 0, 0),
            cube(2, 0, 0, Rotation.from_euler("z", 45, degrees=True)),
            1.5 - np.sqrt(0.5),
        ),
    ],
    ids=["face", "3-4-5 edges", "corners", "touching", "overlapping", "inside", "edge to face"],
)
def test_boxes_are_as_far_apart_as_geometry_says(a, b, expected):
    assert box_box(a, b).distance_m == pytest.approx(expected, abs=1e-12)
    assert box_box(b, a).distance_m == pytest.approx(expected, abs=1e-12)


def test_two_crossing_edges_attain_the_distance():
    below = cube(0, 0, 0, Rotation.from_euler("x", 45, degrees=True))
    above = cube(0, 0, 2, Rotation.from_euler("y", 45, degrees=True))
    gap = box_box(below, above)
    assert gap.distance_m == pytest.approx(2 - np.sqrt(2))
    np.testing.assert_allclose(gap.point_a, (0, 0, np.sqrt(0.5)), atol=1e-9)
    np.testing.assert_allclose(gap.point_b, (0, 0, 2 - np.sqrt(0.5)), atol=1e-9)


@given(boxes(), boxes())
@settings(deadline=None, max_examples=150)
def test_the_evidence_proves_the_distance_between_boxes(a, b):
    gap = box_box(a, b)
    for box, point in ((a, gap.point_a), (b, gap.point_b)):
        np.testing.assert_allclose(nearest_in_box(box, point[None])[0], point, atol=1e-9)
    step = gap.point_b - gap.point_a
    assert np.linalg.norm(step) == pytest.approx(gap.distance_m, abs=1e-9)
    if gap.distance_m > 1e-6:
        # A slab of that width between the boxes: no pair of their points can be nearer.
        normal = step / gap.distance_m
        width = (corners(b) @ normal).min() - (corners(a) @ normal).max()
        assert width == pytest.approx(gap.distance_m, abs=1e-7)


@given(CLOUDS, CLOUDS)
@settings(deadline=None, max_examples=50)
def test_the_nearest_pair_of_points_is_the_least_of_all_pairs(a, b):
    gap = points_points(a, b)
    assert gap.distance_m == pytest.approx(cdist(a, b).min(), abs=1e-6)
    assert np.linalg.norm(gap.point_b - gap.point_a) == pytest.approx(gap.distance_m, abs=1e-12)
    assert (a == gap.point_a.astype(np.float32)).all(axis=1).any()
    assert (b == gap.point_b.astype(np.float32)).all(axis=1).any()


@given(CLOUDS, CLOUDS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_order_of_the_points_does_not_choose_the_pair(a, b, random):
    gap = points_points(a, b)
    again = points_points(
        a[random.sample(range(len(a)), len(a))], b[random.sample(range(len(b)), len(b))]
    )
    assert gap.point_a.tobytes() == again.point_a.tobytes()
    assert gap.point_b.tobytes() == again.point_b.tobytes()


@given(CLOUDS, boxes())
@settings(deadline=None, max_examples=50)
def test_points_are_as_far_from_a_box_as_the_nearest_of_them(points, box):
    local = np.abs((points - box.center) @ box.axes.T) - box.size / 2
    expected = np.linalg.norm(np.maximum(local, 0), axis=1).min()
    assert points_box(points, box).distance_m == pytest.approx(expected, abs=1e-6)


def test_a_point_finds_the_nearest_of_many():
    gap = point_points(np.zeros(3), np.array([[3, 4, 0], [0, 0, 6]], dtype=np.float32))
    assert gap.distance_m == 5
    np.testing.assert_array_equal(gap.point_b, (3, 4, 0))


def test_objects_meet_by_points_or_boxes_whichever_they_have():
    points = np.array([[0, 0, 0], [1, 0, 0]], dtype=np.float32)
    scene = Scene(
        "test/mixed",
        (
            Instance(0, "lamp", points),
            Instance(1, "desk", points + np.float32(4) * np.array([0, 1, 0], dtype=np.float32)),
            Instance(2, "bed", box=cube(4.5, 0, 0)),
            Instance(3, "sofa", box=cube(4.5, 0, 3)),
        ),
    )
    lamp, desk, bed, sofa = scene.instances
    assert scene.gap(lamp, desk).distance_m == 4
    assert scene.gap(lamp, bed).distance_m == 3
    assert scene.gap(bed, sofa).distance_m == 2
    assert scene.gap(bed, desk).distance_m == pytest.approx(np.hypot(3, 3.5))
    assert scene.nearest(bed, np.array([0.0, 0.0, 0.0])).distance_m == 4
    assert scene.nearest(lamp, np.array([1.0, 3.0, 4.0])).distance_m == 5


def test_a_gap_is_the_same_from_both_sides():
    rng = np.random.default_rng(5)
    clouds = [rng.uniform(0, 1, (200, 3)).astype(np.float32) + np.float32(at) for at in (0, 2)]
    scene = Scene("test/two", tuple(Instance(at, "box", each) for at, each in enumerate(clouds)))
    one, other = scene.instances
    there, back = scene.gap(one, other), scene.gap(other, one)
    assert there.distance_m == back.distance_m
    np.testing.assert_array_equal(there.point_a, back.point_b)
    np.testing.assert_array_equal(there.point_b, back.point_a)


def test_an_object_without_points_keeps_the_box_it_was_given():
    tilted = cube(1, 2, 3, Rotation.from_euler("x", 30, degrees=True))
    scene = Scene("test/box", (Instance(0, "tv", box=tilted),))
    assert scene.obb(scene.instances[0]) is tilted
    height = np.cos(np.radians(30)) + np.sin(np.radians(30))
    np.testing.assert_allclose(scene.aabb(scene.instances[0]).size, (1, height, height))
    np.testing.assert_allclose(aabb(corners(tilted)).size, (1, height, height))
