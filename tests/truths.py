"""Truths about synthetic rooms, worked out from the rooms' plans alone.

The oracle sees what a scanner saw: points, poses and depth images. The truths here come from the
exact solids and cameras of the blueprint, by formulas of their own. A truth is None where the plan
alone does not give one: what no camera saw, such as a back against a wall, is no fault of the
oracle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from math import atan2, degrees, hypot
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from spatialevo_core.question import Answer
from spatialevo_datasets.boxes import corners
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.solids import render

WELL_SCANNED_M = 0.02
"""Objects whose scanned box is farther than this from their plan are left out."""
WELL_SHOWN_PX = 200
"""Of the 19,200 of a depth image: one per cent."""
WAYS = ("front", "front-right", "right", "back-right", "back", "back-left", "left", "front-left")
MIRROR = {"left": "right", "right": "left"}
OPPOSITE = {
    **MIRROR,
    "front": "back",
    "back": "front",
    "up": "down",
    "down": "up",
    "forward": "backward",
    "backward": "forward",
    "higher": "lower",
    "lower": "higher",
    "image1": "image2",
    "image2": "image1",
}
METRES = {
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "ft": 0.3048,
    "in": 0.0254,
    "yd": 0.9144,
    "m^2": 1.0,
    "cm^2": 1e-4,
    "ft^2": 0.09290304,
    "in^2": 0.00064516,
    "yd^2": 0.83612736,
}
STEP = {
    "m": 0.01,
    "cm": 1.0,
    "mm": 1.0,
    "km": 1e-5,
    "ft": 0.01,
    "in": 0.1,
    "yd": 0.01,
    "m^2": 0.1,
    "cm^2": 1.0,
    "ft^2": 1.0,
    "in^2": 1.0,
    "yd^2": 0.1,
}
"""To which answers are rounded."""
FLOOR_SHARE = 0.03
"""How far the floor of a scanned room may be from its outline; see `test_floors`."""

Truth = Callable[[str, Any, Any], "str | float | int | None"]
"""`(name of the room, view, query) -> value`, metric ones in metres or square metres."""


def changed(value: str, words: dict[str, str]) -> str:
    """An answer of several words, joined by hyphens or spaces, with some of them replaced."""
    first, space, rest = value.partition(" ")
    told = "-".join(words.get(part, part) for part in (rest or first).split("-"))
    return f"{first}{space}{told}" if space else told


@cache
def plan(name: str) -> rooms.Blueprint:
    kind, seed = name.split("-")
    return getattr(rooms, kind)(int(seed))


@cache
def built(name: str) -> Scene:
    return rooms.build(plan(name))


@cache
def pieces(name: str, label: str):
    """The plan's pieces of that label if all were scanned all round; else none."""
    scene = built(name)
    found = [each for each in plan(name).pieces if each.label == label]
    scanned = {each.id: each for each in scene.labelled(label)}
    if {each.id for each in found} != set(scanned):
        return []
    off = (
        cKDTree(corners(each.box)).query(corners(scene.obb(scanned[each.id])))[0].max()
        for each in found
    )
    return found if max(off, default=0.0) <= WELL_SCANNED_M else []


def piece(name: str, label: str):
    """The plan's only piece of that label, if it was scanned all round; else None."""
    found = pieces(name, label)
    return found[0] if len(found) == 1 else None


def floor_angle_deg(forward, vector) -> float:
    """Clockwise from above, from one horizontal direction to another."""
    return -degrees(
        atan2(forward[0] * vector[1] - forward[1] * vector[0], forward[:2] @ vector[:2])
    )


def way(angle_deg: float) -> str:
    return WAYS[round(angle_deg / 45) % 8]


def pose(name: str, index: int) -> np.ndarray:
    return plan(name).cameras[index].T_world_camera


