"""Arrays in files: mapped into memory, so that what nobody looks at is never read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spatialevo_core.errors import DataError
from spatialevo_core.writing import writing


def read_array(path: Path, kind: str, shape: tuple[int | None, ...]) -> np.ndarray[Any, Any]:
    """A stored array, read-only; raises DataError unless it is of this kind and shape.

    `kind` is `f` floating, `i` whole numbers or `b` truth values; None in `shape` is any length.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {_REMEDY}") from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} is damaged: {error}; {_REMEDY}") from None
    fits = len(array.shape) == len(shape) and all(
        expected in {None, found} for found, expected in zip(array.shape, shape, strict=True)
    )
    if array.dtype.kind != kind or not fits:
        expected = "x".join("n" if each is None else str(each) for each in shape)
        found = "x".join(map(str, array.shape))
        raise DataError(
            f"{path} is damaged: {found} of {array.dtype}, expected {expected}; {_REMEDY}"
        )
    return np.asarray(array)


def write_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Store an array; ValueError if it holds Python objects, DataError if it cannot be written."""
    with writing(path):
        np.save(path, np.ascontiguousarray(array), allow_pickle=False)


_REMEDY = "prepare it again"
