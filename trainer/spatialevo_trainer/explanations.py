"""f_explain: does an explanation give the oracle's reason against a question, and no other?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from spatialevo_core.engine import SAID_UNPARSEABLE, UNPARSEABLE
from spatialevo_core.question import Frozen, Reason, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_core.text import LONGEST_TEXT, plain, plural, sentence

RIGHT, MOSTLY, PARTLY, WRONG = 1.0, 0.6, 0.3, 0.0
MOST_STRAY = 2
"""Whoever names more things that are not to blame lists them."""
PLACE = "{}"
"""In a wording of a reason, where the name of what is to blame stands."""

_CLAUSE = re.compile(r"[,.;:!?\n]|\b(?:because|since|although|but|while|whereas|so)\b")
_SHORT = ((re.compile(r"\bcannot\b"), "can not"), (re.compile(r"\bcan't\b"), "can not"))
_ARTICLES = frozenset(["the", "a", "an", "any", "this", "that", "these", "those"])
_BLAMED, _OTHER = "\x00", "\x01"
"""What stands for a name in a clause: of what is to blame, and of anything else."""


class Explanation(Frozen):
    """The grade of an explanation, and what it named."""

    score: float
    """1 the reason and exactly its entities; 0.6 the reason with some of them missing, or up to two
    too many; 0.3 only the one or the other, or both beside a reason that does not apply; 0
    otherwise."""
    why: str
    """In one sentence."""
    reasons: tuple[str, ...] = ()
    """Codes of the oracle's reasons that it gives."""
    wrong_reasons: tuple[str, ...] = ()
    """Codes of reasons that it gives and that do not apply."""
    entities: tuple[str, ...] = ()
    """Offending entities that it names."""
    wrong_entities: tuple[str, ...] = ()
    """Other things that it blames, or names without being asked about them."""


def explanation(text: str, verdict: Verdict, view: Any, task: AnyTask) -> Explanation:
    """The graded explanation of an illegal question; of at most 2,000 characters."""
    text = "" if len(text) > LONGEST_TEXT else text
    vocabulary = view.vocabulary()
    offending = {
        vocabulary.known(name) or name for each in verdict.reasons for name in each.entities
    }
    clauses = [_Clause(each, vocabulary, offending) for each in _clauses(text)]
    given = tuple(each for each in verdict.reasons if any(c.gives(each.said) for c in clauses))
    wrong = tuple(dict.fromkeys(_wrong(clauses, verdict, task)))
    blamed = {
        vocabulary.known(n) or n for each in (given or verdict.reasons) for n in each.entities
    }
    named = {name for each in clauses for name in each.names}
    accusing = [c for c in clauses if any(c.gives(each.said) for each in given)]
    asked = {each.name for each in vocabulary.mentions(_asked(verdict))}
    bound = [c for c in accusing if any(c.binds(each.said) for each in given)]
    accused = {
        name for each in accusing for name in each.names - (asked if each in bound else set())
    }
    accused |= {name for each in bound for name in each.names & offending}
    stray = ((accused or named) - offending) | (named - offending - asked) if offending else set()
    return Explanation(
        score=_grade(given, wrong, blamed, named, stray) if "?" not in text else WRONG,
        why=_why(verdict, given, wrong, sorted(blamed - named), sorted(stray)),
        reasons=tuple(each.code for each in given),
        wrong_reasons=wrong,
        entities=tuple(sorted(blamed & named)),
        wrong_entities=tuple(sorted(stray)),
    )


def _grade(
    given: tuple[Reason, ...],
    wrong: tuple[str, ...],
    blamed: set[str],
    named: set[str],
    stray: set[str],
) -> float:
    """The grade; `blamed` are the entities that are to be named, `stray` those that are not."""
    unnamed = bool(blamed) and not blamed & named
    if len(stray) > MOST_STRAY or len(wrong) > 1 or (unnamed and (stray or wrong)):
        return WRONG
    if not given:
        return PARTLY if blamed and blamed <= named and not stray and not wrong else WRONG
    if wrong or unnamed:
        return PARTLY
    return RIGHT if blamed <= named and not stray else MOSTLY


