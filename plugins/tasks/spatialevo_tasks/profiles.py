"""The profiles of the spatial tasks: consistent choices of what counts as the truth."""

from __future__ import annotations

from spatialevo_core.task import EXACT, Profile

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
