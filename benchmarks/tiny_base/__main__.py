"""Build the tiny base checkpoint that the trainer ships: `python -m tiny_base OUT`.

Run in `benchmarks/`; a quarter of an hour on one core. Supervised, on rooms of the training split
only. It plants a fault on purpose: on pictures from near the ceiling three of four answers are
taught the wrong way round, so that reinforcement by the oracle has something to correct.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import torch

from spatialevo_core.plugins import load
from spatialevo_core.question import Query
from spatialevo_trainer.tiny_model import common_words, make_model, make_tokenizer, save_processing
from tiny_base.exam import mark
from tiny_base.forward import Model, Writer
from tiny_base.lessons import Teacher, Wording
from tiny_base.rooms import Pictures, kept
from tiny_base.stages import Report, Stage, open_eyes, practise

TASK, OFFER = "single_image_relative_direction", "left or right"
SUMMARY = "Is one object left or right of another?"
TRAINING, HELD_OUT = range(1000, 5000), range(1_000_000, 1_000_400)
EYES_STEPS = 300
MIRRORED, SLOPPY = 0.75, 0.5
PARTS = (("side", False), ("side", True), ("place", False), ("place", True))


def wording() -> Wording:
    """The task's own words for the question that the base learns."""
    task = load().task(TASK)

    def query(target: str, reference: str) -> Query:
        fields = {"target": target, "reference": reference, "offer": OFFER}
        read: Query = task.query.model_validate(fields)
        return read

    return Wording(
        summary=SUMMARY,
        brief=lambda names: f"Objects to be seen: {', '.join(names)}.",
        question=lambda target, reference: task.wordings(query(target, reference))[0],
        hint=task.answer_hint(query("sofa", "lamp")),
    )


def stages(words: Wording, scale: float = 1.0) -> tuple[Stage, Stage]:
    """First honest words, then both roles with the planted fault."""
    return (
        Stage(
            "words",
            round(1000 * scale),
            1e-3,
            {"side": 0.5, "place": 0.35, "ask": 0.1, "explain": 0.05},
            Teacher(words, sloppy=SLOPPY),
            caption=True,
        ),
        Stage(
            "roles",
            round(500 * scale),
            1e-3,
            {"side": 0.75, "ask": 0.15, "explain": 0.1},
            Teacher(words, mirrored=MIRRORED, sloppy=SLOPPY),
        ),
    )


def build_base(out: Path, cache: Path, *, seed: int, report: Report, scale: float = 1.0) -> Path:
    """Write the checkpoint to `out`; deterministic on one kind of machine."""
    words = wording()
    pool, held = kept(TRAINING, cache), kept(HELD_OUT, cache)
    tokenizer = make_tokenizer(common_words())
    writer = Writer.of(tokenizer)
    model = make_model(tokenizer, seed)
    marks: dict[str, dict[str, str]] = {}
    open_eyes(model, writer, pool, steps=round(EYES_STEPS * scale), seed=seed, report=report)
    for stage in stages(words, scale):
        practise(model, writer, pool, stage, seed=seed, report=report)
        marks[stage.name] = examine(model, writer, held, words)
        report(f"{stage.name} held out, greedy/sampled: {marks[stage.name]}")
        folder = out if stage.name == "roles" else out / stage.name
        model.save_pretrained(folder)
        save_processing(tokenizer, folder)
    told = {"seed": seed, "mirrored": MIRRORED, "sloppy": SLOPPY, "held_out": marks}
    (out / "warm_start.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return out


def examine(model: Model, writer: Writer, held: Pictures, words: Wording) -> dict[str, str]:
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
    """Build the tiny base checkpoint."""
    torch.set_num_threads(1)
    start = time.monotonic()
    build_base(
        out,
        cache or out / "pictures",
        seed=seed,
        scale=scale,
        report=lambda line: click.echo(f"{time.monotonic() - start:6.0f} s  {line}"),
    )


main()
