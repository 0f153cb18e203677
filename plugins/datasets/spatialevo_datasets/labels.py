"""What datasets call things: synonyms, household nouns, and labels that are no objects."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from spatialevo_core.names import Vocabulary
from spatialevo_core.text import name_form


@dataclass(frozen=True)
class Labels:
    """The contents of `labels.toml`."""

    synonyms: tuple[tuple[str, ...], ...]
    """Words that mean exactly the same thing; no word is in two groups."""
    lexicon: frozenset[str]
    """Names of things that rooms may hold."""
    structural: frozenset[str]
    """Labels of the room itself, and of nothing in particular."""


@cache
def known() -> Labels:
    """The label data of this package."""
    table = tomllib.loads(files(__package__).joinpath("labels.toml").read_text(encoding="utf-8"))
    return Labels(
        synonyms=tuple(tuple(group) for group in table["synonyms"]),
        lexicon=frozenset(table["lexicon"]),
        structural=frozenset(table["structural"]),
    )


def structural(label: str) -> bool:
    """Whether the label names no object: wall, floor, ceiling, unlabelled and the like."""
    return name_form(label) in known().structural


def vocabulary(labels: Iterable[str]) -> Vocabulary:
    """The names of a room with these labels."""
    return Vocabulary(tuple(labels), synonyms=known().synonyms, lexicon=known().lexicon)
