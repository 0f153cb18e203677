"""Files that are written whole, by one program at a time, or not without saying why."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spatialevo_core.errors import DataError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into a DataError that names the file and the cause.

    Numpy raises one without a cause when it could not write all of an array.
    """
    try:
        yield
    except OSError as error:
        cause = (
            "fewer bytes than expected were written; is the disk full?"
            if error.strerror is None
            else error.strerror.lower()
        )
        raise DataError(f"{path} could not be written: {cause}") from None


@contextmanager
def locked(lock: Path, *, wait: bool) -> Iterator[bool]:
    """Whether the file was locked, as it is in the end if we `wait`; removed as the block ends.

    The lock ends with its program, whatever ends that.
    """
    while True:
        with lock.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            if not _is_at(file, lock):  # removed before it was locked, as another's that had ended
                continue
            try:
                yield True
            finally:
                lock.unlink(missing_ok=True)
            return


def flush(*paths: Path) -> None:
    """Have files and folders on the disk, so that a loss of power leaves what was renamed whole."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with writing(path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file is the one at the path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
