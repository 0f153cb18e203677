"""What is worth asking about a view, and what a questioner may be told about it."""

from __future__ import annotations

from collections.abc import Iterator
from math import perm
from random import Random

from spatialevo_core.task import MOST_CANDIDATES
from spatialevo_datasets.views import View
from spatialevo_tasks.rules import SpatialTerms, hidden, referents

_USUAL = SpatialTerms()


def visible(view: View) -> tuple[str, ...]:
    """The names of which something can be seen, sorted; all where seeing does not apply."""
    return tuple(
        label
        for label in view.scene.labels
        if not all(hidden(view, each, _USUAL) for each in view.scene.labelled(label))
    )


def definite(view: View) -> tuple[str, ...]:
    """The names that fit one object of the view, which can be seen, sorted."""
    alone = ((label, referents(view, label, _USUAL)) for label in view.scene.labels)
    return tuple(
        label for label, found in alone if len(found) == 1 and not hidden(view, found[0], _USUAL)
    )


def arrangements(names: tuple[str, ...], size: int, rng: Random) -> Iterator[tuple[str, ...]]:
    """Ordered selections of distinct names, each at most once, as many as `propose` may judge."""
    total = perm(len(names), size)
    for drawn in rng.sample(range(total), min(total, MOST_CANDIDATES)):
        left, rest, picked = list(names), drawn, []
        for _ in range(size):
            rest, at = divmod(rest, len(left))
            picked.append(left.pop(at))
        yield tuple(picked)


def told_objects(view: View) -> str:
    """Which objects can be seen, without saying how many or where."""
    return f"Objects to be seen: {', '.join(visible(view))}."
