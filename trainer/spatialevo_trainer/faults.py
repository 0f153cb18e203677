"""What broke in other people's code: counted by name, each with what was said first."""

from __future__ import annotations

from collections import Counter


class Faults(Counter[str]):
    """How often each task or dataset broke."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}
        """By name, the message of the first fault."""

    def add(self, name: str, error: Exception) -> None:
        """Count a fault of the task or dataset of that name."""
        self[name] += 1
        self.told.setdefault(name, str(error))

    def summary(self) -> str:
        """All of it on one line."""
        return ", ".join(f"{self[name]} times {self.told[name]}" for name in sorted(self.told))
