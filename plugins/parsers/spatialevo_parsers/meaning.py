"""Words in a blank that change what is asked: attributes, parts, places, negations.

"the red chair" is not "the chair", "the door handle" is not "the door", "the chair in the kitchen"
is not any chair. Worlds know things by label only; a question that depends on more is refused.
So is a known name among words that are understood by nobody: "lit lamps", "table excluding the
legs". A compound that no world knows ("kitchen lamp") is still a name where each of its words is
one of the words of known names, and none an attribute or a part: there is no such thing then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from spatialevo_core.names import Vocabulary
from spatialevo_core.numbers import UNIT_WORDS
from spatialevo_core.task import AnyTask
from spatialevo_core.text import singulars

ATTRIBUTES = frozenset(
    """
    another antique back beige big bigger biggest black blue bottom bright broken brown
    central clean closed closer closest colorful colourful dark different dirty empty fabric
    farther farthest few first five four front full furthest glass golden gray green grey high huge
    large larger largest last leather left leftmost light little long longer longest low lower
    main many marble metal metallic middle mini modern narrow nearer nearest new old only open
    opened orange other pink plastic purple rear rectangular red remote right rightmost round same
    second several short shorter shortest shut silver slow small smaller smallest square stone
    stuffed tall taller tallest thick thin third three tiny top transparent two upper violet white
    wide wooden yellow
    """.split()  # noqa: SIM905
)
PARTS = frozenset(
    """
    arm armrest arms back backrest base bottom button cable center centre cord corner cushion
    door drawer edge end feet foot frame front handle headboard hinge knob leg legs lid middle
    rear rim screen seat shade shelf side surface tip top wheel wheels
    """.split()  # noqa: SIM905
)
_PLACE = re.compile(
    r"\b(?:in|inside|on|under|behind|beside|near|next to|above|below|of|from|with|by|against|at|"
    r"outside|between|that|which|whose|without)\b"
)
_JOINT = re.compile(r"\b(?:and|or|than|but|relative to|away|opposite)\b")
_AMOUNT = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(UNIT_WORDS)))}) of\b")
_JOINED = re.compile(r"'s |[/-]")
_NEGATION = re.compile(r"\b(?:not|no|non|never|isn't|aren't|neither|nor|except|other than)\b")


_BEYOND = re.compile(
    # what no geometry tells
    r"\b(?:colou?rs?|coloured|colored|materials?|textures?|patterns?|brands?|prices?|styles?)\b"
    r"|\bmade (?:of|from)\b"
    # another dimension than the longest
    r"|\b(?:tall|wide|thick|heav[yi]|broad|narrow)(?:e?r|e?st)?\b"
    r"|(?<!, )(?<!or )\b(?:heights?|widths?|thickness|weights?|weighs?|volumes?)\b"
    r"|\bhow (?:high|deep)\b"
    # of what: volume, area, height or length
    r"|\b(?:bigg|larg|small)(?:er|est)\b(?=\s*(?:[,:;?]|than\b|$))"
    # another place
    r"|\b(?:next|other|another|adjacent|adjoining|neighbou?ring) room\b"
    r"|\b(?:is|in|of) the (?:kitchen|bathroom|bedroom|living room|dining room|hallway|hall|"
    r"corridor|garage|basement|attic|office|house|apartment|flat|building)\b"
)


def beyond_tasks(text: str, tasks: Iterable[AnyTask]) -> str | None:
    """The words by which a text asks for what none of these tasks does, such as a colour; or None.

    For texts that no phrasing of them fits. "Bigger" by itself is among the words: it may be meant
    by volume, by area or by height, and the longest dimension is but one more.
    """
    found = _BEYOND.search(text.lower())
    if found is None:
        return None
    asked = (phrasing.template.lower() for task in tasks for phrasing in task.phrasings)
    meant = (other[0] for template in asked for other in _BEYOND.finditer(template))
    return None if found[0] in meant else found[0]


def shift_of_meaning(form: str, vocabulary: Vocabulary) -> str | None:
    """Why these words are more than an unknown name, as a sentence; None if they are just that.

    Speaks only where a known name is inside: "red chair" where chairs exist somewhere.
    """
    words = form.split()
    if _NEGATION.search(form):
        return f"'{form}' negates; ask for a thing by its name"
    place = _PLACE.search(form)
    if place and words[0] in PARTS and vocabulary.known(form[place.end() :]):
        return f"'{form}' is a part; this world knows whole things only"
    if (place or _JOINT.search(form)) and vocabulary.mentions(form):
        return f"'{form}' says more than a name; this world knows things by their label alone"
    for size in range(1, len(words)):
        rest = " ".join(words[size:])
        if vocabulary.known(rest) and all(word in ATTRIBUTES for word in words[:size]):
            return f"'{form}' depends on an attribute; this world knows '{rest}' by its label alone"
        whole = " ".join(words[:-size])
        if vocabulary.known(whole.removesuffix("'s")) and all(w in PARTS for w in words[-size:]):
            return f"'{form}' is a part; this world knows whole things only"
    return None


def more_than_a_name(form: str, vocabulary: Vocabulary) -> str | None:
    """Why these words say more than a name, as a sentence; None if they may be one.

    For words that are no known name, misspelt or not. They say more if a known name is inside,
    unless they are a compound of the words of known names.
    """
    if _AMOUNT.match(form):
        return f"'{form}' is an amount; ask for a thing by its name"
    said = _JOINED.sub(" ", form)
    inside = vocabulary.mentions(said)
    if not inside or vocabulary.known(said) or _compound(said.split(), vocabulary):
        return None
    return (
        f"'{form}' says more than '{inside[0].name}'; this world knows things by their label alone"
    )


def _compound(words: list[str], vocabulary: Vocabulary) -> bool:
    """Whether these may be a name, the last word in the plural or not."""
    *before, head = words
    of_names = vocabulary.words - ATTRIBUTES - PARTS
    return of_names.issuperset(before) and not of_names.isdisjoint((head, *singulars(head)))
