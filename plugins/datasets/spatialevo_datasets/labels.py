"""What datasets call things: synonyms, household nouns, and labels that are no objects."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from spatialevo_core.names import Vocabulary
from spatialevo_core.text import name_form, plain, plural, singulars


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


def own_names(labels: Iterable[str]) -> Mapping[str, str]:
    """What a room calls the things of each label: the same for labels that mean the same.

    Labels mean the same up to case, spaces, plural and synonyms; the shortest is the name, with
    spaces where the dataset writes underscores.
    """
    names: dict[str, str] = {}
    by_meaning: dict[str, str] = {}
    for label in sorted(set(labels), key=lambda each: (len(plain(each)), each.swapcase())):
        name = plain(label.replace("_", " "))
        names[label] = by_meaning.setdefault(_meaning(label, by_meaning), name)
    return names


def vocabulary(labels: Iterable[str]) -> Vocabulary:
    """The names of a room with these labels."""
    return Vocabulary(tuple(labels), synonyms=known().synonyms, lexicon=known().lexicon)


def words() -> frozenset[str]:
    """All names of things that the table has, synonyms included."""
    return known().lexicon.union(*known().synonyms)


def _meaning(label: str, found: Mapping[str, str]) -> str:
    """The first word of the label's synonyms, else what it is the plural of, else its form."""
    form = name_form(label)
    singular = (each for each in singulars(form) if each in found and plural(each) == form)
    return _synonyms().known(form) or next(singular, form)


@cache
def _synonyms() -> Vocabulary:
    return Vocabulary((), synonyms=known().synonyms)
