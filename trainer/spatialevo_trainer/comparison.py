"""What comes out when runs are compared: arms, their curves over seeds, and pairs of arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from spatialevo_core.question import Frozen
from spatialevo_trainer.estimates import Estimate, Paired, over_seeds, paired


class Series(Frozen):
    """One seed's curve."""

    steps: tuple[int, ...]
    values: tuple[float, ...]
    start: float
    end: float


class Curve(Frozen):
    """A quantity in one arm, over its seeds."""

    seeds: Mapping[int, Series]
    start: Estimate
    end: Estimate
    change: Estimate
    """Of the end minus the start, seed by seed."""

    @classmethod
    def of(cls, seeds: Mapping[int, Series]) -> Curve:
        """The curve of at least one seed."""
        every = list(seeds.values())
        return cls(
            seeds=seeds,
            start=over_seeds([each.start for each in every]),
            end=over_seeds([each.end for each in every]),
            change=over_seeds([each.end - each.start for each in every]),
        )

    @property
    def ends(self) -> dict[int, float]:
        """The end of each seed."""
        return {seed: series.end for seed, series in self.seeds.items()}


class ComparedRun(Frozen):
    """A run that went into the comparison."""

    folder: Path
    seed: int
    steps: int
    """Done."""
    planned: int


class Arm(Frozen):
    """Runs that differ in their seed alone."""

    name: str
    runs: tuple[ComparedRun, ...]
    training: Mapping[str, Curve]
    """By name as in `metrics.jsonl`; start and end are means over `Comparison.span` steps."""
    held_out: Mapping[str, Curve]
    """By name as in `held_out.jsonl`; start and end are the first and the last examination."""


class Figure(Frozen):
    """A line of the table and a panel of the picture: a training curve, a held-out one, or both."""

    title: str
    training: str | None
    held_out: str | None


class Pair(Frozen):
    """The ends of one quantity in two arms, compared seed by seed."""

    figure: Figure
    held_out: bool
    """Whether the held-out ends are compared, or those of training."""
    arm: str
    against: str
    paired: Paired


class Comparison(Frozen):
    """Runs beside each other."""

    arms: tuple[Arm, ...]
    figures: tuple[Figure, ...]
    pairs: tuple[Pair, ...]
    """Every arm against the first one."""
    differing: Mapping[str, Mapping[str, str]]
    """The settings that are not the same everywhere: their value by arm."""
    span: int
    """Steps at most that the start and the end of a training curve are the mean of."""
    remarks: tuple[str, ...]
    """What should be known before the figures are believed."""

    def arm(self, name: str) -> Arm:
        """The arm of that name; raises KeyError."""
        return {arm.name: arm for arm in self.arms}[name]


def pairs_of(arms: Sequence[Arm], figures: Sequence[Figure]) -> tuple[Pair, ...]:
    """Every arm after the first against it, by every figure that both have with a common seed."""
    pairs = []
    for figure in figures:
        for arm in arms[1:]:
            for held_out in (True, False):
                name = figure.held_out if held_out else figure.training
                mine, other = (
                    (each.held_out if held_out else each.training).get(name or "")
                    for each in (arm, arms[0])
                )
                found = mine and other and paired(mine.ends, other.ends)
                if found:
                    pairs.append(
                        Pair(
                            figure=figure,
                            held_out=held_out,
                            arm=arm.name,
                            against=arms[0].name,
                            paired=found,
                        )
                    )
    return tuple(pairs)
