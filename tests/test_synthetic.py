"""Synthetic rooms: what is built is what the blueprint says, and nothing cuts into another."""

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import pairwise, permutations
from random import Random

import numpy as np
import pytest

from spatialevo_core.errors import DataError
from spatialevo_datasets import labels
from spatialevo_datasets.boxes import aabb, fit
from spatialevo_datasets.synthetic import Synthetic, rooms
from spatialevo_datasets.synthetic.furniture import CATALOG
from spatialevo_datasets.synthetic.solids import Block
from spatialevo_datasets.synthetic.surfaces import inside, surface

SEEDS = range(30)
MAKERS = (rooms.room, rooms.lroom)


@pytest.fixture(scope="module")
def blueprints():
    return [make(seed) for seed in SEEDS for make in MAKERS]


@pytest.fixture(scope="module")
def blueprint():
    return rooms.room(0)


def test_every_design_exactly_fills_its_box():
    for name, design in CATALOG.items():
        for seed in range(10):
            draft = design.draw(Random(seed))
            corners = np.concatenate([part.corners() for part in draft.parts])
            w, d, h = draft.size
            low, high = corners.min(axis=0), corners.max(axis=0)
            np.testing.assert_allclose(low, (-w / 2, -d / 2, 0), atol=1e-9, err_msg=name)
            np.testing.assert_allclose(high, (w / 2, d / 2, h), atol=1e-9, err_msg=name)


def test_no_piece_cuts_into_another(blueprints):
    for blueprint in blueprints:
        extents = {piece.id: _extents(piece.parts) for piece in blueprint.pieces}
        for piece, other in permutations(blueprint.pieces, 2):
            if not _touching(extents[piece.id], extents[other.id]):
                continue
            parts = [part for part in other.parts if _touching(extents[piece.id], _extents([part]))]
            if parts:
                points = surface(piece.parts, [0.06] * len(piece.parts)).points
                assert not any(_deep(part, points).any() for part in parts), (
                    f"{blueprint.name}: {piece.label} is in {other.label}"
                )


def _extents(parts):
    corners = np.concatenate([part.corners() for part in parts])
    return corners.min(axis=0), corners.max(axis=0)


def _touching(one, other):
    return (one[0] < other[1]).all() and (other[0] < one[1]).all()


def _deep(part, points):
    """Whether points lie in the part although moved a little any way."""
    nudges = 0.0005 * np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)])
    return np.all([inside(part, points + nudge) for nudge in nudges], axis=0)


def test_every_piece_is_in_the_room(blueprints):
    for blueprint in blueprints:
        for piece in blueprint.pieces:
            for x, y in _footprint(piece.place):
                assert _in_outline(blueprint.outline, x, y, 1e-4), (
                    f"{blueprint.name}: {piece.label}"
                )
            assert piece.place.base >= -1e-9
            assert piece.place.top <= blueprint.outline.height


def _footprint(place):
    w, d = place.size[0] / 2, place.size[1] / 2
    return [place.at(x, y) for x, y in ((-w, -d), (w, -d), (w, d), (-w, d))]


def _in_outline(outline, x, y, slack=0.0):
    """Left of every side, or beside the corner that is missing."""
    w, d = outline.width / 2 + slack, outline.depth / 2 + slack
    if not (-w <= x <= w and -d <= y <= d):
        return False
    if outline.notch is None:
        return True
    return x <= w - outline.notch[0] or y <= d - outline.notch[1]


def test_an_l_shaped_room_lacks_its_corner():
    outline = rooms.lroom(0).outline
    corners = (*outline.corners, outline.corners[0])
    shoelace = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(corners)) / 2
    assert outline.area_m2 == pytest.approx(shoelace)
    assert len(outline.walls) == 6


def test_every_camera_stands_in_the_open_at_the_height_of_an_eye(blueprints):
    for blueprint in blueprints:
        assert 20 <= len(blueprint.cameras) <= 40
        parts = [part for piece in blueprint.pieces for part in piece.parts]
        eyes = np.array([camera.eye for camera in blueprint.cameras])
        assert ((eyes[:, 2] >= 1.2) & (eyes[:, 2] <= 1.8)).all()
        assert all(_in_outline(blueprint.outline, x, y, -0.25) for x, y, _ in eyes)
        assert not any(inside(part, eyes).any() for part in parts)


