"""Where things stand: pieces put against walls, beside, before, around and on one another.

Nothing is ever put where it would intersect what is there; a step that finds no room puts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import atan2, cos, hypot, pi, sin
from random import Random

import numpy as np

from spatialevo_datasets.scene import Box
from spatialevo_datasets.synthetic.furniture import CATALOG, Draft, Rest
from spatialevo_datasets.synthetic.shapes import Part
from spatialevo_datasets.synthetic.solids import Block, Vector

TRIES = 40
WALL_GAP_M = 0.01
TOUCH_M = 1e-6
"""Boxes that overlap by less only touch."""


@dataclass(frozen=True)
class Rectangle:
    """An upright prism: what a piece occupies, or what must stay free."""

    x: float
    y: float
    base: float
    size: Vector
    yaw: float = 0.0

    def meets(self, other: Rectangle, gap: float = 0.0) -> bool:
        """Whether the two intersect, or come closer than `gap` beside each other."""
        if min(self.top, other.top) - max(self.base, other.base) < TOUCH_M:
            return False
        return not any(
            _reach(self, axis) + _reach(other, axis) + gap - TOUCH_M
            <= abs((self.x - other.x) * axis[0] + (self.y - other.y) * axis[1])
            for yaw in (self.yaw, other.yaw)
            for axis in ((cos(yaw), sin(yaw)), (-sin(yaw), cos(yaw)))
        )

    @property
    def top(self) -> float:
        """The height of its upper end."""
        return self.base + self.size[2]

    @property
    def reach(self) -> tuple[float, float]:
        """Half of its extent along x and y."""
        return _reach(self, (1.0, 0.0)), _reach(self, (0.0, 1.0))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """World coordinates of a point of its own frame."""
        c, s = cos(self.yaw), sin(self.yaw)
        return self.x + c * x - s * y, self.y + s * x + c * y


def _reach(of: Rectangle, axis: tuple[float, float]) -> float:
    c, s = cos(of.yaw), sin(of.yaw)
    along, across = axis[0] * c + axis[1] * s, axis[1] * c - axis[0] * s
    return abs(along) * of.size[0] / 2 + abs(across) * of.size[1] / 2


@dataclass(frozen=True)
class Piece:
    """One thing in its place: the closed form behind an instance."""

    id: int
    label: str
    place: Rectangle
    """The box that its parts fill."""
    parts: tuple[Part, ...]
    """In the world frame, their instance is `id`."""
    rest: Rest | None = None

    @property
    def box(self) -> Box:
        """Its exact oriented box."""
        c, s = cos(self.place.yaw), sin(self.place.yaw)
        return Box(
            np.array([self.place.x, self.place.y, self.place.base + self.place.size[2] / 2]),
            np.array(self.place.size),
            np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]),
        )


@dataclass(frozen=True)
class Outline:
    """A rectangular floor about the origin, less one corner if it is L-shaped."""

    width: float
    depth: float
    height: float
    notch: tuple[float, float] | None = None
    """Width and depth of what the corner at +x, +y lacks."""

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Counter-clockwise."""
        w, d = self.width / 2, self.depth / 2
        if self.notch is None:
            return (-w, -d), (w, -d), (w, d), (-w, d)
        x, y = w - self.notch[0], d - self.notch[1]
        return (-w, -d), (w, -d), (w, y), (x, y), (x, d), (-w, d)

    @property
    def area_m2(self) -> float:
        """Of the floor."""
        cut = self.notch[0] * self.notch[1] if self.notch else 0.0
        return self.width * self.depth - cut

    @property
    def walls(self) -> tuple[Wall, ...]:
        """One for each side."""
        corners = self.corners
        return tuple(Wall(a, b) for a, b in zip(corners, (*corners[1:], corners[0]), strict=True))

    def holds(self, what: Rectangle, gap: float = 0.0) -> bool:
        """Whether it lies inside, at least `gap` from every wall."""
        x, y = what.reach
        inside = (
            abs(what.x) + x <= self.width / 2 - gap + TOUCH_M
            and abs(what.y) + y <= self.depth / 2 - gap + TOUCH_M
            and what.top <= self.height
        )
        return inside and not (self.notch and what.meets(self._missing, gap))

    @property
    def _missing(self) -> Rectangle:
        w, d = self.notch or (0.0, 0.0)
        at = ((self.width - w) / 2, (self.depth - d) / 2)
        return Rectangle(*at, -1.0, (w, d, self.height + 2.0))


