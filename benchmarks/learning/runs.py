"""Runs every arm of every study for every seed, a few at once; what is done is not done again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import spatialevo_trainer
from learning.studies import HERE, Arm, Experiment, Study, experiment
from spatialevo_core.engines import Done, in_processes
from spatialevo_core.plugins import load
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.demo_plan import shipped_plan

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
    def key(self) -> str:
        """Study, arm and seed."""
        return f"{self.study.name}/{self.arm.name}/{self.seed}"

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.out / self.study.name / self.arm.name.replace(" ", "-") / f"seed-{self.seed}"


def every_run(plan: Experiment, out: Path, names: Sequence[str], seeds: int) -> Iterator[Run]:
    """Study by study, and in a study seed by seed, so that a stopped experiment has whole seeds."""
    for study in plan.studies:
        if names and study.name not in names:
            continue
        for seed in range(seeds):
            for arm in study.arms:
                if seed < (arm.seeds or seeds):
                    yield Run(study, arm, seed, out)


def base_of(name: str) -> Path:
    """The folder of a base checkpoint."""
    if name == SHIPPED:
        return Path(spatialevo_trainer.__file__).parent / "data" / "tiny_base"
    return HERE / "bases" / name


def config_of(run: Run) -> TrainConfig:
    """The settings of a run."""
    return experiment().config(run.study, run.arm, run.seed, base_of(run.study.base))


def run_all(runs: Sequence[Run], jobs: int) -> Iterator[tuple[Run, Done[float]]]:
    """Train what is not trained yet, `jobs` at once; each run and its seconds, or what broke it."""
    by_key = {each.key: each for each in runs}
    done = [each for each in runs if (each.folder / DONE).exists()]
    yield from ((each, Done(each.key, seconds_of(each))) for each in done)
    left = [each.key for each in runs if each not in done]
    for ended in in_processes(partial(train_one, runs[0].out), left, jobs):
        yield by_key[ended.item], ended


def train_one(out: Path, key: str) -> float:
    """Train the run of that key from the beginning; the seconds it took."""
    import torch  # noqa: PLC0415  (in the worker)

    from spatialevo_trainer.run import train  # noqa: PLC0415

    torch.set_num_threads(1)
    study_name, arm_name, seed = key.split("/")
    study = next(each for each in experiment().studies if each.name == study_name)
    arm = next(each for each in study.arms if each.name == arm_name)
    run = Run(study, arm, int(seed), out)
    start = time.monotonic()
    shutil.rmtree(run.folder, ignore_errors=True)
    train(config_of(run), shipped_plan().narrowed(load()), run.folder)
    shutil.rmtree(run.folder / "checkpoints")
    seconds = time.monotonic() - start
    (run.folder / DONE).write_text(f"{seconds:.1f}\n", encoding="utf-8")
    return seconds


def seconds_of(run: Run) -> float:
    """How long a finished run took."""
    return float((run.folder / DONE).read_text(encoding="utf-8"))
