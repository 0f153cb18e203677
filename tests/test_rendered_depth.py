"""What frames without a depth image show of a scan whose points are joined to triangles."""

from dataclasses import replace

import numpy as np
import pytest

from sceneries import depth_image, frame, looking
from spatialevo_core.errors import ConfigError
from spatialevo_datasets import visibility
from spatialevo_datasets.frames import in_camera, inside, project
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.synthetic import rooms

EYE = looking((0, 0, 0))
WHOLE = [(0, 1, 2), (0, 2, 3)]


def sheet(corner, along, up, step_m=0.02):
    """The points of a grid on a parallelogram, edges included, and its triangles."""
    corner, along, up = (np.array(each, dtype=float) for each in (corner, along, up))
    columns, rows = (max(1, round(np.linalg.norm(side) / step_m)) for side in (along, up))
    s, t = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    points = corner + s.reshape(-1, 1) * along + t.reshape(-1, 1) * up
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    below = np.stack([first, first + 1, first + columns + 2], axis=1)
    above = np.stack([first, first + columns + 2, first + columns + 1], axis=1)
    return points, np.concatenate([below, above])


def board(x, half_m, step_m=0.02):
    return sheet((x, -half_m, -half_m), (0, 2 * half_m, 0), (0, 0, 2 * half_m), step_m)


def meshed(*sheets, frames=None):
    """A scene with one object for each sheet."""
    starts = np.cumsum([0, *(len(points) for points, _ in sheets)])
    clouds = [points.astype(np.float32) for points, _ in sheets]
    return Scene(
        "test/meshed",
        tuple(Instance(at, chr(ord("a") + at), cloud) for at, cloud in enumerate(clouds)),
        tuple(frames or [frame(EYE)]),
        np.concatenate(clouds),
        faces=np.concatenate(
            [start + np.array(faces) for start, (_, faces) in zip(starts, sheets, strict=False)]
        ).astype(np.int32),
    )


def share(scene, at=0, index=0):
    sight = scene.sight(scene.instances[at], index)
    assert sight is not None
    return sight.share


def test_two_triangles_are_a_wall_though_four_points_are_none():
    wall = np.array([(2, -1, -1), (2, 1, -1), (2, 1, 1), (2, -1, 1.0)]), WHOLE
    scene = meshed(wall, board(3, 0.5))
    assert [share(scene, 0), share(scene, 1)] == [1, 0]
    assert share(replace(scene, faces=None), 1) > 0.9


def test_a_camera_behind_a_wall_sees_nothing_of_the_room():
    outside = frame(looking((-3, 0, 0)))
    scene = meshed(board(-1, 4.0, 0.5), board(2, 0.5), frames=[outside])
    assert share(scene, 1) == 0


def test_a_wall_over_one_half_of_an_object_leaves_the_other_half():
    scene = meshed(board(3, 0.5), sheet((2, 0, -1), (0, 1, 0), (0, 0, 2)))
    assert share(scene) == pytest.approx(0.5, abs=0.02)


def test_an_object_that_leaves_the_image_counts_by_what_is_inside():
    # The image is 90 degrees wide: at 2 m it ends 2 m to the left.
    scene = meshed(sheet((2, 1.01, -0.5), (0, 2, 0), (0, 0, 1)))
    assert share(scene) == pytest.approx(0.5, abs=0.01)


def test_a_wall_far_larger_than_the_image_hides_to_the_edges_of_it():
    wall = np.array([(2, -90, -90), (2, 90, -90), (2, 90, 90), (2, -90, 90.0)]), WHOLE
    scene = meshed(wall, board(4, 3.9))
    assert share(scene, 1) == 0


def test_a_gap_is_looked_through():
    left, right = (sheet((2, y, -1), (0, 1, 0), (0, 0, 2)) for y in (0.25, -1.25))
    scene = meshed(board(4, 0.45), left, right)
    assert share(scene) == 1


def test_the_size_of_the_image_does_not_matter():
    scene = meshed(board(3, 0.5), sheet((2, 0.1, -1), (0, 1, 0), (0, 0, 2)))
    large = frame(EYE, width=1752, height=1314, focal_px=876)
    assert share(replace(scene, frames=(large,))) == pytest.approx(share(scene), abs=0.01)


