"""Rays hit where geometry says they do."""

from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialevo_datasets.synthetic.solids import (
    NOTHING,
    SKY,
    Block,
    Cylinder,
    Panel,
    Solid,
    Sphere,
    depth_image,
    render,
)

RED, BLUE = (200, 40, 40), (40, 40, 200)
# 21 pixels wide: the ray of pixel 10 is the optical axis, pixel 20 looks one metre in one aside.
K = np.array([[10.0, 0.0, 10.5], [0.0, 10.0, 10.5], [0.0, 0.0, 1.0]])
SIZE = 21
MIDDLE = 10


def looking(eye, yaw=0.0):
    """A level camera; yaw 0 looks along +x, so that +y is left and +z up in the picture."""
    c, s = np.cos(yaw), np.sin(yaw)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[s, 0.0, c], [-c, 0.0, s], [0.0, -1.0, 0.0]])
    pose[:3, 3] = eye
    return pose


def depth_of(*solids, eye=(0.0, 0.0, 0.0), yaw=0.0):
    return render(solids, K, SIZE, SIZE, looking(eye, yaw)).depth_m


def test_a_box_ahead_is_hit_on_its_front():
    depth = depth_of(Block((3.0, 0.0, 0.0), (2.0, 1.0, 1.0), RED, 0))
    assert depth[MIDDLE, MIDDLE] == pytest.approx(2.0, abs=1e-6)
    # its front spans +-0.5 m at 2 m: +-2.5 pixels
    assert np.array_equal(np.flatnonzero(depth[MIDDLE]), [8, 9, 10, 11, 12])


def test_a_box_turned_by_45_degrees_shows_its_edge():
    depth = depth_of(Block((3.0, 0.0, 0.0), (1.0, 1.0, 1.0), RED, 0, yaw=pi / 4))
    assert depth[MIDDLE, MIDDLE] == pytest.approx(3 - sqrt(0.5), abs=1e-5)
    # the ray y = 0.1 x meets the face x - y = 3 - sqrt(1/2)
    for aside in (-1, 1):
        assert depth[MIDDLE, MIDDLE + aside] == pytest.approx((3 - sqrt(0.5)) / 0.9, abs=1e-5)


def test_a_sphere_is_round():
    depth = depth_of(Sphere((3.0, 0.0, 0.0), 1.0, RED, 0))
    assert depth[MIDDLE, MIDDLE] == pytest.approx(2.0, abs=1e-6)
    # (t - 3)^2 + (0.2 t)^2 = 1
    near = (3 - sqrt(9 - 1.04 * 8)) / 1.04
    assert depth[MIDDLE, MIDDLE + 2] == pytest.approx(near, abs=1e-5)
    assert depth[MIDDLE - 2, MIDDLE] == pytest.approx(near, abs=1e-5)


def test_a_cylinder_is_round_from_the_side_and_flat_on_top():
    can = Cylinder((3.0, 0.0, -1.5), 1.0, 2.0, RED, 0)
    depth = depth_of(can)
    assert depth[MIDDLE, MIDDLE] == 0.0
    # the ray z = -0.2 x passes below the top edge (2, 0, -0.5): it meets the top at x = 2.5
    assert depth[MIDDLE + 2, MIDDLE] == pytest.approx(2.5, abs=1e-5)
    # the ray z = -0.5 x meets the side at x = 2
    assert depth[MIDDLE + 5, MIDDLE] == pytest.approx(2.0, abs=1e-5)


def test_a_panel_is_seen_from_both_sides_and_ends_at_its_edges():
    panel = Panel((2.0, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 1.0), RED, 0)
    for eye, yaw in (((0.0, 0.0, 0.0), 0.0), ((4.0, 0.0, 0.0), pi)):
        depth = depth_of(panel, eye=eye, yaw=yaw)
        assert depth[MIDDLE, MIDDLE] == pytest.approx(2.0, abs=1e-5)
        assert (np.count_nonzero(depth[MIDDLE]), np.count_nonzero(depth[:, MIDDLE])) == (5, 11)


def test_the_floor_is_hit_where_the_ray_comes_down():
    floor = Panel((0.0, 0.0, -1.5), (50.0, 0.0, 0.0), (0.0, 50.0, 0.0), RED, 0)
    depth = depth_of(floor)[:, MIDDLE]
    assert not depth[: MIDDLE + 1].any()
    np.testing.assert_allclose(depth[MIDDLE + 1 :], 15.0 / np.arange(1, 11), rtol=1e-5)


def test_left_in_the_world_is_left_in_the_picture():
    picture = render([Sphere((5.0, 2.0, 0.0), 0.5, RED, 7)], K, SIZE, SIZE, looking((0, 0, 0)))
    rows, columns = np.nonzero(picture.instance == 7)
    assert columns.max() < MIDDLE
    assert set(rows) >= {MIDDLE}


