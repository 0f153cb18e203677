"""Whether what the oracle says withstands noise: random questions, judged clean and noisy.

A question is *sound* if every rule about its premises and about what can be seen lets it pass, so
that only noise can be held against it. Roles are filled at random, in views that the environment
shows; whether a sound question is accepted is then the doing of the rules under test. No noisy copy
of the scene may change the answer of an accepted one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from random import Random
from typing import Any, NamedTuple

import numpy as np

from spatialevo_core.engine import judge
from spatialevo_core.numbers import UNITS
from spatialevo_core.question import Answer, Query, Stage, Verdict
from spatialevo_core.slots import Choice, ImageSlot, NameSlot, NamesSlot
from spatialevo_core.task import AnyTask
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic import Synthetic
from spatialevo_datasets.views import View
from spatialevo_tasks.regions import RegionSlot, ontology

ROOMS, DRAWS, PER_SCENE = range(14), 20, 42
"""Of the full certificate: over 5,000 accepted questions whose answers are words or counts."""
LISTED = 2, 5
"""Fewest and most names in a list."""
TRIES = 60
"""Random fillings in a row that give no sound question, before a scene counts as exhausted."""

Noise = Callable[[Scene, int], Scene]


class Row(NamedTuple):
    """What is counted together: a task, and where the wording decides it the words on offer."""

    task: str
    offer: str = ""

    def __str__(self) -> str:
        return f"{self.task}, {self.offer}" if self.offer else self.task


@dataclass(frozen=True)
class Sound:
    """A sound question, and what is said of it on the scene as it is."""

    task: AnyTask
    view: View
    clean: Verdict

    @property
    def row(self) -> Row:
        return Row(self.task.name, self.clean.query.model_dump().get("offer", ""))

    def __str__(self) -> str:
        return f"{self.view.key} {self.task.name} {self.clean.query}"


@dataclass
class Tally:
    """What became of some questions."""

    asked: int = 0
    accepted: int = 0
    copies: int = 0
    """Noisy copies of accepted questions."""
    illegal: int = 0
    """Of these, refused."""
    crossed: int = 0
    """Refused because noise decides, and the answer would be another."""
    flips: int = 0
    """Legal with another answer, or with a number beyond the band."""
    errors: list[float] = field(default_factory=list)
    """Of numbers that have a band, in metres or square metres."""
    widest: float = 0.0
    """The largest error, in bands."""
    cases: list[str] = field(default_factory=list)
    """Flips and crossings in words."""

    @property
    def share(self) -> float:
        """Of those asked, the accepted ones."""
        return self.accepted / self.asked if self.asked else 0.0


Tallies = dict[Row, Tally]


def certify(
    tasks: Sequence[AnyTask], scenes: Iterable[Scene], noise: Noise, draws: int, per_scene: int
) -> Tallies:
    """What becomes of `per_scene` sound questions of every task about every scene under noise."""
    tallies: Tallies = {}
    for number, scene in enumerate(scenes):
        asked = [each for task in tasks for each in islice(sound(task, scene), per_scene)]
        for question in asked:
            tally = tallies.setdefault(question.row, Tally())
            tally.asked += 1
            tally.accepted += question.clean.legal
        for seed in range(number * draws, (number + 1) * draws):
            noisy = noise(scene, seed)
            for question in asked:
                if question.clean.legal:
                    _compare(question, noisy, tallies[question.row])
    return tallies


def synthetic(numbers: Iterable[int]) -> Iterator[Scene]:
    """Generated rooms, one after another."""
    return (Synthetic().load(None, f"room-{number}") for number in numbers)


def credulous(task: AnyTask) -> AnyTask:
    """The task without the rules that refuse what noise decides."""
    kept = tuple(each for each in task.rules if each.stage is not Stage.DEGENERATE)
    return replace(task, rules=kept)


def sound(task: AnyTask, scene: Scene) -> Iterator[Sound]:
    """Random sound questions of a task about a scene, none twice, the same ones every time."""
    rng = Random(f"{scene.key} {task.name}")
    views = list(task.world.propose(scene, rng))
    given: set[Any] = set()
    misses = 0
    while views and misses < TRIES:
        view = rng.choice(views)
        query = filled(task, view, rng)
        misses += 1
        if (view.frames, query) in given:
            continue
        given.add((view.frames, query))
        verdict = judge(task, view, query)
        if verdict.answer is not None:
            misses = 0
            yield Sound(task, view, verdict)


def filled(task: AnyTask, view: View, rng: Random) -> Query:
    """The task's query with every role drawn at random from what the view has of its kind."""
    names = view.scene.labels
    values: dict[str, Any] = {}
    for role, slot in task.grammar.slots.items():
        match slot:
            case RegionSlot():
                known = sorted({each.name for each in ontology().values()})
                values[role] = rng.choice((*known, *(f"{name} area" for name in names)))
            case NameSlot():
                values[role] = rng.choice(names)
            case NamesSlot():
                values[role] = tuple(rng.sample(names, rng.randint(*LISTED)))
            case ImageSlot():
                values[role] = rng.randint(1, len(view.frames))
            case Choice():
                values[role] = rng.choice(tuple(slot.words))
            case _:
                raise TypeError(f"{task.name}: nothing is known to fill {role} with")
    return task.query.model_validate(values)


def table(tallies: Tallies) -> str:
    """One line for each row; errors as mean, standard deviation and the largest one in bands."""
    head = (
        f"{'questions':52}{'asked':>6}{'accepted':>15}{'copies':>8}{'illegal':>9}{'crossed':>8}"
        f"{'flips':>6}{'bias':>9}{'spread':>8}{'band used':>10}"
    )
    return "\n".join([head, *(_line(str(row), tallies[row]) for row in sorted(tallies))])


def _line(name: str, tally: Tally) -> str:
    illegal = tally.illegal / tally.copies if tally.copies else 0.0
    line = (
        f"{name:52}{tally.asked:6}{tally.accepted:7} {tally.share:7.1%}{tally.copies:8}"
        f"{illegal:9.1%}{tally.crossed:8}{tally.flips:6}"
    )
    if not tally.errors:
        return line
    return f"{line}{np.mean(tally.errors):9.4f}{np.std(tally.errors):8.4f}{tally.widest:10.0%}"


def _compare(question: Sound, scene: Scene, tally: Tally) -> None:
    view = replace(question.view, scene=scene)
    noisy = judge(question.task, view, question.clean.query)
    tally.copies += 1
    tally.illegal += not noisy.legal
    if noisy.answer is None:
        return
    clean = question.clean.answer
    error = _error(clean, noisy.answer)
    if clean.band:
        tally.errors.append(error * UNITS[clean.unit].factor)
        tally.widest = max(tally.widest, abs(error) / clean.band)
    if abs(error) <= clean.band + 1e-9:
        return
    tally.flips += noisy.legal
    tally.crossed += not noisy.legal
    codes = ", ".join(noisy.codes) or "legal"
    tally.cases.append(f"{question} {clean.text} became {noisy.answer.text} ({codes})")


def _error(clean: Answer[Any], noisy: Answer[Any]) -> float:
    """The change of a number that has a band; else nothing or everything."""
    if clean.band:
        return float(noisy.value) - float(clean.value)
    return 0.0 if noisy.value == clean.value else inf
