"""Triangles become depth images: closed forms, and every pixel's ray against every triangle."""

import numpy as np
import pytest

from sceneries import intrinsics
from spatialevo_datasets.raster import NEAREST_M, depth_image

K = intrinsics(64, 48, 32)


def drawn(corners, faces=None):
    points = np.array(corners, dtype=float).reshape(-1, 3)
    if faces is None:
        faces = np.arange(len(points)).reshape(-1, 3)
    return depth_image(points, np.array(faces, dtype=np.int32).reshape(-1, 3), K, 64, 48)


def rays():
    """Of each pixel's centre, scaled to z = 1."""
    u, v = np.meshgrid(np.arange(64) + 0.5, np.arange(48) + 0.5)
    return np.stack([(u - 32) / 32, (v - 24) / 32, np.ones_like(u)], axis=-1)


def cast(triangles):
    """The nearest z of every pixel's ray, by solving for the crossing with each triangle."""
    image = np.full((48, 64), np.inf)
    for a, b, c in triangles:
        with np.errstate(all="ignore"):
            solved = np.linalg.solve(
                np.stack(np.broadcast_arrays(rays(), a - b, a - c), axis=-1),
                np.broadcast_to(a, (48, 64, 3))[..., None],
            )[..., 0]
        z, s, t = np.moveaxis(solved, -1, 0)
        met = (s >= 0) & (t >= 0) & (s + t <= 1) & (z > NEAREST_M)
        image = np.where(met, np.minimum(image, z), image)
    return image


def test_a_pixel_is_covered_where_its_centre_is():
    # At z = 1 these corners project to (16, 8), (48, 8) and (16, 40).
    image = drawn([(-0.5, -0.5, 1), (0.5, -0.5, 1), (-0.5, 0.5, 1)])
    u, v = np.meshgrid(np.arange(64) + 0.5, np.arange(48) + 0.5)
    covered = (u >= 16) & (v >= 8) & ((u - 16) + (v - 8) <= 32)
    assert np.array_equal(np.isfinite(image), covered)
    assert image[covered] == pytest.approx(1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_triangles_have_no_back_and_the_nearer_one_is_seen(order):
    far = np.array([(-9, -9, 5), (9, -9, 5), (0, 20, 5.0)])[list(order)]
    near = np.array([(-1, -1, 2), (1, -1, 2), (0, 1, 2.0)])[list(order)]
    for both in ([near, far], [far, near]):
        image = drawn(both)
        assert image[20, 32] == pytest.approx(2)
        assert image[24, 4] == pytest.approx(5)


def test_a_slanted_plane_has_the_depth_of_its_equation():
    # The plane z = 3 + x / 2 + y / 4, far beyond the image on all sides.
    corners = [(x, y, 3 + x / 2 + y / 4) for x, y in ((-5, -4), (40, -40), (-5, 60))]
    x, y, _ = np.moveaxis(rays(), -1, 0)
    expected = 3 / (1 - x / 2 - y / 4)
    image = drawn(corners)
    seen = np.isfinite(image)
    assert seen.mean() > 0.8
    np.testing.assert_allclose(image[seen], expected[seen], rtol=1e-5)


@pytest.mark.parametrize(
    "floor_xz",
    [[(-900, 900), (900, 900), (0, -900)], [(0, 900), (-2000, -9), (2000, -9)]],
    ids=["one corner behind", "two corners behind"],
)
def test_a_floor_that_reaches_behind_the_camera_is_seen_up_to_the_horizon(floor_xz):
    image = drawn([(x, 1.5, z) for x, z in floor_xz])
    below = np.arange(48) + 0.5 - 24
    assert np.isinf(image[below < 0]).all()
    assert np.isfinite(image[below > 4]).all()
    seen = np.isfinite(image)
    expected = np.broadcast_to((1.5 * 32 / below)[:, None], image.shape)
    np.testing.assert_allclose(image[seen], expected[seen], rtol=1e-4)


def test_triangles_that_share_edges_leave_no_gap():
    rng = np.random.default_rng(0)
    for _ in range(50):
        middle = np.append(rng.uniform(-0.8, 0.8, 2), 1) * rng.uniform(1, 3)
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        angles = np.append(angles, np.arange(4) * np.pi / 2)
        ring = np.stack([9 * np.cos(np.sort(angles)), 9 * np.sin(np.sort(angles))], axis=1)
        fan = np.column_stack([ring, np.full(len(ring), 2.0)])
        faces = [(0, 1 + at, 1 + (at + 1) % len(fan)) for at in range(len(fan))]
        assert np.isfinite(drawn(np.vstack([middle, fan]), faces)).all()


def test_a_soup_of_triangles_looks_as_rays_see_it():
    rng = np.random.default_rng(1)
    centres = rng.uniform((-3, -3, -1), (3, 3, 6), (60, 1, 3))
    triangles = centres + rng.normal(0, 0.8, (60, 3, 3))
    image, expected = drawn(triangles), cast(triangles)
    same = np.isclose(image, expected, rtol=1e-4) | (np.isinf(image) & np.isinf(expected))
    # A centre may lie on an edge to the last digit, on either side of it.
    assert same.mean() > 0.999
    assert 0.3 < np.isfinite(expected).mean() < 0.7


def test_neither_the_order_of_faces_nor_that_of_points_changes_a_bit():
    rng = np.random.default_rng(2)
    points, faces = rng.uniform((-2, -2, 1), (2, 2, 4), (40, 3)), rng.integers(0, 40, (90, 3))
    image = drawn(points, faces)
    order = rng.permutation(40)
    assert np.array_equal(image, drawn(points, rng.permutation(faces)))
    assert np.array_equal(image, drawn(points[order], np.argsort(order)[faces]))


@pytest.mark.parametrize(
    "corners",
    [
        [],
        [(0, 0, -1), (1, 0, -1), (0, 1, -2)],
        [(0, 0, 0), (1, 0, 0), (0, 1, 0)],
        [(50, 0, 1), (51, 0, 1), (50, 1, 1)],
        [(0.1, 0.1, 2), (0.1, 0.1, 2), (0.1, 0.1, 2)],
    ],
)
def test_what_is_behind_beside_or_without_extent_is_not_met(corners):
    assert np.isinf(drawn(corners)).all()


def test_a_triangle_seen_edge_on_lies_between_its_corners():
    # In the plane x = 0, through the camera and the centres of column 32 where K is shifted.
    shifted = K + np.array([[0, 0, 0.5], [0, 0, 0], [0, 0, 0]])
    points = np.array([(0, -0.5, 2), (0, 0.5, 2), (0, 0, 3.0)])
    image = depth_image(points, np.array([[0, 1, 2]], dtype=np.int32), shifted, 64, 48)
    found = image[np.isfinite(image)]
    assert len(found)
    assert (found >= 2 - 1e-5).all()
    assert (found <= 3 + 1e-5).all()