def test_a_depth_image_is_preferred_to_the_mesh():
    near = depth_image(np.full((30, 40), 1.0), 20)
    scene = meshed(board(3, 0.5), frames=[frame(EYE, 0), frame(EYE, 1, depth=near)])
    assert [share(scene, 0, 0), share(scene, 0, 1)] == [1, 0]


@pytest.mark.parametrize("metres", [1.5, 3.0])
@pytest.mark.parametrize(("turn_deg", "noise_m"), [(0, 0.010), (45, 0.010), (75, 0.005)])
def test_a_plane_of_noisy_points_stays_visible(turn_deg, noise_m, metres):
    turn = np.radians(turn_deg)
    along = np.array([np.sin(turn), -np.cos(turn), 0])
    points, faces = sheet(np.array([metres, 0, -0.5]) - along / 2, along, (0, 0, 1))
    noise = np.random.default_rng(3).normal(0, noise_m, points.shape)
    assert share(meshed((points + noise, faces))) >= 0.98


def test_a_floor_seen_at_a_low_angle_does_not_hide_itself():
    floor = sheet((1, -2, 0), (4, 0, 0), (0, 4, 0))
    camera = frame(looking((-1, 0, 1.5), pitch_deg=-20))
    expected = inside(project(camera.K, in_camera(camera, floor[0])), 640, 480).mean()
    assert share(meshed(floor, frames=[camera])) == pytest.approx(expected, abs=0.002)


def test_faces_of_points_that_are_not_there_are_refused():
    scene = meshed(board(3, 0.5))
    lost = replace(scene, faces=scene.faces + len(scene.points) - 5)
    with pytest.raises(ConfigError, match=r"faces name points 2596 to 5196; there are 2601"):
        lost.sight(lost.instances[0], 0)


def test_a_tolerance_of_a_thousandth_would_hide_half_of_what_is_in_plain_sight(monkeypatch):
    """With 10 mm of noise on the depth of a plane at 1 m, a pixel errs by more than -1 mm, which is
    -0.1 standard deviations, in 54 % of all cases."""
    noisy = 1.0 + np.random.default_rng(5).normal(0, 0.01, (480, 640))
    plane = meshed(board(1, 0.4, 0.005), frames=[frame(EYE, depth=depth_image(noisy, 320))])
    assert share(plane) >= 0.98
    monkeypatch.setattr(visibility, "BEHIND_M", 0.0)
    monkeypatch.setattr(visibility, "BEHIND_SHARE", 0.001)
    assert share(replace(plane)) == pytest.approx(0.54, abs=0.02)


@pytest.fixture(scope="module")
def mesh():
    blueprint = rooms.room(3)
    return rooms.mesh_of(blueprint, rooms.depth_maps(blueprint))


def shares(scene):
    """Of all objects in some frames, those of which either is seen."""
    return np.array(
        [share(scene, at, f.index) for at in range(len(scene.instances)) for f in scene.frames[::4]]
    )


def test_noise_on_the_depth_image_moves_no_share_far():
    scene = rooms.build(rooms.room(3))
    rng = np.random.default_rng(0)

    def noisy(each):
        metres = each.depth.read()
        metres += rng.normal(0, 0.005, metres.shape).astype(np.float32)
        return replace(each, depth=replace(each.depth, read=lambda: metres))

    exact = shares(scene)
    moved = np.abs(shares(replace(scene, frames=tuple(map(noisy, scene.frames)))) - exact)
    assert np.median(moved[exact > 0]) <= 0.02


def test_the_rendered_depth_shows_what_the_measured_one_does(mesh):
    """And moves no farther than 0.02 in the median with 5 mm of noise on the points."""
    scene = rooms.build(rooms.room(3))
    blind = tuple(replace(each, depth=None) for each in scene.frames)
    rendered = shares(replace(scene, frames=blind, faces=mesh.triangles))
    measured = shares(scene)
    seen = (measured > 0) | (rendered > 0)
    assert np.median(np.abs(rendered - measured)[seen]) <= 0.02
    noise = np.random.default_rng(1).normal(0, 0.005, mesh.points.shape).astype(np.float32)
    noisy = replace(scene, frames=blind, faces=mesh.triangles, points=mesh.points + noise)
    assert np.median(np.abs(shares(noisy) - rendered)[seen]) <= 0.02
