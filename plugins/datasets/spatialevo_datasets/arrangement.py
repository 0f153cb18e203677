"""How the things of a view stand to each other: what a claim in words is checked against.

Every relation is True, False, or None where it cannot be told: within the margin of noise, or where
images show it both ways round. Distances are those of axis-aligned boxes, metres, z up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import dist, hypot
from typing import NamedTuple

import numpy as np

from spatialevo_datasets.frames import in_camera, project
from spatialevo_datasets.instances import Instance
from spatialevo_datasets.scene import Scene

ACROSS = 0.05
"""Share of an image's width by which one thing must lie left of another."""
IN_LINE = 0.4
"""The same, within which a thing farther away is *behind* another."""
MIDDLE = (0.30, 0.70)
"""Of the width: what is centred there is in the middle."""
DEPTH_M = 0.3
HEIGHT_M = 0.2
CLEARLY_LARGER = 1.25
NEXT_M, NEAR_M, FAR_M = (0.6, 1.0), (1.2, 1.8), (2.0, 1.2)
"""From where on a thing is next to, near and far from another, and from where on it is not."""
PRIOR_PAIRS, PRIOR_SHARE = 4, 0.25
"""What the share of near pairs is drawn towards where a view has few."""
MOST_POINTS = 1000
"""Of a thing, projected to learn where an image shows it."""

Images = Sequence[int]
"""Positions among the view's images, from 0."""
Truth = bool | None
Numbers = tuple[float, float, float]


class Placed(NamedTuple):
    """Where one image shows a thing."""

    across: float
    """0 at the left edge, 1 at the right."""
    depth_m: float


class Extent(NamedTuple):
    """The axis-aligned box of a thing."""

    low: Numbers
    high: Numbers

    @property
    def center(self) -> Numbers:
        """Its middle."""
        x, y, z = ((a + b) / 2 for a, b in zip(*self, strict=True))
        return x, y, z

    @property
    def height_m(self) -> float:
        """Along z."""
        return self.high[2] - self.low[2]

    @property
    def volume_m3(self) -> float:
        """Of the box."""
        x, y, z = (b - a for a, b in zip(*self, strict=True))
        return x * y * z


