"""The claims of a text: where things are, how many, in which order.

The text is read sentence by sentence. Every word for a place is tied to the names around it; what
cannot be tied claims nothing. A choice that is left open ("left or right of") is a false claim, a
guess ("maybe") none that can be told, and a question no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from spatialevo_datasets.claims import COUNT_WORDS, NUMBERS, Named, Said
from spatialevo_datasets.relations import Among, Heard, Order, Relation, Zone, heard

MOST_LISTED = 3
"""A longer list after "left of" is a heap of names."""
_ALL = re.compile(
    rf"\b(?P<count>{COUNT_WORDS}) (?:\w+ )?(?:objects|things|items|pieces of furniture)\b"
)
_NOT = re.compile(r"\b(?:not|never|neither|nor)\b|n't\b")
_GUESS = re.compile(r"\b(?:maybe|perhaps|possibly|might|could be|may be|either|whether|unclear)\b")
_JOINED = re.compile(
    r"\s*(?:,|and|, and|&|as well as)\s*(?:(?!with\b|on\b|in\b|at\b|is\b|are\b)\w+ ){0,2}$"
)
_OR = re.compile(r"[\s,]*(?:and/or|or|/)\s*(?:else )?(?:\w+ ){0,3}$")
_NEAR = re.compile(r"\s*(?:(?!is\b|are\b|and\b|or\b|stands?\b|with\b)[\w'-]+\s+){0,3}$")
_PRONOUN = re.compile(
    r"\s*(?:(?:it|them|both)\b|(?:this|that|these|those)(?=\s*(?:[,.;:]|$|is\b|are\b|there\b)))"
)
_SUBJECT = re.compile(r"\b(?:it|they|these|this|that|both)\b")
_IT = re.compile(r"\b(?:it|they)\b")
_PLURAL = re.compile(r"\b(?:are|stand|sit|hang|lie|both)\b")
_VERB = re.compile(
    r"\s*,?\s*(?:(?:there|we|you|i|one) )?(?:is|are|stands?|sits?|hangs?|lies?|rests?|sees?|"
    r"finds?|"
    r"can see|appears?|you|we|comes?|has|:)\b"
)
_NEW_CLAUSE = re.compile(r"(?:[,;:(]|\band\b|\bwhile\b|\bbut\b|\bwhereas\b)\s*(?:also |then )?$")
_CONTINUES = re.compile(
    r"^\s*(?:,|,? ?and|,? ?but)\s*(?:(?:also|it|they|both) ?)?(?:is|are|stands?)?\s*$"
)
_LISTED = re.compile(r"[\s,;.]*(?:and)?\s*")
_ARTICLE = re.compile(r"(?:the|an?|this|that)\b")
_PLACE_WORD = re.compile(
    r"\b(?:left|right|front|back|behind|above|below|under|near|far|beside|between|next)\b"
)
_AND = re.compile(r"\s*,?\s*(?:and)?\s*")
_SENTENCE = re.compile(r"[^.;!?\n]+(?:\.(?=\d)[^.;!?\n]+)*[.;!?\n]?")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_IMAGE = re.compile(
    r"\b(?:(?:image|picture|photo|frame|view) "
    r"(?P<number>\d|one|two|three|four|five|six|seven|eight)"
    rf"|(?P<which>{'|'.join(_ORDINALS)}) (?:image|picture|photo|frame|view))\b"
)


def said(text: str, names: Sequence[Named]) -> Iterator[Said]:
    """The claims of a text in lower case, in its order, with repetitions."""
    talk = _Talk()
    for match in _SENTENCE.finditer(text):
        if not match[0].endswith("?"):
            yield from _Sentence(text, match.start(), match.end(), names, talk).claims()


@dataclass
class _Talk:
    """What is carried from one sentence to the next."""

    image: int | None = None
    subject: str = ""


@dataclass
class _Sentence:
    text: str
    start: int
    end: int
    every: Sequence[Named]
    talk: _Talk
    _subjects: dict[int, str] = field(default_factory=dict)
    """By the end of the thing that a relation leads to: what it was said of."""
    _tied: int = 0
    """How many words for places were tied to names."""
    _zoned: Sequence[str] = ()
    """What the last place in the image was said of."""

    def claims(self) -> Iterator[Said]:
        body = self.text[self.start : self.end]
        inside = [n for n in self.every if self.start <= n.start < self.end]
        self.names = [n for n in inside if not n.denied]
        self.places = [
            h._replace(start=h.start + self.start, end=h.end + self.start)
            for h in heard(body)
            if not any(
                n.start < h.end + self.start and h.start + self.start < n.end for n in inside
            )
        ]
        self.scopes = [
            (match.start() + self.start, _number(match)) for match in _IMAGE.finditer(body)
        ]
        found = list(self._read(inside, body))
        guessed = bool(_GUESS.search(body)) or self._tied < self._loose()
        for each in found:
            yield each._replace(guessed=guessed)
        if self.scopes:
            self.talk.image = self.scopes[-1][1]
        if self.names:
            self.talk.subject = self.names[0].name

    def _read(self, inside: Sequence[Named], body: str) -> Iterator[Said]:
        for each in inside:
            if each.denied:
                yield Said("no", (each.name,))
            elif each.count:
                yield Said(each.count, (each.name,), self._image(each.start))
        for match in _ALL.finditer(body):
            yield Said(match["count"], ())
        for one, other in pairwise(self.names):
            if _OR.fullmatch(self.text[one.end : other.start]):
                yield Said("or", (one.name, other.name), open=True)
        for at, place in enumerate(self.places):
            found = list(self._placed(at, place))
            self._tied += bool(found)
            yield from found

    def _placed(self, at: int, place: Heard) -> Iterator[Said]:
        meaning = place.meaning
        if isinstance(meaning, Order):
            yield from self._ordered(place, meaning)
        elif self._left_open(at):
            yield Said("or", tuple(n.name for n in self.names[:2]), open=True)
        elif isinstance(meaning, Zone):
            yield from self._zone(at, meaning)
        elif isinstance(meaning, Among):
            yield from self._among(place, meaning)
        else:
            yield from self._related(place, meaning)

    def _loose(self) -> int:
        """How many words for places stand there without any use: a heap of words claims nothing."""
        body = self.text[self.start : self.end]
        used = [(each.start - self.start, each.end - self.start) for each in self.places]
        words = [match.start() for match in _PLACE_WORD.finditer(body)]
        return sum(not any(start <= at < end for start, end in used) for at in words)

    def _ordered(self, place: Heard, order: Order) -> Iterator[Said]:
        after = [n for n in self.names if n.start >= place.end]
        row = after if len(after) > 1 else [n for n in self.names if n.end <= place.start]
        image = self._image(place.start)
        for one, other in pairwise(row):
            about = (one.name, other.name)
            yield Said(order.relation, about[::-1] if order.relation.turned else about, image)

    def _left_open(self, at: int) -> bool:
        """Whether the word stands in a choice with what is said before or after it."""
        place = self.places[at]
        if re.search(r"\bor\b", self._lead(place)):
            return True
        rows = ([self.places[at - 1], place] if at else [], self.places[at : at + 2])
        return any(len(row) == 2 and self._choice(*row) for row in rows)

    def _choice(self, one: Heard, other: Heard) -> bool:
        between = self.text[one.end : other.start]
        both = one.side and other.side and one.side != other.side and between.strip() == "and"
        return both or _OR.fullmatch(between) is not None

    def _zone(self, at: int, zone: Zone) -> Iterator[Said]:
        place = self.places[at]
        since = self.places[at - 1].end if at else self.start
        before = [n for n in self.names if since <= n.start and n.end <= place.start]
        begins = not before or self._begins(place)
        after = [n for n in self.names if n.start >= place.end]
        until = self.places[at + 1].start if at + 1 < len(self.places) else self.end
        leads = after and (
            _VERB.match(self.text, place.end)
            or _NEAR.fullmatch(self.text[place.end : after[0].start])
        )
        if self._zoned and not before and _AND.fullmatch(self._lead(place)):
            group = list(self._zoned)
        elif before and _IT.search(self._lead(place)):
            near, first = before[-1], self.names[0].name
            group = [self._subjects.get(near.end, first)]
        elif before and not (begins and leads):
            group = self._with_those_before(before[-1], place.start)
        elif after and after[0].start <= until:
            group = [after[0].name]
            if re.match(r"\s*(?::|,?\s*(?:there )?are\b)", self.text[place.end :]):
                group = self._with_those_after(after)
        elif _SUBJECT.search(self.text[since : place.start]) and self.talk.subject:
            group = [self.talk.subject]
        else:
            group = [n.name for n in self.names if n.end <= place.start][:1]
        self._zoned = group
        for name in group:
            yield Said(zone, (name,), self._image(place.start), self._denied(place))

    def _among(self, place: Heard, among: Among) -> Iterator[Said]:
        after = [n for n in self.names if n.start >= place.end]
        if not after:
            return
        pair = [after[0].name, after[0].name]
        if len(after) > 1 and _JOINED.fullmatch(self.text[after[0].end : after[1].start]):
            pair[1] = after[1].name
        last = after[1] if pair[0] != pair[1] else after[0]
        for name in self._subjects_of(place, last):
            yield Said(among, (name, *pair), self._image(place.start), self._denied(place))

    def _related(self, place: Heard, relation: Relation) -> Iterator[Said]:
        others, last = self._others(place)
        if not others:
            return
        listed = [] if last is None else self._listed(last)
        if len(listed) > MOST_LISTED:
            return
        for name, other in product(self._subjects_of(place, last), listed):
            about = (other, name) if relation.turned else (name, other)
            yield Said(relation, about, self._image(place.start), self._denied(place))
        for name in self._subjects_of(place, last):
            rows = [
                (other, name) if relation.turned else (name, other)
                for other in others
                if other != name
            ]
            if rows and last is not None:
                self._subjects[last.end] = name
            for about in rows[:1]:
                image, denied = self._image(place.start), self._denied(place)
                yield Said(relation, about, image, denied, or_about=tuple(rows[1:]))

    def _listed(self, first: Named) -> list[str]:
        """What follows a name in a list: 'the sofa, plant and lamp', or a heap of names."""
        row, at = [], self.names.index(first)
        for one, other in pairwise(self.names[at:]):
            if not _LISTED.fullmatch(self.text[one.end : other.start]) or _ARTICLE.match(
                self.text, other.start
            ):
                break
            row.append(other.name)
        return row

    def _others(self, place: Heard) -> tuple[list[str], Named | None]:
        """What the words lead to, and where it stands; of a pronoun, what it may stand for."""
        before = [n for n in self.names if n.end <= place.start]
        if place.whose or _PRONOUN.match(self.text, place.end):
            named = before if self._begins(place) else before[:-1]
            if not named:
                return [self.talk.subject] if self.talk.subject else [], None
            near, first = named[-1], named[0].name
            return list(
                dict.fromkeys((near.name, self._subjects.get(near.end, first), first))
            ), None
        after = [n for n in self.names if n.start >= place.end]
        if after and _NEAR.fullmatch(self.text[place.end : after[0].start]):
            return [after[0].name], after[0]
        return [], None

    def _subjects_of(self, place: Heard, last: Named | None) -> list[str]:
        """The things of which something is said."""
        before = [n for n in self.names if n.end <= place.start]
        reached = last.end if last is not None else place.end
        pronoun = None if last is not None else _PRONOUN.match(self.text, place.end)
        reached = pronoun.end() if pronoun else reached
        after = [n for n in self.names if n.start >= reached]
        if after and self._begins(place) and not self._place_in(reached, after[0].start):
            between = self.text[reached : after[0].start]
            if _VERB.match(between) or (not before and len(between.split()) <= 4) or place.whose:
                return [after[0].name]
        if not before:
            lead = self.text[self.start : place.start]
            return [self.talk.subject] if self.talk.subject and _SUBJECT.search(lead) else []
        near = before[-1]
        lead = self.text[near.end : place.start]
        if near.end in self._subjects and (_CONTINUES.match(lead) or _IT.search(lead)):
            return [self._subjects[near.end]]
        return self._with_those_before(near, place.start, all_joined=pronoun is not None)

    def _place_in(self, start: int, end: int) -> bool:
        return any(start <= each.start < end for each in self.places)

    def _begins(self, place: Heard) -> bool:
        """Whether the words begin a sentence or a clause."""
        lead = self._lead(place)
        first = len(lead) == place.start - self.start
        return first or bool(_NEW_CLAUSE.search(lead))

    def _lead(self, place: Heard) -> str:
        """What stands before it, since the last name or place."""
        ends = [each.end for each in self.names if each.end <= place.start]
        ends += [each.end for each in self.places if each.end <= place.start]
        return self.text[max(ends, default=self.start) : place.start]

    def _with_those_before(self, near: Named, until: int, *, all_joined: bool = False) -> list[str]:
        """A name, and those joined to it where the verb is a plural."""
        group = [near]
        if all_joined or _PLURAL.search(self.text[near.end : until]):
            earlier = [n for n in self.names if n.end <= near.start]
            while earlier and _JOINED.fullmatch(self.text[earlier[-1].end : group[0].start]):
                group.insert(0, earlier.pop())
        return [each.name for each in group]

    def _with_those_after(self, row: Sequence[Named]) -> list[str]:
        group = [row[0]]
        for each in row[1:]:
            if not _JOINED.fullmatch(self.text[group[-1].end : each.start]):
                break
            group.append(each)
        return [each.name for each in group]

    def _denied(self, place: Heard) -> bool:
        return bool(_NOT.search(self._lead(place)))

    def _image(self, at: int) -> int | None:
        """The image that is spoken of there; the only one of a sentence holds for all of it."""
        if len(self.scopes) == 1:
            return self.scopes[0][1]
        before = [number for start, number in self.scopes if start <= at]
        return before[-1] if before else self.talk.image


def _number(match: re.Match[str]) -> int:
    if match["which"]:
        return _ORDINALS.index(match["which"]) + 1
    return NUMBERS.get(match["number"]) or int(match["number"])
