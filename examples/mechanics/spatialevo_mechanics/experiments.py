"""What the three kinds of experiments share: noise, views, datasets and rules."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from PIL import Image

from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Answer, Evidence, Query, Stage, Terms
from spatialevo_core.task import Complaint, Rule, rule
from spatialevo_core.text import sentence
from spatialevo_mechanics.simulation import Motion, simulate

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
WORLDS = 40
"""How many worlds each dataset has."""

W = TypeVar("W", bound="Experiment")


class Noise(Terms):
    """How well a beginning can be known from a picture, and how often that is tried."""

    place_m: float = 0.005
    speed_share: float = 0.02
    heading_deg: float = 1.0
    nudged: int = 6
    """Simulations with a slightly different beginning, all of which must end the same."""


class Experiment(Protocol):
    """The beginning of an experiment: frozen and hashable."""

    @property
    def key(self) -> str:
        """`dataset/world_id`, unique."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the things that questions name."""

    @property
    def seconds(self) -> float:
        """How long it is watched."""

    def mjcf(self) -> str:
        """The model that MuJoCo runs."""

    def nudged(self, rng: Random, noise: Noise) -> Self:
        """The same with a slightly different beginning, within the noise."""

    def picture(self) -> Image.Image:
        """What is shown of it."""


def run(experiment: Experiment) -> Motion:
    """What happens."""
    return simulate(experiment.mjcf(), experiment.seconds)


@lru_cache(maxsize=256)
def nudges(experiment: W, noise: Noise) -> tuple[W, ...]:
    """Copies of the experiment that begin slightly differently, the same ones every time."""
    rng = Random(f"nudges of {experiment.key}")
    return tuple(experiment.nudged(rng, noise) for _ in range(noise.nudged))


@dataclass(frozen=True)
class ExperimentView(Generic[W]):
    """One picture of the beginning."""

    source: ClassVar[type]
    frames: ClassVar[tuple[int, ...]] = ()
    experiment: W

    @property
    def key(self) -> str:
        """That of the experiment."""
        return self.experiment.key

    def images(self) -> Sequence[Image.Image]:
        """The picture."""
        return [self.experiment.picture()]

    def vocabulary(self) -> Vocabulary:
        """The colours by which things are named."""
        return Vocabulary(names=self.experiment.names, lexicon=frozenset(COLOURS))

    @classmethod
    def of(cls, source: W, frames: Sequence[int] | None = None) -> Self:
        """The one view that there is."""
        if frames:
            raise ConfigError(f"{source.key} is shown in one picture; it has no frames to choose")
        return cls(source)

    @classmethod
    def propose(cls, source: W, rng: Random) -> Iterator[Self]:
        """The one view that there is."""
        yield cls(source)


@dataclass(frozen=True)
class Experiments(Generic[W]):
    """Experiments whose beginnings are drawn from their names."""

    name: str
    summary: str
    source: type[W]
    draw: Callable[[str, Random], W]
    """`(key, generator) -> experiment`."""
    needs_root: bool = False

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """`0` to `39`, or the half of them that a split is: `train` or `test`."""
        halves = {None: range(WORLDS), "train": range(0, WORLDS, 2), "test": range(1, WORLDS, 2)}
        if split not in halves:
            raise DataError(f"{self.name} has no split '{split}'; known: test, train")
        return [str(number) for number in halves[split]]

    def load(self, root: Path | None, world_id: str) -> W:
        """The experiment of that number."""
        if world_id not in self.ids(root):
            raise DataError(f"{self.name} has no world {world_id!r}; it has 0 to {WORLDS - 1}")
        key = f"{self.name}/{world_id}"
        return self.draw(key, Random(key))

    def missing(self, root: Path | None) -> Iterable[str]:
        """Nothing: there are no files."""
        return []


class Told(Evidence):
    """How an experiment ended, and how it ended when it was nudged."""

    nudged: tuple[str, ...]
    """The answers of the simulations with a slightly different beginning."""

    @property
    @abstractmethod
    def ended(self) -> str:
        """The answer of the experiment itself, in the words of `nudged`."""


def exist(thing: str, *fields: str) -> Rule:
    """There is a thing of every colour that the question names."""

    @rule(f"{thing}.missing", Stage.PREMISE, said=("there is no", "does not exist", "not there"))
    def check(view: ExperimentView[Any], query: Query, _terms: Noise) -> Complaint | None:
        named = dict.fromkeys(getattr(query, field) for field in fields)
        gone = tuple(name for name in named if name not in view.experiment.names)
        return Complaint(f"there is no {sentence(gone, 'or')} {thing}", gone) if gone else None

    return check


@rule(
    "answer.near_boundary",
    Stage.DEGENERATE,
    said=("too close to call", "cannot be told", "depends on", "uncertain", "borderline"),
)
def steady(
    _view: ExperimentView[Any], _query: Query, answer: Answer[Told], _terms: Noise
) -> Complaint | None:
    """A slightly different beginning leads to the same end."""
    ended, nudged = answer.evidence.ended, answer.evidence.nudged
    other = sum(each != ended for each in nudged)
    if not other:
        return None
    return Complaint(f"{other} of {len(nudged)} beginnings that look the same end otherwise")
