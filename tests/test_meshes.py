"""Points on large triangles: how many, where, and on which."""

import numpy as np
import pytest

from spatialevo_datasets.meshes import filling, parts

RIGHT = np.array([(0, 0, 0), (3, 0, 0), (0, 4, 0)], dtype=np.float32)
FACE = np.array([[0, 1, 2]], dtype=np.int32)


@pytest.mark.parametrize(("spacing", "many"), [(6, 1), (5, 1), (4.9, 2), (2.5, 2), (0.1, 50)])
def test_the_longest_side_says_into_how_many_parts(spacing, many):
    assert parts(RIGHT, FACE, spacing).tolist() == [many]
    assert parts(RIGHT, FACE[:, [2, 0, 1]], spacing).tolist() == [many]


def test_a_triangle_in_four_parts_has_the_four_centres():
    found = filling(RIGHT, FACE, np.array([2]))
    # Three of the parts lie in the corners, half as long each way; the fourth between them.
    expected = {(0.5, 2 / 3), (2, 2 / 3), (0.5, 2 + 2 / 3), (1, 4 / 3)}
    assert {(round(x, 5), round(y, 5)) for x, y, _ in found.points.tolist()} == {
        (round(x, 5), round(y, 5)) for x, y in expected
    }
    assert found.triangle.tolist() == [0] * 4


@pytest.mark.parametrize("many", [2, 3, 10])
def test_the_centres_have_the_centre_of_the_triangle_and_the_spread_of_equal_areas(many):
    points = filling(RIGHT, FACE, np.array([many])).points.astype(float)
    assert len(points) == many**2
    assert points.mean(axis=0) == pytest.approx(RIGHT.mean(axis=0), abs=1e-5)
    # The variance of x over a triangle is the sum of its sides' squared steps in x, by 36; cutting
    # it into k x k equal parts leaves 1 / k^2 of it within them.
    assert points[:, 0].var() == pytest.approx((9 + 9 + 0) / 36 * (1 - 1 / many**2), rel=1e-4)


def test_triangles_that_are_left_whole_have_no_points_and_others_keep_their_number():
    faces = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]], dtype=np.int32)
    found = filling(RIGHT, faces, np.array([3, 1, 2]))
    assert np.bincount(found.triangle).tolist() == [9, 0, 4]
    nothing = filling(RIGHT, faces, np.array([1, 1, 1]))
    assert nothing.points.shape == (0, 3)
    assert parts(RIGHT, faces[:0], 0.1).tolist() == []
