"""A synthetic room written in ScanNet's layout and read back is the same room."""

from itertools import combinations

import numpy as np
import pytest

from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.scannet_writer import write_scannet

TURN = np.radians(37)
MOVED = np.array(
    [
        [np.cos(TURN), -np.sin(TURN), 0.0, 3.25],
        [np.sin(TURN), np.cos(TURN), 0.0, -1.5],
        [0.0, 0.0, 1.0, -0.125],
        [0.0, 0.0, 0.0, 1.0],
    ]
)


@pytest.fixture(scope="module")
def blueprint():
    return rooms.room(0)


@pytest.fixture(scope="module")
def read_back(blueprint, tmp_path_factory):
    root = tmp_path_factory.mktemp("scannet")
    write_scannet(blueprint, root)
    return ScanNet().load(root, blueprint.name)


@pytest.fixture(scope="module")
def moved(blueprint, tmp_path_factory):
    root = tmp_path_factory.mktemp("moved")
    write_scannet(blueprint, root, MOVED, pictures=False)
    return ScanNet().load(root, blueprint.name)


def test_geometry_comes_back_bit_for_bit(room, read_back):
    assert np.array_equal(room.points, read_back.points)
    assert np.array_equal(room.floor, read_back.floor)
    assert [(i.id, i.label) for i in room.instances] == [
        (i.id, i.label) for i in read_back.instances
    ]
    for ours, theirs in zip(room.instances, read_back.instances, strict=True):
        assert np.array_equal(ours.points, theirs.points)


def test_cameras_and_depth_come_back_bit_for_bit(room, read_back):
    assert read_back.dropped_poses == 0
    for ours, theirs in zip(room.frames, read_back.frames, strict=True):
        assert ours.index == theirs.index
        assert np.array_equal(ours.T_world_camera, theirs.T_world_camera)
        assert np.array_equal(ours.K, theirs.K)
        assert (ours.width, ours.height) == (theirs.width, theirs.height)
        assert np.array_equal(ours.depth.K, theirs.depth.K)
        assert np.array_equal(ours.depth.read(), theirs.depth.read())


def test_pictures_come_back_as_jpeg_leaves_them(room, read_back):
    ours, theirs = (np.asarray(s.frames[5].read(), float) for s in (room, read_back))
    assert np.abs(ours - theirs).mean() < 4


def test_every_measure_is_the_same(room, read_back):
    for ours, theirs in zip(room.instances, read_back.instances, strict=True):
        assert np.array_equal(room.obb(ours).size, read_back.obb(theirs).size)
        for index in (0, 7):
            assert room.sight(ours, index) == read_back.sight(theirs, index)
    pairs = list(zip(room.instances, read_back.instances, strict=True))
    for (a, a2), (b, b2) in list(combinations(pairs, 2))[::7]:
        assert room.gap(a, b).distance_m == read_back.gap(a2, b2).distance_m
    assert room.overlap(0, 1) == read_back.overlap(0, 1)


def test_another_alignment_is_undone(room, moved):
    np.testing.assert_allclose(moved.points, room.points, atol=1e-5)
    for ours, theirs in zip(room.frames, moved.frames, strict=True):
        np.testing.assert_allclose(theirs.T_world_camera, ours.T_world_camera, atol=1e-9)
    for ours, theirs in zip(room.instances, moved.instances, strict=True):
        assert (ours.id, ours.label) == (theirs.id, theirs.label)
        np.testing.assert_allclose(theirs.points, ours.points, atol=1e-5)


def test_the_alignment_is_not_vacuous(blueprint, tmp_path):
    """Stored as it is, the mesh of the moved room lies elsewhere."""
    folder = write_scannet(blueprint, tmp_path, MOVED, pictures=False)
    text = folder / f"{blueprint.name}.txt"
    lines = text.read_text().splitlines()
    text.write_text("\n".join(line for line in lines if not line.startswith("axisAlignment")))
    unaligned = ScanNet().load(tmp_path, blueprint.name)
    shift = unaligned.points - rooms.build(blueprint).points
    assert np.linalg.norm(shift, axis=1).mean() > 1


def test_the_folder_is_complete(blueprint, tmp_path):
    write_scannet(blueprint, tmp_path, pictures=False)
    assert list(ScanNet().ids(tmp_path)) == ["room-0"]
    assert list(ScanNet().missing(tmp_path)) == []


def test_faces_join_vertices_of_one_object_with_short_sides(blueprint):
    mesh = rooms.mesh_of(blueprint, rooms.depth_maps(blueprint))
    corners = mesh.points[mesh.triangles]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    assert sides.max() < 0.1
    assert (mesh.instance[mesh.triangles] == mesh.instance[mesh.triangles[:, :1]]).all()