def test_poses_are_level_rotations_that_look_a_little_down(blueprints):
    for blueprint in blueprints[:4]:
        for camera in blueprint.cameras:
            pose = camera.T_world_camera
            np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
            assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
            assert pose[2, 0] == pytest.approx(0.0)
            assert -np.sin(np.radians(22)) <= pose[2, 2] <= 0


def test_pairs_turn_on_the_spot_move_without_turning_and_do_both(blueprints):
    for blueprint in blueprints:
        kinds = Counter(_motion(a, b) for a, b in pairwise(blueprint.cameras))
        kinds += Counter(
            _motion(a, b) for a, b in zip(blueprint.cameras, blueprint.cameras[2:], strict=False)
        )
        assert kinds["turn"] >= 2
        assert kinds["move"] >= 2
        assert kinds["both"] >= 2


def _motion(a, b):
    step = np.linalg.norm(np.subtract(a.eye, b.eye))
    turn = abs(a.yaw - b.yaw)
    if step > 1.2 or turn > 1.0:
        return "far"
    return {(False, True): "turn", (True, False): "move"}.get((step > 0, turn > 0), "both")


def test_rooms_are_furnished_with_more_than_thirty_categories(blueprints):
    counts = [Counter(piece.label for piece in each.pieces) for each in blueprints]
    assert len(set().union(*counts)) >= 40
    assert all(len(count) >= 10 for count in counts)
    assert sum(max(count.values()) >= 2 for count in counts) >= 0.9 * len(counts)


def test_every_category_is_an_object_that_parsers_know():
    vocabulary = labels.vocabulary(())
    for design in CATALOG.values():
        assert not labels.structural(design.label)
        assert vocabulary.known(design.label), design.label


def test_points_fill_the_boxes_of_the_blueprint(blueprint):
    """Without hidden sides, points reach every face of the exact box."""
    for piece in blueprint.pieces:
        points = surface(piece.parts, [0.04] * len(piece.parts)).points
        box = piece.box
        local = (points - box.center) @ box.axes.T
        np.testing.assert_allclose(local.min(axis=0), -box.size / 2, atol=0.003)
        np.testing.assert_allclose(local.max(axis=0), box.size / 2, atol=0.003)


def test_scanned_points_lie_on_the_surface_of_their_piece(room, blueprint):
    pieces = {piece.id: piece for piece in blueprint.pieces}
    for instance in room.instances:
        piece = pieces[instance.id]
        assert instance.label == piece.label
        local = (instance.points - piece.box.center) @ piece.box.axes.T
        assert (np.abs(local) <= piece.box.size / 2 + 1e-5).all()
        assert not any(_deep(part, instance.points).any() for part in piece.parts)


def test_what_is_seen_measures_as_the_blueprint_says(room, blueprint):
    """A box-shaped piece of which most is seen: its fitted sides, to a few centimetres."""
    whole = {
        piece.id: surface(piece.parts, [0.04] * len(piece.parts)).points
        for piece in blueprint.pieces
        if isinstance(piece.parts[0], Block)
    }
    checked = 0
    for instance in room.instances:
        exact = blueprint.pieces[instance.id].box
        seen = aabb(instance.points).size
        if instance.id in whole and (np.abs(seen - aabb(whole[instance.id]).size) < 0.03).all():
            fitted = np.sort(fit(instance.points).size)
            np.testing.assert_allclose(fitted, np.sort(exact.size), atol=0.05)
            checked += 1
    assert checked >= 10


def test_the_longest_side_of_most_pieces_is_seen_to_four_centimetres(room, blueprint):
    errors = [
        abs(
            aabb(i.points).size.max()
            - np.subtract(*_extents(blueprint.pieces[i.id].parts)[::-1]).max()
        )
        for i in room.instances
    ]
    assert np.median(errors) < 0.01
    assert np.mean(np.array(errors) < 0.04) >= 0.8


