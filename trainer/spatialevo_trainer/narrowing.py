"""A registry in which a task asks only some of its questions, for a model that knows no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any

from spatialevo_core.errors import ConfigError
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Query
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask


def narrowed(registry: Registry, name: str, *, summary: str, fixed: Mapping[str, Any]) -> Registry:
    """The registry with one task that proposes only queries with these field values.

    It writes them in the first wording that fixes these values, and reads all the wordings that it
    had; truth and rules stay as they are. Raises ConfigError if no wording fixes the values.
    """
    task = registry.task(name)
    usual = {name: field.default for name, field in task.query.model_fields.items()}
    written = next(
        (
            each
            for each in task.phrasings
            if not each.read_only and fixed.items() <= {**usual, **each.fixed}.items()
        ),
        None,
    )
    if written is None:
        raise ConfigError(f"no wording of task '{task.name}' fixes {dict(fixed)}")

    def candidates(view: Any, rng: Random) -> Iterator[Query]:
        queries: Iterator[Query] = iter(task.candidates(view, rng))
        return (q for q in queries if all(getattr(q, key) == fixed[key] for key in fixed))

    narrow: AnyTask = replace(
        task,
        summary=summary,
        candidates=candidates,
        phrasings=tuple(each if each is written else _only_read(each) for each in task.phrasings),
    )
    return replace(registry, tasks=MappingProxyType({**registry.tasks, task.name: narrow}))


def _only_read(phrasing: Phrasing) -> Phrasing:
    return Phrasing(phrasing.template, read_only=True, **phrasing.fixed)
