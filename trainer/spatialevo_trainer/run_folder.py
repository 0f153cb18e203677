"""What a run's folder holds, by name. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CONFIG: Final = "config.toml"
ADAPTER: Final = "adapter"
HELD_OUT: Final = "held_out.jsonl"


def run_of(adapter: Path) -> Path | None:
    """The run that an adapter, final or in a checkpoint, is part of; None if it stands alone."""
    return next((up for up in adapter.resolve().parents[:2] if (up / CONFIG).is_file()), None)
