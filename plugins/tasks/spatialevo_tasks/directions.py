"""Direction words: the sectors that a wording offers, and how a reply in words is compared.

An azimuth is 0 in front, +90 to the right, 180 behind, -90 to the left, in degrees.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

from spatialevo_core.question import Answer
from spatialevo_core.text import plain
from spatialevo_tasks.cameras import wrap_deg

Offer = Literal["eight ways", "quadrants", "left or right", "left, right or back"]
"""The vocabulary that a wording leaves to choose from."""


@dataclass(frozen=True)
class Sectors:
    """A circle cut into sectors, one word each."""

    edges_deg: tuple[float, ...]
    """Ascending, in (-180, 180]."""
    words: tuple[str, ...]
    """The word from each edge to the next; the last one goes on through 180 to the first edge."""

    def word(self, azimuth_deg: float) -> str:
        """The word for an azimuth in (-180, 180]; an edge belongs to the sector farther back."""
        find = bisect_right if azimuth_deg >= 0 else bisect_left
        return self.words[find(self.edges_deg, azimuth_deg) - 1]

    def clearance_deg(self, azimuth_deg: float) -> float:
        """How far the azimuth is from the nearest edge."""
        return min(abs(wrap_deg(azimuth_deg - edge)) for edge in self.edges_deg)


EIGHT = Sectors(
    (-157.5, -112.5, -67.5, -22.5, 22.5, 67.5, 112.5, 157.5),
    ("back-left", "left", "front-left", "front", "front-right", "right", "back-right", "back"),
)
SIDES = Sectors((-135, -45, 45, 135), ("left", "front", "right", "back"))
"""The dominant one of four, where `up-` or `down-` goes before it."""

SECTORS: Mapping[Offer, Sectors] = {
    "eight ways": EIGHT,
    "quadrants": Sectors(
        (-90, 0, 90, 180), ("front-left", "front-right", "back-right", "back-left")
    ),
    "left or right": Sectors((0, 180), ("right", "left")),
    "left, right or back": Sectors((-135, 0, 135), ("left", "right", "back")),
}

_SYNONYMS: Mapping[str, str] = {
    "front": "front forward forwards ahead onward onwards frontal",
    "back": "back backward backwards behind rear rearward rearwards",
    "left": "left leftward leftwards lefthand counterclockwise anticlockwise",
    "right": "right rightward rightwards righthand clockwise",
    "up": "up upward upwards upper above higher top",
    "down": "down downward downwards lower below under underneath beneath bottom",
}
_PART = {word: part for part, words in _SYNONYMS.items() for word in words.split()}
_OPPOSITE = ({"front", "back"}, {"left", "right"}, {"up", "down"})
_UNDECIDED = frozenset({"not", "no", "never", "or", "nor", "neither", "either", "maybe", "cannot"})
_WORD = re.compile(r"[a-z]+(?:'t)?")
_LIST = re.compile(r"[,;/|&]|\band\b")
_ONE_WORD = re.compile(r"\b(counter|anti|left|right)[- ](clockwise|hand)\b")


@lru_cache(maxsize=1024)
def parts(text: str) -> frozenset[str]:
    """The parts (front, back, left, right, up, down) that a text names, by whatever synonym.

    None for a text that takes something back ("not left"), leaves a choice ("left, front-left"), or
    names opposites.
    """
    said = _ONE_WORD.sub(r"\1\2", plain(text).lower())
    words = _WORD.findall(said)
    offered = [
        {_PART[word] for word in _WORD.findall(each) if word in _PART} for each in _LIST.split(said)
    ]
    if any(one & other and one != other for one, other in combinations(offered, 2)):
        return frozenset()
    if any(word in _UNDECIDED or word.endswith("'t") for word in words):
        return frozenset()
    named = frozenset(_PART[word] for word in words if word in _PART)
    return frozenset() if any(pair <= named for pair in _OPPOSITE) else named


def direction(reply: str, answer: Answer[Any]) -> float:
    """1 if the reply names exactly the parts of the true direction, else 0."""
    return float(parts(reply) == parts(str(answer.value)))


def direction_in_part(reply: str, answer: Answer[Any]) -> float:
    """Like `direction`, and 0.1 for a reply of one or two parts that has one of the truth's two."""
    said, true = parts(reply), parts(str(answer.value))
    if said == true:
        return 1.0
    return 0.1 if len(true) == 2 and len(said) <= 2 and len(said & true) == 1 else 0.0


_VERBS = {
    "turn": re.compile(
        r"\b(?:turn|rotat|pann|swivel|(?:counter-?|anti-?)?clockwise)", re.IGNORECASE
    ),
    "move": re.compile(r"\b(?:mov|translat|shift|walk|slid|step)", re.IGNORECASE),
}


def direction_and_verb(reply: str, answer: Answer[Any]) -> float:
    """Like `direction`; if the answer says `turn` or `move`, the reply must say that too."""
    verb = str(answer.value).split()[0]
    told = {name for name, pattern in _VERBS.items() if pattern.search(reply)}
    return direction(reply, answer) if verb not in _VERBS or told == {verb} else 0.0
