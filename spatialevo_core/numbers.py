"""Quantities as people write them: digits or words, with or without a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from text_to_num import alpha2digit

from spatialevo_core.text import LONGEST_TEXT, plain

_LENGTHS_M = {
    "m": (1.0, ("m", "meter", "meters", "metre", "metres")),
    "cm": (0.01, ("cm", "cms", "centimeter", "centimeters", "centimetre", "centimetres")),
    "mm": (0.001, ("mm", "millimeter", "millimeters", "millimetre", "millimetres")),
    "km": (1000.0, ("km", "kilometer", "kilometers", "kilometre", "kilometres")),
    "ft": (0.3048, ("ft", "foot", "feet", "'")),
    "in": (0.0254, ("in", "inch", "inches", '"')),
    "yd": (0.9144, ("yd", "yard", "yards")),
}
_ANGLES_DEG = {"deg": (1.0, ("deg", "degree", "degrees", "°"))}
_TIMES_S = {
    "s": (1.0, ("s", "sec", "second", "seconds")),
    "ms": (0.001, ("ms", "millisecond", "milliseconds")),
}


class Unit(NamedTuple):
    """A unit: what it measures and how many base units (m, m^2, degree, s) it is."""

    dimension: str
    factor: float


def _table() -> tuple[dict[str, Unit], dict[str, str]]:
    units: dict[str, Unit] = {}
    names: dict[str, str] = {}
    rows = (("length", _LENGTHS_M), ("angle", _ANGLES_DEG), ("time", _TIMES_S))
    for dimension, table in rows:
        for symbol, (factor, words) in table.items():
            units[symbol] = Unit(dimension, factor)
            names |= dict.fromkeys(words, symbol)
    for symbol, (factor, words) in _LENGTHS_M.items():
        squared = f"{symbol}^2"
        units[squared] = Unit("area", factor**2)
        for word in words:
            forms = (
                f"square {word}",
                f"sq {word}",
                f"sq. {word}",
                f"{word}^2",
                f"{word}2",
                f"{word}²",
            )
            names |= dict.fromkeys(forms, squared)
    return units, names


UNITS, _NAMES = _table()
"""The known units by symbol: m, cm, mm, km, ft, in, yd, each also squared (`m^2`); deg; s, ms."""
UNIT_WORDS = frozenset(_NAMES)
"""Every word for a unit, lower case."""

_DIGITS = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_WORDS = "|".join(re.escape(name) for name in sorted(_NAMES, key=lambda n: (-len(n), n)))
_QUANTITY = re.compile(
    rf"(?P<number>{_DIGITS})(?![\d.,]*\d|(?:st|nd|rd|th)\b)"
    r"(?:/(?P<over>\d+))?(?P<half> and (?:a|1) half)?"
    rf"(?:[ -]?(?P<unit>{_WORDS})(?:(?<=[\x22\x27°])|(?![a-z0-9^²])))?"
)
_FRACTIONS = (
    (re.compile(r"\b(?:a |1 )?half (?:a |an |of a )?(?=[a-z])"), "0.5 "),
    (re.compile(r"\b(?:a |1 )?quarter (?:of )?(?:a |an )?(?=[a-z])"), "0.25 "),
)
_SINGLE = re.compile(rf"\b(?:an?|one) (?=(?:and a half )?(?:{_WORDS})\b)")
_JOINED = re.compile(r"[ ,]*(?:and )?")
_SMALLER = {"ft": ("in", 12), "m": ("cm", 100)}
"""What may follow a unit as the rest of one quantity, and how many make one."""
_PRONOUN = re.compile(r"\b(this|that|the|which|each|other|first|second|last) one\b")
_INCH_WORD = re.compile(r" in (?=\w)")


_LETTERS = re.compile(r"[a-z]+")
_OFFERING = frozenset(
    {"and", "to", "through", "till", "until", "up", "at", "least", "most", "maybe", "perhaps"}
    | {"possibly", "probably", "likely", "even", "about", "around", "roughly", "approximately"}
    | {"nearly", "almost", "versus", "vs", "either", "alternatively", "otherwise", "else", "then"}
    | {"if", "not", "between", "it", "could", "might", "may", "be"}
)
"""Words that may stand between the numbers of a choice."""
_OFFERED = re.compile(r"[\s,;/.\-~&|+?!()\u2026]*")
_ROUNDING = 0.03


class Quantity(NamedTuple):
    """A number found in a text, with the symbol of its unit, empty for a bare number."""

    value: float
    unit: str


def quantities(text: str) -> tuple[Quantity, ...]:
    """Every quantity of the text in order; feet and inches, or m and cm, make one."""
    return tuple(each.quantity for each in _placed(_digits(_read(text))))


def quantity(text: str, unit: str = "") -> float | None:
    """The last number of the text in `unit`; a bare number is taken to be in it already.

    None if there is no number, or if its unit measures something else. Counts have no unit.
    """
    found = quantities(text)
    if not found:
        return None
    value, said = found[-1]
    if not said or said == unit:
        return value
    if unit not in UNITS or UNITS[said].dimension != UNITS[unit].dimension:
        return None
    return value * UNITS[said].factor / UNITS[unit].factor


def settled(text: str, unit: str = "") -> float | None:
    """Like `quantity`, but None where the last number is one of several that are offered.

    "2 or 3", "2, 3, 4", "1.2 m ... 3 m" and "2 to 3" leave it open; "1 and 2, so 3" does not, nor
    does the same quantity in two units.
    """
    return None if _left_open(_digits(_read(text))) else quantity(text, unit)


class _Placed(NamedTuple):
    quantity: Quantity
    start: int
    end: int


def _read(text: str) -> str:
    return plain(text).lower()[-LONGEST_TEXT:]


def _placed(said: str) -> list[_Placed]:
    found: list[_Placed] = []
    for each, span in _scan(said):
        last = found[-1] if found else None
        small, many = _SMALLER.get(last.quantity.unit, ("", 0)) if last is not None else ("", 0)
        near = last is not None and _JOINED.fullmatch(said, last.end, span[0]) is not None
        if last is not None and near and each.unit == small and 0 <= each.value < many:
            whole = Quantity(last.quantity.value + each.value / many, last.quantity.unit)
            found[-1] = _Placed(whole, last.start, span[1])
        else:
            found.append(_Placed(each, *span))
    return found


def _left_open(said: str) -> bool:
    """Whether the last number stands in a row of numbers that are not all the same quantity."""
    row = _placed(said)
    for one, other in reversed(list(pairwise(row))):
        if not _alternatives(said[one.end : other.start], said[other.end :]):
            return False
        if not _same(one.quantity, row[-1].quantity):
            return True
    return False


def _alternatives(between: str, after: str) -> bool:
    """Whether what stands between two numbers offers a choice of them."""
    words = _LETTERS.findall(between)
    if "or" in words:
        return True
    nouns = [word.rstrip("s") for word in words if word not in _OFFERING]
    same_noun = nouns == [word.rstrip("s") for word in _LETTERS.findall(after)[: len(nouns)]]
    return same_noun and _OFFERED.fullmatch(_LETTERS.sub("", between)) is not None


def _same(one: Quantity, other: Quantity) -> bool:
    """Up to the rounding of a conversion; a bare number is taken to be in the other's unit."""
    first, second = UNITS.get(one.unit or other.unit), UNITS.get(other.unit or one.unit)
    if first is None or second is None:
        return one.value == other.value
    if first.dimension != second.dimension:
        return True
    a, b = one.value * first.factor, other.value * second.factor
    return abs(a - b) <= _ROUNDING * max(abs(a), abs(b))


