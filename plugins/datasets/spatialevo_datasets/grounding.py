"""What a text says about a view of a room, checked against its geometry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product

from spatialevo_core.text import LONGEST_TEXT, plain
from spatialevo_core.worlds import Claim, Grounding
from spatialevo_datasets.arrangement import Arrangement, Images, Truth
from spatialevo_datasets.claims import NUMBERS, SEVERAL, Named, Said, counted
from spatialevo_datasets.instances import Instance
from spatialevo_datasets.relations import Among, Relation, Zone
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.sentences import said

COMMON_ZONE, COMMON_AMONG, COMMON_OBJECTS = 0.5, 0.3, 0.4
COMMON_COUNT = {0: 1.0, 1: 0.7}
"""How often it is true that there are so many; of larger numbers `COMMON_MANY`."""
COMMON_MANY, COMMON_SEVERAL = 0.3, 0.5

_IN_ORDER = re.compile(r"\b(?:left to right|right to left|front to back|back to front)\b")
"""Whoever tells things in order speaks of the whole, be it at the end of the sentence."""
_WHOLE = re.compile(
    r"\b(?:rooms?|kitchen|office|study|bedroom|bathroom|lounge|studio|apartment|workspace|"
    r"laundry|interior|space|scene|images?|pictures?|photos?|photographs?|view|corner|wall|floor|"
    r"everything)\b"
    r"|\b(?:\w+) (?:\w+ )?(?:objects|things|items|pieces of furniture)\b"
)


def ground(scene: Scene, frames: tuple[int, ...], text: str) -> Grounding:
    """The things and the claims of a text of at most 2,000 characters; of a longer one nothing."""
    lowered = plain(text).lower().replace("_", " ")
    if len(lowered) > LONGEST_TEXT:
        return Grounding()
    there = Arrangement.of(scene, frames)
    names = _names(scene, there, lowered)
    named = [each for each in names if not each.denied]
    told = dict.fromkeys(each.name for each in named)
    claims = (_meant(there, each) for each in said(lowered, names))
    whole = _WHOLE.search(lowered)
    begins_whole = bool(named and whole and whole.start() < named[0].start)
    begins_whole = begins_whole or _IN_ORDER.search(lowered.split(".")[0]) is not None
    return Grounding(
        first=named[0].name if named and not begins_whole else "",
        seen=tuple(name for name in told if name in there.things),
        unseen=tuple(name for name in told if scene.labelled(name) and name not in there.things),
        invented=tuple(name for name in told if not scene.labelled(name)),
        claims=tuple(
            {(c.text, c.about): c for c in claims if c.common < 1 or not c.holds}.values()
        ),
    )


def _names(scene: Scene, there: Arrangement, text: str) -> tuple[Named, ...]:
    """The names in the text; one that the room lacks may be short for the only thing so called."""
    found: list[Named] = []
    end = 0
    for each in scene.vocabulary().mentions(text):
        name = each.name
        if not each.present:
            longer = [label for label in there.things if label.split()[-1] == name]
            name = longer[0] if len(longer) == 1 else name
        found.append(counted(text, Named(name, each.start, each.end), end))
        end = each.end
    return tuple(found)


def _meant(there: Arrangement, claim: Said) -> Claim:
    """The claim checked, in the sense in which it is true if a pronoun leaves some open."""
    senses = (claim.about, *claim.or_about)
    found = [_checked(there, claim._replace(about=about)) for about in senses]
    return next((each for each in found if each.holds), found[0])


def _checked(there: Arrangement, claim: Said) -> Claim:
    meaning, about = claim.meaning, claim.about
    if claim.open:
        return Claim(text="one or the other", about=about, holds=False)
    images: Images = range(len(there.frames))
    if claim.image is not None:
        images = [claim.image - 1] if 0 < claim.image <= len(there.frames) else []
    if isinstance(meaning, str):
        return _count(there, meaning, about, images, scoped=claim.image is not None)
    groups = [there.things.get(name, ()) for name in about]
    if not all(groups):
        absent = any(not there.scene.labelled(name) for name in about)
        return Claim(text=_words(meaning, about), about=about, holds=False if absent else None)
    if isinstance(meaning, Zone):
        truth = _most(meaning.holds(there, each, images) for each in groups[0])
        truth = None if truth is None else truth != meaning.denied
        shown = len(there.every)
        common = 1 / max(2, shown) if meaning.alone else COMMON_ZONE
    elif isinstance(meaning, Among):
        truth = _some(
            there.between(a, b, c, images)
            for a, b, c in product(*groups)
            if len({a.id, b.id, c.id}) == len(about)
        )
        common = COMMON_AMONG
    else:
        truth, common = _pair(there, meaning, groups, images)
    if claim.denied:
        truth, common = None if truth is None else not truth, max(0.5, 1 - common)
    text = f"{'not ' if claim.denied else ''}{_words(meaning, about)}"
    return Claim(text=text, about=about, holds=None if claim.guessed else truth, common=common)


def _pair(
    there: Arrangement, relation: Relation, groups: Sequence[Sequence[Instance]], images: Images
) -> tuple[Truth, float]:
    truths = [relation.holds(there, a, b, images) for a, b in product(*groups) if a is not b]
    common = relation.common
    if relation.within_m is not None:
        common = there.share_within(relation.within_m)
    if not relation.some:
        return _most(truths), common
    # of several pairs one is likely to hold by chance
    return _some(truths), max(common, min(0.9, 1 - (1 - common) ** len(truths)))


def _count(
    there: Arrangement, word: str, about: tuple[str, ...], images: Images, *, scoped: bool
) -> Claim:
    """Whether there are so many; what is hardly visible may be counted or not."""
    those = (
        [each for name in about for each in there.things.get(name, ())] if about else there.every
    )
    if scoped:
        those = [each for each in those if any(each.id in there.pictured[at] for at in images)]
    clear = sum(_clearly(there, each) for each in those)
    text = f"{word} {about[0] if about else 'things'}"
    if word == "no":
        held = not those and not any(there.scene.labelled(name) for name in about)
        return Claim(text=text, about=about, holds=held, common=1.0)
    if word in SEVERAL:
        holds: Truth = True if clear > 2 else False if len(those) < 2 else None
        return Claim(text=text, about=about, holds=holds, common=COMMON_SEVERAL)
    number = NUMBERS[word] if word in NUMBERS else int(word)
    common = COMMON_COUNT.get(number, COMMON_MANY) if about else COMMON_OBJECTS
    return Claim(
        text=f"{number} {about[0] if about else 'things'}",
        about=about,
        holds=clear <= number <= len(those),
        common=common,
    )


def _clearly(there: Arrangement, instance: Instance) -> bool:
    looks = [there.scene.sight(instance, index) for index in there.frames]
    return not looks or any(look is not None and look.visible for look in looks)


def _most(truths: Iterable[Truth]) -> Truth:
    """What holds of all that can be told; None if it holds of some only."""
    told = {each for each in truths if each is not None}
    return told.pop() if len(told) == 1 else None


def _some(truths: Iterable[Truth]) -> Truth:
    """Whether it holds of any."""
    told = list(truths)
    return True if True in told else None if None in told or not told else False


def _words(meaning: Relation | Zone | Among, about: tuple[str, ...]) -> str:
    if isinstance(meaning, Among):
        return f"{about[0]} between {about[1]} and {about[2]}"
    if isinstance(meaning, Relation):
        return f"{about[0]} {meaning.word} {about[1]}"
    word = {"on the left": "on the right", "in front": "at the back"}.get(meaning.word, "")
    return f"{about[0]} {word if meaning.denied and word else meaning.word}"
