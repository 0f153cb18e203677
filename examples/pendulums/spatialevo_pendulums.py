"""Which pendulum swings faster? A world, a dataset and a task in one file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from PIL import Image, ImageDraw

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_core.names import Vocabulary
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Evidence, Query, Stage, Terms
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import Name
from spatialevo_core.task import AnyTask, Complaint, Task, rule
from spatialevo_core.worlds import Dataset

GRAVITY_M_S2 = 9.81
COLOURS = ("red", "green", "blue", "yellow")
PIXELS = 112


@dataclass(frozen=True)
class Rack:
    """Pendulums that hang side by side, in their order."""

    key: str
    lengths_m: dict[str, float]


@dataclass(frozen=True)
class RackView:
    """One picture of a rack."""

    source: ClassVar[type] = Rack
    frames: ClassVar[tuple[int, ...]] = ()
    rack: Rack

    @property
    def key(self) -> str:
        return self.rack.key

    def images(self) -> Sequence[Image.Image]:
        picture = Image.new("RGB", (PIXELS, PIXELS), "white")
        draw = ImageDraw.Draw(picture)
        step = PIXELS / (len(self.rack.lengths_m) + 1)
        for at, (colour, length) in enumerate(self.rack.lengths_m.items(), start=1):
            x, y = at * step, length * (PIXELS - 20)
            draw.line((x, 0, x, y), fill="black")
            draw.circle((x, y), 8, fill=colour)
        return [picture]

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(names=tuple(self.rack.lengths_m), lexicon=frozenset(COLOURS))

    @classmethod
    def of(cls, source: Rack, frames: Sequence[int] | None = None) -> RackView:
        return cls(source)

    @classmethod
    def propose(cls, source: Rack, rng: Random) -> Iterator[RackView]:
        yield cls(source)


class Faster(Query):
    """Two pendulums, by colour."""

    first: Name
    second: Name


class Periods(Evidence):
    """Seconds for a small swing there and back, in the order of the question."""

    periods_s: tuple[float, float]


class Limits(Terms):
    """What must be clear for a question to be fair."""

    margin_s: float = 0.1


@rule("pendulum.missing", Stage.PREMISE, said=("there is no such pendulum",))
def exist(view: RackView, q: Faster, terms: Limits) -> Complaint | None:
    gone = tuple(name for name in (q.first, q.second) if name not in view.rack.lengths_m)
    return Complaint(f"no pendulum is {' or '.join(gone)}", gone) if gone else None


@rule("pendulum.repeated", Stage.PREMISE, said=("the same pendulum twice",))
def distinct(view: RackView, q: Faster, terms: Limits) -> Complaint | None:
    return Complaint(f"{q.first} is named twice", (q.first,)) if q.first == q.second else None


@rule("answer.near_boundary", Stage.DEGENERATE, said=("too close to call",))
def decisive(view: RackView, q: Faster, answer: Answer[Periods], terms: Limits) -> Complaint | None:
    first, second = answer.evidence.periods_s
    if abs(first - second) >= terms.margin_s:
        return None
    return Complaint(f"{q.first} and {q.second} swing within {terms.margin_s} s of each other")


def solve(view: RackView, q: Faster, terms: Limits) -> Answer[Periods]:
    """The shorter period, T = 2 pi sqrt(L / g)."""
    lengths = view.rack.lengths_m
    first, second = (
        round(2 * math.pi * math.sqrt(lengths[name] / GRAVITY_M_S2), 3)
        for name in (q.first, q.second)
    )
    faster = q.first if first < second else q.second
    return Answer(value=faster, evidence=Periods(periods_s=(first, second)))


def candidates(view: RackView, rng: Random) -> Iterator[Faster]:
    """Every two pendulums, in an order drawn from the generator."""
    pairs = list(permutations(sorted(view.rack.lengths_m), 2))
    rng.shuffle(pairs)
    for first, second in pairs:
        yield Faster(first=first, second=second)


TASK = Task(
    name="faster_pendulum",
    summary="Which of two pendulums swings faster.",
    world=RackView,
    query=Faster,
    phrasings=(
        Phrasing("Which pendulum swings faster, the {first} or the {second} one?"),
        Phrasing("Of the {first} and the {second} pendulum, which has the shorter period?"),
    ),
    rules=(exist, distinct, decisive),
    candidates=candidates,
    solve=solve,
    score=exact_label,
    answer_hint=lambda query: "a colour",
    terms=Limits(),
)


@dataclass(frozen=True)
class Racks:
    """Three pendulums of lengths drawn from the rack's number."""

    name: str = "pendulums"
    summary: str = "racks of three pendulums"
    source: type[Rack] = Rack
    needs_root: bool = False

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        if split is not None:
            raise DataError(f"{self.name} has no splits")
        return [f"rack-{number}" for number in range(20)]

    def load(self, root: Path | None, world_id: str) -> Rack:
        if world_id not in self.ids(root):
            raise DataError(f"{self.name} has no world {world_id!r}; it has rack-0 to rack-19")
        rng = Random(world_id)
        lengths = {colour: round(rng.uniform(0.1, 1.0), 2) for colour in rng.sample(COLOURS, 3)}
        return Rack(f"{self.name}/{world_id}", lengths)

    def missing(self, root: Path | None) -> Iterable[str]:
        return []


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    return [TASK]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Any]]:
    return [Racks()]