def _scan(text: str) -> Iterator[tuple[Quantity, tuple[int, int]]]:
    """Each quantity with where it stands in the text."""
    for match in _QUANTITY.finditer(text):
        raw = match["number"]
        grouped = "," in raw and (raw.count(",") > 1 or "." in raw or _thousands(raw))
        value = float(raw.replace(",", "" if grouped else "."))
        if match["over"]:
            value = value / int(match["over"]) if int(match["over"]) else value
        if match["half"]:
            value += 0.5
        yield Quantity(value, _NAMES[match["unit"]] if match["unit"] else ""), match.span()


def _thousands(raw: str) -> bool:
    """'1,430' groups thousands; '1,43' and '0,430' are decimals."""
    whole, _, rest = raw.lstrip("+-").partition(",")
    return len(rest) == 3 and whole.lstrip("0") != ""


@lru_cache(maxsize=4096)
def _digits(text: str) -> str:
    """Number words as digits; 'in' before a word is the preposition, not the inch."""
    text = _PRONOUN.sub(r"\1", _INCH_WORD.sub(" · ", text))
    for pattern, value in _FRACTIONS:
        text = pattern.sub(value, text) if not re.search(r" and a half", text) else text
    text = _SINGLE.sub("1 ", text)
    text = re.sub(r"\b(?:a )?dozen\b", "12", text)
    return str(alpha2digit(text, "en", threshold=0))