def test_the_nearer_solid_hides_the_farther():
    near, far = Block((3, 0, 0), (1, 1, 1), RED, 4), Block((6, 0, 0), (1, 9, 9), BLUE, 9)
    for solids in ((near, far), (far, near)):
        picture = render(solids, K, SIZE, SIZE, looking((0.0, 0.0, 0.0)))
        assert picture.instance[MIDDLE, MIDDLE] == 4
        assert picture.instance[MIDDLE, MIDDLE + 5] == 9
        assert picture.depth_m[MIDDLE, MIDDLE] == pytest.approx(2.5, abs=1e-6)
        assert picture.color[MIDDLE, MIDDLE, 0] > picture.color[MIDDLE, MIDDLE, 2]


def test_where_nothing_is_there_is_sky_without_depth():
    picture = render([Sphere((-3.0, 0.0, 0.0), 1.0, RED, 0)], K, SIZE, SIZE, looking((0, 0, 0)))
    assert (picture.instance == NOTHING).all()
    assert not picture.depth_m.any()
    assert (picture.color == SKY).all()


def test_a_camera_without_solids_sees_sky():
    assert (render([], K, SIZE, SIZE, np.eye(4)).instance == NOTHING).all()


def test_faces_of_one_box_differ_in_brightness():
    box = Block((3.0, 0.0, -1.0), (1.0, 1.0, 1.0), RED, 0, yaw=0.5)
    picture = render([box], 20 * K / 20, SIZE, SIZE, looking((0.0, 0.0, 0.5)))
    assert len({tuple(color) for color in picture.color[picture.instance == 0]}) >= 3


SOLIDS: tuple[Solid, ...] = (
    Block((4.0, 0.3, 0.2), (1.0, 2.0, 0.7), RED, 0, yaw=0.4),
    Cylinder((4.0, -0.2, 0.1), 0.6, 1.3, RED, 0),
    Sphere((4.0, 0.1, -0.3), 0.8, RED, 0),
    Panel((4.0, 0.0, 0.0), (0.3, 0.9, 0.0), (0.0, 0.0, 0.8), RED, 0),
)


@pytest.mark.parametrize("solid", SOLIDS, ids=lambda solid: type(solid).__name__)
@given(eye=st.tuples(*[st.floats(-1.0, 1.0)] * 3), yaw=st.floats(-0.3, 0.3))
def test_leaving_out_what_cannot_show_changes_no_pixel(solid, eye, yaw):
    """The picture is cut to the solid's bounds; a ray on its own knows of no bounds."""
    pose = looking(eye, yaw)
    depth = depth_image([solid], K, SIZE, SIZE, pose)
    offsets = np.arange(SIZE) - MIDDLE
    rays = (
        pose[:3, 0, None, None] * offsets / 10
        + pose[:3, 1, None, None] * offsets[:, None] / 10
        + pose[:3, 2, None, None]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = solid.hit(np.asarray(eye, np.float32), rays.astype(np.float32))
    # rays that graze a silhouette may fall to either side
    grazing = np.isfinite(alone) != (depth > 0)
    assert grazing.sum() <= 2
    met = ~grazing & (depth > 0)
    np.testing.assert_allclose(depth[met], alone[met], rtol=1e-4)


@pytest.mark.parametrize("solid", SOLIDS, ids=lambda solid: type(solid).__name__)
def test_normals_are_unit_and_face_the_camera_side(solid):
    pose = looking((0.0, 0.0, 0.0))
    depth = depth_image([solid], K, SIZE, SIZE, pose)
    rows, columns = np.nonzero(depth)
    cam = np.stack([(columns - MIDDLE) / 10, (rows - MIDDLE) / 10, np.ones(len(rows))], axis=1)
    points = (cam * depth[rows, columns, None]) @ pose[:3, :3].T
    normals = solid.normals(points.astype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-3)
    facing = np.einsum("ij,ij->i", normals, points)
    assert (facing < 0).all() or isinstance(solid, Panel)


def test_a_thin_leg_keeps_its_width_at_a_distance():
    zoom = np.array([[2000.0, 0.0, 10.5], [0.0, 2000.0, 10.5], [0.0, 0.0, 1.0]])
    depth = render(
        [Cylinder((8.0, 0.0, 0.0), 0.02, 1.0, RED, 0)], zoom, SIZE, SIZE, looking((0.0, 0.0, 0.0))
    ).depth_m[MIDDLE]
    # 4 cm at 8 m are 10 pixels; at 4 pixels from the axis the surface lies sqrt(r^2 - y^2) nearer
    assert np.count_nonzero(depth) in {9, 10, 11}
    aside = 4 / 2000 * depth[MIDDLE + 4]
    assert depth[MIDDLE + 4] == pytest.approx(8 - sqrt(0.02**2 - aside**2), abs=2e-5)
