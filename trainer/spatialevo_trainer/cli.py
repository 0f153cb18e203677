"""`spatialevo train`: a run from the command line. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path

import click


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
    """Train the model of CONFIG (a TOML file over a preset) as questioner and solver.

    SIGTERM and Ctrl-C save a checkpoint after the step in progress and end the run with
    exit status 143 or 130; a second Ctrl-C ends it at once.
    """
    from rich.console import Console

    from spatialevo_core.cli.shared import registry
    from spatialevo_trainer.config import load_config
    from spatialevo_trainer.progress import shown

    resolved = load_config(config, preset=preset, settings=settings)
    plugged_in = registry(resolved.profile)
    from spatialevo_trainer.run import train as run

    with shown(Console(stderr=True)) as (progress, remark):
        run(resolved, plugged_in, out, resume=resume, on_progress=progress, on_remark=remark)
    click.echo(out)
