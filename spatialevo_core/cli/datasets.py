"""`spatialevo datasets`: list, check, count, list the ids of worlds, prepare them."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spatialevo_core.cli.new import new_command
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
from spatialevo_core.worlds import Finding, Severity

if TYPE_CHECKING:
    from spatialevo_core.registry import AnyDataset
    from spatialevo_core.stats import Stats

NAMES_SHOWN = 20
"""The most frequent names; --json has all."""

limit_option = click.option(
    "--limit", type=click.IntRange(min=1), help="Only the first so many worlds."
)


@click.group()
def datasets() -> None:
    """List, check and prepare datasets."""


datasets.add_command(new_command("dataset", "the reader, its tests and what installs it"))


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
@limit_option
@click.option(
    "--promises",
    is_flag=True,
    help="Check what every dataset promises instead: its code, on the first worlds of a good ROOT.",
)
@json_option
def check(name: str, root: Path | None, limit: int | None, promises: bool, as_json: bool) -> None:
    """Say what is wrong with the dataset NAME in the folder ROOT, and with each of its worlds.

    Errors (answers would be wrong, or there are none), warnings and notes; the exit status is 1 if
    there is an error. Of a cache, also which files changed since its worlds were prepared. With
    --limit, only those worlds are looked at, and not the folder as a whole.
    """
    from spatialevo_core.checking import check as checks

    if promises:
        _check_promises(name, root, limit, as_json)
        return
    dataset = registry().dataset(name)
    root = checked_root(dataset, root)
    ids = _readable_ids(dataset, root, limit)
    whole = limit is None or not ids
    found: list[tuple[str | None, Finding]] = []
    running = checks(dataset, root, ids, whole=whole)
    for each in progress(running, "checking", len(ids) + whole):
        for finding in each.findings:
            found.append((each.world, finding))
            if not as_json:
                click.echo(f"{each.world or dataset.name}: {finding}")
    counts = Counter(f"{finding.severity}s" for _, finding in found)
    totals = {f"{severity}s": counts[f"{severity}s"] for severity in Severity}
    if as_json:
        rows = [{"world": world, **finding.model_dump(mode="json")} for world, finding in found]
        show_json({"dataset": dataset.name, "worlds": len(ids), **totals, "findings": rows})
    told = ", ".join(f"{name}: {count}" for name, count in totals.items())
    click.echo(f"{dataset.name}: worlds: {len(ids)}, {told}", err=True)
    if totals["errors"]:
        raise SystemExit(1)


@datasets.command()
@click.argument("name")
@click.argument("root", type=ROOT, required=False)
@limit_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is asked.")
@json_option
def stats(name: str, root: Path | None, limit: int | None, seed: int, as_json: bool) -> None:
    """Count what is in the worlds of the dataset NAME, and what each task can ask about them.

    Views are those worth asking about, questions those that 'generate' could draw under that seed.
    The exit status is 1 if some world cannot be read.
    """
    from spatialevo_core.errors import DataError
    from spatialevo_core.stats import Stats, stats_of

    loaded = registry()
    dataset = loaded.dataset(name)
    root = checked_root(dataset, root)
    tasks = loaded.tasks_on(dataset)
    whole, unread = Stats(dataset=dataset.name), 0
    for world_id in progress(world_ids(dataset, root, count=limit), "counting"):
        try:
            source = dataset.load(root, world_id)
        except DataError as error:
            unread += 1
            click.echo(f"{world_id}: {error}", err=True)
            continue
        whole = whole.plus(stats_of(dataset.name, source, world_id, tasks, seed))
    if as_json:
        show_json(whole.model_dump(mode="json"))
    else:
        _show_stats(whole)
    if unread:
        raise SystemExit(1)


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
@limit_option
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
    changed, or which are damaged, are prepared; the exit status is 1 if some could not be, which
    failures.jsonl lists.
    """
    from spatialevo_core import preparing
    from spatialevo_core.cache_writer import CacheWriter, FailureRecord
    from spatialevo_core.engines import ENGINES
    from spatialevo_core.preparing import Outcome

    dataset = registry().dataset(name).own
    root = checked_root(dataset, root)
    preparing.check_root(root)
    ids = world_ids(dataset, root, split, limit)
    running = preparing.prepare(dataset, root, out, ids, engine=ENGINES[engine], jobs=jobs)
    done = sorted(progress(running, "preparing", len(ids)), key=lambda each: each.item)
    failures = [FailureRecord(world=d.item, message=d.fault) for d in done if d.fault is not None]
    writer = CacheWriter.at(out, dataset.name)
    report = writer.report(failures)
    counts = Counter(each.value for each in done)
    usual = {Outcome.PREPARED, Outcome.KEPT}
    told = [f"{each}: {counts[each]}" for each in Outcome if counts[each] or each in usual]
    click.echo(f"{', '.join(told)}, failed: {len(failures)}", err=True)
    gone = set() if root is None else set(writer.cache.ids()).difference(dataset.ids(root))
    if gone:
        click.echo(f"in {out} but no longer in {root}: {len(gone)}", err=True)
    if failures:
        first = failures[0]
        click.echo(f"{first.world}: {first.message}\n{report} lists all that failed", err=True)
        raise SystemExit(1)


def _readable_ids(dataset: AnyDataset, root: Path | None, limit: int | None) -> tuple[str, ...]:
    """The first ids; none if they cannot be listed, which the check of the folder explains."""
    from spatialevo_core.errors import DataError

    try:
        return tuple(islice(dataset.ids(root), limit))
    except DataError:
        return ()


def _show_stats(whole: Stats) -> None:
    counts = {"worlds": whole.worlds, **whole.counts, **whole.views}
    show_rows((name, str(count)) for name, count in counts.items())
    if whole.names:
        top = [f"{name} {count}" for name, count in list(whole.names.items())[:NAMES_SHOWN]]
        more = len(whole.names) - len(top)
        click.echo(f"\n{', '.join(top)}{f' and {more} other names' if more else ''}")
    click.echo()
    rows = [(name, *map(str, each.model_dump().values())) for name, each in whole.tasks.items()]
    show_rows([("task", "worlds", "views", "questions", "faults"), *rows])


def _check_promises(name: str, root: Path | None, limit: int | None, as_json: bool) -> None:
    from spatialevo_core.cli.reports import show_reports
    from spatialevo_core.registry import named
    from spatialevo_core.testing import check_dataset
    from spatialevo_core.testing.datasets import WORLDS

    loaded = registry()
    dataset = named("dataset", name, loaded.datasets)
    root = checked_root(dataset, root)
    view_types = [task.world for task in loaded.tasks_on(dataset)]
    show_reports([check_dataset(dataset, root, view_types, limit or WORLDS)], "worlds", as_json)
