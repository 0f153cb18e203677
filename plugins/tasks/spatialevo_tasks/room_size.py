"""How large is this room, in square meters?

The area of the floor: cells of 5 cm that hold scanned floor, with the footprints of what stands on
it, gaps closed and holes filled (`floors.complete`). Gaps up to scanned walls are closed as gaps
within the floor are; a corner that no camera saw remains left out. A cell at the edge of the scan
counts by the half of it that lies inside on average, so that the area hardly depends on how the
room is turned against the cells.
The definition `published` is the area that a dataset stores, where it does; the profile `vsi-bench`
answers it without asking what was scanned. The band is 2 cm, by which noise moves what stands at
the edge, all along the outline.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Answer, Evidence, Query, Stage
from spatialevo_core.scoring import plainly, relative_accuracy
from spatialevo_core.task import Complaint, rule
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.units import AreaUnit, measured
from spatialevo_tasks.wordings import others, written

EDGE_NOISE_M = 0.02


class RoomTerms(SpatialTerms):
    """With what a room needs for its size to be told."""

    least_scanned: float = 0.5
    """Of the area, what the scan must show of the floor itself."""
    least_seen: float = 0.5
    """Of the area, what the frames of the view must show of the floor and of what stands there."""
    published: bool = False
    """Whether a stored area will do."""


class RoomSize(Query):
    """How large the floor of the room is."""

    unit: AreaUnit = "m^2"


class RoomEvidence(Evidence):
    """The floor as it was completed."""

    area_m2: float
    floor_height_m: float | None = None
    cells: int | None = None
    """Of the completed floor, 5 cm wide."""
    scanned_cells: int | None = None
    outline_m: float | None = None
    drawing: tuple[str, ...] = ()
    """Squares of 0.25 m, world +y upwards: `#` scanned, `+` completed."""


def solve(view: SceneView, q: RoomSize, _terms: RoomTerms) -> Answer[RoomEvidence]:
    """The completed floor; there must be one (rule `floor.incomplete`)."""
    floor = view.scene.whole_floor
    if floor is None:
        raise ConfigError(f"{view.scene.key} has no scanned floor; its size cannot be measured")
    evidence = RoomEvidence(
        area_m2=floor.area_m2,
        floor_height_m=floor.height_m,
        cells=floor.cells,
        scanned_cells=floor.scanned_cells,
        outline_m=floor.outline_m,
        drawing=floor.drawing,
    )
    return measured(floor.area_m2, q.unit, evidence, EDGE_NOISE_M * floor.outline_m)


def published(view: SceneView, q: RoomSize, terms: RoomTerms) -> Answer[RoomEvidence]:
    """The stored area, or the completed floor where none is stored."""
    area = view.scene.room_size_m2
    if area is None:
        return solve(view, q, terms)
    return measured(area, q.unit, RoomEvidence(area_m2=area))


@rule(
    "floor.incomplete",
    Stage.SOLVABLE,
    said=(
        "floor is not shown",
        "floor is not visible",
        "not all of room",
        "not whole room",
        "not entire room",
        "only part of room",
        "part of room",
        "rest of room",
        "part of floor",
        "not all of floor",
        "not whole floor",
        "rest of floor",
        "incomplete",
    ),
)
def complete(view: SceneView, _q: RoomSize, terms: RoomTerms) -> Complaint | None:
    """Enough of the floor was scanned, and the view shows enough of it."""
    if terms.published and view.scene.room_size_m2 is not None:
        return None
    floor = view.scene.whole_floor
    if floor is None:
        return Complaint("no floor was scanned in this room")
    scanned = floor.scanned_cells / floor.cells
    if scanned < terms.least_scanned:
        return Complaint(f"only {scanned:.0%} of the floor was scanned")
    seen = view.scene.floor_seen(view.frames)
    if seen is not None and seen < terms.least_seen:
        return Complaint(f"the images show only {seen:.0%} of the floor")
    return None


def candidates(_view: SceneView, _rng: Random) -> Iterator[RoomSize]:
    """The one question, in square metres."""
    yield RoomSize()


TASK = SpatialTask(
    name="room_size",
    summary="How large the floor of the room is.",
    world=SceneView,
    query=RoomSize,
    phrasings=(
        *written(
            "How large is (this|the) room, in {unit}",
            "What is the size of (this|the) room, in {unit}",
            "What is the floor area of (this|the) room, in {unit}",
            "How many {unit} does (this|the) room have",
            "How many {unit} of floor does (this|the) room have",
            "In {unit}, how large is (this|the) room",
            "What is the area of the floor of (this|the) room, in {unit}",
            "How big is (this|the) room, in {unit}",
        ),
        *others("room_size"),
    ),
    rules=(complete,),
    candidates=candidates,
    solve=solve,
    definitions={"published": published},
    score=lambda reply, answer: relative_accuracy(reply, plainly(answer)),
    report=relative_accuracy,
    answer_hint=lambda q: f"a number in {q.unit}",
    terms=RoomTerms(),
)
