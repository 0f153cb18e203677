"""The stages of the warm start: first the eyes alone, then words, each a seeded number of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiny_base.forward import CELLS, Model, Talk, Writer, losses, patches, see
from tiny_base.lessons import COLOURS, Lesson, Teacher
from tiny_base.rooms import Pictures, Shown

Report = Callable[[str], None]
WARM_UP_STEPS = 60
CLIP = 1.0
LABELS = tuple(COLOURS)


@dataclass(frozen=True)
class Stage:
    """Supervised practice on a mixture of lessons."""

    name: str
    steps: int
    rate: float
    mixture: Mapping[str, float]
    """Share of each of the Teacher's lessons."""
    teacher: Teacher
    caption: bool = False
    """Whether every picture is also described."""
    decay: float = 0.3
    """Share of the steps at the end over which the rate falls to zero."""
    images: int = 32
    lessons: int = 3
    """Per image and step."""


def practise(
    model: Model, writer: Writer, pool: Pictures, stage: Stage, *, seed: int, report: Report
) -> None:
    """Train all weights on one stage."""
    rng = Random(f"{stage.name}/{seed}")
    weights = list(model.parameters())
    optimizer = _optimizer(weights)
    for step in range(stage.steps):
        drawn = [rng.randrange(len(pool.images)) for _ in range(stage.images)]
        talks = [_talks(writer, pool, each, stage, rng) for each in drawn]
        chosen, _, spans = losses(model, writer, see(model, patches(pool.images[drawn])), talks)
        # a talk counts once, however long its reply
        loss = -torch.stack([chosen[a:b].mean() for a, b in spans]).mean()
        _descend(optimizer, weights, loss, stage.rate * _share(step, stage.steps, stage.decay))
        if step % 50 == 0 or step == stage.steps - 1:
            report(f"{stage.name} {step}/{stage.steps} loss {loss.item():.3f}")


def _talks(
    writer: Writer, pool: Pictures, picture: int, stage: Stage, rng: Random
) -> Sequence[Talk]:
    kinds = rng.choices(list(stage.mixture), list(stage.mixture.values()), k=stage.lessons)
    kinds += ["caption"] * stage.caption
    return [
        writer.talk(*draw(stage.teacher, kind, pool.shown[picture], pool.ceiling[picture], rng))
        for kind in kinds
    ]


def draw(teacher: Teacher, kind: str, shown: Sequence[Shown], ceiling: bool, rng: Random) -> Lesson:
    """A lesson of a kind."""
    kinds = {
        "side": teacher.side,
        "place": teacher.place,
        "caption": teacher.caption,
        "ask": teacher.ask,
        "explain": teacher.explain,
    }
    return kinds[kind](shown, ceiling, rng)


@dataclass(frozen=True)
class _Seen:
    """What each image token should say."""

    labels: Tensor
    """b 9 6: which categories are centred in the cell."""
    alone: Tensor
    """b 9: whether exactly one object is."""
    column: Tensor
    row: Tensor
    """b 9: the sixth of the image that it is in."""


def open_eyes(
    model: Model, writer: Writer, pool: Pictures, *, steps: int, seed: int, report: Report
) -> None:
    """Train the vision tower alone: every image token tells what is centred in its cell."""
    rng = Random(f"eyes/{seed}")
    width = model.config.text_config.hidden_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = nn.ModuleDict(
            {"column": nn.Linear(width, 6), "row": nn.Linear(width, 6), "cell": nn.Linear(width, 9)}
        )
    bias = nn.Parameter(torch.full((len(LABELS),), -2.0))
    ids = [writer.tokenizer(f" {label}").input_ids[0] for label in LABELS]
    words = model.model.language_model.embed_tokens.weight.detach()[ids]
    weights = [*model.model.visual.parameters(), *heads.parameters(), bias]
    optimizer = _optimizer(weights)
    cells = torch.arange(CELLS * CELLS).repeat(64)
    for step in range(steps):
        drawn = [rng.randrange(len(pool.images)) for _ in range(64)]
        seen, wanted = see(model, patches(pool.images[drawn])), _wanted(pool, drawn)
        named = functional.binary_cross_entropy_with_logits(
            5 * seen @ words.T + bias, wanted.labels, reduction="none"
        )
        alone = seen[wanted.alone]
        loss = (
            3 * named.sum(dim=-1).mean()
            + functional.cross_entropy(heads["column"](alone), wanted.column[wanted.alone])
            + functional.cross_entropy(heads["row"](alone), wanted.row[wanted.alone])
            + 0.5 * functional.cross_entropy(heads["cell"](seen).flatten(0, 1), cells)
        )
        _descend(optimizer, weights, loss, 2e-3 * _share(step, steps, 0.3))
        if step % 50 == 0 or step == steps - 1:
            report(f"eyes {step}/{steps} loss {loss.item():.3f}")


def _wanted(pool: Pictures, drawn: Sequence[int]) -> _Seen:
    size = (len(drawn), CELLS * CELLS)
    labels = torch.zeros(*size, len(LABELS))
    column, row = torch.zeros(size, dtype=torch.long), torch.zeros(size, dtype=torch.long)
    for line, picture in enumerate(drawn):
        for each in pool.shown[picture]:
            x, y = (min(5, max(0, int((offset + 1) * 3))) for offset in (each.x, each.y))
            cell = y // 2 * CELLS + x // 2
            labels[line, cell, LABELS.index(each.label)] = 1
            column[line, cell], row[line, cell] = x, y
    return _Seen(labels, labels.sum(dim=-1) == 1, column, row)


def _optimizer(weights: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(weights, betas=(0.9, 0.98), weight_decay=0.01)


def _share(step: int, steps: int, decay: float) -> float:
    """Of the full rate: up over the first steps, down over the last."""
    left = (steps - step) / (steps * decay) if decay else 1.0
    return min(1.0, (step + 1) / WARM_UP_STEPS, max(0.02, left))


def _descend(
    optimizer: torch.optim.Optimizer, weights: Sequence[nn.Parameter], loss: Tensor, rate: float
) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(weights, CLIP)
    optimizer.step()
