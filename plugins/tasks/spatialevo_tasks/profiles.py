"""What all tasks about rooms share: their settings, and profiles of what counts as the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from spatialevo_core.question import Query, Terms
from spatialevo_core.task import EXACT, Profile, Task
from spatialevo_tasks.rules import SpatialTerms

_TERMS = SpatialTerms()
V = TypeVar("V")
Q = TypeVar("Q", bound=Query)

PAPER = Profile(
    name="paper",
    summary="axis-aligned boxes throughout, all rules",
    definitions=("aabb",),
)

VSI_BENCH = Profile(
    name="vsi-bench",
    summary="oriented boxes, the first object of a name; nothing about seeing, noise or ambiguity",
    definitions=("obb", "published"),
    settings={"policy": "first", "published": True},
    waived=frozenset(
        {
            "answer.near_boundary",
            "direction.too_close",
            "object.ambiguous",
            "object.sparse",
            "object.unseen",
            "objects.unseen_member",
            "view.no_overlap",
        }
    ),
)

PROFILES = (EXACT, PAPER, VSI_BENCH)
"""What every spatial task carries."""


@dataclass(frozen=True, kw_only=True)
class SpatialTask(Task[V, Q]):
    """A task about rooms, with the settings and profiles of all of them."""

    terms: Terms = _TERMS
    profiles: tuple[Profile, ...] = PROFILES
