"""What a completion costs: the oracle and the rewards together, for each role.

`python benchmarks/rewards.py [--rooms room-0 lroom-0 tiny-0] [--json]`

A questioner's reply is read, its question judged and its observation checked against the room; a
solver's is scored, or graded as an explanation. Every reply is put once about a room whose pictures
have been looked at, and then again; times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Any

from oracle import Figures, percentiles, seconds

from spatialevo_core.plugins import load
from spatialevo_core.question import Verdict
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask
from spatialevo_core.text import sentence
from spatialevo_datasets.arrangement import Arrangement
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import View
from spatialevo_trainer.prompts import read_answer, read_question, write_answer, write_question
from spatialevo_trainer.rewards import answer_score, question_score

PER_VIEW, VIEWS = 12, 2
ROOMS = ("room-0", "room-3", "lroom-0", "tiny-0")
ROLES = ("questioner", "solver, legal", "solver, illegal")
PLACES = ("left of", "behind", "next to", "to the right of", "above", "closer to the camera than")
REPLIES = (
    "left",
    "2 or 3",
    "It is about 2.4 meters, as far as I can see.",
    "front-left",
    "the door",
)
REASONS = (
    "There is no {} in this room.",
    "I can see more than one {}, so it is not clear which one is meant; both are near the door.",
    "The question cannot be answered, because the {} is hidden and its distance is unclear.",
)


def observations(view: View, rng: Random) -> Iterator[str]:
    """A short one, one of a few sentences, a long one, and a list of everything; true or not."""
    names = sorted(Arrangement.of(view.scene, view.frames).things)
    for many in (1, 4, 10):
        told = (
            f"The {rng.choice(names)} is {rng.choice(PLACES)} the {rng.choice(names)}"
            for _ in range(many)
        )
        yield f"This is a room with {sentence(names[:many])}. {'. '.join(told)}."
    yield f"The image shows {sentence(names)}."


def questions(task: AnyTask, view: View) -> list[str]:
    """What the task might be asked of the view, legal or not."""
    rng = Random(f"{task.name} {view.key}")
    texts = [w for q in islice(task.candidates(view, rng), 40) for w in task.wordings(q)[:3]]
    return rng.sample(texts, min(PER_VIEW, len(texts)))


def completions(
    registry: Registry, task: AnyTask, view: View
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """By role, the work that each completion makes."""
    rng = Random(view.key)
    for text in questions(task, view):
        verdict = registry.ask(text, view, task.name)
        for observed in observations(view, rng):
            reply = write_question(observed, text)
            yield "questioner", lambda reply=reply: _questioner(registry, task, view, reply)
        named = view.scene.labels[0]
        said = REPLIES if verdict.legal else [each.format(named) for each in REASONS]
        for each in said:
            yield (
                f"solver, {'legal' if verdict.legal else 'illegal'}",
                lambda reply=each, v=verdict: _solver(task, view, write_answer(reply), v),
            )


def _questioner(registry: Registry, task: AnyTask, view: View, reply: str) -> None:
    asked = read_question(reply)
    question_score(asked, registry.ask(asked.question, view, task.name), view, task)


def _solver(task: AnyTask, view: View, reply: str, verdict: Verdict) -> None:
    answer_score(read_answer(reply), verdict, view, task)


def measured(registry: Registry, name: str) -> dict[str, Figures]:
    """The figures of one room, by role: of the first time, and again."""
    scene: Scene = registry.dataset("synthetic").load(None, name)
    work: list[tuple[str, Callable[[], Any]]] = []
    for task in registry.tasks.values():
        if issubclass(Scene, task.world.source):
            for view in islice(task.world.propose(scene, Random(1)), VIEWS):
                work += completions(registry, task, view)
    times: dict[str, dict[str, list[float]]] = {
        kind: defaultdict(list) for kind in ("first", "warm")
    }
    for kind in ("first", "warm"):
        for role, each in work:
            times[kind][role].append(seconds(each))
    return {
        role: {
            "completions": len(times["warm"][role]),
            "first": percentiles(times["first"][role]),
            "warm": percentiles(times["warm"][role]),
        }
        for role in ROLES
    }


def main() -> None:
    """Measure and print; milliseconds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rooms", nargs="+", default=list(ROOMS))
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    chosen = options.parse_args()
    registry = load()
    rooms = {name: measured(registry, name) for name in chosen.rooms}
    if chosen.json:
        print(json.dumps(rooms, indent=1))
        return
    heads = ("completions", "p50", "p95", "p99", "first p50", "p99")
    print(f"{'milliseconds':28}" + "".join(f"{head:>12}" for head in heads))
    for name, roles in rooms.items():
        for role, row in roles.items():
            figures = [row["warm"][each] for each in ("p50", "p95", "p99")]
            figures += [row["first"][each] for each in ("p50", "p99")]
            shown = "".join(f"{each:12.3f}" for each in figures)
            print(f"{name:10}{role:18}{row['completions']:12}{shown}")


if __name__ == "__main__":
    main()
