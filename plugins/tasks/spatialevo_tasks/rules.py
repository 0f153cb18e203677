"""When a question about a room is refused: settings, what a name refers to, and shared rules.

Rules about seeing do not apply where nothing can be seen: in a room without frames, or to an object
that has a box but no points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import atan, degrees
from typing import Any, Literal

from spatialevo_core.question import Query, Stage, Terms
from spatialevo_core.task import Complaint, Rule, rule
from spatialevo_core.text import name_form, plural, sentence, singulars
from spatialevo_datasets.labels import structural
from spatialevo_datasets.scene import Instance
from spatialevo_datasets.views import View
from spatialevo_tasks.cameras import LEAST_TILT_DEG, tilt_deg
from spatialevo_tasks.reasons import (
    AMBIGUOUS_SAID,
    BOUNDARY_SAID,
    MISSING_SAID,
    NO_IMAGE_SAID,
    NO_OVERLAP_SAID,
    PARTLY_UNSEEN_SAID,
    REPEATED_SAID,
    SPARSE_SAID,
    STEEP_SAID,
    UNSEEN_SAID,
)


class SpatialTerms(Terms):
    """The settings that decide what is true or legal; a profile may change them."""

    definition: str = "exact"
    """Of the answer, in force: rules that choose among objects measure as it does."""
    policy: Literal["unique", "first"] = "unique"
    """Which of several objects of one name is meant: none may be, or the first."""
    least_tilt_deg: float = LEAST_TILT_DEG
    """An optical axis nearer to the vertical has no heading."""
    visible_share: float = 0.10
    visible_image_share: float = 0.01
    """Either makes an object *visible*: of its points, or its 2D box's share of the image."""
    glimpsed_share: float = 0.02
    glimpsed_image_share: float = 0.0003
    """Either makes an object *glimpsed*."""
    fewest_points: int = 50
    least_overlap: float = 0.10
    nearest_direction_m: float = 0.20
    """Horizontally; what is nearer lies in no direction."""
    angle_margin_deg: float = 2.0
    """For each ray that enters an angle, plus what `ray_noise_m` at its end subtends."""
    ray_noise_m: float = 0.04
    depth_margin_m: float = 0.15
    """Between compared distances or depths."""
    size_margin_m: float = 0.05
    size_margin_share: float = 0.10
    height_margin_m: float = 0.15
    visibility_margin: float = 0.15

    def ray_margin_deg(self, *ranges_m: float) -> float:
        """The margin of an angle between rays of these lengths."""
        return sum(
            self.angle_margin_deg + (degrees(atan(self.ray_noise_m / each)) if each > 0 else 90.0)
            for each in ranges_m
        )


def applies(view: View, instance: Instance) -> bool:
    """Whether there is anything to be said about seeing the object."""
    return bool(view.scene.frames) and instance.seen_by is not None


def seen_in(view: View, instance: Instance, terms: SpatialTerms) -> Iterator[int]:
    """The frames of the view in which the object is visible, one by one."""
    for index in view.frames:
        sight = view.scene.sight(instance, index)
        if sight is not None and sight.reaches(terms.visible_share, terms.visible_image_share):
            yield index


def hidden(view: View, instance: Instance, terms: SpatialTerms) -> bool:
    """Whether the object should be visible in some frame of the view, and is in none."""
    return applies(view, instance) and not any(True for _ in seen_in(view, instance, terms))


def noticeable(view: View, instance: Instance, terms: SpatialTerms) -> bool:
    """Whether a viewer may notice the object: glimpsed, or of unknown visibility, in some frame."""
    if not applies(view, instance):
        return True
    looks = (view.scene.sight(instance, index) for index in view.frames)
    return any(
        sight is None or sight.reaches(terms.glimpsed_share, terms.glimpsed_image_share)
        for sight in looks
    )


def referents(view: View, label: str, terms: SpatialTerms) -> tuple[Instance, ...]:
    """The objects that the name may refer to: those noticeable in the view if several have it."""
    named = view.scene.labelled(label)
    if terms.policy != "unique" or len(named) < 2:
        return named
    return tuple(each for each in named if noticeable(view, each, terms)) or named[:1]


def referent(view: View, label: str, terms: SpatialTerms) -> Instance:
    """The object that the name refers to, of several the first; the room must have one."""
    return referents(view, label, terms)[0]


Meant = Callable[[View, Any, str, SpatialTerms], tuple[Instance, ...]]
"""`(view, query, name, terms)`: the object that is meant, or all while that is undecided."""