def surface(item) -> np.ndarray:
    """Points about 1 cm apart on every solid part of a piece."""
    clouds = []
    for part in item.parts:
        kind = type(part).__name__
        if kind == "Block":
            axes = [np.linspace(-s / 2, s / 2, max(2, int(s / 0.01) + 2)) for s in part.size]
            for flat in range(3):
                u, v = (axes[i] for i in range(3) if i != flat)
                grid = np.stack(np.meshgrid(u, v), -1).reshape(-1, 2)
                for side in axes[flat][[0, -1]]:
                    clouds.append(
                        np.insert(grid, flat, side, axis=1) @ _turn(part.yaw).T + part.center
                    )
        elif kind == "Cylinder":
            angle = np.linspace(0, 2 * np.pi, max(16, int(part.radius / 0.0015)))
            ring = np.stack([np.cos(angle), np.sin(angle)], -1)
            for z in np.linspace(-part.height / 2, part.height / 2, int(part.height / 0.01) + 2):
                rim = np.column_stack([ring * part.radius, np.full(len(ring), z)])
                clouds.append(rim + part.center)
            for radius in np.arange(0, part.radius, 0.01):
                for z in (-part.height / 2, part.height / 2):
                    disc = np.column_stack([ring * radius, np.full(len(ring), z)])
                    clouds.append(disc + part.center)
        elif kind == "Sphere":
            at = np.arange(4000) + 0.5
            polar, turn = np.arccos(1 - 2 * at / 4000), np.pi * (1 + 5**0.5) * at
            ball = np.stack(
                [np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], -1
            )
            clouds.append(ball * part.radius + part.center)
        else:
            return np.zeros((0, 3))
    return np.concatenate(clouds)


