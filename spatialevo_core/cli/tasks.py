"""`spatialevo tasks`: list, show, check and write new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spatialevo_core.cli.new import new_command
from spatialevo_core.cli.shared import (
    ROOT,
    json_option,
    profile_option,
    progress,
    registry,
    show_json,
    show_rows,
)

if TYPE_CHECKING:
    from spatialevo_core.task import AnyTask


@click.group()
def tasks() -> None:
    """List, show, check and write tasks."""


tasks.add_command(new_command("task", "the question, its tests and what installs it"))


@tasks.command("list")
@json_option
def list_tasks(as_json: bool) -> None:
    """The registered tasks."""
    known = registry().tasks.values()
    if as_json:
        show_json([_card(task) for task in known])
    else:
        show_rows((task.name, task.world.__name__, task.summary) for task in known)


@tasks.command()
@click.argument("name")
@profile_option
@json_option
def show(name: str, profile: str, as_json: bool) -> None:
    """How the task NAME is asked, when it refuses, what its truth depends on."""
    card = _card(registry(profile).task(name))
    if as_json:
        show_json(card)
        return
    click.echo(f"{card['name']}: {card['summary']}")
    click.echo(f"\nasked about a {card['view']}; names: {', '.join(card['names']) or 'nothing'}")
    click.echo(f"profile {card['profile']}; definition {card['definition']}", nl=False)
    click.echo(f" of {', '.join(card['definitions'])}; profiles: {', '.join(card['profiles'])}")
    for title, rows in (
        ("wordings", [(wording,) for wording in card["wordings"]]),
        ("refuses with", [(each["code"], each["stage"]) for each in card["rules"]]),
        ("settings", [(key, str(value)) for key, value in card["settings"].items()]),
    ):
        if rows:
            click.echo(f"\n{title}")
            show_rows(("", *row) for row in rows)


@tasks.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--dataset", help="Check on this dataset; otherwise on those that need no folder.")
@click.option("--root", type=ROOT, help="The dataset's folder.")
@json_option
def check(names: tuple[str, ...], dataset: str | None, root: Path | None, as_json: bool) -> None:
    """Check that tasks keep the promises that every task makes; all of them if none is named."""
    from spatialevo_core.cli.reports import show_reports
    from spatialevo_core.testing import check_task, sample_views

    loaded = registry()
    chosen = [loaded.task(name) for name in names] or list(loaded.tasks.values())
    others = tuple(loaded.tasks.values())
    reports = []
    for task in progress(chosen, "checking"):
        views = list(sample_views(loaded, task, dataset, root))
        reports.append(check_task(task, views, loaded.parsers, others))
    show_reports(reports, "questions", as_json)


def _card(task: AnyTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "summary": task.summary,
        "view": task.world.__name__,
        "names": list(task.query.model_fields),
        "profile": task.profile,
        "definition": task.definition,
        "definitions": ["exact", *task.definitions],
        "profiles": list(dict.fromkeys(["exact", *(each.name for each in task.profiles)])),
        "wordings": [phrasing.template for phrasing in task.phrasings],
        "rules": [{"code": each.code, "stage": each.stage.name.lower()} for each in task.rules],
        "settings": task.terms.model_dump(mode="json"),
    }
