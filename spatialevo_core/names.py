"""Which things of a world a text names, whatever case, article, plural or synonym it uses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from spatialevo_core.text import ARTICLES, name_form, plain, plural, singulars

_WORD = re.compile(r"[a-z0-9][a-z0-9'/-]*")


@dataclass(frozen=True)
class Mention:
    """A name found in a text; `present` says whether the world has such a thing."""

    name: str
    present: bool
    start: int
    end: int


@dataclass(frozen=True)
class Vocabulary:
    """The names of one world's things, and the words that a speaker may use for them."""

    names: tuple[str, ...]
    """The labels that this world has, each once."""
    synonyms: tuple[tuple[str, ...], ...] = ()
    """Groups of words that mean the same thing; a group may contain none of `names`."""
    lexicon: frozenset[str] = field(default=frozenset())
    """Names that worlds of this kind may have, whether this one does or not."""

    def find(self, text: str) -> str | None:
        """The world's own name for what the text calls it, or None."""
        return _named(self._present, name_form(text))

    def known(self, text: str) -> str | None:
        """Like `find`, and beyond it the names that other worlds of this kind have."""
        form = name_form(text)
        return _named(self._present, form) or _named(self._elsewhere, form)

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Every known name in the text, the longest first where names overlap, in text order."""
        lowered = plain(text).lower().replace("_", " ")
        words = list(_WORD.finditer(lowered))
        known = cache(self.known)
        found: list[Mention] = []
        reached = 0
        for at, sizes in self._candidates([word[0] for word in words]):
            if at < reached:
                continue
            for size in sizes:
                start, end = words[at].start(), words[at + size - 1].end()
                name = known(lowered[start:end])
                if name is not None:
                    found.append(Mention(name, name in self._own, start, end))
                    reached = at + size
                    break
        return tuple(found)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words in the names that worlds of this kind may have."""
        return frozenset(word for name in self.lexicon for word in name.split())

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def _present(self) -> Mapping[str, str]:
        own = _forms((name, name) for name in self.names)
        meant = ((group, _first(own, group)) for group in self.synonyms)
        groups = ((word, name) for group, name in meant if name is not None for word in group)
        return {**_forms(groups), **own}

    @cached_property
    def _elsewhere(self) -> Mapping[str, str]:
        groups = ((word, group[0]) for group in self.synonyms for word in group)
        return _forms([*((name, name) for name in sorted(self.lexicon)), *groups])

    @cached_property
    def _lengths(self) -> Mapping[str, frozenset[int]]:
        """How many words the names have that begin with each word."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for form in (*self._present, *self._elsewhere):
            words = _WORD.findall(form)
            for word in words[:1]:
                found[word].add(len(words))
        return {word: frozenset(lengths) for word, lengths in found.items()}

    def _candidates(self, words: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
        """Where a name may begin, its article included, and of how many words, most first."""
        beginning = {each: own for each in {*words} if (own := self._beginning(each))}
        for at, word in enumerate(words):
            sizes = set(beginning.get(word, ()))
            if word in ARTICLES and at + 1 < len(words):
                sizes.update(1 + size for size in beginning.get(words[at + 1], ()))
            if sizes:
                yield at, sorted((n for n in sizes if at + n <= len(words)), reverse=True)

    def _beginning(self, word: str) -> frozenset[int]:
        """How many words the names may have that begin with the word, in the plural too."""
        bare = word.rstrip("'")
        return frozenset().union(
            *(self._lengths.get(each, ()) for each in (word, bare, *singulars(bare)))
        )


def _forms(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names by the form of the words for them; of equal words the first one counts."""
    forms: dict[str, str] = {}
    for word, name in pairs:
        forms.setdefault(name_form(word), name)
    return forms


def _first(forms: Mapping[str, str], words: Iterable[str]) -> str | None:
    """What the first of the words names that names anything, however it is spelt."""
    return next((forms[form] for form in map(name_form, words) if form in forms), None)


def _named(forms: Mapping[str, str], form: str) -> str | None:
    """What the form names, else what it is the plural of: a plural hides no other thing's name."""
    if form in forms:
        return forms[form]
    singular = (each for each in singulars(form) if each in forms and plural(each) == form)
    return next((forms[each] for each in singular), None)
