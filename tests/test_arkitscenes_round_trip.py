"""A synthetic room in ARKitScenes' layout is the same room, and gives ScanNet's answers.

The two layouts do not carry the same: ARKitScenes has boxes where ScanNet has points, no labelled
floor, and one camera for colour and depth. So answers that follow from cameras, and those in words,
are the same, sizes too, while a distance may be shorter: a box reaches beyond what is in it.
"""

from dataclasses import replace
from itertools import islice
from random import Random

import numpy as np
import pytest

from spatialevo_core.engine import judge
from spatialevo_core.plugins import load
from spatialevo_datasets.arkitscenes import ARKitScenes
from spatialevo_datasets.boxes import corners
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.arkitscenes_writer import (
    CLASS_OF,
    FIRST_MS,
    SCAN_ID,
    STEP_MS,
    write_arkitscenes,
)
from spatialevo_datasets.synthetic.scannet_writer import write_scannet

ARKIT = ARKitScenes()
REGISTRY = load()
OF_CAMERAS = ("camera_camera_position", "camera_camera_elevation", "camera_motion")
TO_OBJECTS = ("absolute_distance", "camera_object_distance")
IN_METRES = (*TO_OBJECTS, "object_size", "room_size")
VIEWS, QUERIES = 5, 5
BOX_M = 0.01


def with_classes(blueprint):
    """The room as both layouts can tell it: things of no class are no objects."""
    pieces = (replace(each, label=CLASS_OF.get(each.label, "object")) for each in blueprint.pieces)
    return replace(blueprint, pieces=tuple(pieces))


def both(blueprint, root):
    """The room read from ScanNet's layout, and from that of ARKitScenes."""
    write_scannet(blueprint, root, pictures=False)
    write_arkitscenes(blueprint, root, pictures=False)
    return ScanNet().load(root, blueprint.name), ARKIT.load(root, SCAN_ID)


@pytest.fixture(scope="module")
def blueprint():
    return with_classes(rooms.room(1))


