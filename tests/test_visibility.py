import numpy as np
import pytest

from sceneries import depth_image, frame, looking, plane, room
from spatialevo_datasets.frames import in_camera, project
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.visibility import Sight, sample

EYE = looking((0, 0, 0))


def board(x: float, half_m: float, step_m: float = 0.02) -> np.ndarray:
    """A square that faces the camera at the origin."""
    return plane((x, -half_m, -half_m), (0, 2 * half_m, 0), (0, 0, 2 * half_m), step_m)


def share(scene: Scene, at: int = 0, index: int = 0) -> float:
    sight = scene.sight(scene.instances[at], index)
    assert sight is not None
    return sight.share


def test_what_is_ahead_right_and_below_projects_right_of_and_below_the_centre():
    camera = frame(EYE)
    pixels = project(camera.K, in_camera(camera, np.array([[2.0, -1.0, -0.5], [2.0, 0.0, 0.0]])))
    np.testing.assert_allclose(pixels, [[320 + 160, 240 + 80], [320, 240]])


def test_a_wall_hides_what_is_behind_it_and_not_itself():
    for depth in (None, depth_image(np.full((480, 640), 2.0), 320)):
        scene = room(board(2, 1.0), board(3, 0.5), frames=[frame(EYE, depth=depth)])
        assert share(scene, 0) == 1
        assert share(scene, 1) == 0


def test_a_wall_over_one_half_of_an_object_leaves_the_other_half():
    wall = plane((2, 0, -1), (0, 1, 0), (0, 0, 2))
    metres = np.full((480, 640), 3.0)
    metres[:, :320] = 2.0
    exact = room(board(3, 0.5), frames=[frame(EYE, depth=depth_image(metres, 320))])
    assert share(exact) == pytest.approx(0.5)
    splatted = room(board(3, 0.5), wall, frames=[frame(EYE)])
    assert share(splatted) == pytest.approx(0.5, abs=0.05)


def test_an_object_that_leaves_the_image_counts_by_what_is_inside():
    # The image is 90 degrees wide: at 2 m it ends 2 m to the left.
    scene = room(plane((2, 1, -0.5), (0, 2, 0), (0, 0, 1)), frames=[frame(EYE)])
    assert share(scene) == pytest.approx(0.5)


def test_the_left_and_upper_edge_belong_to_the_image_and_the_others_do_not():
    edges = np.array([[1, 1, 0], [1, -1, 0], [1, 0, 0.75], [1, 0, -0.75]], dtype=np.float32)
    scene = room(*(edge[None] for edge in edges), frames=[frame(EYE)])
    assert [share(scene, at) for at in range(4)] == [1, 0, 1, 0]


def test_what_is_behind_the_camera_is_not_seen():
    scene = room(
        board(-2, 0.5), board(2, 0.5), frames=[frame(EYE), frame(looking((0, 0, 0), 180), 1)]
    )
    assert [share(scene, 0, 0), share(scene, 0, 1)] == [0, 1]
    assert scene.sight(scene.instances[0], 0) == Sight(share=0.0, image_share=0.0, depth_m=None)


def test_a_depth_image_of_another_size_is_read_with_its_own_intrinsics():
    # 64 x 40 pixels, 90 degrees wide: its left half sees a wall at 1 m.
    metres = np.full((40, 64), 2.0)
    metres[:, :32] = 1.0
    scene = room(
        plane((2, 0.1, -0.2), (0, 0.8, 0), (0, 0, 0.4)),
        plane((2, -0.9, -0.2), (0, 0.8, 0), (0, 0, 0.4)),
        frames=[frame(EYE, depth=depth_image(metres, 32))],
    )
    assert [share(scene, at) for at in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("behind", "at", "seen"), [(0.049, 1, 1), (0.051, 1, 0), (0.099, 5, 1), (0.101, 5, 0)]
)
def test_a_surface_is_as_thick_as_five_centimetres_or_two_percent(behind, at, seen):
    camera = frame(EYE, depth=depth_image(np.full((480, 640), float(at)), 320))
    assert share(room(board(at + behind, 0.3), frames=[camera])) == seen


@pytest.mark.parametrize("measured", [True, False])
def test_a_slanted_noisy_plane_stays_visible(measured):
    rng = np.random.default_rng(3)
    half = np.sqrt(0.5)
    slanted = plane((3 - half, half, -1), (2 * half, -2 * half, 0), (0, 0, 2))
    rays = (np.arange(640) + 0.5 - 320) / 320
    metres = np.broadcast_to(3 / (1 - rays), (480, 640)).clip(0, 9)
    noisy = metres + rng.normal(0, 0.01, metres.shape)
    depth = depth_image(noisy, 320) if measured else None
    points = (
        slanted if measured else slanted + rng.normal(0, 0.01, slanted.shape).astype(np.float32)
    )
    assert share(room(points, frames=[frame(EYE, depth=depth)])) >= 0.98


def test_a_floor_seen_at_a_low_angle_does_not_hide_itself():
    floor = plane((1, -2, 0), (4, 0, 0), (0, 4, 0))
    camera = frame(looking((-1, 0, 1.5), pitch_deg=-20))
    inside = project(camera.K, in_camera(camera, floor))
    expected = np.mean(((inside >= 0) & (inside < (640, 480))).all(axis=1))
    assert share(room(floor, frames=[camera])) == pytest.approx(expected, abs=0.02)


