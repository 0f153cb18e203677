"""Where objects are, and directions with the angles that decided them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import atan, atan2, degrees, hypot, inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spatialevo_core.question import Answer, Evidence, Frozen, Query, Stage
from spatialevo_core.task import Complaint, Rule, rule
from spatialevo_datasets.scene import Box, Instance, Scene
from spatialevo_datasets.views import View
from spatialevo_tasks.cameras import Components
from spatialevo_tasks.directions import SECTORS, SIDES, Offer, Sectors
from spatialevo_tasks.rules import SpatialTerms, referent

BoxOf = Callable[[Scene, Instance], Box]
"""`Scene.obb` or `Scene.aabb`: whose centre is an object's position."""

STEEP = 0.5
"""Height over horizontal length, beyond which up or down is said."""
PLAIN_WITHIN_M, PLAIN_FROM_M = 0.10, 0.20
"""Horizontal length below which, and height from which, up or down is said alone."""
TOLD_SHARE = 0.5
"""Of the largest component of a move, from which another one is told too."""

Triple = tuple[float, float, float]
Point = Float[np.ndarray, "3"]
"""World frame, metres."""


def rounded(point: Float[np.ndarray, "3"]) -> Triple:
    """A point as evidence shows it: metres, to a tenth of a millimetre."""
    x, y, z = (round(float(each), 4) for each in point)
    return x, y, z


def source(instance: Instance) -> str:
    """Where the object's geometry comes from: `points` or `annotated box`."""
    return "annotated box" if instance.points is None else "points"


class Decision(Frozen):
    """One angle that decided the answer, and how safely."""

    between: str
    """What it chose between."""
    clearance_deg: float
    """To the nearest boundary."""
    margin_deg: float
    """What noise needs."""


class Decided(Evidence):
    """An answer that angles decided."""

    decisions: tuple[Decision, ...]


class Bearing(Decided):
    """A direction."""

    azimuth_deg: float
    """0 front, +90 right, 180 back, -90 left."""
    rays_m: Mapping[str, float]
    """The length on the floor plane of every ray that enters the angle, by what it leads to."""


class Between(Bearing):
    """A direction between objects, each at the centre of its box."""

    centers_m: Mapping[str, Triple]
    """By the names in the question; world frame."""
    sources: Mapping[str, str]
    """What the boxes come from."""


class Places(NamedTuple):
    """Where the objects of a question are."""

    centers: list[Float[np.ndarray, "3"]]
    """Of their boxes, in the order of the question; world frame, metres."""
    told: dict[str, Any]
    """What `Between` says of them."""
    rivals: list[list[Float[np.ndarray, "3"]]]
    """The centres again, each time with another one for one object; see `rival_centers`."""

    def found(self, find: Callable[..., Found]) -> Found:
        """What the function finds of the centres, and whether rival ones change it."""
        return settled(find(*self.centers), [find(*each) for each in self.rivals])


def places(view: View, names: Sequence[str], box: BoxOf, terms: SpatialTerms) -> Places:
    """The objects of these names, each at the centre of its box."""
    objects = [referent(view, name, terms) for name in names]
    centers = [box(view.scene, each).center for each in objects]
    told = {
        "centers_m": dict(zip(names, map(rounded, centers), strict=True)),
        "sources": dict(zip(names, map(source, objects), strict=True)),
    }
    rivals = [
        [*centers[:at], rival, *centers[at + 1 :]]
        for at, each in enumerate(objects)
        for rival in rival_centers(view.scene, each, box)
    ]
    return Places(centers, told, rivals)


def rival_centers(scene: Scene, instance: Instance, box: BoxOf) -> Float[np.ndarray, "n 3"]:
    """Where noise may put the centre of the box as well; only a fitted box can be fitted anew."""
    return scene.rival_centers(instance) if box is Scene.obb else np.zeros((0, 3))


def sector(sectors: Sectors, azimuth_deg: float, margin_deg: float) -> Decision:
    """How safely an azimuth falls into its sector."""
    return Decision(
        between=", ".join(sectors.words),
        clearance_deg=sectors.clearance_deg(azimuth_deg),
        margin_deg=margin_deg,
    )


class Found(NamedTuple):
    """The word for a direction, and what decided it."""

    word: str
    azimuth_deg: float
    rays_m: dict[str, float]
    decisions: tuple[Decision, ...]

    @property
    def bearing(self) -> dict[str, Any]:
        """What a `Bearing` says of it."""
        told = self._asdict()
        del told["word"]
        return told


