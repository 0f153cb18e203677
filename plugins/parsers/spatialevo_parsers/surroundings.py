"""What stands around the names in a sentence of any form and changes what it asks.

In a phrasing every word is accounted for. In another's sentence this must be looked for: an
attribute ("the crimson chair"), a part ("the leg of the chair"), a place ("the chair in the
corner"), a negation, a quantity that the task does not measure ("the horizontal distance"). Rather
a question too many is refused than one answered that was not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spatialevo_core.names import Mention, Vocabulary
from spatialevo_core.numbers import UNIT_WORDS
from spatialevo_core.question import Query
from spatialevo_core.slots import Choice, ImageSlot, NameSlot, NamesSlot
from spatialevo_core.task import AnyTask
from spatialevo_core.text import ARTICLES, plain
from spatialevo_parsers.meaning import ATTRIBUTES, PARTS, beyond_tasks

_WORD = re.compile(r"[a-z]{3,}")
"""Shorter words for units, such as "in", mean other things in a sentence."""
_NEGATION = re.compile(
    r"\b(?:not|no|non|never|neither|nor|none|cannot|except|excepting|excluding|besides|without|"
    r"unless|ignor\w+|disregard\w*|forget|instead|other than|rather than)\b|n't\b"
)
_QUALIFIER = re.compile(
    r"\b(?:horizontal(?:ly)?|vertical(?:ly)?|max(?:imum)?|maximal|average|mean|median|total|sum|"
    r"combined|together|difference|twice|thrice|half|double|triple|times|walk\w*|path|route|steps|"
    r"cent(?:er|re)s?|middle|midpoint|edges?|top|bottom|corners?|above|below|beneath|over|under|"
    r"higher|lower|deeper|least|most|second|third|years?|much (?:farther|further|closer|nearer)|"
    r"area|square|cubic|perimeter|circumference|diameter|radius|angle|exactly|roughly|percent\w*|ratio)\b"
)
_IN_BETWEEN = re.compile(
    rf"\b(?:{'|'.join(sorted(ARTICLES))}|my|your|his|her|its|our|their|each|every|both|all)"
    r" ((?:[a-z0-9'-]+ ){1,3})$"
)
_TELLING = ATTRIBUTES - {"many", "few"}
_JOINING = frozenset(
    """
    about and or of to from between than is are was were with by at for in on as image photo picture
    distance gap number count amount
    """.split()  # noqa: SIM905
)
_PART_OF = re.compile(r"(?<!\bin )\b([a-z]+) (?:of|on) $")
_PLACED = re.compile(
    r"^,? ?(?:(?:that|which) (?:is|are|stands?|sits?|hangs?) )?"
    r"(?:in|inside|within|on|under|behind|beside|near|next to|above|below|with|by|against|at|"
    r"outside|that|which|whose) (?:the |an? |this |that |these |its |his |her )?([a-z]+)"
)
_WHERE_WE_ARE = frozenset(
    """
    room scene image images picture pictures photo photos view frame here total all sight
    meters metres centimeters centimetres feet inches m cm ft
    """.split()  # noqa: SIM905
)
_IMAGE = re.compile(ImageSlot().pattern)
_SHOWN = frozenset({"image", "picture", "photo", "frame", "view"})


def mentioned(text: str, vocabulary: Vocabulary) -> tuple[Mention, ...]:
    """The known names in a text; what is shown is named only where the world has such a thing."""
    found = vocabulary.mentions(text)
    return tuple(each for each in found if each.present or each.name not in _SHOWN)


def altered_name(text: str, vocabulary: Vocabulary) -> str | None:
    """Why the text means more or less than the names in it, as a sentence; None if it does not."""
    said = plain(text).lower().replace("_", " ")
    negation = _NEGATION.search(said)
    if negation:
        return f"'{negation[0]}' negates; ask for a thing by its name"
    found = mentioned(text, vocabulary)
    return next((told for each in found if (told := _altered(each, said, vocabulary))), None)


def _altered(mention: Mention, said: str, vocabulary: Vocabulary) -> str | None:
    before, after = said[: mention.start], said[mention.end :]
    last = before.split()[-1:]
    between = _IN_BETWEEN.search(before)
    attributes = between[1].split() if between else []
    if (attributes and _JOINING.isdisjoint(attributes)) or not _TELLING.isdisjoint(last):
        told = " ".join(attributes or last)
        return f"'{told} {mention.name}' depends on more than the label '{mention.name}'"
    of = _PART_OF.search(before)
    following = re.match(r"(?:'s)? ?([a-z]+)", after)
    if (of and of[1] in PARTS) or after.startswith("'s") or (following and following[1] in PARTS):
        return f"the question asks about a part of the {mention.name}, not about the whole thing"
    placed = _PLACED.match(after)
    if placed and placed[1] not in _WHERE_WE_ARE and not _names(after, placed, vocabulary):
        return f"'{placed[0].strip(' ,')}' says which {mention.name} is meant"
    return None


def _names(after: str, placed: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Whether a thing, an image or a number follows, which the query itself must hold."""
    rest = after[placed.start(1) :]
    found = vocabulary.mentions(rest)
    return bool(found and found[0].start == 0) or _IMAGE.match(rest) is not None


