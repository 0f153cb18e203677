"""The command `spatialevo demo`. Importing this loads no torch."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spatialevo_core.errors import SpatialEvoError

if TYPE_CHECKING:
    from rich.console import Console

    from spatialevo_core.registry import Registry
    from spatialevo_trainer.demo_run import Show

NEEDED = ("torch", "transformers", "trl", "peft", "matplotlib")


@click.command(short_help="See everything, on synthetic worlds.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; a new one under runs/ where none is given.",
)
@click.option("--seed", default=0, show_default=True, help="Of the training run.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps instead of the usual.")
def demo(out: Path | None, seed: int, steps: int | None) -> None:
    """Judge questions, train a tiny model for a few minutes, and write a report.

    Everything happens on embedded synthetic worlds, on the processor, without any download.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"the demo trains a model and lacks {', '.join(missing)}; "
            "pip install 'spatialevo[train]'"
        )
    from rich.console import Console  # noqa: PLC0415

    from spatialevo_core import plugins  # noqa: PLC0415

    out = out or _unused(Path("runs"))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        registry = plugins.load()
        _show_plugins(console, registry)
        console.print("loading the trainer ...")
        from spatialevo_trainer.demo_report import summary_rows, write_report  # noqa: PLC0415
        from spatialevo_trainer.demo_run import run_demo  # noqa: PLC0415

        report = run_demo(out, registry, seed=seed, steps=steps, show=live(console))
        paths = write_report(report, registry, out)
    except SpatialEvoError as error:
        raise click.ClickException(str(error)) from None
    width = max(len(name) for name, *_ in summary_rows(report))
    click.echo(f"{'held-out worlds':{width}}  before  after")
    for name, before, after in summary_rows(report):
        click.echo(f"{name:{width}}  {before:>6}  {after:>5}")
    click.echo("The faults it started with were planted; the report says how little this proves.")
    for path in paths:
        click.echo(path)


def _unused(runs: Path) -> Path:
    """The first of demo, demo-2, demo-3 ... that is not there yet."""
    names = ("demo" if number == 1 else f"demo-{number}" for number in count(1))
    return next(runs / name for name in names if not (runs / name).exists())


def _show_plugins(console: Console, registry: Registry) -> None:
    kinds = {"tasks": registry.tasks, "datasets": registry.datasets}
    for kind, names in kinds.items():
        console.print(f"{kind}: {', '.join(names)}", markup=False)
    parsers = ", ".join(each.name for each in registry.parsers)
    console.print(f"parsers: {parsers}", markup=False)
    for problem in registry.problems:
        console.print(f"problem: {problem.plugin}: {problem.message}", markup=False)


def live(console: Console) -> Show:
    """Lines as they come, and one line a few steps for the training."""
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from spatialevo_trainer.demo_report import evidence, told  # noqa: PLC0415
    from spatialevo_trainer.demo_run import JudgedQuestion, Mark, Show  # noqa: PLC0415

    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )

    class Live(Show):
        def line(self, text: str) -> None:
            console.rule(style="dim")
            console.print(text, markup=False)

        def judged(self, question: JudgedQuestion) -> None:
            mark = "[green]legal[/]  " if question.verdict.legal else "[red]illegal[/]"
            console.print(mark, end=" ")
            console.print(question.text, markup=False)
            console.print(f"        {told(question.verdict)}", markup=False)
            if question.verdict.legal:
                found = evidence(question.verdict, 120)
                console.print(f"        from {found}", markup=False, style="dim")

        def step(self, step: int, steps: int, row: dict[str, float]) -> None:
            if not bar.task_ids:
                bar.add_task("", total=steps)
                bar.start()
            named = {"accuracy": "solver/accuracy", "legal questions": "questioner/legal"}
            parts = [f"{name} {row[key]:.2f}" for name, key in named.items() if key in row]
            bar.update(bar.task_ids[0], completed=step, description=", ".join(parts))
            if step == steps:
                bar.stop()

        def mark(self, mark: Mark) -> None:
            groups = ", ".join(
                f"{group} {each.sampled:.2f}" for group, each in mark.marks.groups.items()
            )
            console.print(
                f"held out, after {mark.step} steps: accuracy of a sampled answer {groups}; "
                f"legal questions {mark.marks.legal:.2f}",
                markup=False,
            )

    return Live()
