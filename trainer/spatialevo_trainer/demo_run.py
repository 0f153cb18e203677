"""The demo: questions are judged, the tiny model learns from them, and both are reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from spatialevo_core.engine import guarded
from spatialevo_core.errors import ConfigError, TaskFault
from spatialevo_core.question import Frozen, Verdict
from spatialevo_core.records import QuestionRecord, write_records
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.demo_plan import Plan, shipped_plan
from spatialevo_trainer.held_out import Marks, held_out_places
from spatialevo_trainer.run import train
from spatialevo_trainer.stage import Place

BASE = "tiny_base"
"""The shipped checkpoint's folder in the package's data."""
RUN, RECORDS, RESULT, VIEWS = "run", "judged.jsonl", "result.json", "views.png"


class JudgedQuestion(Frozen):
    """A question, and what the oracle said."""

    world: str
    text: str
    verdict: Verdict


class Mark(Frozen):
    """What the model could do after some steps, on held-out worlds."""

    step: int
    marks: Marks


class DemoReport(Frozen):
    """Everything that the demo found."""

    judged: tuple[JudgedQuestion, ...]
    curve: tuple[Mark, ...]
    """The first before, the last after training."""
    seconds: dict[str, float]
    """Of the parts."""
    seed: int
    steps: int

    @property
    def before(self) -> Marks:
        """Of the base checkpoint."""
        return self.curve[0].marks

    @property
    def after(self) -> Marks:
        """Of the trained model."""
        return self.curve[-1].marks


class Show:
    """What happens, told while it happens; tells nothing by itself."""

    def line(self, text: str) -> None:
        """A sentence."""

    def judged(self, question: JudgedQuestion) -> None:
        """A question was judged."""

    def step(self, step: int, steps: int, row: dict[str, float]) -> None:
        """A training step is done."""

    def mark(self, mark: Mark) -> None:
        """The model was examined."""


def run_demo(
    out: Path,
    registry: Registry,
    *,
    seed: int = 0,
    steps: int | None = None,
    show: Show | None = None,
    plan: Plan | None = None,
) -> DemoReport:
    """Judge, train, examine; write the report to `out`, which must not hold a run yet.

    `steps` replaces the plan's. Raises ConfigError where the folder or a plugin stands in the way.
    """
    show, plan = show or Show(), plan or shipped_plan()
    clock = _Clock()
    if (out / RUN).exists():
        raise ConfigError(f"{out} already holds a run; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    show.line("Judging questions: answers are computed from geometry, refusals have reasons.")
    judged = tuple(_judged(registry, plan, seed, show))
    write_records(out / RECORDS, _records(judged))
    clock.stop("judging")
    with as_file(files("spatialevo_trainer") / "data" / BASE) as base:
        config = plan.config(base, seed=seed, steps=steps)
        curve = _learn(out, registry, plan, config, show)
    clock.stop("training, with examinations")
    report = DemoReport(
        judged=judged, curve=curve, seconds=clock.seconds, seed=seed, steps=config.steps
    )
    (out / RESULT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return report


def _learn(
    out: Path, registry: Registry, plan: Plan, config: TrainConfig, show: Show
) -> tuple[Mark, ...]:
    narrow = plan.narrowed(registry)
    _picture(held_out_places(narrow, config), out / VIEWS)
    curve: list[Mark] = []

    def mark(step: int, marks: Marks) -> None:
        curve.append(Mark(step=step, marks=marks))
        show.mark(curve[-1])

    show.line(
        f"Training for {config.steps} steps: one model asks and answers. It is examined before, "
        "midway and after, on worlds that it is never trained on."
    )
    train(config, narrow, out / RUN, on_progress=show.step, on_marks=mark)
    return tuple(curve)


def _picture(places: Mapping[str, Sequence[Place]], path: Path) -> None:
    """The first views of each group in a row, three times as large."""
    images = [image for here in places.values() for each in here[:3] for image in each.images]
    width, height = max(i.width for i in images), max(i.height for i in images)
    row = Image.new("RGB", (width * len(images), height))
    for number, image in enumerate(images):
        row.paste(image, (number * width, 0))
    row.resize((3 * row.width, 3 * row.height), Image.Resampling.NEAREST).save(path)


def _judged(registry: Registry, plan: Plan, seed: int, show: Show) -> Iterator[JudgedQuestion]:
    """One question of every task that the world allows, then those of the plan."""
    for each in plan.judged:
        dataset = registry.dataset(each.dataset)
        source = dataset.load(None, each.world)
        attempts: list[Callable[[], tuple[str, Verdict] | None]] = [
            partial(_proposed, task, source, Random(f"{seed}/{task.name}"))
            for task in registry.tasks_on(dataset)
        ]
        attempts += [partial(_asked, registry, source, text) for text in each.questions]
        for attempt in attempts:
            try:
                found = attempt()
            except TaskFault as fault:
                show.line(str(fault))
                continue
            if found is not None:
                text, verdict = found
                world = f"{dataset.name}/{each.world}"
                question = JudgedQuestion(world=world, text=text, verdict=verdict)
                show.judged(question)
                yield question


def _proposed(task: AnyTask, source: Any, rng: Random) -> tuple[str, Verdict] | None:
    """A question that the task itself thinks of; None where the world allows none."""
    view = guarded(task, "view", lambda world: next(world.propose(source, rng), None), task.world)
    if view is None:
        return None
    found = guarded(task, "propose", next, task.propose(view, rng), None)
    return found and (guarded(task, "wordings", task.wordings, found[0])[0], found[1])


def _asked(registry: Registry, source: Any, text: str) -> tuple[str, Verdict]:
    return text, registry.ask_about(text, source).verdict


def _records(judged: tuple[JudgedQuestion, ...]) -> Iterator[QuestionRecord]:
    for number, each in enumerate(judged):
        dataset, _, world = each.world.partition("/")
        yield QuestionRecord.of(
            each.verdict, id=str(number), dataset=dataset, world=world, text=each.text
        )


class _Clock:
    """Seconds between calls, added up by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def stop(self, part: str) -> None:
        """What happened since the last call was this part."""
        now = time.monotonic()
        self.seconds[part] = round(self.seconds.get(part, 0.0) + now - self._last, 1)
        self._last = now
