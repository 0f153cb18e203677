"""Runs every arm of every study for every seed, a few at once; what is done is not done again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import spatialevo_trainer
from learning.studies import HERE, Arm, Experiment, Study, experiment, narrowed
from spatialevo_core.plugins import load
from spatialevo_trainer.config import TrainConfig

SHIPPED = "planted"
"""The base that the package brings along for its demo."""
DONE = "seconds.txt"
"""Written last into a run's folder."""


@dataclass(frozen=True)
class Run:
    """One arm with one seed."""

    study: Study
    arm: Arm
    seed: int
    out: Path

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.out / self.study.name / self.arm.name.replace(" ", "-") / f"seed-{self.seed}"


def every_run(plan: Experiment, out: Path, names: Sequence[str], seeds: int) -> Iterator[Run]:
    """All of them, seed by seed, so that a stopped experiment has whole seeds."""
    for seed in range(seeds):
        for study in plan.studies:
            if not names or study.name in names:
                yield from (Run(study, arm, seed, out) for arm in study.arms)


def base_of(name: str) -> Path:
    """The folder of a base checkpoint."""
    if name == SHIPPED:
        return Path(spatialevo_trainer.__file__).parent / "data" / "tiny_base"
    return HERE / "bases" / name


def config_of(run: Run) -> TrainConfig:
    """The settings of a run."""
    return experiment().config(run.study, run.arm, run.seed, base_of(run.study.base))


def run_all(runs: Sequence[Run], jobs: int) -> Iterator[tuple[Run, float]]:
    """Train what is not trained yet, `jobs` at once; each with its seconds when it is done."""
    left = [each for each in runs if not (each.folder / DONE).exists()]
    yield from ((each, seconds_of(each)) for each in runs if each not in left)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(train_one, each): each for each in left}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def train_one(run: Run) -> float:
    """Train one run from the beginning; the seconds it took."""
    import torch  # noqa: PLC0415  (in the worker, after the number of threads is set)

    from spatialevo_trainer.run import train  # noqa: PLC0415

    torch.set_num_threads(1)
    start = time.monotonic()
    shutil.rmtree(run.folder, ignore_errors=True)
    train(config_of(run), narrowed(load()), run.folder)
    shutil.rmtree(run.folder / "checkpoints")
    seconds = time.monotonic() - start
    (run.folder / DONE).write_text(f"{seconds:.1f}\n", encoding="utf-8")
    return seconds


def seconds_of(run: Run) -> float:
    """How long a finished run took."""
    return float((run.folder / DONE).read_text(encoding="utf-8"))