def undecided(view: View, _query: Query, name: str, terms: SpatialTerms) -> tuple[Instance, ...]:
    """All that the name may refer to, unless the policy decides."""
    found = referents(view, name, terms)
    return found if terms.policy == "unique" else found[:1]


def names(query: Query, *fields: str) -> tuple[str, ...]:
    """The object names in these fields of the query, each once, in their order."""
    values = (getattr(query, field) for field in fields)
    rows = ((value,) if isinstance(value, str) else value for value in values)
    return tuple(dict.fromkeys(name for row in rows for name in row))


def exist(*fields: str) -> Rule:
    """The room has something of every name."""

    @rule("object.missing", Stage.PREMISE, said=MISSING_SAID)
    def check(view: View, query: Query, _terms: SpatialTerms) -> Complaint | None:
        missing = [name for name in names(query, *fields) if not view.scene.labelled(name)]
        if not missing:
            return None
        told = f"there is no {sentence(missing, 'or')} in this room{of_the_room(missing)}"
        return Complaint(told, tuple(missing))

    return check


def of_the_room(missing: Iterable[str]) -> str:
    """What to add to a message that these are missing: that some are the room itself, if so."""
    forms = (form for name in missing for form in (name, *singulars(name_form(name))))
    return "; walls, floors and the like are no objects here" if any(map(structural, forms)) else ""


def distinct(*fields: str) -> Rule:
    """No two roles are filled by the same name."""

    @rule(
        "object.repeated",
        Stage.PREMISE,
        said=REPEATED_SAID,
    )
    def check(_view: View, query: Query, _terms: SpatialTerms) -> Complaint | None:
        values = [getattr(query, field) for field in fields]
        told = [n for value in values for n in ((value,) if isinstance(value, str) else value)]
        again = tuple(dict.fromkeys(name for name in told if told.count(name) > 1))
        return (
            Complaint(f"the {sentence(again)} fills more than one role", again) if again else None
        )

    return check


def unique(*fields: str) -> Rule:
    """A definite name fits one object that can be noticed in the view."""

    @rule(
        "object.ambiguous",
        Stage.SOLVABLE,
        said=AMBIGUOUS_SAID,
    )
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        if terms.policy != "unique":
            return None
        many = [n for n in names(query, *fields) if len(referents(view, n, terms)) > 1]
        if not many:
            return None
        message = f"there is more than one {sentence(many, 'or')}, so it is open which is meant"
        return Complaint(message, tuple(many))

    return check


def observed(*fields: str, meant: Meant = undecided) -> Rule:
    """Every named object is visible in some frame of the view."""

    @rule("object.unseen", Stage.SOLVABLE, said=UNSEEN_SAID)
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        unseen = tuple(
            name
            for name in names(query, *fields)
            if all(hidden(view, each, terms) for each in meant(view, query, name, terms))
        )
        if not unseen:
            return None
        return Complaint(f"the {sentence(unseen)} cannot be seen in the images", unseen)

    return check


def all_observed(field: str) -> Rule:
    """Every object of the category is visible in some frame of the view."""

    @rule("objects.unseen_member", Stage.SOLVABLE, said=PARTLY_UNSEEN_SAID)
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        (category,) = names(query, field)
        members = view.scene.labelled(category)
        unseen = sum(hidden(view, each, terms) for each in members)
        if not unseen:
            return None
        noun = plural(category)
        return Complaint(f"{unseen} of the {noun} cannot be seen in the images", (category,))

    return check


def dense(*fields: str, meant: Meant = undecided) -> Rule:
    """Every named object that is measured or seen by points has enough of them."""

    @rule("object.sparse", Stage.SOLVABLE, said=SPARSE_SAID)
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        told = {name: meant(view, query, name, terms)[0] for name in names(query, *fields)}
        return too_few_points(told, terms)

    return check


def too_few_points(objects: Mapping[str, Instance], terms: SpatialTerms) -> Complaint | None:
    """The complaint about the first of the objects, by name, that has too few points."""
    fewest = terms.fewest_points
    for name, instance in objects.items():
        count = fewest if instance.seen_by is None else len(instance.seen_by)
        if count < fewest:
            message = f"{name} has {count} points, fewer than the {fewest} that are needed"
            return Complaint(message, (name,))
    return None


