from itertools import islice
from random import Random

import numpy as np
import pytest

from sceneries import depth_image, frame, looking, plane, room
from spatialevo_core.errors import ConfigError
from spatialevo_datasets.boxes import aabb
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import FrameView, PairView, SceneView

STEP_DEG = 30
NAMES = ("bed", "lamp", "desk", "sofa", "tv", "chair")


def ring(yaw_deg: float, radius_m: float = 3.0) -> np.ndarray:
    """A board of 1 m that faces the origin from that direction."""
    a = np.radians(yaw_deg)
    out, side = np.array([np.cos(a), np.sin(a), 0]), np.array([-np.sin(a), np.cos(a), 0])
    return plane(out * radius_m - side / 2 + (0, 0, -0.5), side, (0, 0, 1), 0.05)


def carousel() -> Scene:
    """Six objects around twelve cameras that turn on the spot, each 90 degrees wide."""
    cameras = [frame(looking((0, 0, 0), at * STEP_DEG), at) for at in range(12)]
    return room(*(ring(at * 60.0) for at in range(6)), frames=cameras, labels=NAMES)


SCENE = carousel()
BOXES = Scene("test/boxes", (Instance(0, "bed", box=aabb(ring(0))),))


def test_a_scene_view_shows_every_object_in_four_to_eight_frames():
    view = SceneView.of(SCENE)
    assert 4 <= len(view.frames) <= 8
    assert list(view.frames) == sorted(set(view.frames))
    assert all(view.shown(each) for each in SCENE.instances)


def test_the_frames_of_a_scene_view_hang_together():
    for view in islice(SceneView.propose(SCENE, Random(4)), 5):
        reached, waiting = {view.frames[0]}, set(view.frames[1:])
        while near := {
            b for b in waiting if any((SCENE.overlap(a, b) or 0) >= 0.1 for a in reached)
        }:
            reached, waiting = reached | near, waiting - near
        assert not waiting


def test_a_short_recording_is_shown_whole():
    few = room(ring(0), ring(60), frames=SCENE.frames[:3])
    assert SceneView.of(few).frames == (0, 1, 2)


def test_a_room_of_boxes_is_viewed_without_frames():
    view = SceneView.of(BOXES)
    assert view.frames == ()
    assert view.images() == []
    assert view.key == "test/boxes"
    assert view.shown(BOXES.instances[0]) is None
    assert view.glimpsed(BOXES.instances[0]) is None
    assert list(FrameView.propose(BOXES, Random(0))) == []
    assert list(PairView.propose(BOXES, Random(0))) == []


@pytest.mark.parametrize("kind", [SceneView, FrameView, PairView])
def test_the_same_generator_proposes_the_same_views_of_the_same_room(kind):
    keys = [[view.key for view in kind.propose(carousel(), Random(7))] for _ in range(2)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0]) > 3
    assert [view.key for view in kind.propose(SCENE, Random(8))] != keys[0]


def test_a_frame_is_proposed_if_it_shows_two_objects():
    # A camera that faces an object sees its neighbours' halves at the edges of the image.
    proposed = {view.frames[0] for view in FrameView.propose(SCENE, Random(0))}
    for index in range(12):
        shown = sum(FrameView.of(SCENE, [index]).shown(each) is True for each in SCENE.instances)
        assert (index in proposed) == (shown >= 2)


def test_a_pair_is_proposed_if_it_overlaps_and_differs():
    pairs = {view.frames for view in PairView.propose(SCENE, Random(0))}
    assert (0, 1) in pairs
    assert (1, 0) in pairs
    assert (0, 6) not in pairs
    still = room(ring(0), frames=[frame(looking((0, 0, 0)), 0), frame(looking((0.1, 0, 0), 5), 1)])
    assert list(PairView.propose(still, Random(0))) == []
    moved = room(ring(0), frames=[frame(looking((0, 0, 0)), 0), frame(looking((0.2, 0, 0)), 1)])
    assert len(list(PairView.propose(moved, Random(0)))) == 2


def test_images_are_numbered_in_the_order_given():
    view = PairView.of(SCENE, [7, 2])
    assert (view.image(1).index, view.image(2).index) == (7, 2)
    assert view.key == "test/room[7,2]"
    assert [image.mode for image in view.images()] == ["RGB", "RGB"]
    with pytest.raises(IndexError, match="images 1 to 2"):
        view.image(0)
    assert FrameView.of(SCENE, [5]).frame.index == 5


@pytest.mark.parametrize(
    ("kind", "scene", "frames", "message"),
    [
        (PairView, SCENE, [1], "frames 1 make no PairView; a pair view takes two"),
        (PairView, SCENE, [1, 1], "frames 1, 1 repeat; each can be shown once"),
        (FrameView, SCENE, [1, 2], "a frame view takes one"),
        (FrameView, SCENE, [99], "test/room has no frame 99; it has 0 to 11"),
        (SceneView, SCENE, [], "a scene view takes at least one"),
        (FrameView, BOXES, None, "test/boxes has no frames that make a FrameView"),
        (FrameView, BOXES, [0], "test/boxes has no frame 0; it has no frames"),
    ],
)
def test_a_view_that_cannot_be_made_says_what_it_takes(kind, scene, frames, message):
    with pytest.raises(ConfigError, match=message):
        kind.of(scene, frames)


def test_what_a_text_names_is_seen_hidden_or_invented():
    view = FrameView.of(SCENE, [0])
    found = view.ground(
        "A bed, then a tv set, near the wall; behind you a sofa. A fridge. No desk."
    )
    assert found.seen == ("bed",)
    assert found.unseen == ("tv", "sofa")
    assert found.invented == ("refrigerator",)


def test_everything_is_seen_in_a_room_that_is_only_boxes():
    assert SceneView.of(BOXES).ground("a bed and a bed and a sofa").seen == ("bed",)


def test_what_may_be_there_is_glimpsed_but_not_shown():
    blind = depth_image(np.zeros((480, 640)), 320)
    scene = room(ring(0), ring(180), frames=[frame(looking((0, 0, 0)), depth=blind)])
    view = FrameView.of(scene, [0])
    ahead, behind = scene.instances
    assert (view.shown(ahead), view.glimpsed(ahead)) == (False, True)
    assert (view.shown(behind), view.glimpsed(behind)) == (False, False)
