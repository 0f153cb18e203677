"""Means with 95 % intervals: over seeds, over questions, and of arms compared seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from scipy.special import ndtri, stdtrit

from spatialevo_core.question import Frozen

LEVEL: Final = 0.95
_UPPER: Final = (1 + LEVEL) / 2


class Estimate(Frozen):
    """A mean, and between what its true value lies with a confidence of 95 %."""

    mean: float
    low: float | None = None
    """None, as `high`, where one value says nothing of how others would differ."""
    high: float | None = None
    n: int

    @property
    def half_width(self) -> float | None:
        """Half of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


class Paired(Frozen):
    """How one arm differs from another where both have the same seeds."""

    difference: Estimate
    """Of the first minus the second, seed by seed."""
    higher: int
    """Seeds in which the first is higher."""
    lower: int
    p: float
    """Exact two-sided sign test: how likely so many on one side are if there is no difference."""


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of independent values with Student's interval; raises ValueError for none."""
    if not values:
        raise ValueError("a mean needs a value")
    n, mean = len(values), math.fsum(values) / len(values)
    if n == 1:
        return Estimate(mean=mean, n=1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(stdtrit(n - 1, _UPPER)) * math.sqrt(variance / n)
    return Estimate(mean=mean, low=mean - half, high=mean + half, n=n)


def over_questions(scores: Sequence[float]) -> Estimate:
    """The mean of scores in [0, 1]: Wilson's interval if all are 0 or 1, else Student's, cut."""
    if any(score not in (0, 1) for score in scores):
        found = over_seeds(scores)
        if found.low is None or found.high is None:
            return found
        return found.model_copy(update={"low": max(0.0, found.low), "high": min(1.0, found.high)})
    return wilson(sum(score == 1 for score in scores), len(scores))


def wilson(right: int, n: int) -> Estimate:
    """A share with Wilson's score interval; raises ValueError for a share of nothing."""
    if n < 1:
        raise ValueError("a share needs a number of at least 1")
    z, share = float(ndtri(_UPPER)), right / n
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if right == 0 else max(0.0, center - half)
    high = 1.0 if right == n else min(1.0, center + half)
    return Estimate(mean=share, low=low, high=high, n=n)


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Paired | None:
    """The comparison over the seeds that both have; None where there are none."""
    differences = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
    if not differences:
        return None
    higher, lower = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    return Paired(
        difference=over_seeds(differences),
        higher=higher,
        lower=lower,
        p=sign_test(higher, lower),
    )


def sign_test(higher: int, lower: int) -> float:
    """The exact two-sided p of so many signs, ties left out, if both are equally likely."""
    n = higher + lower
    tail = sum(math.comb(n, k) for k in range(max(higher, lower), n + 1))
    return min(1.0, tail / float(2 ** (n - 1))) if n else 1.0
