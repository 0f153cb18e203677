"""On which stripe does the red puck stop?

Pucks slide over a floor with coloured stripes, between walls that throw them back, and into each
other. The picture shows where each puck is at the beginning, filled, and 0.1 s and 0.2 s later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import cos, radians, sin
from random import Random
from typing import Any, ClassVar

from PIL import Image

from spatialevo_core.hooks import hookimpl
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Query, Stage
from spatialevo_core.scoring import exact_label
from spatialevo_core.slots import Name
from spatialevo_core.task import AnyTask, Complaint, Task, rule
from spatialevo_core.worlds import Dataset
from spatialevo_mechanics.drawing import Sheet
from spatialevo_mechanics.experiments import (
    Experiments,
    ExperimentView,
    Noise,
    Told,
    exist,
    nudges,
    run,
    steady,
)
from spatialevo_mechanics.simulation import STEP_S, Motion, model

PUCKS = ("red", "blue", "purple")
STRIPES = ("yellow", "lightgreen", "orange", "pink")
"""From left to right, all of one width."""
STRIPE_WORDS = {"lightgreen": ("green", "light green")}
LENGTH_M, WIDTH_M = 2.0, 1.0
"""Of the floor between the walls; x and y are 0 in the middle."""
RADIUS_M, THICK_M = 0.05, 0.02
FRICTION = 0.15
"""Of the sliding puck; its deceleration is this times that of gravity."""
SPRING, DAMPING = 20000, 20
"""Of the walls, N/(kg m) and N s/(kg m)."""
SHOWN_S = (0.1, 0.2)


@dataclass(frozen=True)
class Puck:
    """A puck that is moving."""

    colour: str
    x_m: float
    y_m: float
    speed_m_s: float
    heading_deg: float
    """From +x, counter-clockwise."""

    @property
    def velocity_m_s(self) -> tuple[float, float]:
        """Along x and y."""
        at = radians(self.heading_deg)
        return self.speed_m_s * cos(at), self.speed_m_s * sin(at)


@dataclass(frozen=True)
class Slide:
    """Pucks on a floor."""

    key: str
    pucks: tuple[Puck, ...]
    seconds: ClassVar[float] = 4.0

    @property
    def names(self) -> tuple[str, ...]:
        """The colours of the pucks."""
        return tuple(puck.colour for puck in self.pucks)

    def mjcf(self) -> str:
        """Free pucks that rub on the floor, and walls without friction."""
        defaults = f'<geom friction="{FRICTION} 0 0"/>'
        velocities = [puck.velocity_m_s for puck in self.pucks]
        return model((*_walls(), *map(_part, self.pucks)), defaults, velocities)

    def nudged(self, rng: Random, noise: Noise) -> Slide:
        """Every puck a little aside, faster or slower, and turned."""

        def off(puck: Puck) -> Puck:
            return replace(
                puck,
                x_m=puck.x_m + rng.uniform(-noise.place_m, noise.place_m),
                y_m=puck.y_m + rng.uniform(-noise.place_m, noise.place_m),
                speed_m_s=puck.speed_m_s * (1 + rng.uniform(-noise.speed_share, noise.speed_share)),
                heading_deg=puck.heading_deg + rng.uniform(-noise.heading_deg, noise.heading_deg),
            )

        return replace(self, pucks=tuple(map(off, self.pucks)))

    def picture(self) -> Image.Image:
        """From above, with the pucks at three times."""
        sheet = Sheet.blank((-1.1, -1.1), 2.2)
        for at, colour in enumerate(STRIPES):
            width_m = LENGTH_M / len(STRIPES)
            sheet.box(((at + 0.5) * width_m - LENGTH_M / 2, 0.0), (width_m, WIDTH_M), colour)
        x, y = LENGTH_M / 2, WIDTH_M / 2
        sheet.line([(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)])
        motion = run(self)
        for puck in self.pucks:
            sheet.disc((puck.x_m, puck.y_m), RADIUS_M, puck.colour)
            for time_s in SHOWN_S:
                x_m, y_m, _ = motion.at(puck.colour, round(time_s / STEP_S))
                sheet.disc((x_m, y_m), RADIUS_M, puck.colour, filled=False)
        return sheet.image


def _part(puck: Puck) -> str:
    return (
        f'<body name="{puck.colour}" pos="{puck.x_m} {puck.y_m} {THICK_M / 2}"><freejoint/>'
        f'<geom type="cylinder" size="{RADIUS_M} {THICK_M / 2}" mass="0.2"/></body>'
    )


def _walls() -> Iterator[str]:
    """Four walls; their spring gives back most of the speed, as `solref` says."""
    x, y, half = LENGTH_M / 2, WIDTH_M / 2, 0.05
    for along_x, along_y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        place = f"{along_x * (x + half)} {along_y * (y + half)} {half}"
        size = f"{half if along_x else x + 2 * half} {half if along_y else y} {half}"
        yield (
            f'<geom type="box" pos="{place}" size="{size}" condim="1" priority="1" '
            f'solref="-{SPRING} -{DAMPING}"/>'
        )


class PucksView(ExperimentView[Slide]):
    """The pucks in the first two tenths of a second, from above."""

    source = Slide


class Stop(Query):
    """On which stripe a puck stops."""

    puck: Name


class Stopped(Told):
    """Where a puck begins, and when and where it is at rest."""

    start_m: tuple[float, float, float]
    stop_m: tuple[float, float, float]
    stop_s: float
    stripe: str

    @property
    def ended(self) -> str:
        """The stripe."""
        return self.stripe


def stripe(motion: Motion, puck: str) -> str:
    """The stripe that a puck's centre is on at the end."""
    x_m = motion.end(puck)[0]
    at = int((x_m + LENGTH_M / 2) / (LENGTH_M / len(STRIPES)))
    return STRIPES[min(max(at, 0), len(STRIPES) - 1)]


