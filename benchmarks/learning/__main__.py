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
@click.option("--seeds", type=click.IntRange(min=1), help="Instead of the plan's.")
@click.option("--jobs", default=2, show_default=True, help="Runs at once, each on one core.")
def main(out: Path, names: tuple[str, ...], seeds: int | None, jobs: int) -> None:
    """Train every arm of every study for every seed, and write the report to OUT."""
    plan = experiment()
    known = [study.name for study in plan.studies]
    if wrong := set(names) - set(known):
        raise click.UsageError(f"there is no study '{min(wrong)}'; there are {', '.join(known)}")
    runs = list(every_run(plan, out, names, seeds or plan.seeds))
    start = time.monotonic()
    for number, (run, seconds) in enumerate(run_all(runs, jobs), start=1):
        minutes = (time.monotonic() - start) / 60
        name = f"{run.study.name}, {run.arm.name}, seed {run.seed}"
        click.echo(f"{minutes:5.1f} min  {number}/{len(runs)}  {name}: {seconds:.0f} s", err=True)
    click.echo(write(plan, runs, out))


if __name__ == "__main__":
    main()