def test_an_object_hides_its_own_far_side():
    ball = np.random.default_rng(0).normal(size=(20000, 3))
    ball = ball / np.linalg.norm(ball, axis=1, keepdims=True) * 0.5 + (2.5, 0, 0)
    # From 2.5 m the rim of a ball of 0.5 m lies 0.1 m in front of its middle: 40 % is nearer.
    seen = share(room(ball.astype(np.float32), frames=[frame(EYE)]))
    assert seen == pytest.approx(0.40, abs=0.05)


def test_a_coarse_scan_has_no_holes_to_look_through():
    wall = np.random.default_rng(1).uniform(-1, 1, (2500, 3)).astype(np.float32)
    wall[:, 0] = 2
    scene = room(board(3, 0.5), wall, frames=[frame(EYE)])
    assert share(scene, 0) <= 0.02
    assert share(scene, 1) >= 0.98


def test_points_without_known_depth_leave_the_count_until_most_are_gone():
    metres = np.full((480, 640), 2.0)
    metres[:, 320:] = 0
    metres[:240, :320] = 1
    unknown = depth_image(metres, 320)
    even = room(board(2, 0.5), frames=[frame(EYE, depth=unknown)])
    assert share(even) == pytest.approx(0.5)
    mostly_unknown = plane((2, -0.6, -0.5), (0, 1, 0), (0, 0, 1))
    assert (
        room(mostly_unknown, frames=[frame(EYE, depth=unknown)]).sight(
            Instance(0, "a", mostly_unknown), 0
        )
        is None
    )


def test_a_point_outside_the_depth_image_is_of_unknown_depth():
    narrow = depth_image(np.full((480, 320), 2.0), 320)
    camera = frame(EYE, depth=narrow)
    beside = plane((2, 1.1, -0.2), (0, 0.4, 0), (0, 0, 0.4))
    scene = room(beside, frames=[camera])
    assert scene.sight(scene.instances[0], 0) is None


def test_a_sight_tells_the_box_in_the_image_and_the_depth_of_the_median_point():
    points = np.array([[2, 1, 0.5], [3, 0, 0], [4, -2, -1]], dtype=np.float32)
    far = depth_image(np.full((480, 640), 9.0), 320)
    sight = room(points, frames=[frame(EYE, depth=far)]).sight(Instance(0, "a", points), 0)
    assert sight is not None
    assert sight.depth_m == pytest.approx(3)
    assert sight.image_share == pytest.approx((0.5 + 0.5) * 320 * (0.25 + 0.25) * 320 / (640 * 480))


@pytest.mark.parametrize(
    ("own", "image", "visible", "glimpsed"),
    [
        (0.10, 0.0, True, True),
        (0.09, 0.01, True, True),
        (0.09, 0.009, False, True),
        (0.02, 0.0, False, True),
        (0.01, 0.0003, False, True),
        (0.01, 0.0002, False, False),
    ],
)
def test_an_object_is_visible_or_glimpsed_by_either_share(own, image, visible, glimpsed):
    sight = Sight(own, image, 1.0)
    assert (sight.visible, sight.glimpsed) == (visible, glimpsed)


def test_frames_overlap_by_the_smaller_of_both_shares():
    # A wall 8 m wide at 2 m; each image is 4 m wide, the second is shifted by 1 m and the third
    # stands at half the distance: what it shows is a quarter of what the first shows.
    wall = plane((2, -4, -1.5), (0, 8, 0), (0, 0, 3), 0.05)
    cameras = [
        frame(looking(position), at)
        for at, position in enumerate([(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 0)])
    ]
    scene = room(wall, frames=[*cameras, frame(looking((0, 0, 0), 180), 4)])
    assert scene.overlap(0, 3) == 1
    assert scene.overlap(0, 1) == pytest.approx(0.75, abs=0.01)
    assert scene.overlap(0, 2) == scene.overlap(2, 0) == pytest.approx(0.25, abs=0.02)
    assert scene.overlap(0, 4) == 0


def test_overlap_is_unknown_where_no_depth_is():
    blind = depth_image(np.zeros((480, 640)), 320)
    scene = room(board(2, 0.5), frames=[frame(EYE, 0, depth=blind), frame(EYE, 1, depth=blind)])
    assert scene.overlap(0, 1) is None


def test_a_room_of_boxes_knows_nothing_of_seeing():
    scene = Scene("test/boxes", (Instance(0, "lamp", board(2, 0.5)),))
    assert scene.sight(scene.instances[0], 0) is None
    assert scene.overlap(0, 1) is None


def test_a_sample_is_the_same_whatever_the_order_of_the_points():
    points = np.random.default_rng(2).uniform(-3, 3, (5000, 3)).astype(np.float32)
    chosen = {point.tobytes() for point in sample(points, 700)}
    assert len(chosen) == 700
    assert chosen == {point.tobytes() for point in sample(points[::-1], 700)}
    assert np.abs(sample(points, 700).mean(axis=0)).max() < 0.25


def test_the_order_of_points_and_objects_changes_no_sight():
    rng = np.random.default_rng(4)
    clouds = [board(2, 0.4), board(3, 1.0), plane((1, -1, -0.5), (2, 0, 0), (0, 2, 0))]
    one = room(*clouds, frames=[frame(EYE)])
    mixed = [rng.permutation(cloud) for cloud in clouds]
    other = Scene(
        "test/room",
        tuple(Instance(at, "abc"[at], mixed[at]) for at in (2, 0, 1)),
        one.frames,
        rng.permutation(np.concatenate(mixed)),
    )
    for instance in one.instances:
        assert one.sight(instance, 0) == other.sight(instance, 0)
