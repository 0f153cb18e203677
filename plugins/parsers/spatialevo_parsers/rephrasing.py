"""Other ways to say the same that concern no task in particular: politeness, contractions, order.

For texts that no phrasing fits as they stand. Nothing here adds or drops what a question is about.
"""

from __future__ import annotations

import re
from functools import cache

from spatialevo_core.names import Vocabulary

_SHOWN = ("image", "picture", "photo", "frame", "view")
_ANY_SHOWN = "|".join(_SHOWN)
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
    (r"^in (?:this|the|these) (?:<whole>|room|scene),? ", ""),
    (r",? (?:as shown |shown |seen )?in (?:this|the|these) (?:<whole>)(?=$|,? in \w+$)", ""),
    # the order of a clause: "tell me how many lamps there are"
    (r"^(how many .+?) there are\b", r"\1 are there"),
    (r"^(how many .+?) ((?:this|the) (?:room|scene)) (has|contains|holds)$", r"\1 does \2 have"),
    # "the first or second image", "images 1 and 2"
    (
        rf"\b({_ORDINAL}) (and|or|to|than|with) (the )?({_ORDINAL}) ({_ANY_SHOWN})s?\b",
        r"\1 \5 \2 \3\4 \5",
    ),
    (
        rf"\b({_ANY_SHOWN})s? ({_NUMBER}) (and|or|to|than|with) ({_NUMBER})\b(?! (?:{_ANY_SHOWN}))",
        r"\1 \2 \3 \1 \4",
    ),
    # what happened "between" two images tells their order only where it is that of their numbers
    (
        rf"\bbetween ((?:the )?(?:(?:{_ANY_SHOWN}) (?:1|one)|first (?:{_ANY_SHOWN}))) and "
        rf"((?:the )?(?:(?:{_ANY_SHOWN}) (?:2|two)|second (?:{_ANY_SHOWN})))\b",
        r"from \1 to \2",
    ),
)


def rephrased(text: str, vocabulary: Vocabulary, images: int) -> str:
    """The question in plainer words; the same text if there are none.

    "In this image" says nothing only where the view has one image, "in the picture" only where no
    picture is among its things.
    """
    shown = _SHOWN if images == 1 else ()
    whole = (each for each in (*shown, "images", "pictures", "photos") if not vocabulary.find(each))
    said = text.strip(" ?.!")
    for pattern, plainer in _compiled(tuple(whole)):
        said = pattern.sub(plainer, said)
    return said


@cache
def _compiled(whole: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The steps, with the words for all that a view shows."""
    words = "|".join(whole) or "(?!)"
    return tuple(
        (re.compile(pattern.replace("<whole>", words), re.IGNORECASE), said)
        for pattern, said in _STEPS
    )
