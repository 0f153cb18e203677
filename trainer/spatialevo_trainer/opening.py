"""A run's folder: begun, gone on with, and finished by one run at a time."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from spatialevo_core.errors import ConfigError, SpatialEvoError
from spatialevo_core.writing import flush, locked, writing
from spatialevo_trainer import checkpoints, metrics, records
from spatialevo_trainer.checkpoints import Remark, Saving, Sound
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.run_folder import ADAPTER, CONFIG, HELD_OUT

LOCK: Final = "run.lock"

T = TypeVar("T")


def agreed(decide: Callable[[], T]) -> T:
    """What the first process finds, in every process; also what it raises."""
    outcome: list[Any] = [None, None]
    if PartialState().is_main_process:
        try:
            outcome[0] = decide()
        except (SpatialEvoError, OSError) as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    found: T = outcome[0]
    return found


def begin(
    stack: ExitStack, config: TrainConfig, out: Path, remark: Remark, *, resume: bool
) -> Sound | None:
    """What to go on from, None if the run begins; the folder is ours until the stack is closed.

    Raises ConfigError and changes nothing if the folder holds another run, or one at work.
    """
    stack.enter_context(_alone(out))
    stored = out / CONFIG
    if not resume:
        if checkpoints.complete(out) or (out / metrics.FILE).exists():
            raise ConfigError(f"{out} already holds a run; resume it, or choose another folder")
        return None
    if not stored.is_file():
        raise ConfigError(f"{out} holds no run to resume")
    if stored.read_text(encoding="utf-8") != config.toml():
        raise ConfigError(f"{stored} differs from the settings given; resume with the same ones")
    return checkpoints.choose(out, config.toml(), PartialState().num_processes, remark)


def prepare(config: TrainConfig, out: Path, step: int) -> None:
    """Have the settings there, and of all else what was there after that step."""
    stored = out / CONFIG
    if step == 0:
        part = stored.with_name(CONFIG + ".part")
        with writing(stored):
            part.write_text(config.toml(), encoding="utf-8")
        flush(part)
        part.replace(stored)
    checkpoints.remove_unfinished(out)
    for file in (metrics.FILE, HELD_OUT):
        rewind(out / file, step)


def rewind(path: Path, step: int) -> None:
    """Put a file of rows back to where it was after that step; there is none before the first."""
    if step:
        records.keep_until(path, step)
    else:
        path.unlink(missing_ok=True)


def save_adapter(model: Any, out: Path) -> None:
    """Write the trained adapter, which is there whole or not at all."""
    goal, part = out / ADAPTER, out / (ADAPTER + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with Saving(goal):
        model.save_pretrained(part)
    flush(*(path for path in part.rglob("*") if path.is_file()))
    shutil.rmtree(goal, ignore_errors=True)
    part.rename(goal)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep others out of a folder; one that was made for a run that never began is removed."""
    new = not out.is_dir()
    out.mkdir(parents=True, exist_ok=True)
    lock = out / LOCK
    try:
        with locked(lock, wait=False) as mine:
            if not mine:
                owner = lock.read_text(encoding="utf-8").strip() or "another process"
                told = f"{out} is in use by {owner}"
                raise ConfigError(f"{told}; wait for its end, or choose another folder")
            with suppress(OSError):  # it is for people alone
                owner = f"process {os.getpid()} on {socket.gethostname()}"
                lock.write_text(owner + "\n", encoding="utf-8")
            yield
    finally:
        if new:
            with suppress(OSError):  # it is not empty
                out.rmdir()
