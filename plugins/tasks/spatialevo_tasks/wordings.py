"""Sets of wordings that share what they fix, or how they end."""

from __future__ import annotations

from typing import Any

from spatialevo_core.phrasing import Phrasing


def written(*templates: str, end: str = "?", **fixed: Any) -> tuple[Phrasing, ...]:
    """Wordings that are written and read, all with the same end and fixed fields."""
    return tuple(Phrasing(f"{template}{end}", **fixed) for template in templates)


def read(*templates: str, end: str = "?", **fixed: Any) -> tuple[Phrasing, ...]:
    """Wordings that others use, which are read but never written."""
    return tuple(Phrasing(f"{template}{end}", read_only=True, **fixed) for template in templates)
