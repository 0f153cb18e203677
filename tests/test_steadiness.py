import numpy as np
import pytest

from sceneries import depth_image, frame, looking, plane
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.steadiness import share_range

EYE_M = 1.5
FOCAL_PX = 320.0


def level_floor():
    """The depth of the floor for a level camera 1.5 m above it: focal x height / rows below."""
    rows = np.arange(480)[:, None] + 0.5 - 240
    depth = np.where(rows > 0, FOCAL_PX * EYE_M / np.maximum(rows, 1e-9), 0).repeat(640, axis=1)
    return depth_image(depth, FOCAL_PX)


WALL = depth_image(np.full((480, 640), 3.0), FOCAL_PX)


def test_what_faces_the_camera_is_steady():
    picture = plane((3, -0.5, 1.2), (0, 1, 0), (0, 0, 0.6))
    found = share_range(frame(looking((0, 0, EYE_M)), depth=WALL), picture, 1.0)
    assert found == (1.0, 1.0)


def test_what_is_seen_at_a_flat_angle_comes_and_goes():
    """6 m away half a degree and 3 cm are 8 cm across, and 0.33 m along a floor 1.5 m below."""
    rug = plane((6, -0.5, 0), (1, 0, 0), (0, 1, 0))
    found = share_range(frame(looking((0, 0, EYE_M)), depth=level_floor()), rug, 1.0)
    assert found.least < 0.5
    assert found.most == 1.0


def test_a_scan_that_is_its_own_measure_moves_with_the_pose():
    rug = plane((6, -0.5, 0), (1, 0, 0), (0, 1, 0))
    assert share_range(frame(looking((0, 0, EYE_M))), rug, 0.9) == (0.9, 0.9)


def test_a_scene_gives_the_range_around_the_share_and_none_without_one():
    rug = plane((6, -0.5, 0), (1, 0, 0), (0, 1, 0))
    seen = Scene(
        "test/rug",
        (Instance(0, "rug", rug),),
        (frame(looking((0, 0, EYE_M)), depth=level_floor()), frame(looking((0, 0, 1)), 1)),
    )
    share, found = seen.sight(seen.instances[0], 0).share, seen.share_range(seen.instances[0], 0)
    assert found.least < share <= found.most
    assert share == pytest.approx(1.0)
    bare = Scene("test/bare", seen.instances)
    assert bare.share_range(bare.instances[0], 0) is None
