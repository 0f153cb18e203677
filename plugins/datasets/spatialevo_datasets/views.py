"""What a question is put to: a room seen in several frames, in one, or in an ordered pair."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import ClassVar, Self, TypeVar

import numpy as np
from PIL import Image

from spatialevo_core.errors import ConfigError
from spatialevo_core.names import Vocabulary
from spatialevo_core.worlds import Grounding
from spatialevo_datasets.grounding import ground
from spatialevo_datasets.scene import Frame, Instance, Scene
from spatialevo_datasets.visibility import Sight

LEAST_OVERLAP = 0.10
"""Two images that share less show nothing that could be related."""
USEFUL_MOVE_M, USEFUL_TURN_DEG = 0.20, 15.0
"""A pair of images that differs by less on both counts shows the same thing twice."""
LEAST_OBJECTS = 2
"""Objects that a single frame must show to be worth asking about."""

T = TypeVar("T")


@dataclass(frozen=True)
class View(ABC):
    """Some frames of a room, and all that is known of it."""

    source: ClassVar[type] = Scene

    scene: Scene
    frames: tuple[int, ...]
    """Indices of the frames, in the order of their image numbers from 1."""

    @property
    def key(self) -> str:
        """The scene's key, and the frames in brackets."""
        return (
            f"{self.scene.key}[{','.join(map(str, self.frames))}]"
            if self.frames
            else self.scene.key
        )

    def images(self) -> Sequence[Image.Image]:
        """The colour images, RGB, read anew."""
        return [self.scene.frame(index).read() for index in self.frames]

    def vocabulary(self) -> Vocabulary:
        """The names of the room's objects."""
        return self.scene.vocabulary()

    def image(self, number: int) -> Frame:
        """The frame of an image number, from 1."""
        if not 1 <= number <= len(self.frames):
            raise IndexError(f"the view has images 1 to {len(self.frames)}, and no image {number}")
        return self.scene.frame(self.frames[number - 1])

    def sights(self, instance: Instance) -> tuple[Sight | None, ...]:
        """How each frame of the view shows the object; None where that is unknown."""
        return tuple(self.scene.sight(instance, index) for index in self.frames)

    def shown(self, instance: Instance) -> bool | None:
        """Whether some frame of the view shows the object; None in a world without frames."""
        return self._any(instance, lambda sight: sight is not None and sight.visible)

    def glimpsed(self, instance: Instance) -> bool | None:
        """Whether a viewer may notice the object in some frame; None in a world without frames.

        What is not known to be hidden counts: it may be the second chair that makes "the chair"
        ambiguous.
        """
        return self._any(instance, lambda sight: sight is None or sight.glimpsed)

    def ground(self, text: str) -> Grounding:
        """What the text names, whether it is to be seen in this view, and what it claims of it."""
        return ground(self.scene, self.frames, text)

    @classmethod
    def of(cls, source: Scene, frames: Sequence[int] | None = None) -> Self:
        """The view of these frames, or the first of those worth asking about.

        Raises ConfigError if there is no such frame, or the number of frames does not fit.
        """
        if frames is not None:
            for index in frames:
                source.frame(index)
            if len(set(frames)) < len(frames):
                raise ConfigError(f"frames {_listed(frames)} repeat; each can be shown once")
            if len(frames) not in cls._takes and (frames or source.frames):
                raise ConfigError(f"frames {_listed(frames)} make no {cls.__name__}; {cls._needs}")
            return cls(source, tuple(frames))
        found = next(cls.propose(source, Random(0)), None)
        if found is None:
            raise ConfigError(
                f"{source.key} has no frames that make a {cls.__name__}; {cls._needs}"
            )
        return found

    @classmethod
    @abstractmethod
    def propose(cls, source: Scene, rng: Random) -> Iterator[Self]:
        """Views worth asking about, in an order drawn from `rng`."""

    _takes: ClassVar[range]
    """Numbers of frames that make such a view."""
    _needs: ClassVar[str]
    """The same in words."""

    def _any(self, instance: Instance, holds: Callable[[Sight | None], bool]) -> bool | None:
        return any(map(holds, self.sights(instance))) if self.scene.frames else None


@dataclass(frozen=True)
class SceneView(View):
    """The room as a whole: 4 to 8 frames that cover its objects, or none where it has none."""

    _takes = range(1, sys.maxsize)
    _needs = "a scene view takes at least one"

    @classmethod
    def propose(cls, source: Scene, rng: Random) -> Iterator[Self]:
        """One covering selection of frames for each frame to begin with, without repetition."""
        if not source.frames:
            yield cls(source, ())
            return
        given: set[tuple[int, ...]] = set()
        for start in _shuffled(source.drawn, rng):
            frames = source.covering(start.index)
            if frames not in given:
                given.add(frames)
                yield cls(source, frames)


@dataclass(frozen=True)
class FrameView(View):
    """A single image."""

    _takes = range(1, 2)
    _needs = f"a frame view takes one that shows {LEAST_OBJECTS} objects"

    @property
    def frame(self) -> Frame:
        """The one frame."""
        return self.image(1)

    @classmethod
    def propose(cls, source: Scene, rng: Random) -> Iterator[Self]:
        """The frames that show at least two objects."""
        for frame in _shuffled(source.drawn, rng):
            view = cls(source, (frame.index,))
            if sum(view.shown(each) is True for each in source.instances) >= LEAST_OBJECTS:
                yield view


@dataclass(frozen=True)
class PairView(View):
    """Two images of one room, in order."""

    _takes = range(2, 3)
    _needs = (
        f"a pair view takes two that share {LEAST_OVERLAP:.0%} of what they show and lie "
        f"{USEFUL_MOVE_M} m or {USEFUL_TURN_DEG:.0f} degrees apart"
    )

    @classmethod
    def propose(cls, source: Scene, rng: Random) -> Iterator[Self]:
        """Ordered pairs of frames that overlap and yet differ."""
        pairs = list(permutations(_shuffled(source.drawn, rng), 2))
        for one, two in _shuffled(pairs, rng):
            if _differ(one, two) and (source.overlap(one.index, two.index) or 0.0) >= LEAST_OVERLAP:
                yield cls(source, (one.index, two.index))


def _differ(one: Frame, two: Frame) -> bool:
    moved = float(np.linalg.norm(one.position - two.position))
    turn = one.T_world_camera[:3, :3].T @ two.T_world_camera[:3, :3]
    cosine = (float(np.trace(turn)) - 1) / 2
    return moved >= USEFUL_MOVE_M or cosine <= np.cos(np.radians(USEFUL_TURN_DEG))


def _shuffled(items: Sequence[T], rng: Random) -> list[T]:
    return rng.sample(items, len(items))


def _listed(frames: Sequence[int]) -> str:
    return ", ".join(map(str, frames))