def connected(*fields: str, meant: Meant = undecided, everything: bool = False) -> Rule:
    """Frames that overlap, one after another, lead from each named object to every other.

    It is enough that one group of the view's frames, linked by overlaps, shows all of them.
    `everything`: every object of the name, not the one that is meant.
    """

    @rule("view.no_overlap", Stage.SOLVABLE, said=NO_OVERLAP_SAID)
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        told = names(query, *fields)
        objects = (
            each
            for name in told
            for each in (
                view.scene.labelled(name) if everything else meant(view, query, name, terms)[:1]
            )
        )
        shown = [frozenset(seen_in(view, each, terms)) for each in objects if applies(view, each)]
        if not all(shown) or not shown or frozenset.intersection(*shown):
            return None  # what is not seen at all is for `observed` to say
        groups = _linked(view, terms)
        if any(all(group & where for where in shown) for group in groups):
            return None
        message = f"no overlapping images show {sentence(tuple(f'the {name}' for name in told))}"
        return Complaint(message, told)

    return check


def images(*fields: str) -> Rule:
    """The view has the images of these numbers, and each fills one role."""

    @rule(
        "frame.missing",
        Stage.PREMISE,
        said=NO_IMAGE_SAID,
    )
    def check(view: View, query: Query, _terms: SpatialTerms) -> Complaint | None:
        numbers = [getattr(query, field) for field in fields]
        count = len(view.frames)
        for number in numbers:
            if not 1 <= number <= count:
                shown = "1 image is" if count == 1 else f"{count} images are"
                return Complaint(f"there is no image {number}; {shown} shown", (f"image {number}",))
        if len(set(numbers)) < len(numbers):
            return Complaint(
                f"image {numbers[0]} fills more than one role", (f"image {numbers[0]}",)
            )
        return None

    return check


def headed(images: Callable[[Any], Iterable[int]] = lambda query: (1,)) -> Rule:  # noqa: ARG005
    """The cameras of the images that the query needs a heading of, by number, have one."""

    @rule(
        "camera.no_heading",
        Stage.SOLVABLE,
        said=STEEP_SAID,
    )
    def check(view: View, query: Query, terms: SpatialTerms) -> Complaint | None:
        for number in images(query):
            if tilt_deg(view.image(number).T_world_camera) < terms.least_tilt_deg:
                message = f"the camera of image {number} looks too steeply up or down for a heading"
                return Complaint(message, (f"image {number}",))
        return None

    return check


def named(*fields: str) -> tuple[Rule, ...]:
    """What holds of every question about objects that it names, each in a role of its own."""
    several = (distinct,) if len(fields) > 1 else ()
    return tuple(each(*fields) for each in (exist, *several, unique, observed, dense))


def overlapping() -> Rule:
    """The first two frames of the view show enough of the same, as far as there is to be seen."""

    @rule("view.no_overlap", Stage.SOLVABLE, said=NO_OVERLAP_SAID)
    def check(view: View, _query: Query, terms: SpatialTerms) -> Complaint | None:
        share = view.scene.overlap(*view.frames[:2])
        if share is None:
            unknown = "the images share an unknown part of what they show; depth is missing"
            return Complaint(unknown) if view.scene.viewable else None
        if share >= terms.least_overlap:
            return None
        return Complaint(
            f"the images share {share:.0%} of what they show, less than {terms.least_overlap:.0%}"
        )

    return check


def decisive(what: Callable[[Any, SpatialTerms], str | None], said: tuple[str, ...] = ()) -> Rule:
    """Noise does not change the answer; `what` reads the evidence and says what is too close."""

    @rule("answer.near_boundary", Stage.DEGENERATE, said=(*BOUNDARY_SAID, *said))
    def check(_view: View, _query: Query, answer: Any, terms: SpatialTerms) -> Complaint | None:
        message = what(answer.evidence, terms)
        return None if message is None else Complaint(message)

    return check


def informative(what: Callable[[Any, SpatialTerms], str | None], said: tuple[str, ...]) -> Rule:
    """The answer says something; `what` reads the evidence and says why it does not."""

    @rule("answer.empty", Stage.DEGENERATE, said=said)
    def check(_view: View, _query: Query, answer: Any, terms: SpatialTerms) -> Complaint | None:
        message = what(answer.evidence, terms)
        return None if message is None else Complaint(message)

    return check


def _linked(view: View, terms: SpatialTerms) -> Iterator[frozenset[int]]:
    """The frames of the view in groups that overlaps hold together."""
    left = list(view.frames)
    while left:
        group, reach = set(), [left.pop(0)]
        while reach:
            at = reach.pop()
            group.add(at)
            near = [each for each in left if _overlap(view, at, each) >= terms.least_overlap]
            left = [each for each in left if each not in near]
            reach += near
        yield frozenset(group)


def _overlap(view: View, one: int, other: int) -> float:
    """An unknown overlap links nothing."""
    return view.scene.overlap(one, other) or 0.0
