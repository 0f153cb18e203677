"""Build the tiny base checkpoints, one of which the trainer ships: `python -m tiny_base OUT`.

Run in `benchmarks/`; half an hour on one core. Supervised, on rooms of the training split
only. It plants a fault on purpose: on pictures from near the ceiling three of four answers are
taught the wrong way round, so that reinforcement by the oracle has something to correct.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import torch

from spatialevo_core.plugins import load
from spatialevo_core.question import Query
from spatialevo_core.task import AnyTask
from spatialevo_trainer.demo_plan import Question, shipped_plan
from spatialevo_trainer.model import load_model, load_processor
from spatialevo_trainer.tiny_model import common_words, make_model, make_tokenizer, save_processing
from tiny_base.exam import mark
from tiny_base.forward import Model, Writer
from tiny_base.lessons import DEPTH, ELEVATION, SIDE, Teacher, Wording
from tiny_base.rooms import Pictures, kept
from tiny_base.stages import Report, Stage, open_eyes, practise

NAMED = ("first", "second")
TOLD = "warm_start.json"
"""Written last into a checkpoint's folder."""
TRAINING, HELD_OUT = range(1000, 5000), range(1_000_000, 1_000_400)
EYES_STEPS = 300
MIRRORED, SLOPPY = 0.75, 0.7
PARTS = tuple((kind, ceiling) for kind in (SIDE, DEPTH, ELEVATION) for ceiling in (False, True))


def wordings() -> dict[str, Wording]:
    """The tasks' own words for the questions that the base learns."""
    plan = shipped_plan()
    registry = plan.narrowed(load())
    return {each.name: _wording(registry.task(each.task), each) for each in plan.questions}


def _wording(task: AnyTask, question: Question) -> Wording:
    def query(first: str, second: str) -> Query:
        fields = ("target", "reference") if "target" in task.query.model_fields else NAMED
        names = dict(zip(fields, (_name(first), _name(second)), strict=True))
        read: Query = task.query.model_validate({**question.fixed, **names})
        return read

    return Wording(
        summary=question.summary,
        brief=lambda names: f"Objects to be seen: {', '.join(names)}." if names else "",
        question=lambda *names: task.wordings(query(*names))[0],
        hint=lambda *names: str(task.answer_hint(query(*names))),
    )


def _name(said: str) -> str | int:
    return int(said.removeprefix("Image ")) if said.startswith("Image ") else said


def stages(words: Mapping[str, Wording], scale: float = 1.0) -> tuple[Stage, Stage]:
    """Honest words first; then both roles, with the planted fault."""
    return (
        Stage(
            "words",
            round(1300 * scale),
            1e-3,
            {SIDE: 0.38, DEPTH: 0.3, "place": 0.32},
            {ELEVATION: 0.6, "height": 0.4},
            Teacher(words),
            caption=True,
        ),
        Stage(
            "planted",
            round(450 * scale),
            1e-3,
            {SIDE: 0.42, DEPTH: 0.3, "ask": 0.18, "explain": 0.1},
            {ELEVATION: 0.6, "ask": 0.25, "explain": 0.15},
            Teacher(words, mirrored=MIRRORED, sloppy=SLOPPY),
        ),
    )


@dataclass(frozen=True)
class Workshop:
    """Where the checkpoints are made; what is there already is not made again."""

    out: Path
    words: Mapping[str, Wording]
    pool: Pictures
    held: Pictures
    seed: int
    report: Report
    scale: float = 1.0

    def build(self) -> None:
        """Make all of them; deterministic on one kind of machine."""
        words, planted = stages(self.words, self.scale)
        if not (self.out / words.name / TOLD).exists():
            self._learn_words(words)
        if not (self.out / planted.name / TOLD).exists():
            model = load_model(str(self.out / words.name)).train()
            writer = Writer.of(load_processor(str(self.out / words.name)).tokenizer)
            practise(model, writer, self.pool, planted, seed=self.seed, report=self.report)
            self._keep(planted.name, model, writer)

    def _learn_words(self, stage: Stage) -> None:
        """From nothing; keeps what knows little yet, `weak` and `daylight` among it."""
        tokenizer = make_tokenizer(common_words())
        writer, model = Writer.of(tokenizer), make_model(tokenizer, self.seed)
        steps = round(EYES_STEPS * self.scale)
        open_eyes(model, writer, self.pool, steps=steps, seed=self.seed, report=self.report)
        early = {
            step: partial(self._keep, f"{stage.name}-{step}", model, writer)
            for step in range(round(400 * self.scale), stage.steps, 100)
        }
        practise(model, writer, self.pool, stage, seed=self.seed, report=self.report, at=early)
        self._keep(stage.name, model, writer)

    def _keep(self, name: str, model: Model, writer: Writer) -> None:
        folder = self.out / name
        model.save_pretrained(folder)
        save_processing(writer.tokenizer, folder)
        marks = examine(model, writer, self.held, self.words)
        self.report(f"{name} held out, greedy/sampled: {marks}")
        told = {"seed": self.seed, "mirrored": MIRRORED, "sloppy": SLOPPY, "held_out": marks}
        (folder / TOLD).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def examine(
    model: Model, writer: Writer, held: Pictures, words: Mapping[str, Wording]
) -> dict[str, str]:
    """Marks against the truth, eye level and ceiling apart."""
    model.eval()
    marks = {
        f"{kind} {'ceiling' if above else 'eye level'}": str(
            mark(model, writer, held, Teacher(words), kind=kind, ceiling=above)
        )
        for kind, above in PARTS
    }
    model.train()
    return marks


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), default=None, help="for pictures")
@click.option("--seed", default=11, show_default=True)
@click.option("--scale", default=1.0, show_default=True, help="of all step counts")
def main(out: Path, cache: Path | None, seed: int, scale: float) -> None:
    """Build the tiny base checkpoints in OUT, those that are not there yet."""
    torch.set_num_threads(1)
    start = time.monotonic()
    cache = cache or out / "pictures"

    def report(line: str) -> None:
        click.echo(f"{time.monotonic() - start:6.0f} s  {line}")

    pool, held = kept(TRAINING, cache), kept(HELD_OUT, cache)
    Workshop(out, wordings(), pool, held, seed, report, scale).build()


main()
