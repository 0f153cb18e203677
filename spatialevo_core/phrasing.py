"""Phrasings: one string that writes a question and, compiled, reads it back.

::

    Phrasing("How many {category:plural} are [there] in (this|the) room?")

`{field}` is a blank of the query, `{field:plural}` writes a name in the plural, `[...]` may be
missing when read, `(a|b)` is written as `a` and read as either. Articles before a name, commas and
the mark at the end are optional when read; case and spacing never matter. Keyword arguments fix
query fields that the wording decides: `Phrasing("... to my left or right?", words="left-right")`.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Query
from spatialevo_core.slots import Choice, NameSlot, NamesSlot, OtherMeaning, ReadName, Slot
from spatialevo_core.text import plain

Q = TypeVar("Q", bound=Query)

_PIECE = re.compile(
    r"\{(?P<field>\w+)(?::(?P<spec>\w+))?\}|(?P<open>\[)|(?P<close>\])|\((?P<either>[^()|]*\|[^()]*)\)"
)
_ARTICLE = re.compile(r"(?:\b(?:the|an?|any|some) )$", re.IGNORECASE)


class Phrasing:
    """One wording of a task's question; see the module's docstring for the notation."""

    def __init__(self, template: str, *, read_only: bool = False, **fixed: Any) -> None:
        self.template = template
        self.read_only = read_only
        """Understood when others say it, never written by us."""
        self.fixed: Mapping[str, Any] = types.MappingProxyType(fixed)

    def __repr__(self) -> str:
        return f"Phrasing({self.template!r})"

    @cached_property
    def fields(self) -> frozenset[str]:
        """The query fields that the template names."""
        return frozenset(m["field"] for m in _PIECE.finditer(self.template) if m["field"])


@dataclass(frozen=True)
class Reading:
    """A phrasing that fits a text: the raw words in each blank."""

    phrasing: Phrasing
    raw: Mapping[str, str]


class Grammar(Generic[Q]):
    """All phrasings of one query type, both ways."""

    def __init__(self, query: type[Q], phrasings: tuple[Phrasing, ...]) -> None:
        self.query = query
        self.phrasings = phrasings
        self.slots = {name: _slot(query, name) for name in query.model_fields}
        for phrasing in phrasings:
            self._check(phrasing)

    def write(self, query: Q) -> tuple[str, ...]:
        """Every wording that says exactly this query."""
        values = query.__dict__
        return tuple(
            self._render(phrasing, values)
            for phrasing in self.phrasings
            if not phrasing.read_only and self._says(phrasing, values)
        )

    def readings(self, text: str) -> Iterator[Reading]:
        """The phrasings that fit the text, in the order in which they are declared."""
        text = plain(text).rstrip(" ?.!")
        for phrasing, pattern in self._compiled:
            match = pattern.fullmatch(text)
            if match:
                yield Reading(phrasing, match.groupdict())

    def build(self, reading: Reading, read_name: ReadName) -> Q:
        """The query that a reading says; raises ValueError if a blank holds no value.

        Every blank is read before OtherMeaning is raised, so that `read_name` has heard all names.
        """
        said = dict(reading.phrasing.fixed)
        other: OtherMeaning | None = None
        for field, text in reading.raw.items():
            try:
                if text is not None:
                    said[field] = self.slots[field].read(text.strip(), read_name)
            except OtherMeaning as error:
                other = other or error
        if other is not None:
            raise other
        return self.query.model_validate(said)

    @cached_property
    def _compiled(self) -> tuple[tuple[Phrasing, re.Pattern[str]], ...]:
        return tuple((phrasing, self._compile(phrasing)) for phrasing in self.phrasings)

    def _compile(self, phrasing: Phrasing) -> re.Pattern[str]:
        out: list[str] = []
        seen: set[str] = set()
        template = _spaced(phrasing.template.rstrip(" ?.!"))
        at = 0
        for piece in _PIECE.finditer(template):
            literal = template[at : piece.start()]
            field = piece["field"]
            named = field is not None and isinstance(self.slots[field], NameSlot | NamesSlot)
            out.append(_literal(_ARTICLE.sub("", literal) if named else literal))
            at = piece.end()
            if field is not None:
                article = "(?:(?:the|an?|any|some) )?" if named else ""
                again = f"(?P={field})"
                blank = f"(?P<{field}>{self.slots[field].pattern})"
                out.append(article + (again if field in seen else blank))
                seen.add(field)
            elif piece["open"]:
                out.append("(?:")
            elif piece["close"]:
                out.append(")?")
            else:
                out.append(f"(?:{'|'.join(_literal(word) for word in piece['either'].split('|'))})")
        out.append(_literal(template[at:]))
        return re.compile("".join(out), re.IGNORECASE)

    def _render(self, phrasing: Phrasing, values: Mapping[str, Any]) -> str:
        def fill(piece: re.Match[str]) -> str:
            field = piece["field"]
            if field is not None:
                return self.slots[field].write(values[field], piece["spec"] or "")
            return piece["either"].split("|")[0] if piece["either"] else ""

        return " ".join(_PIECE.sub(fill, phrasing.template).split())

    def _says(self, phrasing: Phrasing, values: Mapping[str, Any]) -> bool:
        for field, info in self.query.model_fields.items():
            if field in phrasing.fields:
                continue
            told = phrasing.fixed.get(field, info.get_default(call_default_factory=True))
            if told != values[field]:
                return False
        return True

    def _check(self, phrasing: Phrasing) -> None:
        """A phrasing may only use known fields and must determine every required one."""
        fields = self.query.model_fields
        said = phrasing.fields | set(phrasing.fixed)
        for field in sorted(said - set(fields)):
            raise ConfigError(
                f"phrasing '{phrasing.template}' uses {{{field}}}, "
                f"but {self.query.__name__} has {', '.join(fields)}"
            )
        for field, info in fields.items():
            if info.is_required() and field not in said:
                raise ConfigError(f"phrasing '{phrasing.template}' never mentions: {field}")
        try:
            self.query.model_validate(phrasing.fixed)
        except ValidationError as error:
            for wrong in error.errors():
                if wrong["type"] != "missing":
                    raise ConfigError(
                        f"phrasing '{phrasing.template}' fixes {wrong['loc'][0]} as "
                        f"{wrong['input']!r}: {wrong['msg']}"
                    ) from error


def _literal(text: str) -> str:
    """Fixed words as a pattern: commas may be missing."""
    return re.escape(text).replace(",", ",?")


def _spaced(template: str) -> str:
    """The template with one of the spaces around each optional part moved into it."""
    return re.sub(r"^\[([^\]]*)\] ", r"[\1 ]", template).replace(" [", "[ ")


def _slot(query: type[Query], field: str) -> Slot:
    info = query.model_fields[field]
    for extra in info.metadata:
        if hasattr(extra, "pattern") and hasattr(extra, "write") and hasattr(extra, "read"):
            return typing.cast(Slot, extra)
    if typing.get_origin(info.annotation) is Literal:
        return Choice({word: (word,) for word in typing.get_args(info.annotation)})
    raise ConfigError(
        f"{query.__name__}.{field} has no slot; annotate it as Name, Names, ImageNumber, "
        "a Literal of words, or Annotated[..., Choice(...)]"
    )
