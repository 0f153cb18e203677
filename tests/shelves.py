"""A world that is no room: a shelf with things of known weight, and one task about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

from PIL import Image

from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Answer, Evidence, Query, Stage, Terms
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import Name
from spatialevo_core.task import Complaint, Phrasing, Profile, Task, rule


@dataclass(frozen=True)
class Shelf:
    key: str
    weights_kg: dict[str, float]


@dataclass(frozen=True)
class ShelfView:
    source: ClassVar[type] = Shelf
    frames: ClassVar[tuple[int, ...]] = ()
    shelf: Shelf

    @property
    def key(self) -> str:
        return self.shelf.key

    def images(self) -> Sequence[Any]:
        return [Image.new("RGB", (28, 28))]

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            names=tuple(self.shelf.weights_kg),
            synonyms=(("book", "volume"), ("vase", "urn")),
            lexicon=frozenset({"lamp", "clock"}),
        )

    @classmethod
    def of(cls, source: Shelf, frames: Sequence[int] | None = None) -> ShelfView:
        return cls(source)

    @classmethod
    def propose(cls, source: Shelf, rng: Random) -> Iterator[ShelfView]:
        yield cls(source)


class Heavier(Query):
    first: Name
    second: Name
    sense: Literal["heavier", "lighter"] = "heavier"


class Weights(Evidence):
    weights_kg: tuple[float, float]


class ShelfTerms(Terms):
    margin_kg: float = 0.5


@rule("thing.missing", Stage.PREMISE, said=("is not there", "no such thing"))
def exist(view: ShelfView, q: Heavier, terms: ShelfTerms) -> Complaint | None:
    gone = tuple(n for n in (q.first, q.second) if n not in view.shelf.weights_kg)
    return Complaint(f"the shelf has no {' and no '.join(gone)}", gone) if gone else None


@rule("thing.repeated", Stage.PREMISE, said=("same thing",))
def distinct(view: ShelfView, q: Heavier, terms: ShelfTerms) -> Complaint | None:
    return Complaint(f"{q.first} is named twice", (q.first,)) if q.first == q.second else None


@rule("answer.near_boundary", Stage.DEGENERATE, said=("too close to call",))
def decisive(
    view: ShelfView, q: Heavier, answer: Answer[Weights], terms: ShelfTerms
) -> Complaint | None:
    a, b = answer.evidence.weights_kg
    if abs(a - b) >= terms.margin_kg:
        return None
    return Complaint(f"{q.first} and {q.second} weigh almost the same", (q.first, q.second))


def solve(view: ShelfView, q: Heavier, terms: ShelfTerms) -> Answer[Weights]:
    a, b = (view.shelf.weights_kg[name] for name in (q.first, q.second))
    first = (a > b) == (q.sense == "heavier")
    return Answer(value=q.first if first else q.second, evidence=Weights(weights_kg=(a, b)))


def candidates(view: ShelfView, rng: Random) -> Iterator[Heavier]:
    pairs = list(permutations(sorted(view.shelf.weights_kg), 2))
    rng.shuffle(pairs)
    for first, second in pairs:
        yield Heavier(first=first, second=second)


TASK = Task(
    name="heavier",
    summary="The heavier of two things on a shelf.",
    world=ShelfView,
    query=Heavier,
    phrasings=(
        Phrasing("Which is heavier, the {first} or the {second}?"),
        Phrasing("Of the {first} and the {second}, which [one] weighs more?"),
        Phrasing("Which is lighter, the {first} or the {second}?", sense="lighter"),
    ),
    rules=(exist, distinct, decisive),
    candidates=candidates,
    solve=solve,
    score=exact_label,
    answer_hint=lambda query: "a name",
    terms=ShelfTerms(),
    profiles=(
        Profile(name="lenient", settings={"margin_kg": 0.0}, waived=frozenset({"thing.repeated"})),
    ),
)

SHELF = Shelf("shelf-0", {"book": 1.0, "vase": 3.0, "flower pot": 3.2, "radio": 2.0})
VIEW = ShelfView(SHELF)


@dataclass(frozen=True)
class Shelves:
    """A dataset of one shelf."""

    name: str = "shelves"
    summary: str = "one shelf"
    source: type[Shelf] = Shelf
    needs_root: bool = False

    def ids(self, root: Path | None, split: str | None = None) -> list[str]:
        return ["shelf-0"]

    def load(self, root: Path | None, world_id: str) -> Shelf:
        return SHELF

    def missing(self, root: Path | None) -> list[str]:
        return []
