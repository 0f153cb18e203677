"""`spatialevo parsers`: list and check."""

from __future__ import annotations

import inspect
from itertools import islice
from pathlib import Path

import click

from spatialevo_core.cli.shared import (
    ROOT,
    json_option,
    progress,
    registry,
    show_json,
    show_rows,
)


@click.group()
def parsers() -> None:
    """List and check parsers."""


@parsers.command("list")
@json_option
def list_parsers(as_json: bool) -> None:
    """The registered parsers, in the order in which they are asked."""
    cards = [
        {"name": each.name, "summary": (inspect.getdoc(type(each)) or "").partition("\n")[0]}
        for each in registry().parsers
    ]
    if as_json:
        show_json(cards)
    else:
        show_rows((card["name"], card["summary"]) for card in cards)


@parsers.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--dataset", help="Read about this dataset; otherwise about those without a folder.")
@click.option("--root", type=ROOT, help="The dataset's folder.")
@json_option
def check(names: tuple[str, ...], dataset: str | None, root: Path | None, as_json: bool) -> None:
    """Check that parsers read anything, hostile texts included; all of them if none is named."""
    from spatialevo_core.cli.reports import show_reports
    from spatialevo_core.registry import named
    from spatialevo_core.testing import check_parser, sample_views

    loaded = registry()
    known = {each.name: each for each in loaded.parsers}
    chosen = [named("parser", name, known) for name in names] or list(known.values())
    kinds = {task.world: task for task in loaded.tasks.values()}
    views = [
        view
        for task in kinds.values()
        for view in islice(sample_views(loaded, task, dataset, root), 1)
    ]
    tasks = tuple(loaded.tasks.values())
    reports = [check_parser(each, views, tasks) for each in progress(chosen, "checking")]
    show_reports(reports, "texts", as_json)
