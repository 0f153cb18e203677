"""Runs in processes of their own, which can be killed, and what makes two runs the same."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import load_file

from shelf_school import school, settings, tiny_model
from spatialevo_trainer.checkpoints import STATE, Seal, latest
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.metrics import read_rows
from spatialevo_trainer.run import train

WRITES = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink")


def config(steps: int, every: int, **changes: Any) -> TrainConfig:
    base = {"steps": steps, "save_every": every, "beta": 0.04, "learning_rate": 1e-2}
    return settings(model=tiny_model(), **{**base, **changes})


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}


def untimed(run: Path) -> list[dict[str, object]]:
    rows = read_rows(run / "metrics.jsonl")
    return [{k: v for k, v in row.items() if not k.startswith("time/")} for row in rows]


def assert_same_run(one: Path, other: Path) -> None:
    assert untimed(one) == untimed(other)
    for path in one.glob("questions*.jsonl"):
        assert path.read_bytes() == (other / path.name).read_bytes()
    weights, others = (load_file(run / "adapter/adapter_model.safetensors") for run in (one, other))
    assert weights.keys() == others.keys()
    assert all((weights[name] == others[name]).all() for name in weights)
    assert any(weights[name].any() for name in weights if "lora_B" in name)
    assert sealed(one) == sealed(other)


def sealed(run: Path) -> tuple[str, object]:
    """What the last checkpoint of a run says of scheduler and session."""
    last = latest(run)
    assert last is not None
    return last.name, Seal.model_validate_json((last / STATE).read_text()).session


def forked(config: TrainConfig, out: Path, *, resume: bool = False, fatal: int = -1) -> int:
    """The process id of a run; it kills itself at a certain access to a file for writing, if asked.

    Forked from a process that has imported everything and trained nothing, it begins at once.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        torch.set_num_threads(1)
        if fatal >= 0:
            sys.addaudithook(
                counting(out, lambda count: count == fatal and os.kill(os.getpid(), 9))
            )
        train(config, school(), out, resume=resume)
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    os._exit(status)


def counting(out: Path, seen: Callable[[int], object]) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that numbers what is done to files of a run."""
    count = 0

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in WRITES or not str(given[0]).startswith(str(out)):
            return
        if event == "open" and not given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        seen(count)
        count += 1

    return hook


def ended(child: int) -> int:
    """How a process ended: its exit status, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def accesses(config: TrainConfig, out: Path) -> int:
    """How often a run writes; 255 and more are told through a file."""
    told = out.with_suffix(".count")
    child = os.fork()
    if not child:
        torch.set_num_threads(1)
        counts = []
        sys.addaudithook(counting(out, counts.append))
        train(config, school(), out)
        told.write_text(str(len(counts)))
        os._exit(0)
    assert ended(child) == 0
    return int(told.read_text())


def kill_at_random_moments(config: TrainConfig, folder: Path, kills: int, seed: int) -> None:
    """Runs that are killed and resumed, each compared with the one that was not.

    A moment is a step and a part of a step's time, so that a busy machine leaves it random.
    """
    whole, rng = folder / "whole", Random(seed)
    child = forked(config, whole)
    while not steps_done(whole):
        time.sleep(0.01)
    start = time.monotonic()
    assert ended(child) == 0
    step_s = (time.monotonic() - start) / config.steps
    for number in range(kills):
        out, step = folder / f"killed-{number}", rng.randrange(config.steps)
        child = forked(config, out)
        while steps_done(out) < step:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, step_s))
        os.kill(child, 9)
        status, done, at = ended(child), steps_done(out), latest(out)
        assert ended(forked(config, out, resume=(out / "config.toml").exists())) == 0
        assert_same_run(whole, out)
        told = f"ended with {status} after {done} steps"
        print(f"{told}, gone on from {at.name if at else 'the beginning'}: the same", flush=True)


def steps_done(run: Path) -> int:
    """How many rows of metrics are complete."""
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_at_accesses(config: TrainConfig, folder: Path, every: int, seed: int) -> None:
    """As before, killed at each `every`-th time that the run touches a file of its folder."""
    whole = folder / "whole"
    number = accesses(config, whole)
    for fatal in range(Random(seed).randrange(every), number, every):
        out = folder / f"killed-{fatal}"
        assert ended(forked(config, out, fatal=fatal)) == -9, fatal
        known = (out / "config.toml").exists()
        assert ended(forked(config, out, resume=known)) == 0, fatal
        assert_same_run(whole, out)
        print(f"killed at access {fatal} of {number}: the same", flush=True)
