"""A prepared room is the room it was prepared from, and its answers are the same to the byte."""

import json
import resource
import shutil
from dataclasses import fields, replace
from itertools import combinations, islice
from pathlib import Path
from random import Random

import numpy as np
import pytest

import sceneries
from spatialevo_core.cache import reading_caches
from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.engine import judge
from spatialevo_core.errors import DataError
from spatialevo_core.plugins import load
from spatialevo_core.preparing import Outcome, prepare_world
from spatialevo_datasets import boxes, distances, storing
from spatialevo_datasets.arrays import write_array
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.scene import MOST_DRAWN, Instance, Scene
from spatialevo_datasets.synthetic import Synthetic, rooms
from spatialevo_datasets.synthetic.scannet_writer import write_scannet

FRAMES = 7
QUESTIONS = 30
"""Of each task."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A room in ScanNet's layout, and the cache that was prepared from it."""
    root, out = (tmp_path_factory.mktemp(name) for name in ("source", "cache"))
    blueprint = rooms.room(0)
    write_scannet(replace(blueprint, cameras=blueprint.cameras[:FRAMES]), root)
    writer = CacheWriter.at(out, "scannet")
    assert prepare_world(writer, ScanNet(), root, "room-0") is Outcome.PREPARED
    return root, out


@pytest.fixture(scope="module")
def read(folders):
    return ScanNet().load(folders[0], "room-0")


@pytest.fixture(scope="module")
def opened(folders):
    return reading_caches(ScanNet()).load(folders[1], "room-0")


def verdicts(scene):
    """Of questions of all tasks, legal or not, about views in the order of their proposal."""
    for task in load().tasks.values():
        views = islice(task.world.propose(scene, Random(task.name)), 6)
        asked = ((view, each) for view in views for each in task.candidates(view, Random(view.key)))
        for view, query in islice(asked, QUESTIONS):
            yield view.key, query.model_dump_json(), judge(task, view, query).model_dump_json()


def test_every_verdict_of_every_task_is_the_same(read, opened):
    ours, theirs = list(verdicts(opened)), list(verdicts(read))
    assert ours == theirs
    assert len(ours) > 300
    legal = sum('"legal":true' in each for _, _, each in ours)
    assert 100 < legal < len(ours) - 50


def test_what_was_loaded_comes_back_bit_for_bit(read, opened):
    assert type(opened) is not Scene
    assert (opened.key, opened.dropped_poses) == (read.key, read.dropped_poses)
    assert np.array_equal(opened.points, read.points)
    assert np.array_equal(opened.floor, read.floor)
    assert np.array_equal(opened.faces, read.faces)
    for ours, theirs in zip(opened.instances, read.instances, strict=True):
        assert (ours.id, ours.label, ours.box) == (theirs.id, theirs.label, None)
        assert np.array_equal(ours.points, theirs.points)
    for ours, theirs in zip(opened.frames, read.frames, strict=True):
        assert (ours.index, ours.width, ours.height) == (theirs.index, theirs.width, theirs.height)
        assert np.array_equal(ours.K, theirs.K)
        assert np.array_equal(ours.T_world_camera, theirs.T_world_camera)
        assert np.array_equal(ours.depth.K, theirs.depth.K)
        assert (ours.read, ours.depth.read) == (theirs.read, theirs.depth.read)


def measures(scene):
    """Everything that is looked up, in plain numbers."""
    indices = [frame.index for frame in scene.frames]
    for each in scene.instances:
        for box in (scene.aabb(each), scene.obb(each)):
            yield box.center.tolist(), box.size.tolist(), box.axes.tolist()
        for index in indices:
            yield scene.sight(each, index), scene.share_range(each, index)
    for a, b in combinations(scene.instances, 2):
        for gap in (scene.gap(a, b), scene.gap(b, a)):
            yield gap.distance_m, gap.point_a.tolist(), gap.point_b.tolist()
    for a in indices:
        yield [scene.overlap(a, b) for b in indices]
        yield scene.covering(a), scene.floor_shown(a).tolist()
    floor = scene.whole_floor
    yield floor.area_m2, floor.outline_m, floor.height_m, floor.drawing
    yield floor.tops.tolist(), floor.grid.low.tolist(), floor.scanned_cells


def test_every_measure_is_the_same(read, opened):
    assert list(measures(opened)) == list(measures(read))


