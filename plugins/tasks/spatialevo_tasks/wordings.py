"""Sets of wordings: those that a task writes, and those that only others use (`wordings.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from spatialevo_core.errors import ConfigError
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Frozen

TABLE = "wordings.toml"
_OPEN = re.compile(r"<(\w+)>")


class Row(Frozen):
    """Some wordings that are read, and the ways in which each of them is meant."""

    read: tuple[str, ...]
    ways: tuple[dict[str, Any], ...] = ({},)


def written(*templates: str, end: str = "?", **given: Any) -> tuple[Phrasing, ...]:
    """Wordings that are written and read, all with the same end.

    What is given for a word that a template has in angle brackets is put there: `is <to> the
    {anchor}` with `to="closest to"`. Whatever else is given is a field that the wordings fix.
    """
    return tuple(_phrasings((f"{each}{end}" for each in templates), given))


def others(key: str, **given: str) -> tuple[Phrasing, ...]:
    """The wordings of that key in the table, which others use: read, and never written."""
    rows = table().get(key)
    if rows is None:
        raise ConfigError(f"{TABLE} has no [[{key}]]; known: {', '.join(table())}")
    try:
        return tuple(
            phrasing
            for row in rows
            for way in row.ways
            for phrasing in _phrasings(row.read, {**way, **given}, read_only=True)
        )
    except ConfigError as error:
        raise ConfigError(f"{TABLE}: {key}: {error}") from error


def rows_of(text: str) -> Mapping[str, tuple[Row, ...]]:
    """What a table says; raises ConfigError that names the key and what is wrong with it."""
    try:
        return TypeAdapter(dict[str, tuple[Row, ...]]).validate_python(tomllib.loads(text))
    except ValidationError as error:
        told = error.errors()[0]
        where = ".".join(map(str, told["loc"]))
        raise ConfigError(f"{TABLE}: {where}: {told['msg']}, got {told['input']!r}") from error


@cache
def table() -> Mapping[str, tuple[Row, ...]]:
    """The rows of `wordings.toml` by key."""
    return rows_of(files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))


def _phrasings(
    templates: Iterable[str], given: Mapping[str, Any], *, read_only: bool = False
) -> Iterator[Phrasing]:
    for template in templates:
        words = _OPEN.findall(template)
        left = [word for word in words if word not in given]
        if left:
            raise ConfigError(f"'{template}' leaves <{left[0]}> open; say what it stands for")
        fixed = {field: value for field, value in given.items() if field not in words}
        said = _OPEN.sub(lambda word: str(given[word[1]]), template)
        yield Phrasing(said, read_only=read_only, **fixed)
