"""Regions of a room: what they are called, and which kinds of objects make one (`regions.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any

from spatialevo_core.slots import NameSlot, OtherMeaning, ReadName
from spatialevo_core.text import name_form
from spatialevo_datasets import labels


@dataclass(frozen=True)
class Company:
    """A kind of object that is core only beside others."""

    label: str
    near: frozenset[str]
    count: int


@dataclass(frozen=True)
class Region:
    """What a kind of region consists of; labels as the ontology writes them."""

    name: str
    core: frozenset[str]
    core_beside: tuple[Company, ...] = ()
    members: frozenset[str] = frozenset()

    @cached_property
    def centres(self) -> frozenset[str]:
        """The labels that are core, by themselves or in company."""
        return self.core | {each.label for each in self.core_beside}

    @cached_property
    def everything(self) -> frozenset[str]:
        """All labels of the region."""
        return self.centres | self.members


@cache
def ontology() -> Mapping[str, Region]:
    """The regions of `regions.toml` by everything that they are called."""
    found: dict[str, Region] = {}
    for row in _table():
        region = Region(
            name=f"{row['called'][0]} area",
            core=frozenset(row.get("core", ())),
            core_beside=tuple(
                Company(each["label"], frozenset(each["near"]), each["count"])
                for each in row.get("core_beside", ())
            ),
            members=frozenset(row["members"]),
        )
        found |= {f"{stem} area": region for stem in row["called"]}
        found |= dict.fromkeys(row["rooms"], region)
    return found


@lru_cache(maxsize=512)
def region(name: str) -> Region:
    """The region of that name; "X area" is the one around objects X, with its usual members."""
    known = ontology().get(name)
    if known is not None:
        return known
    label = name.removesuffix(" area")
    usual = (each for each in ontology().values() if among(each.centres, label))
    return Region(
        name, core=frozenset({label}), members=frozenset().union(*(r.everything for r in usual))
    )


def regions_of(things: Iterable[str]) -> tuple[str, ...]:
    """The names of the regions that have one of these labels at their centre, sorted."""
    kinds = {each.name: each for each in ontology().values()}
    found = tuple(things)
    return tuple(
        name
        for name, kind in sorted(kinds.items())
        if any(among(kind.centres, each) for each in found)
    )


def told_regions(things: tuple[str, ...]) -> str:
    """Which areas and things can be seen, without saying where."""
    names = regions_of(things)
    areas = f"Areas to be seen: {', '.join(names)}. " if names else ""
    return f"{areas}Objects to be seen: {', '.join(things)}."


@dataclass(frozen=True)
class RegionSlot(NameSlot):
    """A region by its name ('the sleeping area', 'the kitchen') or its object ('the desk area')."""

    def read(self, text: str, read_name: ReadName) -> str:
        """The region's own name, always 'something area'."""
        form = name_form(text)
        if form not in ontology():
            match = _AROUND.fullmatch(form)
            if match is None:
                raise ValueError(f"'{text}' is no region")
            stem = match["before"] or match["after"]
            form = f"{stem} area"
            if any(form.endswith(f" {name}") for name in ontology()):
                raise OtherMeaning(f"'{form}' says more than the name of a region")
            if form not in ontology():
                return f"{read_name(stem)} area"
        return ontology()[form].name


@lru_cache(maxsize=8192)
def among(words: frozenset[str], label: str) -> bool:
    """Whether the label is one of the words, a synonym or a plural of one."""
    return labels.vocabulary(sorted(words)).find(label) is not None


@cache
def _table() -> list[dict[str, Any]]:
    text = files(__package__).joinpath("regions.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["regions"]
    return rows


_WORDS = "area|region|zone"
_AROUND = re.compile(
    rf"(?P<before>.+) (?:{_WORDS})|(?:{_WORDS}) (?:around|of|near) (?:the )?(?P<after>.+)"
)


def _pattern() -> str:
    named = NameSlot().pattern
    rooms = sorted((r for row in _table() for r in row["rooms"]), key=lambda r: (-len(r), r))
    around = rf"(?:{_WORDS}) (?:around|of|near) {named}"
    return f"{'|'.join(map(re.escape, rooms))}|{named} (?:{_WORDS})|{around}"


RegionName = Annotated[str, RegionSlot(pattern=_pattern())]
