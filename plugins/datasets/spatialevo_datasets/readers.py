"""Readers of images as data: which kind it is and its fields, so that no code need be stored.

A reader that is to be stored is a frozen dataclass of plain fields (paths, numbers, text, tuples of
them), registered by `storable_reader`. What is stored names the kind, and only a registered kind is
ever made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32
from pydantic import TypeAdapter, ValidationError

from spatialevo_core.errors import DataError
from spatialevo_datasets.arrays import read_array

C = TypeVar("C", bound=type)

Stored = dict[str, Any]
"""A reader as JSON: `kind`, and its fields."""

_KINDS: dict[str, type[Any]] = {}


def storable_reader(kind: C) -> C:
    """Class decorator: readers of this kind may be stored."""
    _KINDS[_kind(kind)] = kind
    return kind


def _kind(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


@cache
def _form(kind: str) -> TypeAdapter[Any]:
    """Checks the fields of a reader by their annotations."""
    return TypeAdapter(_KINDS[kind])


@storable_reader
@dataclass(frozen=True)
class DepthArray:
    """Reads a depth image that was stored as an array."""

    path: Path
    width: int
    height: int

    def __call__(self) -> Float32[np.ndarray, "h w"]:
        """Metres, 0 where unknown."""
        return np.array(read_array(self.path, "f", (self.height, self.width)))


@dataclass(frozen=True)
class Places:
    """What stored paths are relative to."""

    folder: Path
    """Of the prepared world."""
    root: Path | None
    """That the world was read from."""

    def stored(self, reader: Callable[[], Any]) -> Stored | None:
        """The reader as JSON; None if it is of no registered kind."""
        return self.known(reader) if _KINDS.get(_kind(type(reader))) is type(reader) else None

    def known(self, reader: Any) -> Stored:
        """The reader, of a registered kind, as JSON."""
        values = {each.name: getattr(reader, each.name) for each in fields(reader)}
        plain = {name: self._plain(value) for name, value in values.items()}
        return {"kind": _kind(type(reader))} | plain

    def reader(self, stored: Stored) -> Callable[[], Any]:
        """The reader of what `stored` gave; raises DataError if it is anything else."""
        values = {name: self._value(value) for name, value in stored.items() if name != "kind"}
        name = stored.get("kind")
        kind = _KINDS.get(name) if isinstance(name, str) else None
        if kind is None or sorted(values) != sorted(each.name for each in fields(kind)):
            told = f"{self.folder}: no reader is {name!r} of {', '.join(values)}"
            raise DataError(f"{told}; is a plugin missing that was there when it was prepared?")
        try:
            reader: Callable[[], Any] = _form(_kind(kind)).validate_python(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            told = f"{self.folder}: {name}: {where}: {first['msg'].lower()}"
            raise DataError(f"{told}, found {first['input']!r}; prepare it again") from None
        return reader

    def _plain(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return [self._plain(each) for each in value]
        if not isinstance(value, Path):
            return value
        for name, base in (("folder", self.folder), ("root", self.root)):
            if base is not None and value.is_relative_to(base):
                return {name: value.relative_to(base).as_posix()}
        return {"path": str(value)}

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(self._value, value))
        if not isinstance(value, dict):
            return value
        bases = {"folder": self.folder, "root": self.root, "path": Path()}
        name, path = next(iter(value.items()), (None, None))
        base = bases.get(name) if isinstance(name, str) else None
        if base is None or len(value) != 1 or not isinstance(path, str):
            expected = "expected one of folder, root and path with a text"
            raise DataError(f"{self.folder}: {value!r} is no path; {expected}; prepare it again")
        if name != "path" and (path.startswith("/") or ".." in path.split("/")):
            raise DataError(f"{self.folder}: {path!r} leads elsewhere; expected a path inside")
        return base / path
