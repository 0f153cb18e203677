"""`spatialevo datasets`: list, check a folder, list the ids in it, prepare its worlds."""

from __future__ import annotations

from pathlib import Path

import click

from spatialevo_core.cli.shared import (
    ROOT,
    checked_root,
    json_option,
    progress,
    registry,
    show_json,
    show_rows,
    world_ids,
)


@click.group()
def datasets() -> None:
    """List, check and prepare datasets."""


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
    """Say what is wrong with the folder ROOT as a folder of the dataset NAME.

    Of a cache, also which files changed since its worlds were prepared.
    """
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


@datasets.command()
@click.argument("name")
@click.argument("root", type=ROOT, required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the cache: new, or prepared before.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Worlds that are worked on at once.",
)
@click.option(
    "--engine",
    type=click.Choice(["process", "ray"]),
    default="process",
    show_default=True,
    help="Where: in processes of this machine, or on a Ray cluster.",
)
@click.option("--split", help="Only this part of the dataset.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many worlds.")
def prepare(
    *,
    name: str,
    root: Path | None,
    out: Path,
    jobs: int,
    engine: str,
    split: str | None,
    limit: int | None,
) -> None:
    """Compute once what follows from each world of the dataset NAME, and keep it in a cache.

    Wherever ROOT is asked for, the cache will do, with the same answers: given as --root, its
    worlds open in an instant. Images are still read from ROOT. Run again, only worlds whose files
    changed are prepared; the exit status is 1 if some could not be, which failures.jsonl lists.
    """
    from spatialevo_core import preparing
    from spatialevo_core.cache_writer import CacheWriter, FailureRecord
    from spatialevo_core.engines import ENGINES

    dataset = registry().dataset(name).own
    root = checked_root(dataset, root)
    ids = world_ids(dataset, root, split, limit)
    running = preparing.prepare(dataset, root, out, ids, engine=ENGINES[engine], jobs=jobs)
    done = sorted(progress(running, "preparing", len(ids)), key=lambda each: each.item)
    failures = [FailureRecord(world=d.item, message=d.fault) for d in done if d.fault is not None]
    report = CacheWriter.at(out, dataset.name).report(failures)
    fresh = sum(each.value is True for each in done)
    click.echo(
        f"prepared: {fresh}, already there: {len(done) - fresh - len(failures)}, "
        f"failed: {len(failures)}",
        err=True,
    )
    if failures:
        first = failures[0]
        click.echo(f"{first.world}: {first.message}\n{report} lists all that failed", err=True)
        raise SystemExit(1)
