"""The seven places where a plugin can add to SpatialEvo; entry-point group `spatialevo.v1`.

::

    from spatialevo_core.hooks import hookimpl

    @hookimpl
    def spatialevo_tasks() -> Iterable[AnyTask]:
        return [TASK]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from spatialevo_core.engine import Parser
    from spatialevo_core.judges import Judge
    from spatialevo_core.task import AnyTask, Rule, Solve
    from spatialevo_core.worlds import Dataset

GROUP = "spatialevo.v1"
"""The entry-point group of this version of the hooks."""

hookspec = pluggy.HookspecMarker("spatialevo")
hookimpl = pluggy.HookimplMarker("spatialevo")


@hookspec
def spatialevo_tasks() -> Iterable[AnyTask]:  # type: ignore[empty-body]
    """New questions: the tasks that the plugin brings."""


@hookspec
def spatialevo_parsers() -> Iterable[Parser]:  # type: ignore[empty-body]
    """Other ways to read a text as a query; asked in turn until one understands it."""


@hookspec
def spatialevo_rules(task: AnyTask) -> Iterable[Rule] | None:
    """Further reasons to refuse a question of `task`, whoever owns that task."""


@hookspec
def spatialevo_solvers(task: AnyTask) -> Mapping[str, Solve] | None:
    """Further definitions of the answer of `task`, by name; a profile or `--definition` chooses."""


@hookspec
def spatialevo_datasets() -> Iterable[Dataset[Any]]:  # type: ignore[empty-body]
    """Where worlds come from: the datasets that the plugin can load."""


@hookspec
def spatialevo_judges() -> Iterable[Judge]:  # type: ignore[empty-body]
    """Second opinions on observations and explanations; a training run may choose one by name."""


@hookspec
def spatialevo_commands(cli: click.Group) -> None:
    """Commands under `spatialevo`, added to the group that is passed in."""