def _wrong(clauses: Iterable[_Clause], verdict: Verdict, task: AnyTask) -> Iterator[str]:
    """Codes of the reasons that the oracle did not give and the text does."""
    right = [phrase for each in verdict.reasons for phrase in each.said]
    known = {_spaced(phrase) for phrase in right}
    rows = [(rule.code, rule.said) for rule in task.rules]
    for code, said in (*rows, (UNPARSEABLE, SAID_UNPARSEABLE)):
        if code in verdict.codes:
            continue
        for clause in clauses:
            spoken = [_spaced(phrase) for phrase in right if clause.gives((phrase,))]
            others = [phrase for phrase in said if _spaced(phrase) not in known]
            if any(
                clause.says(phrase) and not any(_spaced(phrase).strip() in each for each in spoken)
                for phrase in others
            ):
                yield code


class _Clause:
    """A piece of a text in which whole phrases are looked for, and the names in it."""

    def __init__(self, text: str, vocabulary: Any, offending: Iterable[str]) -> None:
        self._text = _spaced(text)
        spans = [(text[each.start : each.end], each.name) for each in vocabulary.mentions(text)]
        others = [(form, name) for name in offending for form in (plural(name), name)]
        unknown = [(form, name) for form, name in others if vocabulary.known(name) is None]
        self.names = {name for _, name in spans}
        self._named = self._text
        for form, name in (*spans, *unknown):
            word = _spaced(form)
            if word in self._text and word.strip():
                self.names.add(name)
                token = _BLAMED if name in offending else _OTHER
                self._named = self._named.replace(word, f" {token} ")

    def gives(self, said: Iterable[str]) -> bool:
        """Whether it says one of these; of what is to blame, where a name belongs into it."""
        return any(self._says(phrase, _BLAMED) for phrase in said)

    def binds(self, said: Iterable[str]) -> bool:
        """Whether it says one of these that names what is to blame."""
        return self.gives(phrase for phrase in said if PLACE in phrase)

    def says(self, phrase: str) -> bool:
        """Whether it says this, of whatever name where one belongs into it."""
        return self._says(phrase, _BLAMED) or self._says(phrase, _OTHER)

    def _says(self, phrase: str, token: str) -> bool:
        wanted = _spaced(phrase.replace(PLACE, token))
        return wanted in (self._named if PLACE in phrase else self._text)


def _clauses(text: str) -> list[str]:
    lowered = plain(text).lower().replace("_", " ")
    return [each for each in _CLAUSE.split(lowered) if each.strip()]


def _asked(verdict: Verdict) -> str:
    """The words of the question."""
    return " . ".join(
        (verdict.text or "", *(str(value) for _, value in verdict.query or ()))  # a query's fields
    )


@lru_cache(maxsize=8192)
def _spaced(text: str) -> str:
    """The words between single spaces, so that no phrase matches inside a word; no articles."""
    said = plain(text).lower() if text.isprintable() else text.lower()
    for pattern, long in _SHORT:
        said = pattern.sub(long, said)
    said = said.replace("n't", " not")
    kept = "".join(c if c.isalnum() or c in {"'", _BLAMED, _OTHER} else " " for c in said)
    return f" {' '.join(word for word in kept.split() if word not in _ARTICLES)} "


def _why(
    verdict: Verdict,
    given: tuple[Reason, ...],
    wrong: tuple[str, ...],
    unnamed: list[str],
    stray: list[str],
) -> str:
    told = []
    if given:
        told.append(f"it gives the reason {sentence([each.code for each in given])}")
    else:
        told.append(f"it does not give the reason {sentence([*verdict.codes], 'or')}")
    if wrong:
        told.append(f"it gives {sentence(wrong[:3])}, which does not apply")
    if unnamed:
        told.append(f"it does not name {sentence(unnamed[:3])}")
    if stray:
        told.append(f"it blames or lists {sentence(stray[:3])} for nothing")
    why = f"{'; '.join(told)}."
    return why[:1].upper() + why[1:]
