"""What several commands need: options, the registry with its remark, tables and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spatialevo_core.errors import DataError
from spatialevo_core.task import EXACT

if TYPE_CHECKING:
    from spatialevo_core.registry import AnyDataset, Registry

T = TypeVar("T")

ROOT = click.Path(exists=True, file_okay=False, path_type=Path)

profile_option = click.option(
    "--profile", default=EXACT.name, show_default=True, help="What counts as the truth."
)
definition_option = click.option(
    "--definition",
    "definitions",
    multiple=True,
    metavar="TASK=NAME",
    help="Compute a task's answer by another of its definitions; may be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dataset_option = click.option("--dataset", required=True, help="See 'spatialevo datasets list'.")
root_option = click.option("--root", type=ROOT, help="The dataset's folder, where it has one.")


def registry(profile: str = EXACT.name, definitions: Sequence[str] = ()) -> Registry:
    """Everything that is plugged in; a remark on stderr if something is wrong with a plugin."""
    from spatialevo_core.plugins import load

    points = click.get_current_context().find_root().obj
    loaded = load(points, profile=profile, definitions=dict(map(_definition, definitions)))
    count = len(loaded.problems)
    if count:
        told = "1 problem with a plugin" if count == 1 else f"{count} problems with plugins"
        click.echo(f"{told}; see 'spatialevo plugins'", err=True)
    return loaded


def checked_root(dataset: AnyDataset, root: Path | None) -> Path | None:
    """The folder that a dataset reads; a usage error if it needs one and none is given."""
    if dataset.needs_root and root is None:
        raise click.UsageError(f"dataset '{dataset.name}' reads a folder; say which")
    return root


def world_ids(
    dataset: AnyDataset, root: Path | None, split: str | None = None, count: int | None = None
) -> tuple[str, ...]:
    """The ids of the worlds, the first `count`; raises DataError if there is none."""
    ids = tuple(islice(dataset.ids(root, split), count))
    if not ids:
        within = f" in split '{split}'" if split else ""
        nothing = f"dataset '{dataset.name}' has no worlds{within}"
        raise DataError(next(iter(dataset.missing(root)), nothing))
    return ids


def show_json(value: Any) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_rows(rows: Iterable[Sequence[str]]) -> None:
    """Print rows with their columns aligned."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items, with a progress bar on stderr while they are worked on.

    `total` is their number, where that is not known from them.
    """
    from rich.console import Console
    from rich.progress import track

    return iter(track(items, what, total, console=Console(stderr=True), transient=True))


def _definition(text: str) -> tuple[str, str]:
    task, found, name = text.partition("=")
    if not (task and found and name):
        raise click.BadParameter(
            f"'{text}' is not of the form TASK=NAME", param_hint="--definition"
        )
    return task, name
