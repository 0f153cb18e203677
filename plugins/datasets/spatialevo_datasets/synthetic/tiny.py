"""Tiny rooms: worlds simple enough for a one-million-parameter model to see.

A room is a floor and three walls with two to four objects. Every category has one saturated colour
and one simple solid, so that naming an object is naming a colour. Each room has four frames of
84 x 84 pixels: two from eye level and two from a camera near the ceiling, under cold light.
Light helps on purpose: it is warm on the left of every image and cool on the right, and brighter
toward the top, so that a patch of the image tells where in the image it lies. At dusk the same
rooms are lit from the other side: what learned left and right by daylight alone is often wrong
there, though nobody ever taught it anything false.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32
from PIL import Image

from spatialevo_datasets.scene import Depth, Frame, Instance, Scene
from spatialevo_datasets.synthetic.solids import (
    Block,
    Color,
    Cylinder,
    Panel,
    Rendering,
    Solid,
    Sphere,
    render,
)

SIDE_PX = 84
FOCAL = 1.35
"""Focal length in half-widths of the image."""
EYE_LEVEL_FRAMES = (0, 1)
CEILING_FRAMES = (2, 3)

K = np.array(
    [[FOCAL * SIDE_PX / 2, 0, SIDE_PX / 2], [0, FOCAL * SIDE_PX / 2, SIDE_PX / 2], [0, 0, 1.0]]
)
FLOOR, WALL = -3, -2
"""Instance numbers of what is no object."""

HALF_WIDTH_M = 2.4
BACK_M = 4.4
FRONT_M = -1.6
CEILING_M = 3.8
TILE_M = 0.8

GAP_M = 0.85
"""Least distance on the floor between the centres of two objects."""
APART = 0.9
"""Two objects overlap in an image where both offsets are below this share of their summed radii."""
_SALT = 0x74696E79
_TRIES = 400


@dataclass(frozen=True)
class Kind:
    """A category: how it looks and how large it is."""

    label: str
    colour: tuple[int, int, int]
    solid: str
    """box, can (upright cylinder) or ball."""
    stretch: tuple[float, float, float]
    """Full sides along x, y, z for a radius of one."""


KINDS = (
    Kind("sofa", (220, 40, 40), "box", (2.0, 1.4, 1.3)),
    Kind("plant", (40, 180, 60), "can", (1.5, 1.5, 2.0)),
    Kind("chair", (50, 80, 230), "box", (1.5, 1.5, 1.7)),
    Kind("lamp", (235, 215, 40), "ball", (1.8, 1.8, 1.8)),
    Kind("cabinet", (160, 50, 190), "box", (1.6, 1.2, 2.1)),
    Kind("table", (245, 245, 245), "can", (2.0, 2.0, 1.2)),
)


@dataclass(frozen=True, eq=False)
class Piece:
    """One object: a solid standing on the floor."""

    kind: Kind
    center: Float[np.ndarray, "3"]
    size: Float[np.ndarray, "3"]
    radius_m: float
    """Of a ball that about covers it; used to keep objects apart in the images."""
    brightness: float

    def solid(self, instance: int) -> Solid:
        """What the camera sees of it."""
        x, y, z = self.center.tolist()
        wide, _, high = self.size.tolist()
        red, green, blue = (int(self.brightness * part) for part in self.kind.colour)
        if self.kind.solid == "box":
            return Block((x, y, z), tuple(self.size.tolist()), (red, green, blue), instance)
        if self.kind.solid == "can":
            return Cylinder((x, y, z), wide / 2, high, (red, green, blue), instance)
        return Sphere((x, y, z), wide / 2, (red, green, blue), instance)


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera; T maps camera to world, OpenCV axes."""

    T_world_camera: Float[np.ndarray, "4 4"]
    light: Float[np.ndarray, "3"]
    """Factor on red, green and blue over the whole image."""

    def see(self, points_world: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Image x and y in half-widths from the centre (right, down), and depth in metres."""
        cam = (points_world - self.T_world_camera[:3, 3]) @ self.T_world_camera[:3, :3]
        depth = np.maximum(cam[:, 2:], 1e-6)
        return np.concatenate([FOCAL * cam[:, :2] / depth, cam[:, 2:]], axis=1)


@dataclass(frozen=True, eq=False)
class Room:
    """Everything that a tiny room is drawn from."""

    pieces: tuple[Piece, ...]
    cameras: tuple[Camera, ...]
    floor: Color
    wall: Color
    dusk: bool = False
    """Whether the light is warm on the right instead of the left."""


def tiny_room(seed: int, *, dusk: bool = False) -> Scene:
    """The room of a seed: two to four objects, each of another category, seen by every frame."""
    room = replace(draw_room(seed), dusk=dusk)
    instances = tuple(
        Instance(id=number, label=piece.kind.label, points=_surface(piece))
        for number, piece in enumerate(room.pieces)
    )
    floor = _floor_points()
    return Scene(
        key=f"tiny/{'dusk' if dusk else 'tiny'}-{seed}",
        instances=instances,
        frames=tuple(_frame(room, index) for index in range(len(room.cameras))),
        points=np.concatenate([floor, *(i.points for i in instances if i.points is not None)]),
        floor=floor,
    )


def draw_room(seed: int) -> Room:
    """What the seed says, before anything is rendered; raises ValueError for a negative seed."""
    rng = np.random.default_rng([_SALT, seed])
    cameras: list[Camera] | None = None
    while cameras is None:
        pieces = _draw_pieces(rng)
        cameras = _draw_cameras(rng, pieces)
    return Room(
        pieces=pieces,
        cameras=tuple(cameras),
        floor=_grey(rng, 85, 175),
        wall=_grey(rng, 115, 210),
    )


def _grey(rng: np.random.Generator, low: float, high: float) -> Color:
    red, green, blue = (rng.uniform(low, high) + rng.uniform(-20, 20, 3)).astype(int).tolist()
    return red, green, blue


def _draw_pieces(rng: np.random.Generator) -> tuple[Piece, ...]:
    wanted = int(rng.choice((2, 3, 3, 3, 4)))
    pieces: list[Piece] = []
    for kind in rng.permutation(len(KINDS))[:wanted]:
        for _ in range(20):
            spot = rng.uniform((-1.6, 0.9), (1.6, 3.5))
            if all(np.hypot(*(spot - other.center[:2])) > GAP_M for other in pieces):
                pieces.append(_piece(rng, KINDS[kind], spot))
                break
    return tuple(pieces)


def _piece(rng: np.random.Generator, kind: Kind, spot: Float[np.ndarray, "2"]) -> Piece:
    radius = rng.uniform(0.32, 0.42)
    size = radius * np.array(kind.stretch)
    return Piece(
        kind=kind,
        center=np.array([*spot, size[2] / 2]),
        size=size,
        radius_m=radius,
        brightness=rng.uniform(0.85, 1.0),
    )


def _draw_cameras(rng: np.random.Generator, pieces: tuple[Piece, ...]) -> list[Camera] | None:
    """Two cameras at eye level and two near the ceiling, each seeing every piece; None: no luck."""
    if len(pieces) < 2:
        return None
    cameras: list[Camera] = []
    for index in (*EYE_LEVEL_FRAMES, *CEILING_FRAMES):
        for _ in range(12):
            camera = _draw_camera(rng, ceiling=index in CEILING_FRAMES)
            if _sees_all(camera, pieces):
                cameras.append(camera)
                break
        else:
            return None
    return cameras


def _draw_camera(rng: np.random.Generator, *, ceiling: bool) -> Camera:
    x, yaw = rng.uniform(-0.35, 0.35), rng.uniform(-10, 10)
    if ceiling:
        place = (x, rng.uniform(-0.5, 0.0), rng.uniform(2.9, 3.5))
        return Camera(_pose(place, yaw, rng.uniform(44, 52)), np.array([0.62, 0.85, 1.0]))
    place = (x, rng.uniform(-1.2, -0.7), rng.uniform(1.1, 1.5))
    return Camera(_pose(place, yaw, rng.uniform(14, 22)), np.ones(3))


def _pose(
    place: tuple[float, float, float], yaw_deg: float, pitch_down_deg: float
) -> Float[np.ndarray, "4 4"]:
    """Looking along +y, turned left by the yaw, then down by the pitch."""
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_down_deg)
    ahead = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    forward = np.cos(pitch) * ahead + np.array([0.0, 0.0, -np.sin(pitch)])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = place
    return pose


def _sees_all(camera: Camera, pieces: tuple[Piece, ...]) -> bool:
    """Whether every piece lies in the image, and no two overlap in it."""
    seen = camera.see(np.stack([piece.center for piece in pieces]))
    radii = FOCAL * np.array([piece.radius_m for piece in pieces]) / seen[:, 2]
    if (np.abs(seen[:, :2]) + radii[:, None] > 1).any():
        return False
    apart = np.abs(seen[:, None, :2] - seen[None, :, :2]).max(axis=2)
    need = APART * (radii[:, None] + radii[None, :])
    return bool((apart >= need)[np.triu_indices(len(pieces), 1)].all())


def _frame(room: Room, index: int) -> Frame:
    picture = _Picture(room, room.cameras[index])
    return Frame(
        index=index,
        K=K,
        width=SIDE_PX,
        height=SIDE_PX,
        T_world_camera=room.cameras[index].T_world_camera,
        read=picture.colour,
        depth=Depth(K=K, width=SIDE_PX, height=SIDE_PX, read=picture.depth),
    )


class _Picture:
    """The images of one frame, rendered when first read."""

    def __init__(self, room: Room, camera: Camera) -> None:
        self._room = room
        self._camera = camera

    @cached_property
    def _rendering(self) -> Rendering:
        return render(_solids(self._room), K, SIDE_PX, SIDE_PX, self._camera.T_world_camera)

    def colour(self) -> Image.Image:
        """Under the room's lamp; RGB."""
        lamp = _LAMP[:, ::-1] if self._room.dusk else _LAMP
        lit = self._rendering.color * lamp * self._camera.light
        lit[self._dark_tiles()] *= np.float32(0.86)
        return Image.fromarray(np.minimum(lit, 255).astype(np.uint8))

    def depth(self) -> Float32[np.ndarray, "h w"]:
        """z in metres."""
        return self._rendering.depth_m

    def _dark_tiles(self) -> Bool[np.ndarray, "h w"]:
        """The pixels on every other tile of the floor."""
        pose = self._camera.T_world_camera.astype(np.float32)
        across = pose[:2, 0, None] * _ACROSS + pose[:2, 2, None]
        rays = across[:, None, :] + (pose[:2, 1, None] * _ACROSS)[:, :, None]
        spots = pose[:2, 3, None, None] + self._rendering.depth_m * rays
        odd = np.floor(spots / np.float32(TILE_M)).sum(axis=0) % 2 == 1
        return np.asarray(odd & (self._rendering.instance == FLOOR))


_ACROSS = (((np.arange(SIDE_PX) + 0.5) * 2 / SIDE_PX - 1) / FOCAL).astype(np.float32)
_LAMP = (
    (1 + FOCAL * _ACROSS[None, :, None] * np.array([-0.18, 0, 0.18], np.float32))
    * (1.12 - 0.12 * FOCAL * _ACROSS[:, None, None])
).astype(np.float32)


def _solids(room: Room) -> list[Solid]:
    x, y, z = HALF_WIDTH_M, (BACK_M - FRONT_M) / 2, CEILING_M / 2
    middle = (BACK_M + FRONT_M) / 2
    walls: list[Solid] = [
        Panel((0, middle, 0), (x, 0, 0), (0, y, 0), room.floor, FLOOR),
        Panel((0, BACK_M, z), (x, 0, 0), (0, 0, z), room.wall, WALL),
        *(Panel((s * x, middle, z), (0, y, 0), (0, 0, z), room.wall, WALL) for s in (-1, 1)),
    ]
    return [*walls, *(piece.solid(number) for number, piece in enumerate(room.pieces))]


def _surface(piece: Piece) -> Float32[np.ndarray, "n 3"]:
    """Points on the solid's whole surface but its base, world frame."""
    points = _TEMPLATES[piece.kind.solid] * (piece.size / 2) + piece.center
    return np.asarray(points, np.float32)


def _template(solid: str, steps: int = 9) -> Float[np.ndarray, "n 3"]:
    """Surface points of a solid that fills [-1, 1]^3, its base left out."""
    line = np.linspace(-1, 1, steps)
    angles = np.linspace(0, 2 * np.pi, 4 * (steps - 1), endpoint=False)
    if solid == "box":
        cube = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
        outside = (np.abs(cube[:, :2]).max(axis=1) == 1) | (cube[:, 2] == 1)
        return np.asarray(cube[outside])
    if solid == "ball":
        tilt, turn = (grid.ravel() for grid in np.meshgrid(np.pi / 2 * line, angles))
        flat = np.cos(tilt)
        return np.stack([flat * np.cos(turn), flat * np.sin(turn), np.sin(tilt)], axis=1)
    height, turn = (grid.ravel() for grid in np.meshgrid(line, angles))
    side = np.stack([np.cos(turn), np.sin(turn), height], axis=1)
    rings = [side[height == 1] * (share, share, 1) for share in (0.0, 0.25, 0.5, 0.75)]
    return np.concatenate([side, *rings])


_TEMPLATES = {solid: _template(solid) for solid in ("box", "ball", "can")}


def _floor_points() -> Float32[np.ndarray, "n 3"]:
    """The floor on a grid of 10 cm."""
    x = np.arange(-HALF_WIDTH_M, HALF_WIDTH_M + 0.05, 0.1)
    y = np.arange(FRONT_M, BACK_M + 0.05, 0.1)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return np.asarray(np.column_stack([grid, np.zeros(len(grid))]), np.float32)
