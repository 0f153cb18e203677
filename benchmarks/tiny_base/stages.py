"""The stages of the warm start: first the eyes alone, then words, each a seeded number of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiny_base.forward import CELLS, Model, Talk, Writer, losses, patches, see
from tiny_base.lessons import COLOURS, Teacher
from tiny_base.rooms import FRAMES, Pictures

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
    """Share of each kind of lesson about a single picture."""
    pairs: Mapping[str, float]
    """The same for pairs of pictures."""
    teacher: Teacher
    caption: bool = False
    """Whether every picture is also described."""
    decay: float = 0.3
    """Share of the steps at the end over which the rate falls to zero."""
    images: int = 32
    image_pairs: int = 12
    lessons: int = 3
    """Per image or pair of images, and step."""


def practise(
    model: Model,
    writer: Writer,
    pool: Pictures,
    stage: Stage,
    *,
    seed: int,
    report: Report,
    at: Mapping[int, Callable[[], None]] = MappingProxyType({}),
) -> None:
    """Train all weights on one stage; `at` some steps a function is called, with no side effect."""
    rng = Random(f"{stage.name}/{seed}")
    weights = list(model.parameters())
    optimizer = _optimizer(weights)
    for step in range(stage.steps):
        if step in at:
            at[step]()
        alone = [(rng.randrange(len(pool.images)),) for _ in range(stage.images)]
        loss = _loss(model, writer, pool, stage, alone, rng=rng)
        both = [_pair(pool, rng) for _ in range(stage.image_pairs)]
        share = stage.image_pairs / (stage.image_pairs + stage.images)
        loss = (1 - share) * loss + share * _loss(model, writer, pool, stage, both, rng=rng)
        _descend(optimizer, weights, loss, stage.rate * _share(step, stage.steps, stage.decay))
        if step % 50 == 0 or step == stage.steps - 1:
            report(f"{stage.name} {step}/{stage.steps} loss {loss.item():.3f}")


def _pair(pool: Pictures, rng: Random) -> tuple[int, ...]:
    """Two pictures of one room."""
    room = rng.randrange(len(pool.images) // FRAMES)
    one, two = rng.sample(range(FRAMES), 2)
    return FRAMES * room + one, FRAMES * room + two


def _loss(
    model: Model,
    writer: Writer,
    pool: Pictures,
    stage: Stage,
    views: Sequence[tuple[int, ...]],
    *,
    rng: Random,
) -> Tensor:
    """The mean over talks about views of equally many pictures; each counts once."""
    talks = [_talks(writer, pool, view, stage, rng) for view in views]
    flat = [picture for view in views for picture in view]
    seen = see(model, patches(pool.images[flat])).unflatten(0, (len(views), -1))
    chosen, _, spans = losses(model, writer, seen, talks)
    return -torch.stack([chosen[a:b].mean() for a, b in spans]).mean()


def _talks(
    writer: Writer, pool: Pictures, view: tuple[int, ...], stage: Stage, rng: Random
) -> Sequence[Talk]:
    mixture = stage.mixture if len(view) == 1 else stage.pairs
    kinds = rng.choices(list(mixture), list(mixture.values()), k=stage.lessons)
    if len(view) == 1 and stage.caption:
        kinds.append("caption")
    sights = [pool.sights[picture] for picture in view]
    return [writer.talk(*stage.teacher.lesson(kind, sights, rng)) for kind in kinds]


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
        for each in pool.sights[picture].shown:
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
