"""The words for where things are, and what each of them says of an arrangement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from spatialevo_datasets.arrangement import NEAR_M, NEXT_M, Arrangement, Images, Truth
from spatialevo_datasets.instances import Instance

Holds = Callable[[Arrangement, Instance, Instance, Images], Truth]
HoldsOf = Callable[[Arrangement, Instance, Images], Truth]


@dataclass(frozen=True)
class Relation:
    """What two things are to each other."""

    word: str
    """Of the relation itself; what turns it round has the same one."""
    pattern: str
    holds: Holds
    turned: bool = False
    """The words name the second thing first: 'right of' is 'left of', turned."""
    some: bool = False
    """Said of several things of one name it means some of them."""
    common: float = 0.5
    """Share of pairs of which it holds; `within_m` measures that in the view itself."""
    within_m: float | None = None


@dataclass(frozen=True)
class Zone:
    """Where one thing is in the images."""

    word: str
    pattern: str
    holds: HoldsOf
    denied: bool = False
    """It says that `holds` does not: 'on the right' is not on the left."""
    alone: bool = False
    """One thing of all has it."""


@dataclass(frozen=True)
class Among:
    """That a thing is between two others."""

    pattern: str = r"(?:(?:in|mid-?way|half-?way) )?between"


@dataclass(frozen=True)
class Order:
    """That the things named are in this order; each is so to the next."""

    pattern: str
    relation: Relation


Meaning = Relation | Zone | Among | Order


class Heard(NamedTuple):
    """A meaning found in a text."""

    meaning: Meaning
    start: int
    end: int
    whose: bool = False
    """'to its left': the other thing is one that was named before."""
    side: str = ""
    """left or right, where it is one."""


A = Arrangement
_CAMERA = r"(?:the )?(?:camera|viewer|photographer|observer)|us|me"
_PICTURE = r"(?:the|this|our|each) (?:image|picture|photo|photograph|frame|view|scene|shot|screen)"

LEFT = Relation("left of", r"(?:farther|further|more) (?:to the )?left(?:wards?)? than", A.left)
RIGHT = Relation(
    "left of", r"(?:farther|further|more) (?:to the )?right(?:wards?)? than", A.left, turned=True
)
ON_LEFT = Zone("on the left", r"(?!)", A.on_the_left)
ON_RIGHT = Zone("on the right", r"(?!)", A.on_the_left, denied=True)
BEHIND = Relation("behind", r"(?:right |just |directly )?behind|in back of", A.behind)

MEANINGS: tuple[Meaning, ...] = (
    Order(r"(?:from )?(?:the )?(?:far )?left to (?:the )?(?:far )?right", LEFT),
    Order(r"(?:from )?(?:the )?(?:far )?right to (?:the )?(?:far )?left", RIGHT),
    Order(
        r"(?:from )?(?:the )?back to (?:the )?front|from far to near|(?:from )?farthest to nearest",
        Relation("farther than", r"(?!)", A.farther),
    ),
    Order(
        r"(?:from )?(?:the )?front to (?:the )?back|from near to far|(?:from )?nearest to farthest",
        Relation("farther than", r"(?!)", A.farther, turned=True),
    ),
    Zone("leftmost", r"left-?most|(?:farthest|furthest) (?:to the )?left", A.leftmost, alone=True),
    Zone(
        "rightmost", r"right-?most|(?:farthest|furthest) (?:to the )?right", A.rightmost, alone=True
    ),
    LEFT,
    RIGHT,
    Relation(
        "farther than",
        rf"(?:farther|further|deeper)(?: away| back| off)?(?: from (?:{_CAMERA}))? than",
        A.farther,
    ),
    Relation(
        "farther than", rf"(?:closer|nearer)(?: to (?:{_CAMERA}))? than", A.farther, turned=True
    ),
    Zone(
        "nearest to the camera",
        rf"(?:closest|nearest)(?: to)? (?:{_CAMERA})",
        A.nearest,
        alone=True,
    ),
    Zone(
        "farthest from the camera",
        rf"(?:farthest|furthest)(?: away)?(?: from (?:{_CAMERA}))(?! than)",
        A.remotest,
        alone=True,
    ),
    Zone("in front", rf"(?:close|closer|near|nearer)(?: to)? (?:{_CAMERA})", A.in_front),
    Zone("in front", r"in the foreground|up front|in (?:the )?front(?! of)", A.in_front),
    Zone(
        "at the back",
        r"(?:in|at|toward|towards) the (?:background|back|rear|distance)"
        rf"|far(?: away)? from (?:{_CAMERA})",
        A.in_front,
        denied=True,
    ),
    Zone(
        "in the middle",
        r"(?:in|near|toward|towards) the (?:very )?(?:middle|center|centre)"
        rf"(?: of {_PICTURE})?(?! of)",
        A.in_the_middle,
    ),
    Relation("behind", r"(?:right |just |directly )?in (?:the )?front of", A.behind, turned=True),
    BEHIND,
    Relation("closest to", r"(?:closest|nearest)(?: to)?", A.closest, some=True, common=0.15),
    Relation("farthest from", r"(?:farthest|furthest)(?: away)? from", A.farthest, common=0.15),
    Relation("far from", r"far(?: away)? from|(?:right )?across the room from", A.far, common=0.5),
    Among(),
    Relation(
        "next to",
        r"(?:right |directly )?(?:next to|beside|alongside|adjacent to)|right by|by|against"
        r"|flanking|flanked by|touching",
        A.next_to,
        some=True,
        within_m=NEXT_M[0],
    ),
    Relation(
        "near",
        r"(?:very )?(?:near to|near|close to|not far from|around|surrounding|surrounded by|at)",
        A.near,
        some=True,
        within_m=NEAR_M[0],
    ),
    Relation("higher than", r"(?:higher|farther up|further up)(?: up)? than", A.higher),
    Relation("higher than", r"(?:lower|farther down)(?: down)? than", A.higher, turned=True),
    Relation(
        "above",
        r"(?:right |just |directly )?(?:above|over)(?! there)",
        A.above,
        some=True,
        common=0.7,
    ),
    Relation(
        "above",
        r"(?:right |just |directly )?(?:below|underneath|beneath|under)",
        A.above,
        turned=True,
        some=True,
        common=0.7,
    ),
    Relation("taller than", r"(?:taller|higher in size) than", A.taller),
    Relation("taller than", r"shorter than", A.taller, turned=True),
    Relation("larger than", r"(?:larger|bigger|bulkier) than", A.larger),
    Relation("larger than", r"smaller than", A.larger, turned=True),
    Relation("on", r"on top of|on|upon|in|inside", A.on, some=True, common=0.6),
)

SIDES = re.compile(
    r"\b(?:(?P<where>on|to|at|in|along|towards?|from) )?(?:(?P<whose>its|their) |the |your |our )?"
    r"(?:(?:very|far|extreme|immediate|direct|upper|lower|near) )?(?P<side>left|right)"
    r"(?:[- ]?hand)?(?: (?:side|half|part|edge|end|portion|wall|corner))?"
    rf"(?P<of> (?:of|from)\b(?P<whole> {_PICTURE}\b)?)?(?![\w-]|'s)"
)
_OTHERS = re.compile(
    "|".join(rf"(?P<m{at}>\b(?:{each.pattern})(?!\w))" for at, each in enumerate(MEANINGS))
)
_ENDS = re.compile(r"\s*(?:[,;.:)/]|$)|\s+(?:and|or|and/or|while)\b")


def heard(text: str) -> tuple[Heard, ...]:
    """Every word for a place in a text in lower case; of overlapping ones the first."""
    found = sorted(_found(text), key=lambda each: (each.start, -each.end))
    kept: list[Heard] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return tuple(kept)


def _found(text: str) -> Iterator[Heard]:
    for match in _OTHERS.finditer(text):
        if match.lastgroup is not None:
            yield Heard(MEANINGS[int(match.lastgroup[1:])], *match.span())
    for match in SIDES.finditer(text):
        side, (start, end) = match["side"], match.span()
        whose = bool(match["whose"]) and not match["of"]
        if whose or (match["of"] and not match["whole"]):
            yield Heard(LEFT if side == "left" else RIGHT, start, end, whose, side)
        elif match["where"] or match["whole"] or _ENDS.match(text, match.end()):
            yield Heard(ON_LEFT if side == "left" else ON_RIGHT, start, end, side=side)
