"""`spatialevo generate`: questions with answers and evidence, as JSONL."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from spatialevo_core.cli.shared import (
    checked_root,
    dataset_option,
    definition_option,
    profile_option,
    progress,
    registry,
    root_option,
)
from spatialevo_core.generation import Settings, generate_file
from spatialevo_core.registry import AnyDataset


@click.command()
@dataset_option
@root_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--task", "names", multiple=True, help="Only this task; may be repeated.")
@click.option("--per-scene", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--ids", "listed", help="These worlds, separated by commas.")
@click.option("--scenes", type=click.IntRange(min=1), help="The first so many worlds.")
@click.option("--max-faults", type=click.IntRange(min=0), default=0, show_default=True)
@profile_option
@definition_option
def generate(
    *,
    dataset: str,
    root: Path | None,
    out: Path,
    names: tuple[str, ...],
    per_scene: int,
    seed: int,
    listed: str | None,
    scenes: int | None,
    max_faults: int,
    profile: str,
    definitions: tuple[str, ...],
) -> None:
    """Write questions with answers and evidence.

    They are legal questions about the worlds of a dataset, drawn from the seed: the same settings
    give the same bytes. Run again after an interruption, it goes on where it stopped. Where a
    task's code raises, a row of faults.jsonl beside the output says so, and the exit status is 1 if
    there are more than --max-faults of them.
    """
    loaded = registry(profile, definitions)
    known = loaded.dataset(dataset)
    root = checked_root(known, root)
    tasks = [loaded.task(name) for name in names] or loaded.tasks_on(known)
    settings = Settings(
        dataset=known.name,
        tasks=tuple(task.name for task in tasks),
        per_scene=per_scene,
        seed=seed,
        profile=loaded.profile,
        definitions=tuple(sorted(definitions)),
    )
    worlds = progress(_worlds(known, root, listed, scenes), "generating")
    written = generate_file(out, tasks, worlds, lambda each: known.load(root, each), settings)
    click.echo(
        f"worlds: {written.worlds}, questions added to {out}: {written.questions}, "
        f"faults: {written.faults}",
        err=True,
    )
    if written.faults > max_faults:
        raise SystemExit(1)


def _worlds(
    dataset: AnyDataset, root: Path | None, listed: str | None, count: int | None
) -> tuple[str, ...]:
    """The ids that were asked for; a dataset may load more worlds than it lists."""
    if listed is None:
        return tuple(islice(dataset.ids(root), count))
    return tuple(part.strip() for part in listed.split(","))[:count]