def lost(text: str, task: AnyTask, query: Query, view_images: int, vocabulary: Vocabulary) -> str:
    """What the text says and the query does not, or the other way round; empty if nothing."""
    said = plain(text).lower().replace("_", " ")
    return next(
        (
            told
            for told in (
                *_names_apart(text, task, query, vocabulary),
                *_images_apart(said, task, query, view_images),
                *_words_apart(said, task, query, vocabulary),
            )
            if told
        ),
        "",
    )


def names_in(task: AnyTask, query: Query) -> Iterator[str]:
    """The names that a query holds."""
    for field, slot in task.grammar.slots.items():
        value = getattr(query, field)
        if isinstance(slot, NameSlot):
            yield value
        elif isinstance(slot, NamesSlot):
            yield from value


def _names_apart(text: str, task: AnyTask, query: Query, vocabulary: Vocabulary) -> Iterator[str]:
    wanted = {each.name for each in mentioned(text, vocabulary)}
    held = set(names_in(task, query))
    yield from (f"the question does not name '{name}'" for name in sorted(held - wanted))
    yield from (f"'{name}' has no place in {task.name}" for name in sorted(wanted - held))


def _images_apart(said: str, task: AnyTask, query: Query, view_images: int) -> Iterator[str]:
    slots = [(f, s) for f, s in task.grammar.slots.items() if isinstance(s, ImageSlot)]
    spoken = {ImageSlot().read(each[0], str) for each in _IMAGE.finditer(said)}
    for field, _ in slots:
        number, usual = getattr(query, field), type(query).model_fields[field].default
        if not 1 <= number <= view_images:
            yield f"there is no image {number}"
        if number not in spoken and (spoken or number != usual):
            yield f"the question does not name image {number}"
    held = {getattr(query, field) for field, _ in slots}
    yield from (f"image {number} has no place in {task.name}" for number in sorted(spoken - held))


def _words_apart(said: str, task: AnyTask, query: Query, vocabulary: Vocabulary) -> Iterator[str]:
    beyond = beyond_tasks(said, [task])
    if beyond:
        yield f"{task.name} does not ask for '{beyond}'"
    choices = {f: s for f, s in task.grammar.slots.items() if isinstance(s, Choice)}
    chosen = [w.lower() for f, s in choices.items() for w in s.words[getattr(query, f)]]
    usual = " ".join([*(phrasing.template.lower() for phrasing in task.phrasings), *chosen])
    own = {each[0] for each in _QUALIFIER.finditer(usual)}
    strange = (each[0] for each in _QUALIFIER.finditer(said) if each[0] not in own)
    yield from (f"{task.name} does not ask for '{word}'" for word in strange)
    meant = set(_WORD.findall(" ".join(chosen)))
    units = (w for w in _WORD.findall(said) if w in UNIT_WORDS and not vocabulary.known(w))
    yield from (f"'{word}' is not what the query says" for word in units if word not in meant)