def test_measures_are_looked_up_and_not_computed(folders, tmp_path):
    """Without its images a room still knows what they show; the source has to look at them."""
    root = tmp_path / "source"
    shutil.copytree(folders[0], root)
    shutil.copytree(folders[1], tmp_path / "cache")
    writer = CacheWriter.at(tmp_path / "cache", "scannet")
    assert prepare_world(writer, ScanNet(), root, "room-0") is Outcome.KEPT
    scene = reading_caches(ScanNet()).load(tmp_path / "cache", "room-0")
    bare = ScanNet().load(root, "room-0")
    shutil.rmtree(root / "scans" / "room-0" / "depth")
    chair = scene.instances[0]
    assert scene.sight(chair, 0) is not None
    assert scene.overlap(0, 1) is not None
    assert scene.floor_seen([0, 1]) > 0
    for ask in (lambda: bare.sight(bare.instances[0], 0), scene.frame(0).depth.read):
        with pytest.raises(DataError, match=r"depth/0\.png is missing"):
            ask()


def test_they_are_looked_up_also_by_tasks_that_name_a_measure(folders, monkeypatch):
    """A definition may be `Scene.gap` itself, put to any scene."""
    scene = reading_caches(ScanNet()).load(folders[1], "room-0")
    first, second = scene.instances[:2]
    expected = [Scene.gap(scene, first, second).distance_m, Scene.obb(scene, first).size.tolist()]
    for module, name in ((distances, "points_points"), (boxes, "fit"), (boxes, "aabb")):
        monkeypatch.setattr(module, name, None)
    scene = reading_caches(ScanNet()).load(folders[1], "room-0")
    first, second = scene.instances[:2]
    found = [Scene.gap(scene, first, second).distance_m, Scene.obb(scene, first).size.tolist()]
    assert found == expected
    assert (Scene.aabb(scene, first).size > 0).all()
    with pytest.raises(TypeError):
        replace(scene).gap(first, second)


def test_a_copy_with_other_things_measures_them_anew(opened):
    first, second = opened.instances[:2]
    far = replace(second, points=second.points + np.float32(100))
    changed = replace(opened, instances=(first, far))
    assert changed.gap(first, far).distance_m > 100
    assert changed.obb(far).center[0] > 90


