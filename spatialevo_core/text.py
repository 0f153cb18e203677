"""How texts are compared: case, width, invisible characters, articles, plurals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

LONGEST_TEXT = 2000
"""Characters; a longer question is refused unread, so that reading stays linear and cheap."""

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f"  # control characters but spaces
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-"})
_PLURAL_ENDINGS = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe"), ("zes", ""), ("ses", ""),
    ("mice", "mouse"), ("men", "man"), ("feet", "foot"), ("teeth", "tooth"), ("geese", "goose"),
    ("people", "person"), ("children", "child"), ("dice", "die"), ("a", "um"), ("i", "us"),
)  # fmt: skip
ARTICLES = frozenset({"the", "a", "an", "any", "this", "that", "these", "those"})
_ARTICLE = re.compile(rf"^(?:{'|'.join(sorted(ARTICLES))}) (?=.)")


def plain(text: str) -> str:
    """The text on one line: compatibility characters folded, invisible ones dropped."""
    if text.isascii():
        return " ".join(text.split())
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return " ".join(_INVISIBLE.sub("", folded).split())


@lru_cache(maxsize=4096)
def name_form(text: str) -> str:
    """A name as it is compared: lower case, no article, no `(s)`, spaces for underscores."""
    form = plain(text).lower().replace("_", " ").replace("(s)", "").strip(" .,;:!?'\"()")
    return _ARTICLE.sub("", " ".join(form.split()))


@lru_cache(maxsize=8192)
def plural(noun: str) -> str:
    """The English plural of a noun ('night stand' -> 'night stands')."""
    return str(_inflect().plural_noun(noun) or noun) if noun else noun


def singulars(form: str) -> Iterator[str]:
    """Forms of which this one may be the plural; `plural` decides which of them it is."""
    first, of, rest = form.partition(" of ")
    for ending, single in _PLURAL_ENDINGS:
        if first.endswith(ending):
            yield f"{first.removesuffix(ending)}{single}{of}{rest}"


@lru_cache(maxsize=1)
def _inflect():  # type: ignore[no-untyped-def]
    import inflect  # noqa: PLC0415  (takes a noticeable part of a second; reading needs it, listing does not)

    return inflect.engine()


def sentence(parts: list[str] | tuple[str, ...], joint: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"
