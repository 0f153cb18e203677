"""Which ball lands first, the red or the blue one?

Balls are let go side by side. Some meet a tilted plank on their way, bounce and roll off it. A
ball lands when it first touches the floor. Balls do not touch each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from random import Random
from typing import Any, ClassVar, Literal

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
    COLOURS,
    Experiments,
    ExperimentView,
    Noise,
    Told,
    exist,
    nudges,
    run,
    steady,
)
from spatialevo_mechanics.simulation import Motion, model

RADIUS_M = 0.06
LANE_M = 0.7
"""From one ball to the next."""
PLANK_M = (0.36, 0.03)
"""Length and thickness."""
NEVER = "never"


@dataclass(frozen=True)
class Plank:
    """A fixed plank that goes down to the right; to the left with a negative tilt."""

    height_m: float
    """Of its centre, which is below the ball."""
    tilt_deg: float


@dataclass(frozen=True)
class Ball:
    """A ball about to be let go."""

    colour: str
    x_m: float
    height_m: float
    """Of its centre."""
    plank: Plank | None = None


@dataclass(frozen=True)
class Drop:
    """Balls about to be let go."""

    key: str
    balls: tuple[Ball, ...]
    seconds: ClassVar[float] = 2.5

    @property
    def names(self) -> tuple[str, ...]:
        """The colours of the balls."""
        return tuple(ball.colour for ball in self.balls)

    def mjcf(self) -> str:
        """Balls that collide with the floor and with their own planks only."""
        return model(_part(ball, 1 << at) for at, ball in enumerate(self.balls, start=1))

    def nudged(self, rng: Random, noise: Noise) -> Drop:
        """Every ball a little to the side, and higher or lower."""

        def off(value_m: float) -> float:
            return value_m + rng.uniform(-noise.place_m, noise.place_m)

        moved = (replace(b, x_m=off(b.x_m), height_m=off(b.height_m)) for b in self.balls)
        return replace(self, balls=tuple(moved))

    def picture(self) -> Image.Image:
        """From the side: the balls, the planks and the floor."""
        sheet = Sheet.blank((-LANE_M / 2, -0.1), LANE_M * max(3, len(self.balls)))
        sheet.line([(-LANE_M, 0.0), (10.0, 0.0)])
        for ball in self.balls:
            if ball.plank is not None:
                center = (_lane(ball), ball.plank.height_m)
                sheet.box(center, PLANK_M, "black", ball.plank.tilt_deg)
            sheet.disc((ball.x_m, ball.height_m), RADIUS_M, ball.colour)
        return sheet.image


def _lane(ball: Ball) -> float:
    """The middle of the ball's lane, where its plank is."""
    return LANE_M * round(ball.x_m / LANE_M)


def _part(ball: Ball, bit: int) -> str:
    plank = ""
    if ball.plank is not None:
        place = f"{_lane(ball)} 0 {ball.plank.height_m}"
        size = f"{PLANK_M[0] / 2} 0.2 {PLANK_M[1] / 2}"
        plank = (
            f'<geom type="box" pos="{place}" euler="0 {ball.plank.tilt_deg} 0" size="{size}" '
            f'contype="{bit}" conaffinity="0"/>'
        )
    return (
        f'{plank}<body name="{ball.colour}" pos="{ball.x_m} 0 {ball.height_m}"><freejoint/>'
        f'<geom type="sphere" size="{RADIUS_M}" mass="0.2" contype="0" conaffinity="{bit | 1}"/>'
        "</body>"
    )


class BallsView(ExperimentView[Drop]):
    """The balls before they are let go, from the side."""

    source = Drop


class Landing(Query):
    """Which of two balls lands first, or last."""

    one: Name
    other: Name
    order: Literal["first", "last"] = "first"


class Landings(Told):
    """When and where both land, in the order of the question."""

    landings_s: tuple[float, float]
    starts_m: tuple[tuple[float, float, float], tuple[float, float, float]]
    """Of their centres."""
    first_to_land: str

    @property
    def ended(self) -> str:
        """Which lands first."""
        return self.first_to_land


class LandingNoise(Noise):
    """What must be clear for a question about landing to be fair."""

    margin_s: float = 0.05


def landing(motion: Motion, colour: str) -> float | None:
    """When a ball first touches the floor, in seconds; None if it has not by the end."""
    return motion.first_below(colour, RADIUS_M)