def kept(scene, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    scene.store(folder, None)
    return Scene.open(folder, None)


def test_images_that_are_no_files_are_kept(tmp_path):
    scene = Synthetic().load(None, "tiny-3")
    again = kept(scene, tmp_path)
    for ours, theirs in zip(again.frames, scene.frames, strict=True):
        assert np.array_equal(np.asarray(ours.read()), np.asarray(theirs.read()))
        assert (ours.depth is None) == (theirs.depth is None)
        if ours.depth is not None:
            assert np.array_equal(ours.depth.read(), theirs.depth.read())
    assert list(measures(again)) == list(measures(scene))


def test_a_room_of_boxes_alone_is_a_room(tmp_path):
    turned = Box(np.array([1.0, 2, 3]), np.array([1.0, 2, 0.5]), np.eye(3)[[1, 0, 2]])
    cloud = sceneries.plane((0, 0, 0), (1, 0, 0), (0, 1, 0))
    scene = Scene(
        "test/boxes",
        (
            Instance(7, "bed", box=turned),
            Instance(3, "desk", box=turned, scanned=cloud),
            Instance(5, "rug", cloud),
        ),
        room_size_m2=12.5,
    )
    again = kept(scene, tmp_path)
    assert [(each.id, each.label) for each in again.instances] == [
        (7, "bed"),
        (3, "desk"),
        (5, "rug"),
    ]
    bed, desk, rug = again.instances
    assert (bed.points, bed.scanned, desk.points, rug.box) == (None, None, None, None)
    assert np.array_equal(desk.scanned, cloud)
    assert np.array_equal(rug.points, cloud)
    assert np.array_equal(bed.box.axes, turned.axes)
    assert (again.room_size_m2, again.points, again.frames) == (12.5, None, ())
    assert again.gap(bed, rug).distance_m == scene.gap(*scene.instances[::2]).distance_m
    assert again.sight(rug, 0) is None
    assert again.footprint(bed) is None


def test_every_number_of_a_room_comes_back(tmp_path):
    """Also one that will be added to `Scene` some day."""
    values = {"int": 3, "float": 0.25, "float | None": 0.5, "int | None": 4}
    told = {each.name: values[each.type] for each in fields(Scene) if each.type in values}
    assert {"dropped_poses", "room_size_m2"} <= set(told)
    again = kept(Scene("test/told", (), **told), tmp_path)
    assert {name: getattr(again, name) for name in told} == told


def test_a_mesh_by_which_frames_are_judged_comes_back(tmp_path):
    """A sheet of two triangles hides half of what is behind it from a frame without depth."""
    sheet = np.array([[1, -9, 0], [1, 0, 0], [1, -9, 2], [1, 0, 2]], dtype=np.float32)
    wall = sceneries.plane((2, -1, 0.5), (0, 2, 0), (0, 0, 1))
    scene = Scene(
        "test/sheet",
        (Instance(0, "picture", wall),),
        (sceneries.frame(sceneries.looking((0, 0, 1)), width=64, height=48, focal_px=32),),
        points=np.concatenate([sheet, wall]),
        faces=np.array([[0, 1, 2], [1, 3, 2]], dtype=np.int32),
    )
    again = kept(scene, tmp_path)
    assert np.array_equal(again.faces, scene.faces)
    for each in (again, replace(again)):
        sight = each.sight(each.instances[0], 0)
        assert sight == scene.sight(scene.instances[0], 0)
        assert sight.share == pytest.approx(0.5, abs=0.05)


def long_recording():
    """A walk along a wall, a frame every 5 cm, and whose depth was read."""
    wall = sceneries.plane((3, -1, 0), (0, 10, 0), (0, 0, 2), 0.1)
    reads = []

    def depth(index):
        metres = np.full((24, 32), 3.0, dtype=np.float32)
        image = sceneries.depth_image(metres, 16.0)
        return replace(image, read=lambda: reads.append(index) or metres)

    frames = tuple(
        sceneries.frame(
            sceneries.looking((0, 0.05 * at, 1)),
            at,
            width=64,
            height=48,
            focal_px=32,
            depth=depth(at),
        )
        for at in range(MOST_DRAWN + 36)
    )
    return sceneries.room(wall[:500], wall[500:], frames=frames), reads


def test_of_a_long_recording_64_frames_spread_over_it_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(storing, "_copied_depth", lambda index, depth, places: {"kind": "none"})
    scene, reads = long_recording()
    indices = [frame.index for frame in scene.drawn]
    assert (len(indices), indices[0], indices[-1]) == (MOST_DRAWN, 0, MOST_DRAWN + 35)
    assert set(np.diff(indices)) == {1, 2}
    folder = tmp_path / "kept"
    folder.mkdir()
    scene.store(folder, None)
    assert sorted(set(reads)) == indices
    shares = np.load(folder / "sights.npy")[:, :, 0]
    assert shares.shape == (MOST_DRAWN, 2)


def test_a_frame_that_was_not_drawn_is_measured_when_asked_about(tmp_path):
    scene, _ = long_recording()
    again = kept(scene, tmp_path)
    other = next(each.index for each in scene.frames if each not in scene.drawn)
    for one, two in zip(again.instances, scene.instances, strict=True):
        assert again.sight(one, other) == scene.sight(two, other) is not None
        assert again.share_range(one, other) == scene.share_range(two, other)
    assert again.overlap(0, other) == scene.overlap(0, other) > 0


@pytest.fixture
def stored(tmp_path):
    scene = sceneries.room(
        sceneries.plane((2, -1, 0), (0, 1, 0), (0, 0, 1)),
        sceneries.plane((2, 1, 0), (0, 1, 0), (0, 0, 1)),
        frames=[sceneries.frame(sceneries.looking((0, 0, 1)), width=64, height=48)],
    )
    folder = tmp_path / "kept"
    folder.mkdir()
    scene.store(folder, None)
    return folder


ARRAYS = ("points", "clouds", "K", "poses", "depth_K", "boxes", "gaps", "sights", "ranges",
          "overlaps", "choices", "shown", "cells", "tops")  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_a_damaged_array_is_an_error_that_names_it(stored, name):
    path = stored / f"{name}.npy"
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], b"", whole[:-1], b"no array" * 20):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=rf"{name}\.npy is damaged.*; prepare it again"):
            Scene.open(stored, None)
    path.unlink()
    with pytest.raises(DataError, match=rf"{name}\.npy is missing; prepare it again"):
        Scene.open(stored, None)


