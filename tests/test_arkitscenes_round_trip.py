"""A synthetic room in ARKitScenes' layout is the same room, and gives ScanNet's answers.

Both scenes are given the same depth images. What remains is what the layouts do not share: boxes
where ScanNet has points, and no labelled floor. So verdicts on cameras are the same, and no answer
in words is another one. A distance may be shorter, since a box reaches beyond what is in it: over a
mattress up to the headboard, around a round table to the corners. What is seen of an object is told
by other points, too, so that a few questions are near a margin in one layout only.
"""

from dataclasses import replace

import numpy as np
import pytest

from spatialevo_datasets.arkitscenes import ARKitScenes
from spatialevo_datasets.boxes import corners
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.arkitscenes_writer import (
    CLASS_OF,
    FIRST_MS,
    SCAN_ID,
    STEP_MS,
    write_arkitscenes,
)
from three_layouts import differences, questions, through_scannet

ARKIT = ARKitScenes()
OF_CAMERAS = {"camera_camera_position", "camera_camera_elevation", "camera_motion"}
TO_OBJECTS = {"absolute_distance", "camera_object_distance"}
BOX_M = 0.01
BEYOND_M = 0.5
"""How far a box reaches beyond what is in it, at most; over a bed, about as far."""
FLOOR_M2 = 0.1
"""To which floor areas are rounded."""


def with_classes(blueprint):
    """The room as both layouts can tell it: things of no class are no objects."""
    pieces = (replace(each, label=CLASS_OF.get(each.label, "object")) for each in blueprint.pieces)
    return replace(blueprint, pieces=tuple(pieces))


def both(blueprint, root):
    """The room through ScanNet, and through ARKitScenes with frames numbered alike."""
    write_arkitscenes(blueprint, root, pictures=False)
    read = ARKIT.load(root, SCAN_ID)
    frames = tuple(replace(each, index=number) for number, each in enumerate(read.frames))
    arkit = replace(read, frames=frames)
    return through_scannet(blueprint, root, arkit), arkit


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
    assert len(scenes[1].frames) == len(blueprint.cameras)
    for scene in turned:
        assert [each.index for each in scene.frames] == [FIRST_MS + STEP_MS * n for n in range(4)]
        assert scene.dropped_poses == 0


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
    assert agree > 0.98
    assert np.abs(difference).mean() < 0.03


def check_answers(scannet, arkit, asked):
    """Verdicts on cameras are the same, words are, metres as far as boxes are.

    Returns how many questions only one of the rooms answers, or refuses for that reason.
    """
    near_a_margin = 0
    for each in differences(asked, scannet, arkit):
        assert each.asked.task.name not in OF_CAMERAS, each
        if not (each.one.legal and each.other.legal):
            near_a_margin += 1
            continue
        shorter = each.one.answer.value - each.other.answer.value
        if each.asked.task.name in TO_OBJECTS:
            assert 0 < shorter < BEYOND_M, each
        else:
            assert each.asked.task.name == "room_size", each
            assert abs(shorter) < 1.5 * FLOOR_M2, each
    return near_a_margin


def test_both_layouts_give_the_same_answers(scenes):
    asked = questions(scenes[0], 192)
    assert len({each.task.name for each in asked}) >= 16
    assert 20 <= sum(not each.verdict(scenes[0]).legal for each in asked) <= 172
    assert check_answers(*scenes, asked) <= 0.02 * len(asked)


@pytest.mark.slow
def test_twenty_rooms_give_the_same_answers(tmp_path):
    near_a_margin = 0
    for seed in range(20):
        make = rooms.lroom if seed % 4 == 3 else rooms.room
        scenes = both(with_classes(make(seed)), tmp_path / str(seed))
        near_a_margin += check_answers(*scenes, questions(scenes[0], 300, seed))
    assert near_a_margin <= 0.02 * 6000
