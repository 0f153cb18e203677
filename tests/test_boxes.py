import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sceneries import plane
from spatialevo_datasets.boxes import (
    SIDE_NOISE_M,
    Box,
    aabb,
    bounds,
    contains,
    corners,
    fit,
    nearest_in_box,
    rectangles,
)

UNIT = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float32)
CLOUDS = arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.just(3)),
    elements=st.integers(-400, 400).map(lambda cm: np.float32(cm / 100)),
)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return points @ np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])


def test_the_box_of_a_unit_cube_is_the_cube():
    for box in (aabb(UNIT), fit(UNIT)):
        np.testing.assert_allclose(box.center, (0.5, 0.5, 0.5))
        np.testing.assert_allclose(box.size, (1, 1, 1))
        np.testing.assert_allclose(np.abs(box.axes), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 80, 90, 135, 179])
def test_a_turned_cuboid_keeps_its_sides(degrees):
    cuboid = (UNIT - 0.5) * (4, 3, 2)
    box = fit(turned(cuboid, degrees) + np.array([5, -7, 1]))
    np.testing.assert_allclose(box.size, (4, 3, 2), atol=1e-5)
    np.testing.assert_allclose(box.center, (5, -7, 1), atol=1e-5)
    assert abs(box.axes[0] @ (np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0)) > 0.9999


def test_of_equally_small_rectangles_the_footprint_has_the_least_perimeter():
    """Half of a 3 x 4 m block: along the long edge it would be 5 x 2.4 m."""
    triangle = np.array([[0, 0, 0], [3, 0, 0], [3, 4, 0]], dtype=np.float32)
    found = rectangles(triangle[:, :2])
    np.testing.assert_allclose(sorted(found.area), (12, 12, 12), atol=1e-6)
    np.testing.assert_allclose(fit(triangle).size, (4, 3, 0), atol=1e-6)
    np.testing.assert_allclose(fit(triangle).center, (1.5, 2, 0), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("width", "depth"), [(1.4, 0.6), (1.2, 0.6), (1, 1), (0.6, 0.5)])
def test_two_scanned_sides_of_a_block_tell_its_centre_under_noise(width, depth, seed):
    front, side = (
        plane((0, 0, 0), (width, 0, 0), (0, 0, 2)),
        plane((0, 0, 0), (0, depth, 0), (0, 0, 2)),
    )
    exact = np.concatenate([front, side])
    noisy = exact + np.random.default_rng(seed).normal(0, 0.005, exact.shape)
    for points in (exact, noisy):
        np.testing.assert_allclose(fit(points).center[:2], (width / 2, depth / 2), atol=0.03)


def test_rivals_are_what_noise_may_choose_and_no_others():
    """The legs of a right triangle beat its long edge for certain; of a triangle with three equal
    sides the rectangles along all of them are the same."""
    right = rectangles(np.array([[0, 0], [0.6, 0], [0.6, 1.4]]))
    assert (right.half_outline[right.rivals] < 2.001).all()
    equal = rectangles(np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]]))
    assert equal.rivals.all()
    assert np.linalg.norm(np.diff(equal.center[[0, 1]], axis=0)) > 0.1


@pytest.mark.parametrize(
    ("points", "size"),
    [
        ([[1, 2, 3]], (0, 0, 0)),
        ([[1, 2, 3], [1, 2, 7]], (0, 0, 4)),
        ([[0, 0, 0], [3, 4, 1], [6, 8, 2]], (10, 0, 2)),
    ],
)
def test_points_without_an_area_have_a_flat_box(points, size):
    np.testing.assert_allclose(fit(np.array(points, dtype=np.float32)).size, size, atol=1e-6)


def test_the_axes_are_right_handed_and_upright_and_the_first_is_longest():
    box = fit(turned((UNIT - 0.5) * (1, 6, 2), 20))
    np.testing.assert_allclose(np.cross(box.axes[0], box.axes[1]), box.axes[2], atol=1e-9)
    np.testing.assert_allclose(box.axes[2], (0, 0, 1))
    assert box.size[0] >= box.size[1]


def test_the_aligned_box_of_a_tilted_one_holds_its_corners():
    half = np.sqrt(0.5)
    tilted = Box(
        np.zeros(3),
        np.array([2.0, 2.0, 1.0]),
        np.array([[half, half, 0], [-half, half, 0], [0, 0, 1]]),
    )
    np.testing.assert_allclose(bounds(tilted).size, (np.sqrt(8), np.sqrt(8), 1))
    np.testing.assert_allclose(np.ptp(corners(tilted), axis=0), bounds(tilted).size)


def test_the_nearest_point_of_a_box_is_on_its_side_or_the_point_itself():
    box = aabb(UNIT)
    points = np.array([[0.5, 0.5, 4.0], [4.0, 5.0, 0.5], [0.2, 0.3, 0.4]])
    np.testing.assert_allclose(
        nearest_in_box(box, points), [[0.5, 0.5, 1], [1, 1, 0.5], [0.2, 0.3, 0.4]]
    )
    assert contains(box, points).tolist() == [False, False, True]


@given(CLOUDS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_order_of_the_points_changes_nothing(points, random):
    order = random.sample(range(len(points)), len(points))
    one, other = fit(points), fit(points[order])
    for name in ("center", "size", "axes"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@given(CLOUDS)
@settings(deadline=None, max_examples=50)
def test_a_fitted_box_holds_its_points_and_is_hardly_larger_than_the_aligned_one(points):
    box = fit(points)
    np.testing.assert_allclose(nearest_in_box(box, points), points, atol=1e-5)
    tied = 1.02 * np.prod(aabb(points).size[:2]) + SIDE_NOISE_M * box.size[:2].sum()
    assert np.prod(box.size[:2]) <= tied + 1e-5


@given(CLOUDS, st.floats(-180, 180), arrays(np.float64, 3, elements=st.floats(-5, 5)))
@settings(deadline=None, max_examples=50)
def test_turning_about_the_vertical_and_moving_leave_the_area_and_height_alone(points, degrees, by):
    before = fit(points)
    after = fit(turned(points.astype(np.float64), degrees) + by)
    np.testing.assert_allclose(np.prod(after.size[:2]), np.prod(before.size[:2]), atol=1e-5)
    np.testing.assert_allclose(after.size[2], before.size[2], atol=1e-6)


@given(CLOUDS, arrays(np.int64, 3, elements=st.integers(-4, 4)), st.sampled_from([0, 90, 180, 270]))
@settings(deadline=None, max_examples=50)
def test_an_aligned_box_survives_moves_and_quarter_turns(points, by, degrees):
    box = aabb(turned(points, degrees) + by)
    expected = turned(aabb(points).center[None], degrees)[0] + by
    np.testing.assert_allclose(box.center, expected, atol=1e-5)
    sides = aabb(points).size
    np.testing.assert_allclose(
        box.size, sides if degrees % 180 == 0 else sides[[1, 0, 2]], atol=1e-5
    )