def test_nothing_that_is_stored_can_be_executed(stored):
    assert {each.suffix for each in stored.iterdir()} == {".npy", ".json", ".png"}
    path = stored / "boxes.npy"
    np.save(path, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"boxes\.npy is damaged"):
        Scene.open(stored, None)


def test_an_archive_of_arrays_is_no_array(stored):
    with (stored / "boxes.npy").open("wb") as file:
        np.savez(file, boxes=np.zeros((2, 3, 15)))
    with pytest.raises(DataError, match=r"boxes\.npy is damaged: .*; prepare it again"):
        Scene.open(stored, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"has": ["gaps"]}, r"scene\.json: has\[0\]: input should be 'points', 'faces' or 'floor'"),
        ({"drawn": "x"}, r"scene\.json: drawn: input should be a valid"),
        ({"frames": [{}]}, r"scene\.json: frames\[0\]\.index: field required"),
    ],
)
def test_a_room_of_other_fields_is_refused(stored, change, told):
    path = stored / "scene.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=told):
        Scene.open(stored, None)


@pytest.fixture
def little_room():
    """No file may grow beyond 64 kB meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_numpy_could_not_write_names_the_file(tmp_path, little_room):
    path = tmp_path / "gaps.npy"
    with pytest.raises(DataError) as caught:
        write_array(path, np.zeros(20_000))
    assert str(caught.value) in {
        f"{path} could not be written: fewer bytes than expected were written; is the disk full?",
        f"{path} could not be written: file too large",
    }


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_told_with_the_file_and_the_cause(tmp_path):
    for name in ("gaps.npy", "scene.json", "clouds.npy"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).symlink_to("/dev/full")
        with pytest.raises(DataError) as caught:
            sceneries.room(sceneries.plane((2, -1, 0), (0, 1, 0), (0, 0, 1))).store(folder, None)
        assert str(caught.value) == f"{folder / name} could not be written: no space left on device"


def test_an_array_of_another_kind_or_shape_is_refused(stored):
    for array in (np.zeros((2, 3, 15), dtype=int), np.zeros((1, 3, 15))):
        np.save(stored / "boxes.npy", array)
        with pytest.raises(DataError, match=r"boxes\.npy is damaged: .*, expected 2x3x15"):
            Scene.open(stored, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "os.system"}, "no reader is 'os.system' of path, width, height, turns"),
        ({"extra": 1}, "no reader is 'spatialevo_datasets.files.ColourFile' of path, width"),
        ({"kind": [1]}, r"no reader is \[1\] of path, width, height, turns"),
        ({"kind": {"a": 1}}, "no reader is {'a': 1} of path, width, height, turns"),
        ({"path": {}}, "{} is no path; expected one of folder, root and path"),
        ({"path": {"root": 5}}, "{'root': 5} is no path; expected one of"),
        ({"path": {"root": "a.png"}}, "{'root': 'a.png'} is no path"),  # it was read from no folder
        ({"path": {"path": "a", "folder": "b"}}, "is no path; expected one of"),
        ({"path": 3}, "ColourFile: path: input is not .*, found 3; prepare it again"),
        ({"width": "x"}, "ColourFile: width: input should be a valid integer, .*, found 'x'"),
        ({"turns": None}, "ColourFile: turns: input should be a valid integer, found None"),
        ({"path": {"folder": "../secret.png"}}, "'../secret.png' leads elsewhere"),
        ({"path": {"folder": "/secret.png"}}, "'/secret.png' leads elsewhere"),
    ],
)
def test_only_known_readers_of_files_inside_are_made(stored, change, told):
    path = stored / "scene.json"
    room = json.loads(path.read_text())
    room["frames"][0]["reader"] |= change
    path.write_text(json.dumps(room))
    with pytest.raises(DataError, match=told):
        Scene.open(stored, None)


def test_a_room_of_many_objects_leaves_gaps_to_be_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(storing, "MOST_OBJECTS", 1)
    scene = sceneries.room(
        sceneries.plane((0, 0, 0), (1, 0, 0), (0, 1, 0)),
        sceneries.plane((4, 0, 0), (1, 0, 0), (0, 1, 0)),
    )
    again = kept(scene, tmp_path)
    assert np.load(tmp_path / "kept" / "gaps.npy").size == 0
    assert again.gap(*again.instances).distance_m == pytest.approx(3.02)
