"""How well a tiny model does on pictures of rooms that it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch

from tiny_base.forward import Model, Writer, losses, patches, see
from tiny_base.lessons import Lesson, Teacher
from tiny_base.rooms import Pictures
from tiny_base.stages import draw


@dataclass(frozen=True)
class Mark:
    """The share of replies that are right to the letter."""

    greedy: float
    """Of the likeliest replies."""
    sampled: float
    """Expected of replies drawn at temperature 1; no sampling noise."""

    def __str__(self) -> str:
        return f"{self.greedy:.3f}/{self.sampled:.3f}"


@torch.no_grad()
def mark(
    model: Model,
    writer: Writer,
    pool: Pictures,
    teacher: Teacher,
    *,
    kind: str,
    ceiling: bool,
    most: int = 400,
) -> Mark:
    """The model's mark on one kind of lesson, on one half of the pictures."""
    rng = Random("exam")
    asked: list[tuple[int, Lesson]] = []
    for picture, above in enumerate(pool.ceiling):
        if above == ceiling and len(asked) < most:
            asked.append((picture, draw(teacher, kind, pool.shown[picture], ceiling, rng)))
    greedy, sampled = 0, 0.0
    for start in range(0, len(asked), 100):
        part = asked[start : start + 100]
        seen = see(model, patches(pool.images[[picture for picture, _ in part]]))
        talks = [[writer.talk(*lesson)] for _, lesson in part]
        chosen, likeliest, spans = losses(model, writer, seen, talks)
        greedy += sum(bool(likeliest[a:b].all()) for a, b in spans)
        sampled += sum(chosen[a:b].sum().exp().item() for a, b in spans)
    return Mark(greedy / len(asked), sampled / len(asked))
