"""What the core asks of a world: a view that a question is put to, a dataset that loads its source.

A *source* is what a dataset loads (a scanned room, a simulated pendulum). A *view* is what a solver
is shown of it (some images) together with everything the oracle knows; a task is declared for a
view type and offered on every dataset whose `source` the view is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Frozen

S = TypeVar("S", covariant=True)


class View(Protocol):
    """What a question is put to."""

    source: ClassVar[type]
    """The type of what a dataset loads and this view is made of."""

    @property
    def key(self) -> str:
        """A stable name of this view: the same source and frames give the same key."""

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of what is shown, as `of` takes them; empty where the source has none."""

    def images(self) -> Sequence[Any]:
        """What the model is shown, in the order of their numbers from 1: PIL images, RGB."""

    def vocabulary(self) -> Vocabulary:
        """The names that texts may use for the things of this world."""

    @classmethod
    def of(cls, source: Any, frames: Sequence[int] | None = None) -> Self:
        """The view of these frames, or a sensible default choice; ConfigError if impossible."""

    @classmethod
    def propose(cls, source: Any, rng: Random) -> Iterator[Self]:
        """Views worth asking about in an order drawn from `rng`; none if the source allows none."""


class Claim(Frozen):
    """Something that a text says of things, checked."""

    text: str
    """In a few plain words, the same for all ways of saying it."""
    about: tuple[str, ...] = ()
    """The names of the things, in the world's own words."""
    holds: bool | None = None
    """None: the world cannot tell. What a text leaves open ("one or the other") does not hold."""
    common: float = 0.5
    """The share of worlds in which it would hold by chance: what holds in all says nothing."""


class Grounding(Frozen):
    """What a text says about a world, checked against it."""

    first: str = ""
    """The name that it begins with; empty if it begins with the whole, or names nothing."""
    seen: tuple[str, ...] = ()
    """Named, and there to be seen in the view."""
    unseen: tuple[str, ...] = ()
    """Named, in the world, but not to be seen in the view."""
    invented: tuple[str, ...] = ()
    """Named, and not in the world."""
    claims: tuple[Claim, ...] = ()
    """Each once, in the order of the text."""

    @property
    def named(self) -> tuple[str, ...]:
        """Everything that it names, each once."""
        return (*self.seen, *self.unseen, *self.invented)


@runtime_checkable
class Grounds(Protocol):
    """A view that can say what in a text refers to it, and whether it is true of it."""

    def ground(self, text: str) -> Grounding:
        """What the text refers to."""


@runtime_checkable
class Dataset(Protocol[S]):
    """Where sources come from; read-only, never downloads."""

    @property
    def name(self) -> str:
        """As given to `--dataset`."""

    @property
    def summary(self) -> str:
        """One line for `datasets list`."""

    @property
    def source(self) -> type[S]:
        """What `load` returns; matched against `View.source`."""

    @property
    def needs_root(self) -> bool:
        """Whether the user must point at a folder; False for generated worlds."""

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """The ids of the worlds under `root`, in a stable order."""

    def load(self, root: Path | None, world_id: str) -> S:
        """One world; raises DataError naming file, field and what was expected."""

    def missing(self, root: Path | None) -> Iterable[str]:
        """What is wrong with the folder, in plain words, one complaint each."""


@runtime_checkable
class NamesFiles(Protocol):
    """A dataset that says what a world is read from, so that a cache of it knows when it is old."""

    def files(self, root: Path, world_id: str) -> Iterable[Path]:
        """Every file whose contents the world follows from, images included, sorted."""


@runtime_checkable
class Storable(Protocol):
    """A source that can be kept in a folder together with what is derived from it.

    What `open` returns gives the very answers that the stored one gave. Nothing that is stored may
    be executed when it is opened.
    """

    @classmethod
    def stored_form(cls) -> str:
        """Such as `scene/1`: a new number whenever what `store` writes changes form or meaning."""

    def store(self, folder: Path, root: Path | None) -> None:
        """Write files into an empty folder; `root` is the folder that the source was read from."""

    @classmethod
    def open(cls, folder: Path, root: Path | None) -> Self:
        """What was stored, images still read from `root`; DataError if a file is damaged."""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Answers about the world would be wrong, or there are none."""
    WARNING = "warning"
    """Much less can be asked than could be, or something is likely to be wrong."""
    NOTE = "note"
    """Worth knowing."""


class Finding(Frozen):
    """Something odd about a world."""

    code: str
    """Stable, as `thing.fault`."""
    severity: Severity
    where: str
    """The file, frame or thing that it is about."""
    means: str
    """What is the case, and what follows from it."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        return f"{self.severity}: {self.code}: {self.where}: {self.means}; {self.remedy}"


@runtime_checkable
class Examinable(Protocol):
    """A source that can tell what is odd about it; `spatialevo datasets check` shows it."""

    def examine(self) -> Iterable[Finding]:
        """The findings in a stable order; faults of files are found, not raised."""


class Tally(Frozen):
    """What is in a source, counted."""

    counts: dict[str, int]
    """Such as `objects` and `frames`."""
    names: dict[str, int]
    """How many of its things have each name."""


@runtime_checkable
class Countable(Protocol):
    """A source that can be counted; `spatialevo datasets stats` adds the counts up."""

    def tally(self) -> Tally:
        """What is in it."""


@dataclass(frozen=True)
class PublishedQuestion:
    """A question of a benchmark with the answer that was published for it."""

    id: str
    world_id: str
    kind: str
    """The benchmark's own name of the question type: data, not a task."""
    text: str
    answer: str
    """In words or digits; an option letter is already replaced by its option."""
    options: tuple[str, ...] = ()


@runtime_checkable
class Benchmark(Protocol):
    """A dataset that brings published questions with it; `spatialevo agree` compares with them."""

    def questions(self, root: Path) -> Iterable[PublishedQuestion]:
        """The published questions, in file order."""
