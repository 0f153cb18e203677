"""f_obs: does an observation speak of what is there, and of what its question is about?

The view says what the text names and claims, and whether that is so; this grades it. Only claims
earn: what is merely named earns nothing, and dilutes what is said of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any

from spatialevo_core.question import Frozen
from spatialevo_core.text import plain, sentence
from spatialevo_core.worlds import Claim, Grounding, Grounds
from spatialevo_trainer.descriptions import described

FURTHER_THINGS = 6
"""How many things beyond those of the question an observation may name at no cost."""
OFF_TOPIC = 0.3
"""What is left of an observation that says nothing of what the question is about."""
BEGINS_WITH_PART = 0.85
"""What is left of one that begins with what the question is about, and not with the whole."""
SAID_PER_THING, LEAST_SAID = 0.25, 0.5
"""What true claims must say of each thing that is named, and at least: 1 - `common`, summed up."""
UNTOLD = 0.1
"""What claims that nobody can check are worth, all together at most this."""
OWN_WORDS = (0.6, 0.9)
"""Share of its words copied in one run from the question: free up to, all lost from."""

_WORD = re.compile(r"[a-z0-9']+")


class Observation(Frozen):
    """The graded parts of an observation, each from 0 to 1, and their product."""

    score: float
    """The product of the parts below."""
    truth: float
    """Each false claim, and each thing that is not to be seen, takes away a true one."""
    aim: float
    """Whether it says something of the things that the question names."""
    flow: float
    """Below 1 if it begins with them rather than with the whole."""
    substance: float
    """Whether its true claims say enough of what it names; what often holds says little."""
    economy: float
    """Below 1 if it names more than anybody asked about."""
    own: float
    """Below 1 if it repeats the question."""
    why: str
    """In one sentence."""
    found: Grounding


def observation(text: str, question: str, view: Any) -> Observation:
    """The graded observation; one that claims nothing true of what can be seen scores 0."""
    found, about = ground(text, view), ground(question, view)
    asked = {*about.seen}
    parts = {
        "truth": _truth(found),
        "aim": OFF_TOPIC + (1 - OFF_TOPIC) * _share(asked, _spoken_of(found)),
        "flow": BEGINS_WITH_PART if found.first in asked else 1.0,
        "substance": _substance(found),
        "economy": _economy(found, asked),
        "own": _own_words(text, question),
    }
    score = 1.0
    for part in parts.values():
        score *= part
    why = f"{'; '.join(_why(found, asked, parts))}."
    return Observation(score=score, **parts, why=why[:1].upper() + why[1:], found=found)


def ground(text: str, view: Any) -> Grounding:
    """What the view grounds; of a view that cannot, what it names and describes."""
    return view.ground(text) if isinstance(view, Grounds) else described(text, view)


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return _WORD.findall(plain(text).lower())


def _spoken_of(found: Grounding) -> set[str]:
    """The things to be seen of which it claims something that is not false."""
    return {name for each in found.claims if each.holds is not False for name in each.about} & {
        *found.seen
    }


def _truth(found: Grounding) -> float:
    spoken, absent = len(_spoken_of(found)), len(found.unseen) + len(found.invented)
    true, false = _held(found, True), _held(found, False)
    things = max(0, spoken - absent) / (spoken + absent) if spoken else 0.0
    return things * (max(0, len(true) - len(false)) / (len(true) + len(false)) if false else 1.0)


def _substance(found: Grounding) -> float:
    needed = max(LEAST_SAID, SAID_PER_THING * len(found.named))
    untold = min(1.0, _said(_held(found, None)) / needed)
    return min(1.0, _said(_held(found, True)) / needed + UNTOLD * untold)


def _economy(found: Grounding, asked: set[str]) -> float:
    further = len({*found.named} - asked)
    return min(1.0, FURTHER_THINGS / further) if further else 1.0


def _held(found: Grounding, holds: bool | None) -> list[Claim]:
    return [each for each in found.claims if each.holds is holds]


def _said(claims: Iterable[Claim]) -> float:
    return sum(1 - each.common for each in claims)


def _share(wanted: set[str], had: set[str]) -> float:
    return len(wanted & had) / len(wanted) if wanted else 1.0


def _own_words(text: str, question: str) -> float:
    """1 down to 0 with the longest run of words shared with the question; 0 if it asks itself."""
    said, asked = words(text), words(question)
    if not said or "?" in text:
        return 0.0
    run = SequenceMatcher(None, said, asked, autojunk=False).find_longest_match().size
    low, high = OWN_WORDS
    return min(1.0, max(0.0, (high - run / len(said)) / (high - low)))


def _why(found: Grounding, asked: set[str], parts: dict[str, float]) -> Iterator[str]:
    """What is wrong with the observation, else what is right with it."""
    absent, false = (*found.unseen, *found.invented), _held(found, False)
    true, untold = _held(found, True), _held(found, None)
    if not found.named:
        yield "it names nothing that is known here"
    if absent:
        yield f"it names what is not to be seen: {sentence(absent[:3])}"
    if false:
        yield f"it is not so that: {sentence([each.text for each in false[:3]])}"
    if found.named and not true:
        more = " that can be checked" if untold else ""
        yield f"it claims nothing true{more} of {sentence(found.named[:3])}"
    elif true and parts["substance"] < 1:
        yield f"it names {len(found.named)} things and says little of them"
    missed = sorted(asked - _spoken_of(found))
    if missed:
        yield f"it says nothing of {sentence(missed[:3])}, which the question is about"
    elif parts["flow"] < 1:
        yield f"it begins with {found.first}, which the question is about, not with the whole"
    if parts["economy"] < 1:
        yield "it lists more things than anybody asked about"
    if parts["own"] < 1:
        yield "it repeats the question"
    if true and min(parts.values()) == 1:
        yield f"it is so that: {sentence([each.text for each in true[:3]])}"