@dataclass(frozen=True)
class Wall:
    """A side of the floor; the room is to the left of the way from start to end."""

    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def length(self) -> float:
        """In metres."""
        return hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    @property
    def yaw(self) -> float:
        """Of a piece whose back is to this wall."""
        return atan2(self.end[1] - self.start[1], self.end[0] - self.start[0]) + pi

    def at(self, along: float, away: float) -> tuple[float, float]:
        """The point `along` from the start and `away` into the room."""
        c = (self.end[0] - self.start[0]) / self.length
        s = (self.end[1] - self.start[1]) / self.length
        return self.start[0] + c * along - s * away, self.start[1] + s * along + c * away


@dataclass(frozen=True)
class Region:
    """Part of the floor: what is put there has its middle in it."""

    low: tuple[float, float]
    high: tuple[float, float]

    def holds(self, x: float, y: float) -> bool:
        """Whether the point is in it."""
        return self.low[0] <= x <= self.high[0] and self.low[1] <= y <= self.high[1]


Pose = tuple[float, float, float]
"""x, y, yaw."""


@dataclass
class Floorplan:
    """A room that is being furnished."""

    outline: Outline
    rng: Random
    region: Region
    pieces: list[Piece] = field(default_factory=list)
    kept_free: list[Rectangle] = field(default_factory=list)

    def within(self, region: Region) -> Floorplan:
        """The same room; only part of it is furnished."""
        return replace(self, region=region)

    def against(self, design: str, *, facing: Piece | None = None) -> Piece | None:
        """On the floor, its back to a wall; the wall opposite to a piece if there is one."""
        draft = self._draw(design)
        return self._put(draft, self._along_walls(draft, facing), 0.0, gap=0.04)

    def mounted(self, design: str, base: float) -> Piece | None:
        """On a wall, its lower edge at that height."""
        draft = self._draw(design)
        return self._put(draft, self._along_walls(draft, None), base, gap=0.06)

    def above(self, anchor: Piece, design: str, base: float) -> Piece | None:
        """On the wall behind a piece; below it, for what is on the wall itself."""
        draft = self._draw(design)
        back = anchor.place.size[1] / 2 - draft.size[1] / 2
        return self._put(draft, [(*anchor.place.at(0.0, back), anchor.place.yaw)], base)

    def beside(self, anchor: Piece, design: str, side: int) -> Piece | None:
        """Back in line with the back of a piece, to its right (1) or left (-1)."""
        draft = self._draw(design)
        x = side * ((anchor.place.size[0] + draft.size[0]) / 2 + self.rng.uniform(0.02, 0.06))
        y = (anchor.place.size[1] - draft.size[1]) / 2
        return self._put(draft, [(*anchor.place.at(x, y), anchor.place.yaw)], 0.0)

    def before(
        self, anchor: Piece, design: str, gap: float, *, turned: bool = False
    ) -> Piece | None:
        """In front of a piece; `turned` to face it."""
        draft = self._draw(design)
        y = -(anchor.place.size[1] + draft.size[1]) / 2 - gap
        yaw = anchor.place.yaw + (pi + self.rng.uniform(-0.1, 0.1) if turned else 0.0)
        x = self.rng.uniform(-0.1, 0.1)
        return self._put(draft, [(*anchor.place.at(x, y - 0.05 * turned), yaw)], 0.0)

    def around(self, table: Piece, design: str, number: int) -> list[Piece]:
        """At the sides of a table, facing it, the long sides first."""
        draft = CATALOG[design].draw(self.rng)
        put: list[Piece] = []
        for x, y, yaw in _seats(table, draft):
            if len(put) < number:
                turn = yaw + self.rng.uniform(-0.06, 0.06)
                put += filter(None, [self._put(draft, [(*table.place.at(x, y), turn)], 0.0)])
        return put

    def on(
        self, anchor: Piece, design: str, x: float | None = None, y: float | None = None
    ) -> Piece | None:
        """On a piece: `x` from -1 (left) to 1, `y` from -1 (front edge) to 1; anywhere if None."""
        draft = self._draw(design)
        rest = anchor.rest
        if rest is None:
            return None
        wide = (anchor.place.size[0] - draft.size[0]) / 2 - 0.03
        deep = (rest.back - rest.front - draft.size[1]) / 2 - 0.01
        if wide < 0 or deep < 0:
            return None
        poses = []
        for _ in range(TRIES):
            share_x = self.rng.uniform(-1, 1) if x is None else x + self.rng.uniform(-0.05, 0.05)
            share_y = self.rng.uniform(-1, 1) if y is None else y
            middle = (rest.front + rest.back) / 2 + deep * share_y
            spot = anchor.place.at(wide * max(-1.0, min(1.0, share_x)), middle)
            poses.append((*spot, anchor.place.yaw))
        return self._put(draft, poses, anchor.place.base + rest.height, on=anchor)

    def loose(self, design: str, gap: float = 0.1, *, square: bool = False) -> Piece | None:
        """Anywhere on the floor; turned at will unless `square` to the walls."""
        draft = self._draw(design)
        (x0, y0), (x1, y1) = self.region.low, self.region.high
        poses = [
            (
                self.rng.uniform(x0, x1),
                self.rng.uniform(y0, y1),
                self.rng.randrange(4) * pi / 2 + (0.0 if square else self.rng.uniform(-0.5, 0.5)),
            )
            for _ in range(TRIES)
        ]
        return self._put(draft, poses, 0.0, gap=gap)

    def keep_free(self, piece: Piece, away: float, base: float, height: float) -> None:
        """Let nothing be put in front of a piece."""
        spot = piece.place.at(0.0, -(piece.place.size[1] + away) / 2)
        size = (piece.place.size[0], away, height)
        self.kept_free.append(Rectangle(*spot, base, size, piece.place.yaw))

    def _draw(self, design: str) -> Draft:
        return CATALOG[design].draw(self.rng)

    def _along_walls(self, draft: Draft, facing: Piece | None) -> Iterator[Pose]:
        """Places at walls of the region, drawn by length of wall; ends of walls are tried often."""
        walls = [
            wall
            for wall in self.outline.walls
            if wall.length >= draft.size[0] + 0.1
            and (facing is None or cos(wall.yaw - facing.place.yaw) < -0.9)
        ]
        for _ in range(TRIES if walls else 0):
            wall = self.rng.choices(walls, [wall.length for wall in walls])[0]
            low, high = draft.size[0] / 2 + 0.03, wall.length - draft.size[0] / 2 - 0.03
            share = self.rng.choice((0.0, 1.0, self.rng.random(), self.rng.random()))
            along = low + share * (high - low)
            if facing is not None:
                level = (facing.place.x - wall.start[0], facing.place.y - wall.start[1])
                ahead = wall.at(1.0, 0.0)
                step = (ahead[0] - wall.start[0], ahead[1] - wall.start[1])
                target = level[0] * step[0] + level[1] * step[1] + self.rng.uniform(-0.4, 0.4)
                along = max(low, min(high, target))
            yield (*wall.at(along, draft.size[1] / 2 + WALL_GAP_M), wall.yaw)

    def _put(
        self,
        draft: Draft,
        poses: Iterable[Pose],
        base: float,
        *,
        gap: float = 0.02,
        on: Piece | None = None,
    ) -> Piece | None:
        """At the first of the places where it fits."""
        for x, y, yaw in poses:
            place = Rectangle(round(x, 4), round(y, 4), round(base, 4), draft.size, yaw % (2 * pi))
            if self._free(place, gap, on):
                number = len(self.pieces)
                parts = tuple(_placed(part, place, number) for part in draft.parts)
                self.pieces.append(Piece(number, draft.label, place, parts, draft.rest))
                return self.pieces[-1]
        return None

    def _free(self, place: Rectangle, gap: float, on: Piece | None) -> bool:
        return (
            self.region.holds(place.x, place.y)
            and self.outline.holds(place)
            and not any(place.meets(each) for each in self.kept_free)
            and not any(place.meets(each.place, gap) for each in self.pieces if each is not on)
        )


def _seats(table: Piece, chair: Draft) -> Iterator[Pose]:
    """Places for chairs in the frame of the table: two at each long side, one at each end."""
    w, d = table.place.size[:2]
    off = d / 2 + chair.size[1] / 2 + 0.05
    for x in (-w / 4, w / 4):
        yield x, -off, table.place.yaw + pi
        yield x, off, table.place.yaw
    off = w / 2 + chair.size[1] / 2 + 0.05
    yield off, 0.0, table.place.yaw - pi / 2
    yield -off, 0.0, table.place.yaw + pi / 2


def _placed(part: Part, place: Rectangle, instance: int) -> Part:
    """A part of a design, in the world."""
    x, y, z = part.center
    center = (*place.at(x, y), place.base + z)
    if isinstance(part, Block):
        return replace(part, center=center, yaw=part.yaw + place.yaw, instance=instance)
    return replace(part, center=center, instance=instance)
