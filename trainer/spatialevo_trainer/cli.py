"""`spatialevo train`: a run from the command line. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from spatialevo_trainer.checkpoints import Progress as OnProgress


@click.command(short_help="Train a model by asking and answering.")
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting.")
@click.option(
    "--preset",
    type=click.Choice(["tiny", "paper"]),
    default="tiny",
    show_default=True,
    help="What CONFIG and --set change: a tiny model on a processor, or the published settings.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder of the run.",
)
@click.option("--resume", is_flag=True, help="Go on from the run's last checkpoint.")
def train(
    config: Path | None, settings: tuple[str, ...], preset: str, out: Path, *, resume: bool
) -> None:
    """Train the model of CONFIG (a TOML file over a preset) as questioner and solver."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from spatialevo_core.cli.shared import registry
    from spatialevo_trainer.config import load_config

    resolved = load_config(config, preset=preset, settings=settings)
    plugged_in = registry(resolved.profile)
    from spatialevo_trainer.run import train as run

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        run(resolved, plugged_in, out, resume=resume, on_progress=_shown(progress))
    click.echo(out)


def _shown(progress: Progress) -> OnProgress:
    bar = progress.add_task("", total=None)

    def show(step: int, steps: int, row: dict[str, float]) -> None:
        solver, legal = row.get("solver/accuracy"), row.get("questioner/legal")
        parts = [
            f"{name} {value:.2f}"
            for name, value in (("accuracy", solver), ("legal questions", legal))
            if value is not None
        ]
        progress.update(bar, completed=step, total=steps, description=", ".join(parts))

    return show
