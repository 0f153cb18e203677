from itertools import permutations

import numpy as np
import pytest

from spatialevo_core.engine import judge
from spatialevo_datasets.synthetic.tiny import CEILING_FRAMES, EYE_LEVEL_FRAMES, KINDS, tiny_room
from spatialevo_datasets.views import FrameView
from spatialevo_tasks.single_image_relative_direction import TASK, Placement

SEEDS = range(12)
COLOURS = {kind.label: np.array(kind.colour) / max(kind.colour) for kind in KINDS}


def pixel(scene, instance, frame):
    """Where the middle of an object is in the image, and how deep."""
    center = scene.aabb(instance).center
    camera = np.linalg.inv(frame.T_world_camera) @ [*center, 1.0]
    x, y, depth = frame.K @ camera[:3]
    return x / depth, y / depth, depth


def test_a_seed_gives_the_same_room_and_another_seed_another():
    one, again, other = tiny_room(3), tiny_room(3), tiny_room(4)
    assert [i.label for i in one.instances] == [i.label for i in again.instances]
    for a, b in zip(one.instances, again.instances, strict=True):
        assert np.array_equal(a.points, b.points)
    for a, b, c in zip(one.frames, again.frames, other.frames, strict=True):
        assert a.read().tobytes() == b.read().tobytes() != c.read().tobytes()


def test_at_dusk_the_same_room_is_lit_from_the_other_side():
    day, dusk = tiny_room(3), tiny_room(3, dusk=True)
    assert day.key != dusk.key
    for a, b in zip(day.instances, dusk.instances, strict=True):
        assert np.array_equal(a.points, b.points)
    for a, b in zip(day.frames, dusk.frames, strict=True):
        assert np.array_equal(a.T_world_camera, b.T_world_camera)
        assert np.array_equal(a.depth.read(), b.depth.read())
        ratio = np.asarray(a.read(), float).mean(axis=0) / np.asarray(b.read(), float).mean(axis=0)
        red_over_blue = ratio[:, 0] / ratio[:, 2]
        assert red_over_blue[:20].mean() > 1.3
        assert red_over_blue[-20:].mean() < 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_every_object_is_seen_in_every_frame_and_only_once(seed):
    scene = tiny_room(seed)
    labels = [instance.label for instance in scene.instances]
    assert 2 <= len(labels) <= 4
    assert len(set(labels)) == len(labels)
    for frame in scene.frames:
        for instance in scene.instances:
            assert scene.sight(instance, frame.index).visible
            assert len(instance.points) >= 50


@pytest.mark.parametrize("seed", SEEDS)
def test_an_object_has_its_colour_and_depth_where_it_projects(seed):
    scene = tiny_room(seed)
    for frame in scene.frames:
        image, depth = np.asarray(frame.read(), float), frame.depth.read()
        for instance in scene.instances:
            x, y, z = pixel(scene, instance, frame)
            here = image[int(y), int(x)]
            assert np.dot(here / np.linalg.norm(here), COLOURS[instance.label]) > 0.75 * (
                np.linalg.norm(COLOURS[instance.label])
            )
            assert abs(depth[int(y), int(x)] - z) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_left_and_right_are_as_in_the_image(seed):
    scene = tiny_room(seed)
    for index in (*EYE_LEVEL_FRAMES, *CEILING_FRAMES):
        view = FrameView.of(scene, [index])
        for a, b in permutations(scene.instances, 2):
            query = Placement(target=a.label, reference=b.label, offer="left or right")
            verdict = judge(TASK, view, query)
            apart = pixel(scene, a, view.frame)[0] - pixel(scene, b, view.frame)[0]
            if verdict.legal and abs(apart) > 6:
                assert verdict.answer.value == ("left" if apart < 0 else "right")
            elif abs(apart) > 20:
                pytest.fail(
                    f"{a.label} and {b.label} are {apart:.0f} pixels apart: {verdict.codes}"
                )


def test_ceiling_cameras_look_down_from_above():
    scene = tiny_room(0)
    heights = {frame.index: frame.T_world_camera[2, 3] for frame in scene.frames}
    assert min(heights[i] for i in CEILING_FRAMES) > 1 + max(heights[i] for i in EYE_LEVEL_FRAMES)
    for index in CEILING_FRAMES:
        assert scene.frame(index).T_world_camera[2, 2] < -np.sin(np.radians(43))
