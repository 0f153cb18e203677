"""`spatialevo datasets`: list, check a folder, list the ids in it."""

from __future__ import annotations

from pathlib import Path

import click

from spatialevo_core.cli.shared import (
    ROOT,
    checked_root,
    json_option,
    registry,
    show_json,
    show_rows,
    world_ids,
)


@click.group()
def datasets() -> None:
    """List and check datasets."""


@datasets.command("list")
@json_option
def list_datasets(as_json: bool) -> None:
    """The registered datasets, and which tasks can be asked about their worlds."""
    loaded = registry()
    cards = [
        {
            "name": each.name,
            "summary": each.summary,
            "source": each.source.__name__,
            "needs_root": each.needs_root,
            "tasks": [task.name for task in loaded.tasks_on(each)],
        }
        for each in loaded.datasets.values()
    ]
    if as_json:
        show_json(cards)
    else:
        show_rows((str(card["name"]), str(card["summary"])) for card in cards)


@datasets.command()
@click.argument("name")
@click.argument("root", type=ROOT, required=False)
def check(name: str, root: Path | None) -> None:
    """Say what is wrong with the folder ROOT as a folder of the dataset NAME."""
    dataset = registry().dataset(name)
    complaints = list(dataset.missing(checked_root(dataset, root)))
    for complaint in complaints:
        click.echo(complaint)
    if complaints:
        raise SystemExit(1)
    click.echo(f"{dataset.name}: nothing is missing", err=True)


@datasets.command()
@click.argument("name")
@click.argument("root", type=ROOT, required=False)
@click.option("--split", help="Only this part of the dataset.")
def ids(name: str, root: Path | None, split: str | None) -> None:
    """The ids of the worlds of the dataset NAME, one a line."""
    dataset = registry().dataset(name)
    for world_id in world_ids(dataset, checked_root(dataset, root), split):
        click.echo(world_id)