@dataclass(frozen=True)
class Arrangement:
    """The things that can be noticed in some frames of a room, and where they are."""

    scene: Scene
    frames: tuple[int, ...]

    @classmethod
    def of(cls, scene: Scene, frames: tuple[int, ...]) -> Arrangement:
        """The same one for the same frames, as long as the room remembers it."""
        return scene.derived.get(("arrangement", frames), lambda: cls(scene, frames))

    @cached_property
    def things(self) -> Mapping[str, tuple[Instance, ...]]:
        """By name, those that a viewer may notice; all in a room without frames."""
        found = {
            label: tuple(each for each in self.scene.labelled(label) if self._noticed(each))
            for label in self.scene.labels
        }
        return {label: those for label, those in found.items() if those}

    @cached_property
    def pictured(self) -> tuple[Mapping[int, Placed], ...]:
        """For each image, where it shows which things, by id."""
        return tuple(map(self._kept, self.frames))

    @cached_property
    def every(self) -> tuple[Instance, ...]:
        """All that may be noticed."""
        return tuple(each for those in self.things.values() for each in those)

    def share_within(self, most_m: float) -> float:
        """The share of pairs that are so near, drawn towards a usual one where there are few."""
        near = sum(gap <= most_m for gap in self._gaps.values())
        return (near + PRIOR_PAIRS * PRIOR_SHARE) / (len(self._gaps) + PRIOR_PAIRS)

    # Between two things.

    def left(self, a: Instance, b: Instance, images: Images) -> Truth:
        """Whether the images show a left of b."""
        return self._seen(a, b, images, lambda p, q: _clear(q.across - p.across, ACROSS))

    def behind(self, a: Instance, b: Instance, images: Images) -> Truth:
        """Whether a is farther from the camera than b, and about in line with it."""

        def holds(p: Placed, q: Placed) -> Truth:
            farther = _clear(p.depth_m - q.depth_m, DEPTH_M)
            return farther if abs(p.across - q.across) <= IN_LINE or not farther else None

        return self._seen(a, b, images, holds)

    def farther(self, a: Instance, b: Instance, images: Images) -> Truth:
        """Whether a is farther from the camera than b."""
        return self._seen(a, b, images, lambda p, q: _clear(p.depth_m - q.depth_m, DEPTH_M))

    def above(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether a is over b, not only higher."""
        one, two = self.extent(a), self.extent(b)
        higher = self.higher(a, b, ())
        over = _flat_gap(one, two) <= NEXT_M[0] and one.low[2] >= two.high[2] - HEIGHT_M / 2
        return higher if over or not higher else None

    def higher(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether the middle of a is higher than that of b."""
        return _clear(self.extent(a).center[2] - self.extent(b).center[2], HEIGHT_M)

    def on(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether a stands on b, or in it."""
        one, two = self.extent(a), self.extent(b)
        reach = zip(one.center, two.low, two.high, strict=True)
        x, y, z = (low - 0.1 <= at <= high + 0.1 for at, low, high in reach)
        rests = abs(one.low[2] - two.high[2]) <= HEIGHT_M
        if x and y and (z or rests) and one.volume_m3 <= two.volume_m3 * 2:
            return True
        return None if self.gap_m(a, b) <= HEIGHT_M and one.low[2] > two.low[2] else False

    def next_to(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether they are side by side."""
        return _within(self.gap_m(a, b), *NEXT_M)

    def near(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether they are near one another."""
        return _within(self.gap_m(a, b), *NEAR_M)

    def far(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether they are far apart."""
        far, near = FAR_M
        gap = self.gap_m(a, b)
        return True if gap >= far else False if gap <= near else None

    def taller(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether a is clearly taller than b."""
        one, two = self.extent(a).height_m, self.extent(b).height_m
        return _clear(one - two, max(0.05, 0.1 * max(one, two)))

    def larger(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether a takes up clearly more room than b."""
        one, two = self.extent(a).volume_m3, self.extent(b).volume_m3
        return True if one >= CLEARLY_LARGER * two else False if two >= one else None

    def closest(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether nothing that has another name is nearer to b than a."""
        others = [
            self.gap_m(each, b) for each in self.every if each is not b and each.label != a.label
        ]
        return None if not others else _clear(min(others) - self.gap_m(a, b), 0.1)

    def farthest(self, a: Instance, b: Instance, _images: Images) -> Truth:
        """Whether nothing that has another name is farther from b than a."""
        others = [
            self.gap_m(each, b) for each in self.every if each is not b and each.label != a.label
        ]
        return None if not others else _clear(self.gap_m(a, b) - max(others), 0.1)

    def between(self, a: Instance, b: Instance, c: Instance, images: Images) -> Truth:
        """Whether a is between b and c, on the floor or as the images show it."""
        (x, y, _), (x1, y1, _), (x2, y2, _) = (self.extent(each).center for each in (a, b, c))
        along, aside, length = x2 - x1, y2 - y1, hypot(x2 - x1, y2 - y1)
        if length < NEXT_M[0] / 2:
            return None
        share = ((x - x1) * along + (y - y1) * aside) / length**2
        off = abs((x - x1) * aside - (y - y1) * along) / length**2
        order = {self.left(b, a, images), self.left(a, c, images)}
        if (0.1 <= share <= 0.9 and off <= 0.5) or (len(order) == 1 and None not in order):
            return True
        return False if not -0.1 <= share <= 1.1 or off > 1 or order == {True, False} else None

    # Of one thing in the images.

    def on_the_left(self, a: Instance, images: Images) -> Truth:
        """Whether it is in the left half."""
        return self._at(a, images, lambda p: _clear(0.5 - p.across, ACROSS / 2))

    def in_the_middle(self, a: Instance, images: Images) -> Truth:
        """Whether it is about half-way across."""
        low, high = MIDDLE
        return self._at(
            a, images, lambda p: _clear(min(p.across - low, high - p.across), ACROSS / 2)
        )

    def in_front(self, a: Instance, images: Images) -> Truth:
        """Whether more things are farther from the camera than nearer."""
        return self._ranked(
            a, images, lambda p, q: _clear(q.depth_m - p.depth_m, DEPTH_M), most=False
        )

    def leftmost(self, a: Instance, images: Images) -> Truth:
        """Whether everything else is to its right."""
        return self._ranked(a, images, lambda p, q: _clear(q.across - p.across, ACROSS), most=True)

    def rightmost(self, a: Instance, images: Images) -> Truth:
        """Whether everything else is to its left."""
        return self._ranked(a, images, lambda p, q: _clear(p.across - q.across, ACROSS), most=True)

    def nearest(self, a: Instance, images: Images) -> Truth:
        """Whether everything else is farther from the camera."""
        return self._ranked(
            a, images, lambda p, q: _clear(q.depth_m - p.depth_m, DEPTH_M / 3), most=True
        )

    def remotest(self, a: Instance, images: Images) -> Truth:
        """Whether everything else is nearer to the camera."""
        return self._ranked(
            a, images, lambda p, q: _clear(p.depth_m - q.depth_m, DEPTH_M / 3), most=True
        )

    def gap_m(self, a: Instance, b: Instance) -> float:
        """Between the boxes of two things."""
        return self._gaps.get((min(a.id, b.id), max(a.id, b.id)), 0.0)

    def extent(self, instance: Instance) -> Extent:
        """The box of a thing."""
        return self._extents[instance.id]

    @cached_property
    def _extents(self) -> Mapping[int, Extent]:
        found = {}
        for each in self.every:
            box = self.scene.aabb(each)
            center, half = box.center.tolist(), (box.size / 2).tolist()
            low, high = (
                tuple(c + sign * h for c, h in zip(center, half, strict=True)) for sign in (-1, 1)
            )
            found[each.id] = Extent(low, high)
        return found

    @cached_property
    def _gaps(self) -> Mapping[tuple[int, int], float]:
        pairs = combinations(sorted(self._extents.items()), 2)
        return {(one, two): _gap(a, b) for (one, a), (two, b) in pairs}

    def _noticed(self, instance: Instance) -> bool:
        looks = [self.scene.sight(instance, index) for index in self.frames]
        return not self.scene.frames or any(look is None or look.glimpsed for look in looks)

    def _kept(self, index: int) -> Mapping[int, Placed]:
        return self.scene.derived.get(("pictured", index), lambda: self._pictured(index))

    def _pictured(self, index: int) -> Mapping[int, Placed]:
        frame, found = self.scene.frame(index), {}
        for each in self.scene.instances:
            look, points = self.scene.sight(each, index), each.seen_by
            if points is None or look is None or not look.glimpsed or look.depth_m is None:
                continue
            some = points[:: max(1, len(points) // MOST_POINTS)]
            u = project(frame.K, in_camera(frame, some))[:, 0]
            inside = u[(u >= 0) & (u < frame.width)]
            if len(inside):
                across = float(np.median(inside)) / frame.width
                found[each.id] = Placed(across, float(look.depth_m))
        return found

    def _seen(
        self, a: Instance, b: Instance, images: Images, holds: Callable[[Placed, Placed], Truth]
    ) -> Truth:
        shown = (self.pictured[at] for at in images)
        return agreed(holds(each[a.id], each[b.id]) for each in shown if {a.id, b.id} <= {*each})

    def _at(self, a: Instance, images: Images, holds: Callable[[Placed], Truth]) -> Truth:
        shown = (self.pictured[at] for at in images)
        return agreed(holds(each[a.id]) for each in shown if a.id in each)

    def _ranked(
        self,
        a: Instance,
        images: Images,
        before: Callable[[Placed, Placed], Truth],
        *,
        most: bool,
    ) -> Truth:
        """Whether it comes before all others of an image, or before more of them than after."""

        def holds(shown: Mapping[int, Placed]) -> Truth:
            others = [before(shown[a.id], place) for each, place in shown.items() if each != a.id]
            if most:
                return False if False in others else None if None in others or not others else True
            return _clear(others.count(True) - others.count(False), 1)

        return agreed(holds(self.pictured[at]) for at in images if a.id in self.pictured[at])


def agreed(found: Iterable[Truth]) -> Truth:
    """What all that can be told agrees on; None if nothing can, or they differ."""
    told = {each for each in found if each is not None}
    return told.pop() if len(told) == 1 else None


def _clear(difference: float, margin: float) -> Truth:
    return True if difference >= margin else False if difference <= -margin else None


def _within(gap_m: float, yes_m: float, no_m: float) -> Truth:
    return True if gap_m <= yes_m else False if gap_m >= no_m else None


def _gap(a: Extent, b: Extent) -> float:
    return dist((0, 0, 0), _apart(a, b))


def _flat_gap(a: Extent, b: Extent) -> float:
    return hypot(*_apart(a, b)[:2])


def _apart(a: Extent, b: Extent) -> list[float]:
    return [max(0.0, a.low[k] - b.high[k], b.low[k] - a.high[k]) for k in range(3)]
