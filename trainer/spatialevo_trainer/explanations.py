"""f_explain: does an explanation give the oracle's reason against a question, and no other?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spatialevo_core.engine import SAID_UNPARSEABLE
from spatialevo_core.question import Frozen, Reason, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_core.text import plain, plural

RIGHT, MOSTLY, PARTLY, WRONG = 1.0, 0.6, 0.3, 0.0


class Explanation(Frozen):
    """The grade of an explanation, and what it named."""

    score: float
    """1 the reason and exactly its entities; 0.6 the reason with entities missing or too many; 0.3
    only the entities, or the reason beside one that does not apply; 0 otherwise."""
    reasons: tuple[str, ...] = ()
    """Codes of the oracle's reasons that it gives."""
    wrong_reasons: tuple[str, ...] = ()
    """Codes of reasons that it gives and that do not apply."""
    entities: tuple[str, ...] = ()
    """Offending entities that it names."""
    wrong_entities: tuple[str, ...] = ()
    """Other things that it names."""


def explanation(text: str, verdict: Verdict, view: Any, task: AnyTask) -> Explanation:
    """The graded explanation of an illegal question."""
    heard = _Heard(text)
    given = tuple(each for each in verdict.reasons if heard.any_of(each.said))
    spoken = [phrase for each in given for phrase in each.said if heard.one(phrase)]
    others = _other_reasons(verdict, task)
    wrong = tuple(
        code
        for code, said in others
        if any(heard.one(p) and not any(_within(p, right) for right in spoken) for p in said)
    )
    blamed = {name for each in (given or verdict.reasons) for name in each.entities}
    vocabulary = view.vocabulary()
    mentioned = {each.name for each in vocabulary.mentions(text)}
    named = tuple(
        sorted(
            name
            for name in blamed
            if vocabulary.known(name) in mentioned or heard.any_of((name, plural(name)))
        )
    )
    entities = {name for each in verdict.reasons for name in each.entities}
    offending = {vocabulary.known(name) or name for name in entities}
    stray = tuple(sorted(mentioned - offending)) if offending else ()
    return Explanation(
        score=_grade(given, wrong, complete=len(named) == len(blamed), stray=stray, blamed=blamed),
        reasons=tuple(each.code for each in given),
        wrong_reasons=tuple(dict.fromkeys(wrong)),
        entities=named,
        wrong_entities=stray,
    )


def _grade(
    given: tuple[Reason, ...],
    wrong: tuple[str, ...],
    *,
    complete: bool,
    stray: tuple[str, ...],
    blamed: set[str],
) -> float:
    if not given:
        return PARTLY if blamed and complete and not stray and not wrong else WRONG
    if wrong:
        return PARTLY if len(wrong) == 1 else WRONG
    return RIGHT if complete and not stray else MOSTLY


def _other_reasons(verdict: Verdict, task: AnyTask) -> list[tuple[str, tuple[str, ...]]]:
    """Code and wordings of every reason that the oracle did not give."""
    codes = set(verdict.codes)
    right = {phrase.lower() for each in verdict.reasons for phrase in each.said}
    known = [(rule.code, rule.said) for rule in task.rules]
    known.append(("question.unparseable", SAID_UNPARSEABLE))
    return [
        (code, tuple(phrase for phrase in said if phrase.lower() not in right))
        for code, said in known
        if code not in codes
    ]


class _Heard:
    """A text in which whole phrases are looked for."""

    def __init__(self, text: str) -> None:
        self._text = _spaced(text)

    def one(self, phrase: str) -> bool:
        return _spaced(phrase) in self._text

    def any_of(self, phrases: Iterable[str]) -> bool:
        return any(self.one(phrase) for phrase in phrases)


def _within(phrase: str, other: str) -> bool:
    return _spaced(phrase) in _spaced(other)


def _spaced(text: str) -> str:
    """The words between single spaces, so that a phrase never matches inside a word."""
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in plain(text).lower())
    return f" {' '.join(kept.split())} "
