from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sceneries import plane
from spatialevo_datasets import floors
from spatialevo_datasets.synthetic import rooms

TRUTH = pytest.approx


def slab(low: tuple[float, float], high: tuple[float, float], step_m: float = 0.05) -> np.ndarray:
    """Points of an axis-aligned rectangle of floor at height 0."""
    width, depth = high[0] - low[0], high[1] - low[1]
    return plane((*low, 0), (width, 0, 0), (0, depth, 0), step_m)


def without(points: np.ndarray, low: tuple[float, float], high: tuple[float, float]) -> np.ndarray:
    inside = np.all((points[:, :2] > low) & (points[:, :2] < high), axis=1)
    return points[~inside]


def block(low: tuple[float, float, float], high: tuple[float, float, float]) -> np.ndarray:
    """The corners of a box."""
    return np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def turned(points: np.ndarray, degrees: float, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return (points @ turn + np.array([*shift, 0])).astype(np.float32)


@pytest.mark.parametrize("step_m", [0.05, 0.03, 0.01])
@pytest.mark.parametrize(("width", "depth"), [(5, 4), (6.4, 3.2)])
def test_a_rectangle_is_as_large_as_its_sides_say(width, depth, step_m):
    found = floors.complete(slab((0, 0), (width, depth), step_m), [])
    assert found.area_m2 == TRUTH(width * depth, rel=0.02)
    assert found.outline_m == TRUTH(2 * (width + depth), rel=0.02)


@pytest.mark.parametrize("degrees", [0, 17, 45, 90])
def test_an_l_shape_is_as_large_as_its_two_parts(degrees):
    floor = np.concatenate([slab((0, 0), (6, 3), 0.03), slab((0, 3), (3, 6), 0.03)])
    found = floors.complete(turned(floor, degrees, (0.013, 0.031)), [])
    assert found.area_m2 == TRUTH(27, rel=0.02)


def test_furniture_along_the_walls_hides_floor_and_takes_none_away():
    floor, whole = slab((0, 0), (5, 4)), floors.complete(slab((0, 0), (5, 4)), []).area_m2
    things = [block((0, 1, 0), (0.6, 3, 2)), block((2, 3.2, 0.1), (4, 4, 0.5))]
    for low, high in (((0, 1), (0.6, 3)), ((2, 3.2), (4, 4))):
        floor = without(floor, low, high)
    assert floors.complete(floor, []).area_m2 < 0.9 * whole
    assert floors.complete(floor, things).area_m2 == TRUTH(whole, rel=0.01)


def test_only_what_stands_on_the_floor_covers_it():
    floor = slab((0, 0), (4, 4))
    beside = block((4, 0, 0.2), (5, 4, 1))
    on_the_wall = block((4, 0, 0.4), (5, 4, 1))
    assert floors.complete(floor, [beside]).area_m2 == TRUTH(20, rel=0.01)
    assert floors.complete(floor, [on_the_wall]).area_m2 == TRUTH(16, rel=0.01)


@pytest.mark.parametrize(("side_m", "filled"), [(0.4, True), (1.9, True), (2.2, False)])
def test_holes_are_filled_up_to_four_square_metres(side_m, filled):
    half = side_m / 2
    floor = without(slab((-3, -3), (3, 3)), (-half, -half), (half, half))
    truth = 36 if filled else 36 - side_m**2
    assert floors.complete(floor, []).area_m2 == TRUTH(truth, rel=0.02)


def test_gaps_of_half_a_metre_are_closed_and_wider_ones_are_not():
    for gap, closed in ((0.4, True), (0.7, False)):
        floor = np.concatenate([slab((0, 0), (2, 4)), slab((2 + gap, 0), (4, 4))])
        truth = 16 if closed else 16 - 4 * gap
        assert floors.complete(floor, []).area_m2 == TRUTH(truth, rel=0.02)


def test_a_bay_that_no_camera_saw_is_closed_where_the_wall_behind_it_was_scanned():
    # 0.8 m deep: too wide to be closed, and open to where the wall stands
    floor = without(slab((0, 0), (5, 4)), (1, 3.2), (2.4, 4))
    wall = plane((0, 4, 0.5), (5, 0, 0), (0, 0, 2))
    ceiling = plane((0, 0, 2.5), (5, 0, 0), (0, 4, 0))
    for scan, truth in ((None, 18.88), (wall, 20), (ceiling, 18.88)):
        assert floors.complete(floor, [], scan).area_m2 == TRUTH(truth, rel=0.015)


def test_walls_far_beyond_the_floor_add_nothing():
    floor, wall = slab((0, 0), (5, 4)), plane((-3, 9, 0.5), (12, 0, 0), (0, 0, 2))
    assert floors.complete(floor, [], wall).area_m2 == floors.complete(floor, []).area_m2


def test_the_order_of_points_and_of_objects_is_no_matter():
    scene = rooms.build(rooms.room(1))
    rng = np.random.default_rng(0)
    found = scene.whole_floor
    shuffled = replace(
        scene,
        floor=rng.permutation(scene.floor),
        points=rng.permutation(scene.points),
        instances=tuple(
            replace(each, points=rng.permutation(each.points)) for each in scene.instances[::-1]
        ),
    ).whole_floor
    assert shuffled.area_m2 == found.area_m2
    assert np.array_equal(shuffled.tops, found.tops)


@settings(max_examples=15, deadline=None)
@given(degrees=st.floats(-180, 180), shift=st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
def test_turns_and_shifts_change_less_than_a_cell_along_the_outline(degrees, shift):
    floor, thing = slab((0, 0), (5, 4), 0.03), block((0, 1, 0), (0.6, 3, 2))
    before = floors.complete(floor, [thing])
    after = floors.complete(turned(floor, degrees, shift), [turned(thing, degrees, shift)])
    assert abs(after.area_m2 - before.area_m2) < floors.CELL_M * before.outline_m


SEEDS = (*range(11), *range(1_000_000, 1_000_011))


@pytest.fixture(
    scope="module",
    params=[
        # of the third a wardrobe hides a corner, of the fourth nobody saw a corner at first
        *("room-0", "lroom-1", "room-1000004", "room-1000012"),
        *(
            pytest.param(f"{kind}-{seed}", marks=pytest.mark.slow)
            for kind in ("room", "lroom")
            for seed in SEEDS
        ),
    ],
)
def furnished(request):
    """A blueprint and the scene that is scanned of it."""
    kind, seed = request.param.split("-")
    blueprint = rooms.looked_over({"room": rooms.room, "lroom": rooms.lroom}[kind](int(seed)))
    return blueprint, rooms.build(blueprint)


def test_furnished_rooms_are_within_three_percent_of_their_blueprints(furnished):
    blueprint, scene = furnished
    assert scene.whole_floor.area_m2 == TRUTH(blueprint.outline.area_m2, rel=0.03)
    unlabelled = replace(scene, floor=None)
    assert unlabelled.whole_floor.area_m2 == TRUTH(blueprint.outline.area_m2, rel=0.03)


def test_removing_the_floor_under_every_object_changes_less_than_three_percent(furnished):
    _, scene = furnished
    things = [each.points for each in scene.instances]
    bare = scene.floor
    for each in things:
        if each[:, 2].min() < 0.3:
            bare = without(bare, each[:, :2].min(axis=0), each[:, :2].max(axis=0))
    without_it = floors.complete(bare, things, scene.points).area_m2
    assert without_it == TRUTH(scene.whole_floor.area_m2, rel=0.03)


def test_a_wardrobe_of_which_two_sides_were_scanned_covers_all_that_it_stands_on():
    # 1.4 x 0.6 m in a corner; neither the walls behind it nor its back and its other side are seen
    floor = without(slab((0, 0), (4, 4), 0.04), (2.6, -1), (5, 0.6))
    front = plane((2.6, 0.6, 0), (1.4, 0, 0), (0, 0, 2))
    side = plane((2.6, 0, 0), (0, 0.6, 0), (0, 0, 2))
    found = floors.complete(floor, [np.concatenate([front, side])])
    assert found.area_m2 == TRUTH(16, rel=0.01)


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("noise_m", [0, 0.005])
def test_a_counter_around_an_outward_corner_does_not_cover_what_is_behind_the_walls(
    degrees, noise_m
):
    """A room of 5 x 5 m without a quarter; along both walls of the corner a counter, 0.6 m deep."""
    arms = [((1.9, 1.9), (2.5, 4.5)), ((1.9, 1.9), (4.5, 2.5))]
    floor = np.concatenate([slab((0, 0), (5, 2.5), 0.03), slab((0, 2.5), (2.5, 5), 0.03)])
    for low, high in arms:
        floor = without(floor, low, high)
    tops = np.concatenate([slab(low, high, 0.03) for low, high in arms])
    counter = np.concatenate([tops + np.float32([0, 0, z]) for z in (0, 0.3, 0.6, 0.9)])
    ends = [(0, 0), (5, 0), (5, 2.5), (2.5, 2.5), (2.5, 5), (0, 5), (0, 0)]
    sides = pairwise(ends)
    walls = [plane((*a, 0), (b[0] - a[0], b[1] - a[1], 0), (0, 0, 2.5)) for a, b in sides]
    rng = np.random.default_rng(0)
    floor, counter, walls = (
        turned(each + rng.normal(0, noise_m, each.shape), degrees)
        for each in (floor, counter, np.concatenate(walls))
    )
    found = floors.complete(floor, [counter], np.concatenate([floor, counter, walls]))
    assert found.area_m2 == TRUTH(18.75, rel=0.03)


@settings(max_examples=30, deadline=None)
@given(degrees=st.floats(-180, 180), width=st.floats(0.1, 3), depth=st.floats(0.1, 3))
def test_two_sides_of_a_rectangle_tell_its_footprint(degrees, width, depth):
    sides = turned(np.array([[0, depth, 0], [0, 0, 0], [width, 0, 0]]), degrees)
    corners = turned(
        np.array([[0, 0, 0], [width, 0, 0], [width, depth, 0], [0, depth, 0]]), degrees
    )
    found = floors.footprint(sides[:, :2].astype(np.float64))
    away = np.linalg.norm(found[:, None] - corners[None, :, :2], axis=2)
    assert away.min(axis=0).max() < 1e-5


def test_a_place_is_on_the_floor_inside_its_outline_alone():
    found = floors.complete(slab((0, 0), (2, 1)), [])
    places = np.array([[1, 0.5], [0.1, 0.9], [-0.2, 0.5], [1, 1.2], [50, 50], [-50, 0.5]])
    assert found.holds(places).tolist() == [True, True, False, False, False, False]


def test_the_lowest_plane_is_the_floor_and_not_what_lies_below_or_above():
    floor, table = slab((0, 0), (4, 4)), slab((0, 0), (3, 3)) + np.float32([0, 0, 0.7])
    stray = np.float32([[1, 1, -2], [2, 2, -1.9]])
    noisy = floor + np.random.default_rng(0).normal(0, 0.005, floor.shape).astype(np.float32)
    found = floors.lowest_plane(np.concatenate([table, stray, noisy]))
    assert len(found) == len(floor)
    assert np.abs(found[:, 2]).max() < 0.05


def test_without_a_plane_there_is_no_floor():
    wall = plane((0, 0, 0), (4, 0, 0), (0, 0, 40))
    assert not len(floors.lowest_plane(wall))


def test_a_floor_is_drawn_with_what_was_completed():
    floor = without(slab((0, 0), (2, 1)), (0.5, -1), (1.5, 0.5))
    drawing = floors.complete(floor, [block((0.5, 0, 0), (1.5, 0.5, 1))]).drawing
    rows = [row.strip(".") for row in drawing if row.strip(".")]
    assert rows == ["########", "########", "##++++##", "##++++##"]
