"""`make learn`: the whole experiment, its tables and its curves, in runs/learning.

`python -m learning OUT` in `benchmarks/`. A run that is done is not done again, so a stopped
experiment goes on where it was.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch

import click

from learning.report import write
from learning.runs import every_run, run_all
from learning.studies import experiment


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--study", "names", multiple=True, help="Only this one; may be repeated.")
@click.option("--arm", "arms", multiple=True, help="Only this one of a study; may be repeated.")
@click.option("--seeds", type=click.IntRange(min=1), help="Instead of the plan's.")
@click.option("--jobs", default=2, show_default=True, help="Runs at once, each on one core.")
def main(
    out: Path, names: tuple[str, ...], arms: tuple[str, ...], seeds: int | None, jobs: int
) -> None:
    """Train every arm of every study for every seed, and write the report to OUT."""
    plan = experiment()
    known = [study.name for study in plan.studies]
    if wrong := set(names) - set(known):
        raise click.UsageError(f"there is no study '{min(wrong)}'; there are {', '.join(known)}")
    runs = list(every_run(plan, out, names, seeds or plan.seeds))
    runs = [run for run in runs if not arms or run.arm.name in arms]
    if not runs:
        raise click.UsageError(f"no study chosen has an arm '{arms[0]}'")
    start = time.monotonic()
    broken = 0
    for number, (run, done) in enumerate(run_all(runs, jobs), start=1):
        minutes = (time.monotonic() - start) / 60
        told = done.fault if done.value is None else f"{done.value:.0f} s"
        broken += done.value is None
        name = f"{run.study.name}, {run.arm.name}, seed {run.seed}"
        click.echo(f"{minutes:5.1f} min  {number}/{len(runs)}  {name}: {told}", err=True)
    if broken:
        raise click.ClickException(f"{broken} of {len(runs)} runs failed; the others are kept")
    click.echo(write(plan, runs, out))


if __name__ == "__main__":
    main()
