"""Will the stack fall?

Blocks are put on each other, each a little to the side of the one below, and let go. The stack
falls if any block ends more than 2 cm from where it was put.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from math import dist
from random import Random
from typing import Any, ClassVar

from PIL import Image

from spatialevo_core.hooks import hookimpl
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Query, Stage
from spatialevo_core.scoring import exact_label
from spatialevo_core.task import AnyTask, Complaint, Task, rule
from spatialevo_core.worlds import Dataset
from spatialevo_mechanics.drawing import Sheet
from spatialevo_mechanics.experiments import (
    COLOURS,
    Experiments,
    ExperimentView,
    Noise,
    Told,
    nudges,
    run,
    steady,
)
from spatialevo_mechanics.simulation import REST_M_S, Motion, model

FALLEN_M = 0.02
DEPTH_M = 0.2
"""Of every block, across the picture."""


@dataclass(frozen=True)
class Block:
    """A block where it is put."""

    colour: str
    x_m: float
    """Of its centre."""
    width_m: float
    height_m: float


@dataclass(frozen=True)
class Stack:
    """Blocks on each other, the lowest first."""

    key: str
    blocks: tuple[Block, ...]
    seconds: ClassVar[float] = 2.0

    @property
    def names(self) -> tuple[str, ...]:
        """The colours of the blocks."""
        return tuple(block.colour for block in self.blocks)

    @property
    def bottoms_m(self) -> tuple[float, ...]:
        """How high the underside of each block is."""
        tops = accumulate((block.height_m for block in self.blocks), initial=0.0)
        return tuple(tops)[: len(self.blocks)]

    def mjcf(self) -> str:
        """Blocks of one density, harder than by default: soft edges make a stack lean and fall."""
        return model(map(_part, self.blocks, self.bottoms_m), '<geom solref="0.004 1"/>')

    def nudged(self, rng: Random, noise: Noise) -> Stack:
        """Every block a little to the left or right."""
        moved = (
            replace(each, x_m=each.x_m + rng.uniform(-noise.place_m, noise.place_m))
            for each in self.blocks
        )
        return replace(self, blocks=tuple(moved))

    def picture(self) -> Image.Image:
        """From the side."""
        sheet = Sheet.blank((-0.4, -0.05), 0.8)
        sheet.line([(-1.0, 0.0), (1.0, 0.0)])
        for block, bottom_m in zip(self.blocks, self.bottoms_m, strict=True):
            center = (block.x_m, bottom_m + block.height_m / 2)
            sheet.box(center, (block.width_m, block.height_m), block.colour)
        return sheet.image


def _part(block: Block, bottom_m: float) -> str:
    return (
        f'<body name="{block.colour}" pos="{block.x_m} 0 {bottom_m + block.height_m / 2}">'
        f'<freejoint/><geom type="box" density="600" '
        f'size="{block.width_m / 2} {DEPTH_M / 2} {block.height_m / 2}"/></body>'
    )


class StackView(ExperimentView[Stack]):
    """The stack before it is let go, from the side."""

    source = Stack


class Falls(Query):
    """Whether the stack falls."""


class Moves(Told):
    """How far every block ends from where it was put, the lowest first."""

    blocks: tuple[str, ...]
    moved_m: tuple[float, ...]
    fell: str

    @property
    def ended(self) -> str:
        """Whether it fell: yes or no."""
        return self.fell


def moved(motion: Motion) -> tuple[float, ...]:
    """How far each block ends from where it was put, metres."""
    return tuple(round(dist(motion.end(body), motion.at(body, 0)), 4) for body in motion.bodies)


def fell(motion: Motion) -> str:
    """Whether any block moved: `yes` or `no`."""
    return "yes" if max(moved(motion)) > FALLEN_M else "no"


@rule("stack.missing", Stage.PREMISE, said=("no stack", "one block", "nothing is stacked"))
def stacked(view: StackView, _q: Falls, _terms: Noise) -> Complaint | None:
    """There is a block on another."""
    blocks = view.experiment.blocks
    return (
        Complaint("a single block is no stack", view.experiment.names) if len(blocks) < 2 else None
    )


@rule("motion.unfinished", Stage.SOLVABLE, said=("still moving", "not at rest", "unfinished"))
def settled(view: StackView, _q: Falls, _terms: Noise) -> Complaint | None:
    """It is over when it is judged."""
    motion = run(view.experiment)
    moving = tuple(body for body in motion.bodies if motion.speed(body) > REST_M_S)
    if not moving:
        return None
    return Complaint(
        f"{' and '.join(moving)} still moves after {view.experiment.seconds} s", moving
    )


def solve(view: StackView, _q: Falls, terms: Noise) -> Answer[Moves]:
    """By simulation."""
    motion = run(view.experiment)
    evidence = Moves(
        blocks=motion.bodies,
        moved_m=moved(motion),
        fell=fell(motion),
        nudged=tuple(fell(run(each)) for each in nudges(view.experiment, terms)),
    )
    return Answer(value=evidence.fell, evidence=evidence)


def candidates(_view: StackView, _rng: Random) -> Iterator[Falls]:
    """The one question."""
    yield Falls()


TASK = Task(
    name="stack_falls",
    summary="Whether a stack of blocks falls when it is let go.",
    world=StackView,
    query=Falls,
    phrasings=(
        Phrasing("Will the stack fall?"),
        Phrasing("Does the stack [of blocks] (fall|collapse|topple) when it is let go?"),
        Phrasing("If nobody holds the blocks, will the stack fall?"),
    ),
    rules=(stacked, settled, steady),
    candidates=candidates,
    solve=solve,
    score=exact_label,
    answer_hint=lambda query: "yes or no",
    terms=Noise(),
)


def draw(key: str, rng: Random) -> Stack:
    """Two to five blocks, each up to half its width to the side of the one below."""
    blocks: list[Block] = []
    for colour in rng.sample(COLOURS, rng.randint(2, 5)):
        width_m, height_m = round(rng.uniform(0.1, 0.2), 3), round(rng.uniform(0.05, 0.11), 3)
        x_m = blocks[-1].x_m if blocks else 0.0
        x_m = round(x_m + rng.uniform(-0.5, 0.5) * width_m, 3) if blocks else x_m
        blocks.append(Block(colour, x_m, width_m, height_m))
    return Stack(key, tuple(blocks))


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    """The task `stack_falls`."""
    return [TASK]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Any]]:
    """The dataset `block_stacks`."""
    return [Experiments("block_stacks", "stacks of two to five blocks", Stack, draw)]