@rule("motion.unfinished", Stage.SOLVABLE, said=("still moving", "does not stop", "unfinished"))
def stops(view: PucksView, q: Stop, _terms: Noise) -> Complaint | None:
    """The puck is at rest when the experiment is over."""
    if run(view.experiment).first_at_rest(q.puck) is not None:
        return None
    message = f"the {q.puck} puck still moves after {view.experiment.seconds} s"
    return Complaint(message, (q.puck,))


def solve(view: PucksView, q: Stop, terms: Noise) -> Answer[Stopped]:
    """By simulation; it stops, as `stops` has made sure."""
    motion = run(view.experiment)
    evidence = Stopped(
        start_m=motion.at(q.puck, 0),
        stop_m=motion.end(q.puck),
        stop_s=round(motion.first_at_rest(q.puck) or 0.0, 3),
        stripe=stripe(motion, q.puck),
        nudged=tuple(stripe(run(each), q.puck) for each in nudges(view.experiment, terms)),
    )
    return Answer(value=evidence.stripe, evidence=evidence)


def score(reply: str, answer: Answer[Any]) -> float:
    """1 for the stripe's colour, by any word for it."""
    return exact_label(reply, answer, STRIPE_WORDS)


def candidates(view: PucksView, rng: Random) -> Iterator[Stop]:
    """Every puck, in an order drawn from the generator."""
    for name in rng.sample(view.experiment.names, len(view.experiment.names)):
        yield Stop(puck=name)


TASK = Task(
    name="puck_stop",
    summary="On which stripe of the floor a sliding puck stops.",
    world=PucksView,
    query=Stop,
    phrasings=(
        Phrasing("On which stripe does the {puck} puck stop?"),
        Phrasing(
            "What is the colour of the stripe on which the {puck} puck (stops|comes to rest)?"
        ),
        Phrasing("Where does the {puck} puck come to rest: on which stripe?"),
    ),
    rules=(exist("puck", "puck"), stops, steady),
    candidates=candidates,
    solve=solve,
    score=score,
    answer_hint=lambda query: "a colour of a stripe",
    terms=Noise(),
)


def draw(key: str, rng: Random) -> Slide:
    """One to three pucks, each in a strip of the floor of its own."""
    colours = rng.sample(PUCKS, rng.randint(1, len(PUCKS)))
    return Slide(key, tuple(_drawn(colour, at, rng) for at, colour in enumerate(colours)))


def _drawn(colour: str, at: int, rng: Random) -> Puck:
    return Puck(
        colour,
        x_m=round(rng.uniform(-0.9, 0.9), 2),
        y_m=round(0.3 * (at - 1) + rng.uniform(-0.08, 0.08), 2),
        speed_m_s=round(rng.uniform(0.8, 2.2), 2),
        heading_deg=float(rng.randrange(0, 360, 5)),
    )


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    """The task `puck_stop`."""
    return [TASK]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Any]]:
    """The dataset `sliding_pucks`."""
    return [Experiments("sliding_pucks", "pucks that slide between walls", Slide, draw)]
