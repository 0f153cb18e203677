"""Checkpoints on disk: sealed when they are complete, checked before a run goes on from one.

TRL writes the model's, the optimiser's and the generators' state; ours is a JSON file that is
written last. It names the size and hash of every other file, so that a folder without it is an
unfinished one, and one that differs from it is damaged.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from spatialevo_core.errors import ConfigError, DataError, RecordError
from spatialevo_core.question import Frozen
from spatialevo_core.writing import flush, writing
from spatialevo_trainer.session import SessionState

STATE: Final = "spatialevo.json"
CHECKPOINTS: Final = "checkpoints"

# how the libraries that write without Python's files say that they could not
_RUST_OS_ERROR: Final = re.compile(r"(?:.*: )?(.+?) \(os error \d+\)")
_TORCH_WRITER: Final = re.compile(r"PytorchStreamWriter failed|unexpected pos|iostream error")

Remark = Callable[[str], None]


class StoredFile(Frozen):
    """A file as it was when the checkpoint was complete."""

    bytes: int
    sha256: str


class Seal(Frozen):
    """What `spatialevo.json` holds."""

    session: SessionState
    processes: int
    """Each has a generator of its own, so a run goes on with as many."""
    config: str
    """Hash of the run's settings."""
    files: dict[str, StoredFile]
    """All others of the folder, by their path in it."""


class Sound(NamedTuple):
    """A checkpoint of which every file is as it was written."""

    path: Path
    session: SessionState


def seal(checkpoint: Path, session: SessionState, config: str, processes: int) -> None:
    """Declare a checkpoint complete, once all its files are on the disk."""
    state = checkpoint / STATE
    state.unlink(missing_ok=True)
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file())
    flush(*files)
    content = Seal(
        session=session,
        processes=processes,
        config=_digest(config),
        files={path.relative_to(checkpoint).as_posix(): _stored(path) for path in files},
    )
    part = state.with_name(STATE + ".part")
    with writing(state):
        part.write_text(content.model_dump_json(indent=2) + "\n", encoding="utf-8")
    flush(part)
    part.replace(state)
    flush(checkpoint, checkpoint.parent)


def complete(run: Path) -> dict[int, Path]:
    """The checkpoints of a run that were finished, by their step in order."""
    found = ((_step(path.parent), path.parent) for path in (run / CHECKPOINTS).glob(f"*/{STATE}"))
    return {step: path for step, path in sorted(found) if step is not None}


def latest(run: Path, most: int | None = None) -> Path | None:
    """The last finished checkpoint of a run, or the last one up to a step."""
    steps = [step for step in complete(run) if most is None or step <= most]
    return complete(run)[max(steps)] if steps else None


def choose(run: Path, config: str, processes: int, remark: Remark) -> Sound | None:
    """The last sound checkpoint; None if the run has none yet.

    Damaged ones are passed over with a remark. Raises ConfigError if all are, or if the run was one
    of another number of processes.
    """
    damaged = ""
    for path in reversed(complete(run).values()):
        try:
            sealed = checked(path, config)
        except RecordError as error:
            damaged = damaged or str(error)
            remark(f"{error}; passed over")
            continue
        if sealed.processes != processes:
            raise ConfigError(
                f"{path} was saved by {sealed.processes} processes, not by {processes}; "
                "resume with as many"
            )
        if damaged:
            remark(f"going on from {path}")
        return Sound(path, sealed.session)
    if damaged:
        raise ConfigError(f"{damaged}; no checkpoint of the run is whole, so begin another run")
    return None


def checked(checkpoint: Path, config: str) -> Seal:
    """The seal of a checkpoint that agrees with it; raises RecordError naming what does not."""
    state = checkpoint / STATE
    try:
        sealed = Seal.model_validate_json(state.read_bytes())
    except OSError as error:
        raise RecordError(f"{state}: {(error.strerror or 'unreadable').lower()}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RecordError(f"{state} is damaged: {where}: {first['msg'].lower()}") from None
    if sealed.config != _digest(config):
        raise RecordError(f"{checkpoint} belongs to a run with other settings")
    if sealed.session.step != _step(checkpoint):
        raise RecordError(f"{checkpoint} was saved after step {sealed.session.step}")
    for name, stored in sealed.files.items():
        path = checkpoint / name
        if not path.is_file():
            raise RecordError(f"{path} is missing")
        if path.stat().st_size != stored.bytes:
            raise RecordError(f"{path} has {path.stat().st_size} bytes, expected {stored.bytes}")
        if _stored(path) != stored:
            raise RecordError(f"{path} is not as it was written: its hash differs")
    return sealed


def prune(run: Path, keep: int, step: int) -> None:
    """Remove all but the last `keep` finished checkpoints up to a step, and older unfinished ones.

    Later ones are none of this run's, which has not come there yet. A seal goes first, so that a
    folder that is half removed counts as unfinished.
    """
    finished = [at for at in complete(run) if at <= step]
    kept = finished[-keep:]
    for path in (run / CHECKPOINTS).glob("checkpoint-*"):
        at = _step(path)
        if kept and at is not None and at < step and at not in kept:
            (path / STATE).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def remove_unfinished(run: Path) -> None:
    """Remove what a kill or a full disk left half written."""
    for path in (run / CHECKPOINTS).glob("checkpoint-*"):
        if not (path / STATE).is_file():
            shutil.rmtree(path, ignore_errors=True)


class Saving:
    """Turns what the libraries raise when they cannot write into a DataError of one line.

    They use files of Python, C++ and Rust, and no two raise the same; all else stays as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        """Begin to write."""

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        cause = _unwritten(error)
        if cause is not None:
            raise DataError(f"{self._folder} could not be written: {cause}") from error


def _unwritten(error: BaseException | None) -> str | None:
    """Why a file was not written; None if that is not what the error says."""
    seen = error
    while seen is not None:
        if isinstance(seen, OSError):
            return (seen.strerror or str(seen)).lower()
        if found := _RUST_OS_ERROR.search(str(seen)):
            return found.group(1).lower()
        if _TORCH_WRITER.search(str(seen)):
            return "fewer bytes than expected were written; is the disk full?"
        seen = seen.__cause__ or seen.__context__
    return None


def _stored(path: Path) -> StoredFile:
    with path.open("rb") as file:
        return StoredFile(bytes=path.stat().st_size, sha256=file_digest(file, "sha256").hexdigest())


def _digest(config: str) -> str:
    return sha256(config.encode()).hexdigest()


def _step(checkpoint: Path) -> int | None:
    number = checkpoint.name.removeprefix("checkpoint-")
    return int(number) if number.isdecimal() else None