@pytest.fixture(scope="module")
def scenes(blueprint, tmp_path_factory):
    return both(blueprint, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def turned(blueprint, tmp_path_factory):
    """Read from `raw`, the device held in all four ways by turns; four images with pictures."""
    root = tmp_path_factory.mktemp("turned")
    few = replace(blueprint, cameras=blueprint.cameras[:4])
    write_arkitscenes(few, root / "level", held=(0,))
    write_arkitscenes(few, root / "turned", "raw", split="Validation", held=(0, 1, 2, 3))
    return ARKIT.load(root / "level", SCAN_ID), ARKIT.load(root / "turned", SCAN_ID)


def ours(scannet, arkit):
    """Objects of both rooms that are the same: an annotated box is about its object's points."""
    for one in scannet.instances:
        middle = scannet.aabb(one).center
        of_label = (each for each in arkit.instances if each.label == one.label)
        yield one, min(of_label, key=lambda each: np.linalg.norm(each.box.center - middle))


def test_the_scan_comes_back_bit_for_bit(scenes):
    scannet, arkit = scenes
    assert np.array_equal(scannet.points, arkit.points)
    assert arkit.faces.max() < len(arkit.points)


def test_the_objects_of_the_classes_come_back(blueprint, scenes):
    scannet, arkit = scenes
    assert sorted(each.label for each in arkit.instances) == sorted(
        each.label for each in scannet.instances
    )
    assert arkit.labels == scannet.labels
    assert len(arkit.instances) < len(blueprint.pieces)
    assert len({two.id for _, two in ours(scannet, arkit)}) == len(scannet.instances)


def test_annotated_boxes_are_the_fitted_ones(scenes):
    """Of what is round or a star, such as a table or a chair's foot, the turn is anyone's guess."""
    scannet, arkit = scenes
    for one, two in ours(scannet, arkit):
        fitted, annotated = scannet.obb(one), arkit.obb(two)
        np.testing.assert_allclose(fitted.center, annotated.center, atol=BOX_M, err_msg=one.label)
        np.testing.assert_allclose(
            np.sort(fitted.size), np.sort(annotated.size), atol=BOX_M, err_msg=one.label
        )
        if one.label not in {"table", "stool", "chair"}:
            away = np.linalg.norm(corners(fitted)[:, None] - corners(annotated), axis=2)
            assert away.min(axis=1).max() < BOX_M, one.label


def test_cameras_come_back_however_the_device_was_held(blueprint, scenes, turned):
    for scene in (*scenes, *turned):
        for camera, frame in zip(blueprint.cameras, scene.frames, strict=False):
            np.testing.assert_allclose(frame.T_world_camera, camera.T_world_camera, atol=1e-9)
    arkit = scenes[1]
    assert len(arkit.frames) == len(blueprint.cameras)
    assert [frame.index for frame in arkit.frames[:2]] == [FIRST_MS, FIRST_MS + STEP_MS]
    assert arkit.dropped_poses == 0


def test_pictures_show_the_same_upright_however_the_device_was_held(turned):
    level, held = turned
    for turns, (one, two) in enumerate(zip(level.frames, held.frames, strict=True)):
        assert (two.width, two.height) == ((192, 256) if turns % 2 else (256, 192))
        a, b = np.asarray(one.read(), float), np.asarray(two.read(), float)
        c, d = one.depth.read(), two.depth.read()
        if turns % 2:
            a, b, c, d = a[:, 32:-32], b[32:-32], c[:, 32:-32], d[32:-32]
        assert (np.abs(a - b).max(axis=2) > 8).mean() < 0.01
        assert (np.abs(c - d) > 0.01).mean() < 0.01
        assert a.std() > 10


def test_frames_show_what_they_show_in_the_other_layout(scenes):
    """By other points and other depth pixels: of all sights hardly any is told otherwise."""
    scannet, arkit = scenes
    told = []
    for one, two in ours(scannet, arkit):
        for a, b in zip(scannet.frames, arkit.frames, strict=True):
            first, second = scannet.sight(one, a.index), arkit.sight(two, b.index)
            if first is not None and second is not None:
                told.append((first.visible == second.visible, first.share - second.share))
    assert len(told) > 100
    agree, difference = np.mean([each[0] for each in told]), [each[1] for each in told]
    assert agree > 0.97
    assert np.abs(difference).mean() < 0.03


def verdicts(task, source, target, moved):
    """What both rooms say to the questions that a task proposes about the first of them."""
    for view in islice(task.world.propose(source, Random(f"views-{task.name}")), VIEWS):
        other = task.world(target, tuple(moved(index) for index in view.frames))
        for query, verdict in islice(task.propose(view, Random(f"queries-{task.name}")), QUERIES):
            yield query, verdict, judge(task, other, query)


def check_answers(scannet, arkit, task):
    """How many were compared, both ways: those in words are equal, and hardly any is refused."""
    to_ms = (scannet, arkit, lambda index: FIRST_MS + STEP_MS * index)
    to_number = (arkit, scannet, lambda index: (index - FIRST_MS) // STEP_MS)
    asked = [each for way in (to_ms, to_number) for each in verdicts(task, *way)]
    refused = 0
    for query, verdict, other in asked:
        if not other.legal:
            refused += 1
        elif task.name not in IN_METRES:
            assert verdict.answer.value == other.answer.value, query
        elif task.name not in TO_OBJECTS:
            assert abs(verdict.answer.value - other.answer.value) <= verdict.answer.band, query
    assert refused <= (0 if task.name in OF_CAMERAS else 0.15) * len(asked)
    return len(asked)


@pytest.mark.parametrize("name", sorted(REGISTRY.tasks))
def test_both_layouts_give_the_same_answers(scenes, name):
    assert check_answers(*scenes, REGISTRY.task(name)) >= 2 * VIEWS


@pytest.mark.parametrize("name", TO_OBJECTS)
def test_a_box_is_nearer_than_what_is_in_it(scenes, name):
    """A chair's box is filled, its points are not; what the scan misses is in the box, too."""
    scannet, arkit = scenes
    task = REGISTRY.task(name)
    for query, verdict, other in verdicts(
        task, scannet, arkit, lambda index: FIRST_MS + STEP_MS * index
    ):
        if other.legal:
            assert 0 < other.answer.value <= verdict.answer.value + BOX_M, query


@pytest.mark.slow
@pytest.mark.parametrize("make", [rooms.room, rooms.lroom])
@pytest.mark.parametrize("seed", [0, 2, 3])
def test_more_rooms_give_the_same_answers(tmp_path, make, seed):
    scannet, arkit = both(with_classes(make(seed)), tmp_path)
    for name in sorted(REGISTRY.tasks):
        check_answers(scannet, arkit, REGISTRY.task(name))  # some rooms lack things to ask about
