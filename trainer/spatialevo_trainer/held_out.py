"""How a model does on worlds that it was not trained on: as solver and as questioner.

The solver is asked what the oracle proposes, the same questions whatever the model; the
questioner's questions are judged as in training. Nothing is learned here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from spatialevo_core.engine import guarded
from spatialevo_core.question import Frozen
from spatialevo_core.registry import Registry
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.episode import Episode, Reply, Row
from spatialevo_trainer.model import ImageTextProcessor
from spatialevo_trainer.stage import Place, Stage, row_random

SAMPLES = 4
"""Sampled answers per question."""
AT_ONCE = 64
"""Prompts per batch."""


class Accuracy(Frozen):
    """A solver's mean f_acc over the questions of one group."""

    questions: int
    sampled: float
    """Of answers drawn at the training temperature."""
    greedy: float
    """Of the likeliest answer."""


class Marks(Frozen):
    """What a model can do on held-out views."""

    groups: dict[str, Accuracy]
    asked: int
    """Questions that the questioner was made to ask."""
    legal: float
    """Share of them that the oracle can answer."""
    f_obs: float
    """Mean over them."""
    unique: float
    """Distinct questions per view, as a share of the questions asked there."""


@dataclass(frozen=True)
class Speaker:
    """A model that replies to rows of prompts."""

    model: Any
    processor: ImageTextProcessor
    temperature: float = 1.0

    @torch.inference_mode()
    def replies(
        self, rows: Sequence[Row], most_tokens: int, *, seed: int, greedy: bool = False
    ) -> list[str]:
        """One reply to each row; leaves the global generator as it was."""
        self.model.eval()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            texts: list[str] = []
            for start in range(0, len(rows), AT_ONCE):
                texts += self._batch(rows[start : start + AT_ONCE], most_tokens, greedy=greedy)
        return texts

    def _batch(self, rows: Sequence[Row], most_tokens: int, *, greedy: bool) -> list[str]:
        prompts = [
            self.processor.apply_chat_template(
                row.prompt, tokenize=False, add_generation_prompt=True
            )
            for row in rows
        ]
        inputs = self.processor(
            text=prompts,
            images=[list(row.images) for row in rows],
            padding=True,
            return_tensors="pt",
        ).to(self.model.device)
        sampling = {} if greedy else {"temperature": self.temperature, "top_k": 0, "top_p": 1.0}
        written = self.model.generate(
            **inputs, max_new_tokens=most_tokens, do_sample=not greedy, **sampling
        )
        said = written[:, inputs["input_ids"].shape[1] :]
        decoded: list[str] = self.processor.batch_decode(said, skip_special_tokens=True)
        return decoded


def held_out_places(
    registry: Registry,
    config: TrainConfig,
    frames: Mapping[str, Sequence[int]],
) -> dict[str, tuple[Place, ...]]:
    """The places that the config's data and tasks allow, one for each frame, by group of frames.

    Raises TaskFault where a task's own code breaks: marks on fewer places would not compare.
    """
    stage = Stage(registry, config.data, config.tasks)
    return {group: tuple(_places(stage, numbers)) for group, numbers in frames.items()}


def examine(
    speaker: Speaker,
    registry: Registry,
    config: TrainConfig,
    places: Mapping[str, Sequence[Place]],
    *,
    seed: int = 0,
) -> Marks:
    """The marks of a model; the questions depend on `places` and `seed` alone."""
    config = config.model_copy(update={"n": SAMPLES, "quota": 1, "judge": None})
    groups = {
        group: _accuracy(speaker, registry, config, here, seed=seed)
        for group, here in places.items()
    }
    everywhere = [place for here in places.values() for place in here]
    asking = Episode(config, registry, everywhere, row_random(seed, "ask"))
    rows = asking.questioner_rows()
    asking.hear_questions(speaker.replies(rows, config.questioner_tokens, seed=seed))
    asked = [each for candidates in asking.asked for each in candidates]
    distinct = sum(len({each.key for each in candidates}) for candidates in asking.asked)
    return Marks(
        groups=groups,
        asked=len(asked),
        legal=_mean([float(each.legal) for each in asked]),
        f_obs=_mean([each.score.observed for each in asked if each.score is not None]),
        unique=distinct / len(asked) if asked else 0.0,
    )


def _accuracy(
    speaker: Speaker,
    registry: Registry,
    config: TrainConfig,
    places: Sequence[Place],
    *,
    seed: int,
) -> Accuracy:
    def answered(*, greedy: bool) -> list[Reply]:
        episode = Episode(config, registry, places, row_random(seed, "propose"))
        rows = episode.solver_rows()
        if greedy:
            once = speaker.replies(rows[:: config.n], config.solver_tokens, seed=seed, greedy=True)
            said = [text for text in once for _ in range(config.n)]
        else:
            said = speaker.replies(rows, config.solver_tokens, seed=seed)
        episode.hear_answers(said)
        return [reply for each in episode.chosen for reply in each.answers]

    sampled, greedy = answered(greedy=False), answered(greedy=True)
    return Accuracy(
        questions=len(sampled) // config.n,
        sampled=_mean([each.accuracy for each in sampled if each.accuracy is not None]),
        greedy=_mean([each.accuracy for each in greedy if each.accuracy is not None]),
    )


def _places(stage: Stage, frames: Sequence[int]) -> Iterator[Place]:
    for row, world in enumerate(stage.worlds):
        source = stage.load(world)
        for task in stage.tasks:
            for frame in frames:
                view = guarded(task, "view", task.world.of, source, [frame])
                place = stage.place(world, view, task, row) if stage.allows(task, view) else None
                if place is not None:
                    yield place


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
