"""Other ways to say the same that concern no task in particular: politeness, contractions, order.

For texts that no phrasing fits as they stand. Nothing here adds or drops what a question is about.
"""

from __future__ import annotations

import re

_SHOWN = "image|picture|photo|frame|view"
_NUMBER = r"\d{1,2}|one|two|three|four"
_ORDINAL = "first|second|third|fourth"
_ASKING = "how|what|which|where|when|whose|in|on|to|from|is|was|are|does|did|do|can|between|of"
_VERBS = (
    "tell me|say|state|name|give(?: me)?|report|estimate|determine|calculate|compute|measure|"
    "find(?: out)?|work out"
)

_STEPS = (
    (r"\b(what|where|which|who|how)'s\b", r"\1 is"),
    (r"\b1st\b", "first"),
    (r"\b2nd\b", "second"),
    (r"^(?:(?:so|and|now|then|well|ok|okay|question)\b[,:]? )+", ""),
    (r"^please,? |,? please$", ""),
    (r"^(?:can|could|would|will) you (?:please )?(?=(?:" + _VERBS + r"|count)\b)", ""),
    (rf"^(?:{_VERBS}),? (?=(?:{_ASKING})\b)", ""),
    (rf"^(?:{_VERBS}) (?=(?:the|its) )", "what is "),
    (rf"^in (?:this|the|these) (?:{_SHOWN}|images|pictures|photos|room|scene),? (?!\d)", ""),
    (rf",? (?:as shown |shown |seen )?in (?:this|the|these) (?:{_SHOWN}|images|pictures)$", ""),
    # "the first or second image", "images 1 and 2"
    (
        rf"\b({_ORDINAL}) (and|or|to|than|with) (the )?({_ORDINAL}) ({_SHOWN})s?\b",
        r"\1 \5 \2 \3\4 \5",
    ),
    (
        rf"\b({_SHOWN})s? ({_NUMBER}) (and|or|to|than|with) ({_NUMBER})\b(?! {_SHOWN})",
        r"\1 \2 \3 \1 \4",
    ),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in _STEPS)


def rephrased(text: str) -> str:
    """The question in plainer words; the same text if there are none."""
    said = text.strip(" ?.!")
    for pattern, plainer in _COMPILED:
        said = pattern.sub(plainer, said)
    return said
