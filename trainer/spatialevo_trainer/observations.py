"""f_obs: does an observation speak of what is there, and of what its question is about?

A plain first version over what the view grounds: it must name visible things, invent none, reach
the things that the question names, and say something about them in its own words. Bare lists and
copies of the question score low.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from spatialevo_core.question import Frozen
from spatialevo_core.text import plain
from spatialevo_core.worlds import Grounding, Grounds

FURTHER_THINGS = 4
"""How many things beyond those of the question an observation may name at no cost."""
OFF_TOPIC = 0.3
"""What is left of an observation that names nothing that the question is about."""
BARE_LIST = 0.3
"""What is left of an observation that says nothing about the things it names."""
OWN_WORDS = (0.5, 0.8)
"""Share of its words copied in one run from the question: free up to, all lost from."""

_WORD = re.compile(r"[a-z0-9']+")
_GLUE = frozenset(
    _WORD.findall(
        "a an and are also but can has have i image in is it its of one or other picture room "
        "scene see so some that the there these this those two three we which with you"
    )
)


class Observation(Frozen):
    """The graded parts of an observation, their product, and what was found in the text."""

    score: float
    """The product of the parts below."""
    truth: float
    """Share of what it names or claims that is there to be seen."""
    aim: float
    """Whether it reaches the things that the question names."""
    substance: float
    """Whether it says something about what it names."""
    economy: float
    """Below 1 if it lists more than anybody asked about."""
    own: float
    """Below 1 if it repeats the question."""
    found: Grounding


def observation(text: str, question: str, view: Any) -> Observation:
    """The graded observation; one that names nothing scores 0."""
    found, about = ground(text, view), ground(question, view)
    right = len(found.seen) + len(found.true_claims)
    wrong = len(found.unseen) + len(found.invented) + len(found.false_claims)
    truth = right / (right + wrong) if found.seen else 0.0
    aim = OFF_TOPIC + (1 - OFF_TOPIC) * _share(about.seen, found.seen)
    named = (*found.seen, *found.unseen, *found.invented)
    substance = BARE_LIST + (1 - BARE_LIST) * _said_of(named, text)
    further = len(set(named) - set(about.seen))
    economy = min(1.0, FURTHER_THINGS / further) if further else 1.0
    own = _own_words(text, question)
    return Observation(
        score=truth * aim * substance * economy * own,
        truth=truth,
        aim=aim,
        substance=substance,
        economy=economy,
        own=own,
        found=found,
    )


def ground(text: str, view: Any) -> Grounding:
    """What the view grounds; a view that cannot is asked which of its names occur."""
    if isinstance(view, Grounds):
        return view.ground(text)
    mentions = view.vocabulary().mentions(text)
    return Grounding(
        seen=tuple(dict.fromkeys(each.name for each in mentions if each.present)),
        invented=tuple(dict.fromkeys(each.name for each in mentions if not each.present)),
    )


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return _WORD.findall(plain(text).lower())


def _share(wanted: tuple[str, ...], had: tuple[str, ...]) -> float:
    return len(set(wanted) & set(had)) / len(set(wanted)) if wanted else 1.0


def _said_of(named: tuple[str, ...], text: str) -> float:
    """Distinct words that are neither names nor glue, per named thing, at most 1."""
    if not named:
        return 0.0
    names = {word for name in named for word in words(name)}
    names |= {f"{word}s" for word in names}
    said = {word for word in words(text) if word not in names and word not in _GLUE}
    return min(1.0, len(said) / len(set(named)))


def _own_words(text: str, question: str) -> float:
    """1 down to 0 with the longest run of words shared with the question; 0 if it asks itself."""
    said, asked = words(text), words(question)
    if not said or "?" in text:
        return 0.0
    run = SequenceMatcher(None, said, asked, autojunk=False).find_longest_match().size
    low, high = OWN_WORDS
    return min(1.0, max(0.0, (high - run / len(said)) / (high - low)))
