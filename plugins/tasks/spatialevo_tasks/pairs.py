"""What is asked about a thing of the room across two images: rules, directions and wordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, TypeVar

from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Query
from spatialevo_core.task import Complaint, Rule, rule
from spatialevo_core.text import sentence
from spatialevo_datasets.scene import Instance
from spatialevo_datasets.views import PairView
from spatialevo_tasks import geometry, rules
from spatialevo_tasks.cameras import camera_frame
from spatialevo_tasks.geometry import Bearing, Found, Point, Triple, rounded
from spatialevo_tasks.rules import SpatialTerms, names, seen_in
from spatialevo_tasks.wordings import others, written

Q = TypeVar("Q", bound=Query)

_NUMERALS = {1: ("1", "one", "first"), 2: ("2", "two", "second")}
IMAGES_SAID = {
    f"image{number}": tuple(
        form.format(word)
        for word in words
        for form in ("{}", "image {}", "{} image", "picture {}", "{} picture", "{} one")
    )
    for number, words in _NUMERALS.items()
}
"""Other ways to name `image1` and `image2` in a reply."""


def alone(*fields: str) -> Rule:
    """The room has one object of each name, whether the images show others or not.

    A second one that neither image shows is as good an answer where the object may be unseen.
    """
    in_view = rules.unique(*fields)

    @rule(in_view.code, in_view.stage, said=in_view.said)
    def check(view: PairView, query: Query, terms: SpatialTerms) -> Complaint | None:
        if terms.policy != "unique":
            return None
        many = [name for name in names(query, *fields) if len(view.scene.labelled(name)) > 1]
        if not many:
            return None
        return Complaint(f"this room has more than one {sentence(many)}", tuple(many))

    return check


def only_ones(view: PairView) -> tuple[str, ...]:
    """The names that fit one object of the room, sorted."""
    return tuple(name for name in view.scene.labels if len(view.scene.labelled(name)) == 1)


def both_ways(query: type[Q]) -> Callable[[PairView, Random], Iterator[Q]]:
    """Candidates of a query with a reference and a target image: either image as the reference."""

    def candidates(_view: PairView, rng: Random) -> Iterator[Q]:
        for reference in rng.sample((1, 2), 2):
            yield query.model_validate({"reference": reference, "target": 3 - reference})

    return candidates


def shown_in(view: PairView, number: int, instance: Instance, terms: SpatialTerms) -> bool:
    """Whether the object is known to be visible in the image of that number."""
    return view.frames[number - 1] in seen_in(view, instance, terms)


def overlapping_unless(shown: Callable[[PairView, Any, SpatialTerms], bool]) -> Rule:
    """The images show enough of the same, or one of them is all that the answer takes."""
    overlap = rules.overlapping()

    @rule(overlap.code, overlap.stage, said=overlap.said)
    def check(view: PairView, query: Query, terms: SpatialTerms) -> Complaint | None:
        if shown(view, query, terms):
            return None
        return overlap.check(view, query, terms)

    return check


class FromCamera(Bearing):
    """A place in the level frame of the reference camera, metres."""

    camera_m: Triple
    heading_deg: float
    """Of the camera, from world +x, counter-clockwise."""
    target_m: Triple
    front_m: float
    right_m: float
    up_m: float


def from_camera(
    view: PairView,
    number: int,
    name: str,
    target: Point,
    terms: SpatialTerms,
    *,
    rivals: Iterable[Point] = (),
) -> FromCamera:
    """Where a place of the world frame lies for who took the image of that number.

    `rivals`: where it may lie as well, for all that a noisy scan tells.
    """
    level = camera_frame(view.image(number).T_world_camera)

    def find(place: Point) -> Found:
        seen = level.point(place)
        rays = {f"camera of image {number} to {name}": seen.horizontal}
        return geometry.on_the_floor("eight ways", seen.azimuth_deg, rays, terms)

    seen = level.point(target)
    found = geometry.settled(find(target), [find(each) for each in rivals])
    return FromCamera(
        camera_m=rounded(level.origin),
        heading_deg=level.heading_deg,
        target_m=rounded(target),
        front_m=seen.front,
        right_m=seen.right,
        up_m=seen.up,
        **found.bearing,
    )


def where_from_camera(thing: str) -> tuple[Phrasing, ...]:
    """Wordings that ask where the thing in that field was for who took the `{reference}`."""
    blank = f"{{{thing}}}"
    return (
        *written(
            "When you took {reference}, in which direction was the <thing>",
            "When you took {reference}, where was the <thing> relative to you",
            "Seen from the camera of {reference}, where was the <thing>",
            "Seen from the camera of {reference}, in which direction was the <thing>",
            "Relative to the camera of {reference}, in which direction was the <thing>",
            "Looking as the camera of {reference} does, in which direction was the <thing>",
            "If you look the way {reference} was taken, where was the <thing>",
            "Taking the viewing direction of {reference} as front, where was the <thing>",
            "In which direction from the camera of {reference} was the <thing>",
            thing=blank,
        ),
        *others("where_from_camera", thing=blank),
    )
