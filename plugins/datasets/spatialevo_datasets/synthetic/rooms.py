"""Rooms by seed: a blueprint that says exactly what stands where, and the scene made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from random import Random

import numpy as np
from jaxtyping import Float, Float32, UInt16
from PIL import Image

from spatialevo_datasets import floors
from spatialevo_datasets.boxes import corners
from spatialevo_datasets.scene import Depth, Frame, Instance, Scene
from spatialevo_datasets.synthetic import themes
from spatialevo_datasets.synthetic.floorplan import Floorplan, Outline, Piece, Region
from spatialevo_datasets.synthetic.solids import Color, Panel, Solid, depth_image, render
from spatialevo_datasets.synthetic.surfaces import Look, Mesh, scanned, surface
from spatialevo_datasets.synthetic.viewpoints import Camera, Spot, cameras, toward

WALL: Color = (226, 220, 206)
FLOOR: Color = (150, 128, 108)
CEILING: Color = (244, 244, 240)

COLOR_SIZE, COLOR_FOCAL = (320, 240), 220.0
DEPTH_SIZE, DEPTH_FOCAL = (160, 120), 106.0
"""The depth camera sees a little more than the colour camera, as in handheld scanners."""
MM = 1000

COARSEST_M, FINEST_M, SAMPLES = 0.04, 0.012, 20
"""Points lie 4 cm apart, closer on small things: 20 along the longest side, down to 12 mm."""
STRUCTURE_SPACING_M = 0.05
KEPT_PICTURES = 8
MISSED, MOST_RETURNS = 0.025, 8
"""Share of the floor that a scan may lack, and how many more pictures are taken for it."""


@dataclass(frozen=True)
class Blueprint:
    """A room in closed form; equal blueprints build equal scenes, byte for byte."""

    name: str
    """The id of the world: `room-0`."""
    outline: Outline
    pieces: tuple[Piece, ...]
    """Their ids are their positions."""
    cameras: tuple[Camera, ...]

    @cached_property
    def depths(self) -> tuple[UInt16[np.ndarray, "h w"], ...]:
        """What `depth_maps` says, computed when first asked for."""
        return depth_maps(self)

    @property
    def structure(self) -> Mapping[int, str]:
        """The ids of walls, floor and ceiling, after those of the pieces, with their labels."""
        walls = len(self.outline.walls)
        labels = ["wall"] * walls + ["floor", "ceiling"]
        return {len(self.pieces) + number: label for number, label in enumerate(labels)}

    @property
    def floor(self) -> int:
        """The id of the floor."""
        return next(number for number, label in self.structure.items() if label == "floor")

    @property
    def solids(self) -> tuple[Solid, ...]:
        """All parts of all pieces, and the panels around them."""
        parts = tuple(part for piece in self.pieces for part in piece.parts)
        return parts + _panels(self.outline, len(self.pieces))


def room(seed: int) -> Blueprint:
    """The rectangular room of a seed."""
    rng = Random(f"room-{seed}")
    outline = Outline(_cm(rng, 4.6, 6.0), _cm(rng, 3.6, 4.6), _cm(rng, 2.5, 2.8))
    w, d = outline.width / 2, outline.depth / 2
    regions = [Region((-w, -d), (0.0, d)), Region((0.0, -d), (w, d))]
    rng.shuffle(regions)
    return _furnished(f"room-{seed}", outline, regions, rng.choice(themes.PAIRS), rng, pictures=24)


def lroom(seed: int) -> Blueprint:
    """The L-shaped room of a seed."""
    rng = Random(f"lroom-{seed}")
    notch = _cm(rng, 2.4, 3.0), _cm(rng, 2.4, 3.0)
    outline = Outline(_cm(rng, 5.8, 6.8), _cm(rng, 5.6, 6.6), _cm(rng, 2.5, 2.8), notch)
    w, d = outline.width / 2, outline.depth / 2
    x, y = w - notch[0], d - notch[1]
    regions = [Region((x, -d), (w, y)), Region((-w, -d), (x, y)), Region((-w, y), (x, d))]
    return _furnished(
        f"lroom-{seed}", outline, regions, rng.choice(themes.TRIPLES), rng, pictures=32
    )


def looked_over(blueprint: Blueprint) -> Blueprint:
    """With more pictures of the floor where a scan would lack it, as who scans a room goes back.

    The same blueprint where nothing is missed, as in most rooms.
    """
    rng = Random(f"{blueprint.name} again")
    for _ in range(MOST_RETURNS):
        spots = _missed(blueprint)
        more = toward(blueprint.outline, blueprint.pieces, rng, spots) if spots else None
        if more is None:
            break
        blueprint = replace(blueprint, cameras=(*blueprint.cameras, more))
    return blueprint


def build(blueprint: Blueprint, noise_m: float = 0.0, detail: float = 1.0) -> Scene:
    """The scene that a scanner makes of it.

    `noise_m` displaces every point at random, with that standard deviation along each axis. Depth
    and pictures stay exact. `detail` is how many times closer than usual points lie.
    """
    depths = blueprint.depths
    mesh = mesh_of(blueprint, depths, detail)
    points = mesh.points
    if noise_m:
        noise = np.random.default_rng(len(points)).normal(0.0, noise_m, points.shape)
        points = np.asarray(points + noise, np.float32)
    labels = {piece.id: piece.label for piece in blueprint.pieces}
    clouds = [(number, points[mesh.instance == number]) for number in labels]
    return Scene(
        key=f"synthetic/{blueprint.name}",
        instances=tuple(Instance(n, labels[n], cloud) for n, cloud in clouds if len(cloud)),
        frames=_frames(blueprint, depths),
        points=points,
        floor=points[mesh.instance == blueprint.floor],
    )


def depth_maps(blueprint: Blueprint) -> tuple[UInt16[np.ndarray, "h w"], ...]:
    """The depth image of every camera in millimetres, 0 where there is nothing."""
    solids, K = blueprint.solids, intrinsics(DEPTH_SIZE, DEPTH_FOCAL)
    images = (depth_image(solids, K, *DEPTH_SIZE, c.T_world_camera) for c in blueprint.cameras)
    return tuple(np.asarray(np.rint(image * MM), np.uint16) for image in images)


def mesh_of(
    blueprint: Blueprint, depths: Sequence[UInt16[np.ndarray, "h w"]], detail: float = 1.0
) -> Mesh:
    """What the cameras see of the surfaces, the pieces first, in the order of their ids."""
    finest = {
        piece.id: min(COARSEST_M, max(FINEST_M, max(piece.place.size) / SAMPLES))
        for piece in blueprint.pieces
    }
    solids = blueprint.solids
    spacing_m = [finest.get(each.instance, STRUCTURE_SPACING_M) / detail for each in solids]
    return scanned(surface(solids, spacing_m), _looks(blueprint, depths))


def picture(blueprint: Blueprint, camera: Camera) -> Image.Image:
    """The colour image that a camera takes."""
    K = intrinsics(COLOR_SIZE, COLOR_FOCAL)
    taken = render(blueprint.solids, K, *COLOR_SIZE, camera.T_world_camera)
    return Image.fromarray(taken.color)


def intrinsics(size: tuple[int, int], focal: float) -> Float[np.ndarray, "3 3"]:
    """Of a camera whose axis goes through the middle of the picture; pixels."""
    return np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1.0]])


def metres(depth_mm: UInt16[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """A stored depth image in metres."""
    return np.asarray(depth_mm, np.float32) / np.float32(MM)


def _cm(rng: Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high), 2)


def _furnished(
    name: str,
    outline: Outline,
    regions: Sequence[Region],
    uses: Sequence[themes.Theme],
    rng: Random,
    *,
    pictures: int,
) -> Blueprint:
    whole = Region((-outline.width / 2, -outline.depth / 2), (outline.width / 2, outline.depth / 2))
    plan = Floorplan(outline, rng, whole)
    themes.openings(plan)
    for region, furnish in zip(regions, uses, strict=True):
        furnish(plan.within(region))
    themes.anywhere(plan)
    pieces = tuple(plan.pieces)
    return Blueprint(name, outline, pieces, cameras(outline, pieces, rng, pictures))


def _missed(blueprint: Blueprint) -> Sequence[Spot]:
    """The floor that is not completed from what a scan shows; nothing where that is little."""
    panels = _panels(blueprint.outline, len(blueprint.pieces))
    whole = surface(panels, [STRUCTURE_SPACING_M] * len(panels))
    seen = scanned(whole, _looks(blueprint, blueprint.depths))
    things = [corners(piece.box) for piece in blueprint.pieces]
    found = floors.complete(seen.points[seen.instance == blueprint.floor], things, seen.points)
    ground = whole.points[whole.instance == blueprint.floor, :2]
    missed = ground[~found.holds(ground)]
    return [(x, y) for x, y in missed.tolist()] if len(missed) > MISSED * len(ground) else ()


def _looks(blueprint: Blueprint, depths: Sequence[UInt16[np.ndarray, "h w"]]) -> Iterator[Look]:
    K = intrinsics(DEPTH_SIZE, DEPTH_FOCAL)
    for camera, depth in zip(blueprint.cameras, depths, strict=True):
        yield Look(K, camera.T_world_camera, metres(depth))


def _panels(outline: Outline, first: int) -> tuple[Panel, ...]:
    """Walls, floor and ceiling; their normals point into the room."""
    up = (0.0, 0.0, outline.height / 2)
    walls = []
    for number, wall in enumerate(outline.walls):
        x, y = wall.at(wall.length / 2, 0.0)
        along = ((wall.start[0] - wall.end[0]) / 2, (wall.start[1] - wall.end[1]) / 2, 0.0)
        center = (x, y, outline.height / 2)
        # neighbouring walls differ in tone, so that corners show
        tone = 1.0 - 0.06 * (number % 2)
        color = (round(WALL[0] * tone), round(WALL[1] * tone), round(WALL[2] * tone))
        walls.append(Panel(center, along, up, color, first + number))
    level = []
    for x, y, u, v in _rectangles(outline):
        number = first + len(walls)
        level.append(Panel((x, y, 0.0), (u, 0.0, 0.0), (0.0, v, 0.0), FLOOR, number))
        top = (x, y, outline.height)
        level.append(Panel(top, (0.0, v, 0.0), (u, 0.0, 0.0), CEILING, number + 1))
    return (*walls, *sorted(level, key=lambda panel: panel.instance))


def _rectangles(outline: Outline) -> tuple[tuple[float, float, float, float], ...]:
    """The floor cut into rectangles: middle x, y, half width, half depth."""
    w, d = outline.width, outline.depth
    if outline.notch is None:
        return ((0.0, 0.0, w / 2, d / 2),)
    a, b = outline.notch
    return (
        (0.0, -b / 2, w / 2, (d - b) / 2),
        (-a / 2, (d - b) / 2, (w - a) / 2, b / 2),
    )


def _frames(blueprint: Blueprint, depths: Sequence[UInt16[np.ndarray, "h w"]]) -> tuple[Frame, ...]:
    kept = lru_cache(KEPT_PICTURES)(lambda index: picture(blueprint, blueprint.cameras[index]))
    return tuple(
        Frame(
            index,
            intrinsics(COLOR_SIZE, COLOR_FOCAL),
            *COLOR_SIZE,
            camera.T_world_camera,
            _copied(kept, index),
            Depth(intrinsics(DEPTH_SIZE, DEPTH_FOCAL), *DEPTH_SIZE, _measured(depth)),
        )
        for index, (camera, depth) in enumerate(zip(blueprint.cameras, depths, strict=True))
    )


def _copied(picture_of: Callable[[int], Image.Image], index: int) -> Callable[[], Image.Image]:
    # a copy, so that nobody draws into the picture that the next reader gets
    return lambda: picture_of(index).copy()


def _measured(depth: UInt16[np.ndarray, "h w"]) -> Callable[[], Float32[np.ndarray, "h w"]]:
    return lambda: metres(depth)
