"""`spatialevo generate`: questions with answers and evidence, as JSONL."""

from __future__ import annotations

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
    world_ids,
)
from spatialevo_core.generation import Settings, generate_file
from spatialevo_core.registry import AnyDataset


@click.command()
@dataset_option
@root_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File of the questions; what belongs to it stands beside it.",
)
@click.option("--task", "names", multiple=True, help="Only this task; may be repeated.")
@click.option(
    "--per-scene",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Most questions about one world.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is asked.")
@click.option("--ids", "listed", help="These worlds, separated by commas.")
@click.option("--scenes", type=click.IntRange(min=1), help="The first so many worlds.")
@click.option(
    "--max-faults",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Faults above which the exit status is 1.",
)
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
    give the same bytes. Run again after an interruption, it goes on where it stopped. Beside
    q.jsonl stand q.settings.json, q.worlds.jsonl (what is finished) and, where a task's code
    raised, q.faults.jsonl; the exit status is 1 if that has more than --max-faults rows.
    """
    loaded = registry(profile, definitions)
    known = loaded.dataset(dataset)
    root = checked_root(known, root)
    tasks = [loaded.task(name) for name in names] or loaded.tasks_on(known)
    for problem in loaded.problems:
        click.echo(f"problem: {problem}", err=True)
    settings = Settings(
        dataset=known.name,
        root=None if root is None else str(root),
        tasks=tuple(task.name for task in tasks),
        per_scene=per_scene,
        seed=seed,
        profile=loaded.profile,
        definitions=tuple(sorted(definitions)),
    )
    worlds = progress(_worlds(known, root, listed, scenes), "generating")
    written = generate_file(
        out,
        tasks,
        worlds,
        lambda each: known.load(root, each),
        settings,
        problems=tuple(map(str, loaded.problems)),
    )
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
        return world_ids(dataset, root, count=count)
    ids = tuple(part.strip() for part in listed.split(","))
    if not all(ids):
        raise click.BadParameter(f"'{listed}' is not a list of ids such as a,b", param_hint="--ids")
    return ids[:count]
