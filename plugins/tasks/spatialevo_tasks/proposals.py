"""What is worth asking about a view, and what a questioner may be told about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import perm
from random import Random
from typing import Any, TypeVar

from spatialevo_core.question import Query
from spatialevo_core.task import MOST_CANDIDATES
from spatialevo_datasets.views import View
from spatialevo_tasks.rules import SpatialTerms, hidden, referents

A = TypeVar("A")
B = TypeVar("B")
Q = TypeVar("Q", bound=Query)

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


def each_with(arranged: Iterable[A], options: Sequence[B], rng: Random) -> Iterator[tuple[A, B]]:
    """Every pairing: first each arrangement with an option drawn for it, then with the others.

    Drawing one option alone would make it a matter of luck whether a view allows a question.
    """
    rows = [(each, rng.sample(options, len(options))) for each in arranged]
    for turn in range(len(options)):
        yield from ((each, order[turn]) for each, order in rows)


def about(
    query: type[Q], *fields: str, **options: Sequence[Any]
) -> Callable[[View, Random], Iterator[Q]]:
    """Candidates that name a different object in each field, all of which can be named and seen.

    `options` are the values of one more field, of which every one is asked.
    """
    ((option, values),) = options.items() or (("", ()),)

    def candidates(view: View, rng: Random) -> Iterator[Q]:
        named = (
            dict(zip(fields, names, strict=True))
            for names in arrangements(definite(view), len(fields), rng)
        )
        if not values:
            yield from map(query.model_validate, named)
        for given, value in each_with(named, values, rng):
            yield query.model_validate({**given, option: value})

    return candidates


def told_objects(view: View) -> str:
    """Which objects can be seen, without saying how many or where."""
    return f"Objects to be seen: {', '.join(visible(view))}."
