"""What a text may claim about the things of a view, and how many of them it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from spatialevo_datasets.relations import Among, Relation, Zone

_NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {word: number for number, word in enumerate(_NUMERALS)} | {
    "eleven": 11,
    "twelve": 12,
    "both": 2,
    "a single": 1,
    "only one": 1,
    "just one": 1,
    "a couple of": 2,
    "a pair of": 2,
}
SEVERAL = ("several", "many", "multiple", "numerous")
COUNT_WORDS = "|".join(sorted((*NUMBERS, *SEVERAL, r"\d{1,2}"), key=len, reverse=True))
_FILLING = r"(?: (?!of\b|and\b|or\b|the\b|is\b|are\b|to\b|in\b|on\b)[a-z-]+){0,2}"
_COUNTED = re.compile(rf"(?:^|[^\w-])(?P<count>{COUNT_WORDS}){_FILLING}\s*$")
_DENIED = re.compile(r"(?:\b(?:no|not|without|nor|neither|never|lacks?)|n't)(?: \w+)?\s*$")


@dataclass(frozen=True)
class Named:
    """A name where it stands in the text."""

    name: str
    start: int
    end: int
    count: str = ""
    """The word for how many there are."""
    denied: bool = False
    """'no sofa'."""


class Said(NamedTuple):
    """A claim as it was read: the things, and what is said of them."""

    meaning: Relation | Zone | Among | str
    """Words: how many there are."""
    about: tuple[str, ...]
    """In the order of the meaning: the first is left of the second."""
    image: int | None = None
    """The number of the image it is said of."""
    denied: bool = False
    open: bool = False
    """A choice is left open."""
    guessed: bool = False
    or_about: tuple[tuple[str, ...], ...] = ()
    """What else may be meant: "it" leaves open which of some things it stands for."""


def counted(text: str, name: Named, start: int) -> Named:
    """The name with what stands before it, since `start`, about its number."""
    before = text[start : name.start]
    number = _COUNTED.search(before)
    return Named(
        name.name,
        name.start,
        name.end,
        count=number["count"] if number else "",
        denied=bool(_DENIED.search(before)),
    )
