"""What the experiment is expected to show, each claim checked against the figures of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spatialevo_trainer.held_out import FILE
from spatialevo_trainer.metrics import read_rows

Arms = Mapping[str, Sequence["Held"]]
"""The held-out figures of each arm's runs, in the order of the seeds."""


@dataclass(frozen=True)
class Held:
    """The first and the last examination of a run."""

    start: Mapping[str, float]
    end: Mapping[str, float]

    @classmethod
    def of(cls, run: Path) -> Held:
        """As the run's folder has them."""
        rows = read_rows(run / FILE)
        return cls(rows[0], rows[-1])

    def change(self, quantity: str) -> float:
        """From the first to the last."""
        return self.end[quantity] - self.start[quantity]


@dataclass(frozen=True)
class Claim:
    """A figure for each seed, and what it should be."""

    study: str
    says: str
    figures: Callable[[Arms], list[float]]
    holds: Callable[[Sequence[float]], bool]


def _change(arm: str, quantity: str) -> Callable[[Arms], list[float]]:
    return lambda arms: [each.change(quantity) for each in arms[arm]]


def _lead(first: str, second: str, quantity: str) -> Callable[[Arms], list[float]]:
    return lambda arms: [
        one.end[quantity] - two.end[quantity]
        for one, two in zip(arms[first], arms[second], strict=True)
    ]


def _growth(arm: str, quantity: str) -> Callable[[Arms], list[float]]:
    return lambda arms: [each.end[quantity] / each.start[quantity] for each in arms[arm]]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


BIASED, SOUND = "sampled/biased", "sampled/sound"

CLAIMS: Final = (
    Claim(
        "planted",
        "oracle: the biased half ends at least 0.40 above its start",
        _change("oracle", BIASED),
        lambda seen: _mean(seen) >= 0.40,
    ),
    Claim(
        "planted",
        "oracle ends at least 0.50 above consensus on the biased half",
        _lead("oracle", "consensus", BIASED),
        lambda seen: _mean(seen) >= 0.50,
    ),
    Claim(
        "planted",
        "consensus: the biased half ends at least 0.10 below its start",
        _change("consensus", BIASED),
        lambda seen: _mean(seen) <= -0.10,
    ),
    Claim(
        "planted",
        "oracle: the sound half loses no more than 0.03",
        _change("oracle", SOUND),
        lambda seen: _mean(seen) >= -0.03,
    ),
    Claim(
        "natural",
        "oracle: what the light misled ends above its start with every seed",
        _change("oracle", BIASED),
        lambda seen: min(seen) > 0,
    ),
    Claim(
        "natural",
        "oracle ends above consensus where the light misleads, with every seed",
        _lead("oracle", "consensus", BIASED),
        lambda seen: min(seen) > 0,
    ),
    Claim(
        "weak",
        "oracle: ends above its start with every seed, eye level",
        _change("oracle", "sampled/eye level"),
        lambda seen: min(seen) > 0,
    ),
    Claim(
        "weak",
        "oracle: ends above its start with every seed, ceiling",
        _change("oracle", "sampled/ceiling"),
        lambda seen: min(seen) > 0,
    ),
    Claim(
        "full",
        "the whole loop: legal questions end at three times their start or more",
        _growth("full", "legal"),
        lambda seen: _mean(seen) >= 3.0,
    ),
    Claim(
        "full",
        "the whole loop: the biased half ends at least 0.40 above its start",
        _change("full", BIASED),
        lambda seen: _mean(seen) >= 0.40,
    ),
)