def settled(found: Found, rivals: Sequence[Found]) -> Found:
    """What was found, with the decisions that hang on which of the rivals is the right one."""
    flips = tuple(
        Decision(
            between=f"{found.word}, {each.word} by another box about the same points",
            clearance_deg=0.0,
            margin_deg=max(decision.margin_deg for decision in each.decisions),
        )
        for each in rivals
        if each.word != found.word
    )
    near = tuple(
        decision
        for each in rivals
        for decision in each.decisions
        if decision.clearance_deg < decision.margin_deg
    )
    return found._replace(decisions=(*found.decisions, *(flips or near)[:1]))


def on_the_floor(
    offer: Offer, azimuth_deg: float, rays_m: dict[str, float], terms: SpatialTerms
) -> Found:
    """The word that an offer has for an azimuth between rays of these lengths."""
    margin = terms.ray_margin_deg(*rays_m.values())
    decision = sector(SECTORS[offer], azimuth_deg, margin)
    return Found(SECTORS[offer].word(azimuth_deg), azimuth_deg, rays_m, (decision,))


def in_space(ray: str, vector: Components, terms: SpatialTerms) -> Found:
    """The word for a vector in a level frame: one of eight ways, up, down, or both together."""
    flat, rise, azimuth = vector.horizontal, abs(vector.up), vector.azimuth_deg
    level = Decision(
        between="level, up or down",
        clearance_deg=abs(degrees(atan2(rise, flat) - atan(STEEP))),
        margin_deg=terms.ray_margin_deg(vector.length),
    )
    if rise <= STEEP * flat:
        found = on_the_floor("eight ways", azimuth, {ray: flat}, terms)
        return found._replace(decisions=(level, *found.decisions))
    vertical = "up" if vector.up > 0 else "down"
    if flat < PLAIN_WITHIN_M and rise >= PLAIN_FROM_M:
        return Found(vertical, azimuth, {ray: vector.length}, (level,))
    side = sector(SIDES, azimuth, terms.ray_margin_deg(flat))
    return Found(f"{vertical}-{SIDES.word(azimuth)}", azimuth, {ray: flat}, (level, side))


def turn_word(yaw_deg: float, terms: SpatialTerms) -> tuple[str, tuple[Decision, ...]]:
    """Left or right; two optical axes enter, whose ends are too far away for noise to move."""
    decision = Decision(
        between="left, right",
        clearance_deg=min(abs(yaw_deg), 180 - abs(yaw_deg)),
        margin_deg=terms.ray_margin_deg(inf, inf),
    )
    return "left" if yaw_deg > 0 else "right", (decision,)


def move_word(moved: Components, terms: SpatialTerms) -> tuple[str, tuple[Decision, ...]]:
    """The words of every component that is at least half of the largest, at most two.

    The ratio of two components is an angle of the vector that they make, with a ray's margin.
    """
    words = {
        "forward" if moved.front > 0 else "backward": abs(moved.front),
        "right" if moved.right > 0 else "left": abs(moved.right),
        "up" if moved.up > 0 else "down": abs(moved.up),
    }
    first, second, third = sorted(words, key=lambda word: -words[word])
    a, b, c = words[first], words[second], words[third]
    half = Decision(
        between=f"{first} alone, {first} with {second}",
        clearance_deg=abs(degrees(atan2(b, a) - atan(TOLD_SHARE))),
        margin_deg=terms.ray_margin_deg(hypot(a, b)),
    )
    if b < TOLD_SHARE * a:
        return first, (half,)
    other = Decision(
        between=f"{first} with {second}, {first} with {third}",
        clearance_deg=degrees(atan2(b, c)) - 45,
        margin_deg=terms.ray_margin_deg(hypot(b, c)),
    )
    return "-".join(word for word in words if word in (first, second)), (half, other)


def unsettled(evidence: Decided, _terms: SpatialTerms) -> str | None:
    """What is too close to call, for the rule `decisive`."""
    for each in evidence.decisions:
        if each.clearance_deg < each.margin_deg:
            return (
                f"{each.clearance_deg:.1f} degrees decide between {each.between}; "
                f"noise needs {each.margin_deg:.1f}"
            )
    return None


def far_enough() -> Rule:
    """No ray of the direction is so short that it leads nowhere."""

    @rule(
        "direction.too_close",
        Stage.DEGENERATE,
        said=(
            "too close together",
            "too close",
            "too near",
            "right next to",
            "on top of",
            "same place",
            "same position",
            "same spot",
            "stands on",
            "straight above",
            "straight below",
        ),
    )
    def check(
        _view: View, _query: Query, answer: Answer[Bearing], terms: SpatialTerms
    ) -> Complaint | None:
        least = terms.nearest_direction_m
        for what, length in answer.evidence.rays_m.items():
            if length < least:
                message = f"{what} is a ray of {length:.2f} m, too short for a direction"
                return Complaint(f"{message}; it needs {least:.2f} m")
        return None

    return check