def test_every_point_is_in_sight_of_a_camera(room):
    """Each projects to a pixel of about its depth in some frame."""
    seen = np.zeros(len(room.points), bool)
    for frame in room.frames:
        depth, pose = frame.depth.read(), frame.T_world_camera
        cam = (room.points - pose[:3, 3]) @ pose[:3, :3]
        u = np.floor(cam[:, 0] / cam[:, 2] * frame.depth.K[0, 0] + frame.depth.K[0, 2])
        v = np.floor(cam[:, 1] / cam[:, 2] * frame.depth.K[1, 1] + frame.depth.K[1, 2])
        inner = (cam[:, 2] > 0) & (u >= 0) & (u < 160) & (v >= 0) & (v < 120)
        at = depth[v[inner].astype(int), u[inner].astype(int)]
        seen[inner] |= np.abs(at - cam[inner, 2]) < 0.05 + 0.05 * cam[inner, 2]
    assert seen.mean() > 0.985


def test_floor_points_lie_on_the_floor_and_not_under_what_stands_on_it(lroom):
    blueprint = rooms.lroom(0)
    assert (lroom.floor[:, 2] == 0).all()
    for piece in blueprint.pieces:
        block = piece.parts[0]
        if isinstance(block, Block) and block.center[2] - block.size[2] / 2 < 1e-6:
            raised = lroom.floor + np.array([0, 0, 0.005])
            assert not _deep(block, raised).any()


def test_depth_is_a_whole_number_of_millimetres(room):
    depth = room.frames[0].depth.read()
    assert depth.shape == (120, 160)
    assert np.array_equal(depth, np.rint(depth * 1000).astype(np.float32) / np.float32(1000))
    assert (depth > 0).all()


def test_pictures_are_drawn_on_demand_and_nobody_can_spoil_them(room):
    frame = room.frames[3]
    image = frame.read()
    assert image.size == (frame.width, frame.height) == (320, 240)
    assert image.mode == "RGB"
    image.paste((0, 0, 0), (0, 0, 320, 240))
    assert np.asarray(frame.read()).any()


def test_noise_displaces_points_and_nothing_else(blueprint):
    clean, noisy = rooms.build(blueprint), rooms.build(blueprint, noise_m=0.005)
    moved = noisy.points - clean.points
    assert moved.std() == pytest.approx(0.005, rel=0.05)
    assert np.array_equal(clean.frames[0].depth.read(), noisy.frames[0].depth.read())


def _digest(world_id):
    scene = Synthetic().load(None, world_id)
    digest = hashlib.sha256(scene.points.tobytes())
    for instance in scene.instances:
        digest.update(f"{instance.id} {instance.label}".encode() + instance.points.tobytes())
    for frame in scene.frames:
        digest.update(frame.T_world_camera.tobytes() + frame.depth.read().tobytes())
    digest.update(scene.frames[0].read().tobytes())
    return digest.hexdigest()


DIGEST_ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[1])
from test_synthetic import _digest
print(_digest("lroom-3"))
"""


def test_the_same_id_gives_the_same_bytes_in_another_process(request):
    command = [sys.executable, "-c", DIGEST_ELSEWHERE, str(request.path.parent)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == _digest("lroom-3")


def test_other_seeds_give_other_rooms():
    assert rooms.room(1).pieces != rooms.room(2).pieces
    assert rooms.room(1) == rooms.room(1)


def test_splits_are_disjoint_and_every_seed_loads():
    dataset = Synthetic()
    train, held_out = set(dataset.ids(None, "train")), set(dataset.ids(None, "heldout"))
    assert train
    assert held_out
    assert not train & held_out
    assert set(dataset.ids(None)) == train | held_out
    assert dataset.load(None, "room-123456789").key == "synthetic/room-123456789"


@pytest.mark.parametrize("world_id", ["room", "room-x", "room-01", "hall-3", "room--1", ""])
def test_an_unknown_id_is_refused_with_what_would_be_right(world_id):
    with pytest.raises(
        DataError, match=r"there is no world .*room-SEED, lroom-SEED, tiny-SEED and dusk-SEED"
    ):
        Synthetic().load(None, world_id)


def test_an_unknown_split_is_refused():
    with pytest.raises(DataError, match="there is no split 'test'; it has train, heldout"):
        Synthetic().ids(None, "test")
