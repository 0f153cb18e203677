"""How well a tiny model does on pictures of rooms that it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch

from tiny_base.forward import Model, Writer, losses, patches, see
from tiny_base.lessons import ELEVATION, Lesson, Teacher
from tiny_base.rooms import Pictures


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
    """The model's mark on one kind of lesson: on one half of the pictures, or on mixed pairs."""
    rng = Random("exam")
    views = [
        (first, first ^ 2) if kind == ELEVATION else (first,)
        for first, sight in enumerate(pool.sights)
        if sight.ceiling == ceiling
    ]
    asked: list[tuple[tuple[int, ...], Lesson]] = []
    for view in views[:most]:
        lesson = teacher.lesson(kind, [pool.sights[picture] for picture in view], rng)
        asked.append((view, lesson))
    greedy, sampled = 0, 0.0
    for start in range(0, len(asked), 100):
        part = asked[start : start + 100]
        flat = [picture for view, _ in part for picture in view]
        seen = see(model, patches(pool.images[flat])).unflatten(0, (len(part), -1))
        talks = [[writer.talk(*lesson)] for _, lesson in part]
        chosen, likeliest, spans = losses(model, writer, seen, talks)
        greedy += sum(bool(likeliest[a:b].all()) for a, b in spans)
        sampled += sum(chosen[a:b].sum().exp().item() for a, b in spans)
    return Mark(greedy / len(asked), sampled / len(asked))
