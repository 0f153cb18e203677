"""What a text says of things in a world that checks no claims: which of them it describes.

A word counts as a description if it is one of the plain English words below and stands in one
clause with a name. Whether it is true nobody can tell here; that it is no noise can be told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from spatialevo_core.names import Mention
from spatialevo_core.text import plain
from spatialevo_core.worlds import Claim, Grounding

LEAD_WORDS = 3
"""So many words before the first name speak of the whole."""
_WORD = re.compile(r"[a-z']+")
_CLAUSE = re.compile(r"[^,.;:!?\n]+")
_NEAR_WORDS = 3
"""A word describes the nearest name in its clause, so many words away at most."""

DESCRIBING = frozenset(
    """
    red green blue yellow orange purple white black grey gray brown pink beige dark bright light
    pale coloured colored striped shiny dull transparent golden silver big small large little
    tall short long wide narrow thin thick high low deep flat tiny huge heavy longer shorter
    taller bigger smaller larger wider thinner higher lower heavier lighter round square
    rectangular oval curved straight bent pointed sharp smooth rough wooden metal glass plastic
    paper leather fabric stone ceramic rubber old new clean dirty open closed empty full broken
    whole half tilted upright folded stacked left right middle center centre top bottom front
    back side edge corner end above below under over behind beside between near next close far
    opposite against along across inside outside around beneath on in at by touching away apart
    together alone first second third last one two three four five six seven eight several many
    few both stands stand standing sits sit sitting lies lie lying hangs hang hanging leans lean
    leaning rests rest resting holds holding carries covers covering moves moving rolls rolling
    falls falling turns turning swings swinging floats floating points pointing faces facing
    leads attached mounted tied joined fixed placed fastest slowest fast slow still nearest
    farthest closest tallest shortest longest biggest smallest highest lowest leftmost rightmost
    """.split()  # noqa: SIM905  (a paragraph of words reads better than 200 strings)
)


def described(text: str, view: Any) -> Grounding:
    """The names in the text, and one claim for each word that describes one of them."""
    lowered = plain(text).lower().replace("_", " ")
    mentions = view.vocabulary().mentions(text)
    named = tuple(dict.fromkeys((each.name, each.present) for each in mentions))
    claims: dict[str, Claim] = {}
    for clause in _CLAUSE.finditer(lowered):
        told = [each for each in mentions if clause.start() <= each.start < clause.end()]
        for match in _WORD.finditer(lowered, clause.start(), clause.end()):
            near = _nearest(lowered, told, match.span())
            if match[0] in DESCRIBING and near is not None and near.present:
                claims.setdefault(match[0], Claim(text=match[0], about=(near.name,), holds=True))
    lead = _WORD.findall(lowered[: mentions[0].start]) if mentions else []
    return Grounding(
        first="" if not named or len(lead) >= LEAD_WORDS else named[0][0],
        seen=tuple(name for name, present in named if present),
        invented=tuple(name for name, present in named if not present),
        claims=tuple(claims.values()),
    )


def _nearest(text: str, mentions: Sequence[Mention], word: tuple[int, int]) -> Mention | None:
    """The name that the word is nearest to, in doubt the one after it."""
    start, end = word
    if any(each.start < end and start < each.end for each in mentions):
        return None
    found = [
        (len(_WORD.findall(text[min(end, each.end) : max(start, each.start)])), each.start < start)
        for each in mentions
    ]
    order = sorted(range(len(found)), key=lambda at: found[at])
    return mentions[order[0]] if order and found[order[0]][0] <= _NEAR_WORDS else None
