"""Views on which a registered task is checked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from spatialevo_core.errors import ConfigError
from spatialevo_core.generation import proposed_views
from spatialevo_core.task import AnyTask

if TYPE_CHECKING:
    from spatialevo_core.registry import Registry

WORLDS = 3
"""Worlds of each dataset on which a task is checked."""
VIEWS = 2
"""Views of each world."""


def sample_views(
    registry: Registry, task: AnyTask, dataset: str | None = None, root: Path | None = None
) -> Iterator[Any]:
    """Views of a dataset's first worlds; of every dataset that needs no folder if none is named.

    Raises ConfigError if the dataset reads a folder and none is given.
    """
    if dataset is not None:
        known = [registry.dataset(dataset)]
    else:
        known = [registry.dataset(e.name) for e in registry.datasets.values() if not e.needs_root]
    for each in known:
        if each.needs_root and root is None:
            raise ConfigError(f"dataset '{each.name}' reads a folder; say which")
        if issubclass(each.source, task.world.source):
            for world_id in islice(each.ids(root), WORLDS):
                source = each.load(root, world_id)
                yield from islice(proposed_views(task, source, Random(world_id)), VIEWS)