def sooner(motion: Motion, one: str, other: str) -> str:
    """Which of two balls lands first; `never` if one does not land."""
    times = {name: time for name in (one, other) if (time := landing(motion, name)) is not None}
    return min(times, key=times.__getitem__) if len(times) == 2 else NEVER


@rule("ball.repeated", Stage.PREMISE, said=("the same ball", "twice", "itself"))
def distinct(_view: BallsView, q: Landing, _terms: LandingNoise) -> Complaint | None:
    """Two balls are compared."""
    return Complaint(f"the {q.one} ball is named twice", (q.one,)) if q.one == q.other else None


@rule("ball.never_lands", Stage.SOLVABLE, said=("does not land", "stays", "stuck", "never"))
def both_land(view: BallsView, q: Landing, _terms: LandingNoise) -> Complaint | None:
    """Both balls reach the floor while they are watched."""
    motion = run(view.experiment)
    stuck = tuple(name for name in (q.one, q.other) if landing(motion, name) is None)
    if not stuck:
        return None
    seconds = view.experiment.seconds
    return Complaint(f"the {' and the '.join(stuck)} ball does not land in {seconds} s", stuck)


@rule("answer.tie", Stage.DEGENERATE, said=("same time", "together", "too close to call", "tie"))
def apart(
    _view: BallsView, _q: Landing, answer: Answer[Landings], terms: LandingNoise
) -> Complaint | None:
    """One of them lands clearly before the other."""
    first, second = answer.evidence.landings_s
    if abs(first - second) >= terms.margin_s:
        return None
    return Complaint(f"they land within {terms.margin_s} s of each other")


def solve(view: BallsView, q: Landing, terms: LandingNoise) -> Answer[Landings]:
    """By simulation; both land, as `both_land` has made sure."""
    motion = run(view.experiment)
    first = sooner(motion, q.one, q.other)
    asked = first if q.order == "first" else ({q.one, q.other} - {first}).pop()
    times = [motion.first_below(name, RADIUS_M) for name in (q.one, q.other)]
    one_s, other_s = (round(time, 3) for time in times if time is not None)
    evidence = Landings(
        landings_s=(one_s, other_s),
        starts_m=(motion.at(q.one, 0), motion.at(q.other, 0)),
        first_to_land=first,
        nudged=tuple(sooner(run(e), q.one, q.other) for e in nudges(view.experiment, terms)),
    )
    return Answer(value=asked, evidence=evidence)


def candidates(view: BallsView, rng: Random) -> Iterator[Landing]:
    """Every two balls, in an order drawn from the generator."""
    pairs = list(permutations(view.experiment.names, 2))
    for one, other in rng.sample(pairs, len(pairs)):
        yield Landing(one=one, other=other, order=rng.choice(("first", "last")))


TASK = Task(
    name="first_to_land",
    summary="Which of two falling balls lands first, or last.",
    world=BallsView,
    query=Landing,
    phrasings=(
        Phrasing("Which ball lands {order}, the {one} or the {other} one?"),
        Phrasing("Of the {one} and the {other} ball, which lands {order}?"),
        Phrasing(
            "When all balls are let go, is it the {one} or the {other} ball that lands {order}?"
        ),
    ),
    rules=(exist("ball", "one", "other"), distinct, both_land, apart, steady),
    candidates=candidates,
    solve=solve,
    score=exact_label,
    answer_hint=lambda query: "a colour",
    terms=LandingNoise(),
)


def draw(key: str, rng: Random) -> Drop:
    """Three or four balls, about half of them above a plank."""
    colours = rng.sample(COLOURS, rng.choice((3, 4)))
    return Drop(key, tuple(_drawn(colour, LANE_M * at, rng) for at, colour in enumerate(colours)))


def _drawn(colour: str, x_m: float, rng: Random) -> Ball:
    height_m = round(rng.uniform(0.9, 1.8), 2)
    if rng.random() < 0.5:
        return Ball(colour, x_m, height_m)
    tilt_deg = float(rng.choice((-1, 1)) * rng.randint(15, 45))
    return Ball(colour, x_m, height_m, Plank(round(rng.uniform(0.3, height_m - 0.3), 2), tilt_deg))


@hookimpl
def spatialevo_tasks() -> Iterable[AnyTask]:
    """The task `first_to_land`."""
    return [TASK]


@hookimpl
def spatialevo_datasets() -> Iterable[Dataset[Any]]:
    """The dataset `falling_balls`."""
    return [Experiments("falling_balls", "balls let go above planks and the floor", Drop, draw)]
