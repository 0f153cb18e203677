"""The blanks of a phrasing: how each kind of value is written into a text and read out of it.

A query declares the kind of each field in its type::

    class Distance(Query):
        first: Name
        second: Name
        words: Annotated[Literal["m", "cm"], Choice({"m": ("meters", "metres"), ...})] = "m"

A field typed as a `Literal` of words needs no annotation: its words are written as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from spatialevo_core.text import name_form, plural, sentence

ReadName = Callable[[str], str]
"""The world's own name for what a text calls it; given by the parser."""

_LETTER = re.compile(r"^\s*\(?[A-H1-8][.):] +", re.IGNORECASE)
"""Before a choice: 'A. stool'."""
_NAME = r"[^,;:?!]{1,80}?"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_JOINT = re.compile(r",\s*(?:and|or)\s+|,|\s+(?:and|or)\s+|\s+(?=\(?[B-H][.)] )", re.IGNORECASE)
"""Between names: a comma, a word, or the letter of the next choice."""
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


class OtherMeaning(ValueError):
    """A blank says more than its kind can hold, so that the question is another one."""


class Slot(Protocol):
    """One kind of blank."""

    @property
    def pattern(self) -> str:
        """What the blank may hold, as a regular expression without groups."""

    def write(self, value: Any, spec: str) -> str:
        """The value as text; `spec` is what follows the colon in `{field:spec}`."""

    def read(self, text: str, read_name: ReadName) -> Any:
        """The value of a text that matched `pattern`.

        Raises ValueError if it has none, OtherMeaning if it says more than any value.
        """


@dataclass(frozen=True)
class NameSlot:
    """The name of a thing in the world; `{field:plural}` writes it in the plural."""

    pattern: str = _NAME

    def write(self, value: Any, spec: str) -> str:
        """The name itself."""
        return plural(value) if spec == "plural" else str(value)

    def read(self, text: str, read_name: ReadName) -> str:
        """The world's own name for it."""
        return read_name(text)


@dataclass(frozen=True)
class NamesSlot:
    """Several names: 'stool, lamp or sofa', with or without brackets."""

    pattern: str = r"[^;:?!]{1,400}?"

    def write(self, value: Any, spec: str) -> str:  # noqa: ARG002
        """The names as a list ending in 'or'."""
        return sentence(tuple(value), "or")

    def read(self, text: str, read_name: ReadName) -> tuple[str, ...]:
        """The names in their order."""
        parts = _JOINT.split(text.strip().strip("()[]"))
        names = tuple(read_name(_LETTER.sub("", part)) for part in parts if part.strip())
        if len(names) < 2:
            raise ValueError(f"'{text}' lists fewer than two names")
        return names


@dataclass(frozen=True)
class ImageSlot:
    """The number of an image in the view, from 1: 'Image 2', 'the second image', 'image two'."""

    pattern: str = (
        r"(?:the )?(?:image|picture|photo|frame|view)(?: number)? (?:\d{1,2}|"
        + "|".join(_CARDINALS)
        + r")|(?:the )?(?:"
        + "|".join(_ORDINALS)
        + r") (?:image|picture|photo|frame|view)"
    )

    def write(self, value: Any, spec: str) -> str:  # noqa: ARG002
        """'Image 2'."""
        return f"Image {value}"

    def read(self, text: str, read_name: ReadName) -> int:  # noqa: ARG002
        """The number, whatever the view has."""
        words = name_form(text).split()
        for word in words:
            if word.isdigit():
                return int(word)
            for row in (_CARDINALS, _ORDINALS):
                if word in row:
                    return row.index(word) + 1
        raise ValueError(f"'{text}' names no image")


@dataclass(frozen=True)
class Choice:
    """One of a few values, each with the words for it; the first word is the one written."""

    words: Mapping[str, tuple[str, ...]]

    @property
    def pattern(self) -> str:
        """Any of the words, the longest first."""
        words = sorted((w for row in self.words.values() for w in row), key=lambda w: (-len(w), w))
        return "|".join(re.escape(word) for word in words)

    def write(self, value: Any, spec: str) -> str:  # noqa: ARG002
        """The value's first word."""
        return self.words[value][0]

    def read(self, text: str, read_name: ReadName) -> str:  # noqa: ARG002
        """The value that one of its words stands for."""
        for value, row in self.words.items():
            if text.lower() in (word.lower() for word in row):
                return value
        raise ValueError(f"'{text}' is none of {sorted(self.words)}")


Name = Annotated[str, NameSlot()]
Names = Annotated[tuple[str, ...], NamesSlot()]
ImageNumber = Annotated[int, ImageSlot()]
