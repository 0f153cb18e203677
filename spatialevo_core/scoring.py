"""How a reply is compared with the truth: mean relative accuracy, and exact labels.

Both take a reply's text and the answer, and return a score in [0, 1]. Errors up to the answer's own
noise band count as none, which is right for a reward; reports use `plainly(answer)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from spatialevo_core.numbers import settled
from spatialevo_core.question import Answer
from spatialevo_core.text import name_form, plural

TOLERANCES_PERCENT = tuple(range(5, 55, 5))
"""The ten tolerances of MRA; whole percents, since as floats they become nine or eleven."""


def plainly(answer: Answer[Any]) -> Answer[Any]:
    """The answer without its noise band, as benchmarks score it."""
    return answer if answer.band == 0 else answer.model_copy(update={"band": 0.0})


def relative_accuracy(reply: str, answer: Answer[Any]) -> float:
    """Mean relative accuracy (VSI-Bench, arXiv:2412.14171): the share of tolerances that are met.

    The last number of the reply counts, in its own unit or else in the answer's; an error within
    `answer.band` is none, a larger one is measured from the band's edge. No number scores 0, and
    neither does a choice of several.
    """
    said = settled(reply, answer.unit)
    truth = float(answer.value)
    if said is None or truth == 0:
        return 0.0
    beyond = max(0.0, abs(said - truth) - answer.band) / abs(truth)
    # a relative error of exactly 5 % must meet 5 %, however its floats are rounded
    met = sum(round(beyond * 100, 9) <= percent for percent in TOLERANCES_PERCENT)
    return met / len(TOLERANCES_PERCENT)


def exact_label(
    reply: str, answer: Answer[Any], synonyms: Mapping[str, Iterable[str]] | None = None
) -> float:
    """1 if the reply is the answer's label up to case, article, plural and synonyms, else 0."""
    truth = str(answer.value)
    words = (truth, *(synonyms or {}).get(truth, ()))
    return float(any(same_label(reply, word) for word in words))


def same_label(first: str, second: str) -> bool:
    """Whether two labels are one up to case, articles, punctuation and plural."""
    a, b = name_form(first), name_form(second)
    return a == b or plural(a) == b or a == plural(b)
