"""What is odd about a room: findings to act on before questions are asked about it.

What is looked at are the frames that questions are asked about (`Scene.drawn`), so the work does
not grow with the length of a recording; poses are looked at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import numpy as np

from spatialevo_core.text import name_form
from spatialevo_core.worlds import Finding, Severity
from spatialevo_datasets import doctor_frames, labels, planes
from spatialevo_datasets.doctor_frames import listed
from spatialevo_datasets.ply import WIDEST_M
from spatialevo_datasets.scene import Instance, Scene

FEW_POINTS = 50
"""An object of fewer is too sparse to be measured."""
SMALLEST_M = 0.5
"""The longest side of a scan is at least this."""
TILTED_DEG, WRONG_UP_DEG = 2.0, 10.0
"""Scans are level within a degree or so; beyond the second, heights and sizes are wrong."""
TURNED_DEG = 3.0
"""A 2 m sofa turned by this has an axis-aligned box that is 2 % longer and 10 cm deeper."""
CLEAR = 0.2
"""Walls that agree less have no main direction."""
UNLABELLED, MUCH_UNLABELLED = 0.10, 0.30
"""Of the scanned points; published scans have about 0.05."""
SIMILAR = 0.8
"""From here on an unknown label may be a misspelt known one."""


def examined(scene: Scene) -> Iterator[Finding]:
    """The findings about a room, what is in it first, then its scan, then its frames."""
    yield from _contents(scene)
    yield from _labels(scene)
    yield from _objects(scene.instances)
    yield from _scan(scene)
    yield from doctor_frames.examined(scene)


def _contents(scene: Scene) -> Iterator[Finding]:
    if not scene.instances:
        yield Finding(
            code="objects.none",
            severity=Severity.WARNING,
            where="labels",
            means="no object is labelled, so next to nothing can be asked",
            remedy="look whether the annotation is that of this scan",
        )
    if scene.left_out:
        yield Finding(
            code="objects.left_out",
            severity=Severity.NOTE,
            where="labels",
            means=f"annotated, and yet left out: {listed(scene.left_out, 'entries')}; "
            "they are neither counted nor compared",
            remedy="nothing, unless one of them is an object to be asked about",
        )
    share = scene.unlabelled_share
    if share is not None and share > UNLABELLED:
        yield Finding(
            code="labels.gaps",
            severity=Severity.WARNING if share > MUCH_UNLABELLED else Severity.NOTE,
            where="labels",
            means=f"{share:.0%} of the scan belongs to nothing that is labelled; what is there "
            "is neither counted nor compared",
            remedy="leave the scan out of counting where the gaps hide objects",
        )


def _labels(scene: Scene) -> Iterator[Finding]:
    """Labels that the table of names does not have, and those that may be misspelt."""
    known = labels.vocabulary(())
    counts = Counter(name_form(each.label) for each in scene.instances)
    unknown = sorted(label for label in counts if known.known(label) is None)
    words = sorted(labels.words())
    meant = {label: _similar(label, words) for label in unknown}
    for label, word in meant.items():
        if word is not None:
            yield Finding(
                code="label.spelling",
                severity=Severity.WARNING,
                where=f"label '{label}'",
                means=f"it is not known, and may be a misspelt '{word}'; "
                "objects of both names would count as two categories",
                remedy="if so, correct the annotation",
            )
    strange = [label for label, word in meant.items() if word is None]
    if strange:
        yield Finding(
            code="label.unknown",
            severity=Severity.NOTE,
            where="labels",
            means=f"{len(strange)} have no synonyms here ({listed(strange)}), so questions must "
            "use the very word",
            remedy="nothing, unless one of them is no object, or another word for one",
        )


def _similar(label: str, words: Sequence[str]) -> str | None:
    """A known word that differs by a slip; slips seldom concern the first letter."""
    among = [word for word in words if word[:1] == label[:1] and len(word) > 4]
    return next(iter(get_close_matches(label, among, 1, SIMILAR)), None)


def _objects(instances: Sequence[Instance]) -> Iterator[Finding]:
    sparse = [each for each in instances if each.points is not None and _few_points(each)]
    if sparse:
        yield Finding(
            code="object.sparse",
            severity=Severity.NOTE,
            where=_named(sparse),
            means=f"fewer than {FEW_POINTS} points, too few to measure; what asks for its size or "
            "distance is refused",
            remedy="nothing, unless it is large: then the scan has a hole there",
        )
    empty = [each for each in instances if each.scanned is not None and not len(each.scanned)]
    if empty:
        yield Finding(
            code="object.unscanned",
            severity=Severity.NOTE,
            where=_named(empty),
            means="no scanned point is in its box, so nobody knows which frames show it",
            remedy="if these are many, look whether boxes and mesh are of the same scan",
        )


def _few_points(instance: Instance) -> bool:
    return instance.points is not None and len(instance.points) < FEW_POINTS


def _scan(scene: Scene) -> Iterator[Finding]:
    """The scan as a whole: its extent, what is up, how the walls are turned."""
    points = scene.points
    if points is None or not len(points):
        return
    if not np.isfinite(points).all():
        yield Finding(
            code="scan.not_finite",
            severity=Severity.ERROR,
            where="scan",
            means="some points are infinite or no numbers",
            remedy="fetch the mesh again, or leave the scan out",
        )
        return
    longest_m = float(np.ptp(points, axis=0).max())
    if not SMALLEST_M <= longest_m <= WIDEST_M:
        yield Finding(
            code="scan.size",
            severity=Severity.ERROR,
            where="scan",
            means=f"it is {longest_m:.3g} m long, which no room is",
            remedy="look for its unit: metres are expected",
        )
        return
    facets = planes.Facets.of(points, scene.faces)
    yield from _up(scene, facets)
    yield from _walls(facets)
    if scene.whole_floor is None:
        yield Finding(
            code="floor.none",
            severity=Severity.NOTE,
            where="scan",
            means="no floor is labelled, and no low level surface was found; "
            "the size of the room cannot be asked",
            remedy="nothing, unless a floor was scanned",
        )


def _up(scene: Scene, facets: planes.Facets) -> Iterator[Finding]:
    """Whether the floor, what is level, and the cameras agree that z is up."""
    floor = scene.floor if scene.floor is not None and len(scene.floor) >= FEW_POINTS else None
    normal = planes.level_normal(facets) if floor is None else planes.fitted_normal(floor)
    what = "what is nearly level" if floor is None else "the labelled floor"
    across = doctor_frames.level_axis(scene.frames)
    if across is not None and planes.tilt_deg(across) > planes.LEVEL_WITHIN_DEG:
        normal, what = across, "the vertical of the cameras, held level,"
    tilt = 0.0 if normal is None else planes.tilt_deg(normal)
    if tilt > TILTED_DEG:
        yield Finding(
            code="axis.up",
            severity=Severity.ERROR if tilt > WRONG_UP_DEG else Severity.WARNING,
            where="scan",
            means=f"{what} is tilted by {tilt:.1f} degrees against z; "
            "heights, floor area and boxes follow z",
            remedy="look for the transform that makes z point up (the scan's alignment)",
        )
    elif floor is not None and _above_cameras(scene, float(np.median(floor[:, 2]))):
        yield Finding(
            code="axis.up",
            severity=Severity.ERROR,
            where="scan",
            means="the floor is above the cameras: the scan is upside down",
            remedy="look for the transform that makes z point up (the scan's alignment)",
        )


def _above_cameras(scene: Scene, height_m: float) -> bool:
    heights = [frame.position[2] for frame in scene.frames]
    return bool(heights) and height_m > float(np.median(heights))


def _walls(facets: planes.Facets) -> Iterator[Finding]:
    turn = planes.wall_turn(facets)
    if turn is not None and turn.clear >= CLEAR and abs(turn.deg) > TURNED_DEG:
        yield Finding(
            code="axis.walls",
            severity=Severity.NOTE,
            where="scan",
            means=f"the walls are turned by {turn.deg:+.1f} degrees against x and y "
            f"(clarity {turn.clear:.2f} of 1), so boxes along the axes are too large",
            remedy="use the scan's axis alignment if it has one, or no definition 'aabb'",
        )


def _named(instances: Sequence[Instance]) -> str:
    return listed([f"{each.id} '{each.label}'" for each in instances], "objects")
