"""What is told when a file cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
