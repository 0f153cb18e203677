"""A synthetic room, written in the benchmark's layout, is read back and asked about."""

import json
from itertools import islice
from random import Random

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from spatialevo_tum_rgbd import TumRgbd

from spatialevo_core.errors import DataError
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_dataset

ROOM = load().dataset("synthetic").load(None, "room-0")
FRAMES = ROOM.frames
START_S = 1305031102.0
CAPTURE_S = 0.005
"""By which depth images and poses lag behind their colour images."""


def camera_of(frame):
    K = frame.depth.K
    return {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2] - 0.5, "cy": K[1, 2] - 0.5}


def object_of(instance):
    box = ROOM.obb(instance)
    return {
        "label": instance.label,
        "center": box.center.tolist(),
        "size": box.size.tolist(),
        "heading_deg": float(np.degrees(np.arctan2(box.axes[0, 1], box.axes[0, 0]))),
    }


def write_lines(path, rows):
    path.write_text("# comment\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows))


def write(root):
    """The room as the benchmark would have recorded it, a frame each second."""
    folder = root / "office"
    (folder / "rgb").mkdir(parents=True)
    (folder / "depth").mkdir()
    colours, depths, poses = [], [], []
    for at, frame in enumerate(FRAMES):
        time_s = START_S + at
        size = (frame.depth.width, frame.depth.height)
        frame.read().resize(size).save(folder / "rgb" / f"{at}.png")
        stored = np.round(frame.depth.read() * 5000).astype(np.uint16)
        Image.fromarray(stored).save(folder / "depth" / f"{at}.png")
        colours.append((f"{time_s:.6f}", f"rgb/{at}.png"))
        depths.append((f"{time_s + CAPTURE_S:.6f}", f"depth/{at}.png"))
        quaternion = Rotation.from_matrix(frame.T_world_camera[:3, :3]).as_quat()
        pose = (*frame.T_world_camera[:3, 3], *quaternion)
        poses.append((f"{time_s + CAPTURE_S:.6f}", *(f"{each:.8f}" for each in pose)))
    write_lines(folder / "rgb.txt", colours)
    write_lines(folder / "depth.txt", depths)
    write_lines(folder / "groundtruth.txt", poses)
    objects = [*map(object_of, ROOM.instances), {**object_of(ROOM.instances[0]), "label": "wall"}]
    told = {"camera": camera_of(FRAMES[0]), "objects": objects}
    (folder / "objects.json").write_text(json.dumps(told))
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write(tmp_path_factory.mktemp("tum"))


@pytest.fixture(scope="module")
def scene(root):
    return TumRgbd().load(root, "office")


@pytest.fixture
def own(tmp_path):
    """A recording that a test may damage."""
    return write(tmp_path)


def test_the_recording_is_found_and_nothing_is_wrong_with_it(root):
    assert list(TumRgbd().ids(root)) == ["office"]
    assert list(TumRgbd().missing(root)) == []


def test_it_keeps_the_promises_of_a_dataset(root):
    registry = load()
    dataset = registry.dataset("tum_rgbd")
    check_dataset(dataset, root, {task.world for task in registry.tasks_on(dataset)}).require()


def test_objects_are_where_they_were_written(scene):
    assert [each.label for each in scene.instances] == [each.label for each in ROOM.instances]
    for read, written in zip(scene.instances, ROOM.instances, strict=True):
        box = ROOM.obb(written)
        assert scene.obb(read).center == pytest.approx(box.center, abs=1e-9)
        assert scene.obb(read).size == pytest.approx(box.size, abs=1e-9)
        assert np.abs(scene.obb(read).axes @ box.axes.T) == pytest.approx(np.eye(3), abs=1e-6)


def test_frames_look_as_they_were_written(scene):
    assert len(scene.frames) == len(FRAMES)
    assert scene.dropped_poses == 0
    for read, written in zip(scene.frames, FRAMES, strict=True):
        assert read.T_world_camera == pytest.approx(written.T_world_camera, abs=1e-6)
        np.testing.assert_allclose(read.K, written.depth.K)
        assert read.depth.read() == pytest.approx(written.depth.read(), abs=1 / 5000)
        assert read.read().size == (read.width, read.height)


def test_fused_depth_lies_on_the_surfaces_of_the_room(scene):
    away_m, _ = cKDTree(ROOM.points).query(scene.points.astype(np.float64))
    assert np.quantile(away_m, 0.95) < 0.10
    assert np.median(scene.whole_floor.tops[:, 2]) == pytest.approx(
        np.median(ROOM.whole_floor.tops[:, 2]), abs=0.03
    )
    assert scene.whole_floor.area_m2 == pytest.approx(ROOM.whole_floor.area_m2, rel=0.15)


def test_every_task_about_rooms_can_be_asked(scene):
    registry = load()
    tasks = registry.tasks_on(registry.dataset("tum_rgbd"))
    assert len(tasks) >= 16
    for task in tasks:
        views = islice(task.world.propose(scene, Random(0)), 12)
        assert any(task.feasible(view) for view in views), task.name


def test_it_answers_as_the_room_that_was_written(scene):
    task = load().task("absolute_distance")
    asked = list(islice(task.propose(task.world.of(scene), Random(0)), 10))
    assert len(asked) == 10
    for query, verdict in asked:
        truth = task.solver("obb")(task.world.of(ROOM), query, task.terms)
        assert verdict.answer.value == pytest.approx(truth.value, abs=0.011), query


def test_images_without_a_pose_are_left_out(own):
    path = own / "office" / "groundtruth.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:1] + lines[3:]))
    scene = TumRgbd().load(own, "office")
    assert scene.dropped_poses == 2
    assert [frame.index for frame in scene.frames] == list(range(2, len(FRAMES)))


def replaced(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


DAMAGES = {
    "objects.json is missing": lambda at: (at / "objects.json").unlink(),
    "label: field required": lambda at: replaced(at / "objects.json", '"label"', '"name"'),
    "expected positive lengths": lambda at: replaced(
        at / "objects.json", '"size": [', '"size": [-'
    ),
    "expected t tx ty tz qx qy qz qw": lambda at: replaced(at / "groundtruth.txt", "\n", "\n1 2\n"),
    "expected a time and a file": lambda at: replaced(at / "rgb.txt", " rgb/0.png", ""),
    "leads out of": lambda at: replaced(at / "rgb.txt", "rgb/0.png", "../../rgb/0.png"),
    "far from the middle": lambda at: replaced(at / "objects.json", '"cx": ', '"cx": 10'),
    "expected numbers": lambda at: replaced(at / "depth.txt", "1305031102", "noon"),
    "depth and pose within": lambda at: write_lines(at / "groundtruth.txt", []),
}


@pytest.mark.parametrize(("told", "damage"), DAMAGES.items())
def test_a_damaged_recording_is_named(own, told, damage):
    damage(own / "office")
    with pytest.raises(DataError, match=told):
        TumRgbd().load(own, "office")
    (complaint,) = TumRgbd().missing(own)
    assert told in complaint


def test_what_is_not_there_is_refused(root):
    with pytest.raises(DataError, match="did you mean 'office'"):
        TumRgbd().load(root, "ofice")
    with pytest.raises(DataError, match="no split 'train'"):
        TumRgbd().ids(root, "train")
