"""Digests of worlds: whether two are the same, whether one was changed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any


def fingerprint(value: Any) -> str:
    """A digest of a value's data: dataclass fields, containers, buffers and plain values.

    Functions, and what a lazily computed property has kept, are no data.
    """
    digest = hashlib.sha256()
    for piece in _pieces(value):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for each in dataclasses.fields(value):
            yield each.name.encode()
            yield from _pieces(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield repr(key).encode()
            yield from _pieces(value[key])
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, set | frozenset):
        yield repr(sorted(value, key=repr)).encode()
    elif isinstance(value, str | bytes | int | float | bool | None):
        yield repr(value).encode()
    else:
        try:
            yield memoryview(value).tobytes()
        except TypeError:
            return
