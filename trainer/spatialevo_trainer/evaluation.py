"""How well a model answers questions that the oracle proposed, on worlds it was not trained on.

The questions are fixed by data and seed, so that models can be compared on the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spatialevo_core.engine import guarded
from spatialevo_core.question import Frozen, Verdict
from spatialevo_core.registry import Registry
from spatialevo_trainer.config import Data, TrainConfig
from spatialevo_trainer.model import load_model, load_processor
from spatialevo_trainer.prompts import STYLES, read_answer
from spatialevo_trainer.rewards import accuracy
from spatialevo_trainer.stage import Place, Stage, row_random

BATCH = 64
"""Rows generated at once."""


@dataclass(frozen=True)
class Exercise:
    """A question with everything needed to ask and to mark it."""

    place: Place
    text: str
    hint: str
    verdict: Verdict


class TaskAccuracy(Frozen):
    """The mean scores of one task; MRA where answers are numbers."""

    questions: int
    greedy: float
    """Of the most likely answer."""
    sampled: float
    """Of an answer drawn at temperature 1."""


class Evaluation(Frozen):
    """Accuracy on fixed questions, by task."""

    tasks: dict[str, TaskAccuracy]

    @property
    def overall(self) -> TaskAccuracy:
        """Every question counts the same."""
        rows = self.tasks.values()
        total = sum(row.questions for row in rows)
        return TaskAccuracy(
            questions=total,
            greedy=sum(row.greedy * row.questions for row in rows) / total,
            sampled=sum(row.sampled * row.questions for row in rows) / total,
        )


def exercises(
    registry: Registry,
    data: Sequence[Data],
    tasks: Sequence[str] = (),
    *,
    per_world: int = 1,
    seed: int = 0,
) -> tuple[Exercise, ...]:
    """Up to `per_world` questions of each feasible task on each world; raises TaskFault."""
    stage = Stage(registry, data, tasks)
    return tuple(_exercises(stage, per_world, seed))


def evaluate(
    config: TrainConfig,
    questions: Sequence[Exercise],
    *,
    adapter: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Greedy and sampled accuracy of a run's base model, with its adapter if one is named.

    Uses the model, prompts, lengths and seed of `config`; `on_progress` gets rows done and in all.
    """
    model = load_model(config.model, adapter)
    processor = load_processor(config.model, config.image_pixels)
    marks: dict[bool, list[float]] = {}
    done = 0
    for sample in (False, True):
        torch.manual_seed(config.seed)
        marks[sample] = []
        for at in range(0, len(questions), BATCH):
            batch = questions[at : at + BATCH]
            replies = reply(model, processor, batch, config, sample=sample)
            marks[sample] += [_mark(q, text) for q, text in zip(batch, replies, strict=True)]
            done += len(batch)
            if on_progress is not None:
                on_progress(done, 2 * len(questions))
    return Evaluation(tasks=dict(_by_task(questions, marks[False], marks[True])))


def reply(
    model: Any, processor: Any, batch: Sequence[Exercise], config: TrainConfig, *, sample: bool
) -> list[str]:
    """The solver's replies to some questions, most likely or drawn at temperature 1."""
    style = STYLES[config.prompts]
    images = [list(each.place.images) for each in batch]
    texts = [
        processor.apply_chat_template(
            style.answer(each.text, each.hint, len(each.place.images)), add_generation_prompt=True
        )
        for each in batch
    ]
    inputs = processor(images=images, text=texts, padding=True, return_tensors="pt")
    drawn = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}
    with torch.inference_mode():
        tokens = model.eval().generate(
            **inputs.to(model.device),
            max_new_tokens=config.solver_tokens,
            do_sample=sample,
            **drawn,
        )
    new = tokens[:, inputs["input_ids"].size(1) :]
    return list(processor.batch_decode(new, skip_special_tokens=True))


def _exercises(stage: Stage, per_world: int, seed: int) -> Iterator[Exercise]:
    for row, world in enumerate(stage.worlds):
        rng = row_random(seed, "exercise", world.name)
        for name, view in stage.offers(world, stage.load(world), rng):
            task = stage.registry.task(name)
            place = stage.place(world, view, task, row)
            if place is None:
                continue
            proposed = task.propose(view, rng)
            for _ in range(per_world):
                pair = guarded(task, "propose", next, proposed, None)
                if pair is None:
                    break
                query, verdict = pair
                hint = str(guarded(task, "answer_hint", task.answer_hint, query))
                text = rng.choice(guarded(task, "wordings", task.wordings, query))
                yield Exercise(place, text, hint, verdict)


def _mark(question: Exercise, text: str) -> float:
    return accuracy(question.place.task, read_answer(text).answer, question.verdict)


def _by_task(
    questions: Sequence[Exercise], greedy: Sequence[float], sampled: Sequence[float]
) -> Iterator[tuple[str, TaskAccuracy]]:
    names = [each.place.task.name for each in questions]
    for name in sorted(set(names)):
        own = [index for index, each in enumerate(names) if each == name]
        yield (
            name,
            TaskAccuracy(
                questions=len(own),
                greedy=sum(greedy[i] for i in own) / len(own),
                sampled=sum(sampled[i] for i in own) / len(own),
            ),
        )