def _turn(yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


@cache
def _near(name: str, number: int) -> cKDTree | None:
    cloud = surface(plan(name).pieces[number])
    return cKDTree(cloud) if len(cloud) else None


@cache
def _gap(name: str, one: int, other: int) -> float | None:
    """Between the surfaces of two pieces, metres."""
    trees = [_near(name, number) for number in (one, other)]
    if None in trees:
        return None
    few, many = sorted(trees, key=lambda tree: tree.n)
    return float(many.query(few.data)[0].min())


def counted(name, view, q):
    return sum(each.label == q.category for each in plan(name).pieces)


def apart(name, view, q):
    a, b = (piece(name, label) for label in (q.first, q.second))
    return None if a is None or b is None else _gap(name, *sorted((a.id, b.id)))


def reached(name, view, q):
    anchor = piece(name, q.anchor)
    if anchor is None:
        return None
    distances = {}
    for label in q.candidates:
        gaps = [_gap(name, *sorted((anchor.id, each.id))) for each in pieces(name, label)]
        if not gaps or None in gaps:
            return None
        distances[label] = min(gaps)
    return (min if q.sense == "closest" else max)(distances, key=distances.get)


def longest(name, view, q):
    found = piece(name, q.object)
    return None if found is None else float(max(found.place.size))


def compared(name, view, q):
    found = [piece(name, label) for label in (q.first, q.second)]
    if None in found:
        return None
    a, b = (max(each.place.size) for each in found)
    return q.first if (a > b) == (q.sense == "longer") else q.second


def looked_out(name, view, q):
    found = [piece(name, label) for label in (q.standing, q.facing, q.query)]
    if None in found:
        return None
    here, front, there = (each.box.center for each in found)
    angle = floor_angle_deg(front - here, there - here)
    if q.offer == "eight ways":
        return way(angle)
    if q.offer == "left or right":
        return "right" if angle > 0 else "left"
    if q.offer == "quadrants":
        return f"{'front' if abs(angle) < 90 else 'back'}-{'right' if angle > 0 else 'left'}"
    return "back" if abs(angle) >= 135 else ("right" if angle > 0 else "left")


def floored(name, view, q):
    return plan(name).outline.area_m2


def camera_placed(name, view, q):
    me, other = (pose(name, view.frames[k - 1]) for k in (q.reference, q.target))
    return way(floor_angle_deg(me[:3, 2], other[:3, 3] - me[:3, 3]))


def raised(name, view, q):
    me, other = (pose(name, view.frames[k - 1]) for k in (q.reference, q.target))
    return "higher" if other[2, 3] > me[2, 3] else "lower"


def object_placed(name, view, q):
    found, me = piece(name, q.object), pose(name, view.frames[q.reference - 1])
    if found is None:
        return None
    return way(floor_angle_deg(me[:3, 2], found.box.center - me[:3, 3]))


def went(name, view, q):
    first, second = (pose(name, view.frames[k - 1]) for k in (q.first, q.second))
    turn, step = floor_angle_deg(first[:3, 2], second[:3, 2]), second[:3, 3] - first[:3, 3]
    turned = "right" if turn > 0 else "left"
    if q.kind == "turn":
        return turned
    angle, flat = np.radians(floor_angle_deg(first[:3, 2], step)), hypot(*step[:2])
    parts = {
        "forward" if np.cos(angle) > 0 else "backward": abs(np.cos(angle)) * flat,
        "right" if angle > 0 else "left": abs(np.sin(angle)) * flat,
        "up" if step[2] > 0 else "down": abs(step[2]),
    }
    told = sorted(parts, key=parts.get)[1:]
    moved = "-".join(w for w in parts if w in told and parts[w] >= max(parts.values()) / 2)
    if q.kind == "move":
        return moved
    return f"turn {turned}" if np.linalg.norm(step) < 0.15 else f"move {moved}"


def ranged(name, view, q):
    found, here = piece(name, q.object), pose(name, view.frames[0])[:3, 3]
    near = None if found is None else _near(name, found.id)
    return None if near is None else float(near.query(here)[0])


def ordered(name, view, q):
    """Only what is visible has a depth; the plan bounds it, where two pieces do not overlap."""
    here, spans = np.linalg.inv(pose(name, view.frames[0])), []
    for label in (q.first, q.second):
        found = [each for each in plan(name).pieces if each.label == label]
        if len(found) != 1:
            return None
        depth = (corners(found[0].box) @ here[:3, :3].T + here[:3, 3])[:, 2]
        spans.append((depth.min(), depth.max()))
    (near_a, far_a), (near_b, far_b) = spans
    if min(far_a - near_b, far_b - near_a) > -0.05:
        return None
    return q.first if (far_a < near_b) == (q.wanted == "smaller") else q.second


def seen_beside(name, view, q):
    found = [piece(name, label) for label in (q.target, q.reference)]
    if None in found:
        return None
    me = pose(name, view.frames[0])
    target, reference = (each.box.center - me[:3, 3] for each in found)
    if q.offer == "left or right":
        return "right" if floor_angle_deg(reference, target) > 0 else "left"
    step = target - reference
    angle, flat, rise = floor_angle_deg(me[:3, 2], step), hypot(*step[:2]), abs(step[2])
    if rise <= flat / 2:
        return way(angle)
    vertical = "up" if step[2] > 0 else "down"
    return vertical if flat < 0.1 else f"{vertical}-{WAYS[2 * (round(angle / 90) % 4)]}"


@cache
def _pixels(name: str, index: int) -> Counter[int]:
    """How many pixels of each piece an exact rendering shows."""
    here = plan(name)
    K = rooms.intrinsics(rooms.DEPTH_SIZE, rooms.DEPTH_FOCAL)
    drawn = render(here.solids, K, *rooms.DEPTH_SIZE, here.cameras[index].T_world_camera)
    return Counter(drawn.instance.ravel().tolist())


def shown(name, view, q):
    """What one of the images shows well and the other not at all; else unknown."""
    (found,) = [each.id for each in plan(name).pieces if each.label == q.object]
    pixels = [_pixels(name, index)[found] for index in view.frames]
    if not any(pixels):
        return "neither"
    if min(pixels) > 0 or max(pixels) < WELL_SHOWN_PX:
        return None
    return f"image{1 + ((pixels[0] > 0) == (q.sense == 'less'))}"


TRUTHS: dict[str, Truth] = {
    "object_counting": counted,
    "object_size": longest,
    "absolute_distance": apart,
    "relative_distance": reached,
    "relative_direction": looked_out,
    "room_size": floored,
    "single_image_relative_direction": seen_beside,
    "camera_object_distance": ranged,
    "depth_ordering": ordered,
    "camera_camera_position": camera_placed,
    "camera_camera_elevation": raised,
    "visibility_comparison": shown,
    "camera_object_position": object_placed,
    "camera_motion": went,
    "attribute_measurement": compared,
}
"""By task; the region of an object is told by no formula of the plan."""


def forget() -> None:
    """Let go of the rooms looked at so far."""
    for kept in (built, pieces, _near, _gap, _pixels):
        kept.cache_clear()


def contradicted(task: str, name: str, view: Any, query: Any, answer: Answer[Any]) -> str | None:
    """How an accepted answer contradicts the plan; None if it does not, or nothing is known.

    A metric answer may be off by its own band, and half a step by rounding; an area by what a scan
    of 5 cm cells shows of the outline.
    """
    truth = TRUTHS[task](name, view, query) if task in TRUTHS else None
    if truth is None:
        return None
    if isinstance(answer.value, float):
        expected = truth / METRES[answer.unit]
        within = expected * FLOOR_SHARE if answer.unit.endswith("^2") else answer.band
        agrees = abs(answer.value - expected) <= within + STEP[answer.unit] / 2
    else:
        agrees, expected = answer.value == truth, truth
    return None if agrees else f"{task} {query!r} of {view.key}: {answer.text}, not {expected}"
