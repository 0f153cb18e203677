"""Noise is as large as it is said to be, and leaves a recording consistent."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from builders import boxed
from noise import point_noise, surface_noise


def test_objects_are_two_centimetres_aside_and_their_points_five_millimetres(room):
    noisy = surface_noise(room, 1)
    offsets = []
    for clean, moved in zip(room.instances, noisy.instances, strict=True):
        error = moved.points - clean.points
        offsets.append(error.mean(axis=0))
        # The mean of n errors of 5 mm strays by 5 mm / sqrt(n), and n is the distinct points.
        assert np.linalg.norm(offsets[-1]) == pytest.approx(0.02, abs=0.002)
        assert (error - offsets[-1]).std() == pytest.approx(0.005, rel=0.1)
    assert np.linalg.norm(np.mean(offsets, axis=0)) < 0.02 * 0.5  # each its own way


def test_cameras_are_one_centimetre_and_half_a_degree_off(room):
    noisy = surface_noise(room, 1)
    for clean, moved in zip(room.frames, noisy.frames, strict=True):
        turn = clean.T_world_camera[:3, :3].T @ moved.T_world_camera[:3, :3]
        angle = Rotation.from_matrix(turn).magnitude()
        assert np.degrees(angle) == pytest.approx(0.5, abs=1e-6)
        assert np.linalg.norm(moved.position - clean.position) == pytest.approx(0.01)


def test_depth_stays_that_of_the_true_pose_and_the_unknown_unknown(room):
    depth = replace(room.frames[0].depth, read=lambda: holed)
    holed = room.frames[0].depth.read().copy()
    holed[:10] = 0
    scene = replace(room, frames=(replace(room.frames[0], depth=depth),))
    (frame,) = surface_noise(scene, 1).frames
    error = frame.depth.read() - holed
    assert not error[:10].any()
    assert error[10:].std() == pytest.approx(0.005, rel=0.05)
    np.testing.assert_array_equal(frame.depth.read() - holed, error)  # as often as it is read


def test_the_scan_moves_with_its_objects(room):
    noisy = surface_noise(room, 1)
    for each in noisy.instances:
        distances, _ = cKDTree(noisy.points).query(each.points)
        # What two objects share can only lie where one of them has it.
        assert np.mean(distances == 0) > 0.98
    assert (noisy.points - room.points)[-1000:].std() == pytest.approx(0.005, rel=0.1)


def test_annotated_boxes_move_and_keep_their_size():
    scene = boxed(("desk", (0, 0, 1), (1, 2, 0.5)))
    (desk,) = surface_noise(scene, 3).instances
    assert np.linalg.norm(desk.box.center - (0, 0, 1)) == pytest.approx(0.02)
    np.testing.assert_array_equal(desk.box.size, (1, 2, 0.5))


def test_point_noise_has_no_direction(room):
    noisy = point_noise(room, 1)
    assert noisy.frames == room.frames
    for clean, moved in zip(room.instances, noisy.instances, strict=True):
        error = moved.points - clean.points
        assert error.std() == pytest.approx(0.02, rel=0.1)
        assert np.linalg.norm(error.mean(axis=0)) < 0.005


@pytest.mark.parametrize("noise", [surface_noise, point_noise])
def test_a_seed_always_gives_the_same_scene(room, noise):
    one, again, other = (noise(room, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.points, again.points)
    np.testing.assert_array_equal(one.instances[0].points, again.instances[0].points)
    assert not np.array_equal(one.points, other.points)
