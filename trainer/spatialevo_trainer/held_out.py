"""How a model does on worlds that it was not trained on: as solver and as questioner.

The solver is asked what the oracle proposes, the same questions whatever the model; the
questioner's questions are judged as in training. Nothing is learned here, and no random state that
training uses is touched: a run that is examined more often learns the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from spatialevo_core.engine import attempted
from spatialevo_core.errors import ConfigError, TaskFault
from spatialevo_core.question import Frozen
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.episode import Candidate, Episode, Row
from spatialevo_trainer.model import ImageTextProcessor
from spatialevo_trainer.run_folder import HELD_OUT
from spatialevo_trainer.stage import Place, Stage, World, row_random

SAMPLES = 4
"""Sampled answers per question."""
ASKING = 64
"""Places at which the questioner asks."""
AT_ONCE = 64
"""Prompts per batch."""
FILE = HELD_OUT
"""A row for each examination, in the run's folder."""


class Accuracy(Frozen):
    """A solver's mean f_acc over the questions of one group."""

    questions: int
    sampled: float
    """Of answers drawn at the training temperature."""
    greedy: float
    """Of the likeliest answer."""
    tasks: Mapping[str, float] = {}
    """`sampled` of each task."""
    commonest: float = 0.0
    """Share of the commonest sampled answer: near 1 where a model says one word to everything."""


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

    def row(self) -> dict[str, float]:
        """As `held_out.jsonl` has them: `quantity/group` and `quantity/group/task`."""
        row: dict[str, float] = {}
        for name, group in self.groups.items():
            row[f"sampled/{name}"], row[f"greedy/{name}"] = group.sampled, group.greedy
            row[f"commonest/{name}"] = group.commonest
            if len(group.tasks) > 1:
                row |= {f"sampled/{name}/{task}": mean for task, mean in group.tasks.items()}
        if self.asked:
            row |= {"legal": self.legal, "f_obs": self.f_obs, "unique": self.unique}
        return row


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
            **inputs,
            max_new_tokens=most_tokens,
            do_sample=not greedy,
            remove_invalid_values=True,
            **sampling,
        )
        said = written[:, inputs["input_ids"].shape[1] :]
        decoded: list[str] = self.processor.batch_decode(said, skip_special_tokens=True)
        return decoded


def held_out_places(registry: Registry, config: TrainConfig) -> dict[str, tuple[Place, ...]]:
    """The places of the config's held-out groups, by name; the same for every model.

    Raises ConfigError for a group in which nothing can be asked, and TaskFault where a task's own
    code breaks: marks on fewer places would not compare.
    """
    places: dict[str, tuple[Place, ...]] = {}
    for group in config.held_out:
        stage = Stage(registry, [group], group.tasks or config.tasks)
        found = tuple(_places(stage, group.frames))
        if not found:
            raise ConfigError(f"held_out '{group.name}': no task is feasible in any of its views")
        places[group.name] = (*places.get(group.name, ()), *found)
    return places


def examine(
    speaker: Speaker,
    registry: Registry,
    config: TrainConfig,
    places: Mapping[str, Sequence[Place]],
    *,
    seed: int = 0,
) -> Marks:
    """The marks of a model; the questions depend on `places` and `seed` alone.

    The questioner asks about `ASKING` places at most, spread evenly over those of the run's tasks.
    """
    config = config.model_copy(update={"n": SAMPLES, "quota": 1, "reward": "oracle", "judge": None})
    groups = {
        group: _accuracy(speaker, registry, config, here, seed=seed)
        for group, here in places.items()
    }
    everywhere = [
        place
        for here in places.values()
        for place in here
        if not config.tasks or place.task.name in config.tasks
    ]
    spread = everywhere[:: max(1, len(everywhere) // ASKING)] if config.ablation.questioner else []
    asking = Episode(config, registry, spread, row_random(seed, "ask"))
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
    def answered(*, greedy: bool) -> list[Candidate]:
        episode = Episode(config, registry, places, row_random(seed, "propose"))
        rows = episode.solver_rows()
        if greedy:
            once = speaker.replies(rows[:: config.n], config.solver_tokens, seed=seed, greedy=True)
            said = [text for text in once for _ in range(config.n)]
        else:
            said = speaker.replies(rows, config.solver_tokens, seed=seed)
        episode.hear_answers(said)
        return episode.chosen

    sampled, greedy = answered(greedy=False), answered(greedy=True)
    by_task: dict[str, list[Candidate]] = {}
    for each in sampled:
        by_task.setdefault(each.place.task.name, []).append(each)
    words = Counter(reply.answer for each in sampled for reply in each.answers)
    return Accuracy(
        questions=len(sampled),
        sampled=_accuracy_of(sampled),
        greedy=_accuracy_of(greedy),
        tasks={name: _accuracy_of(asked) for name, asked in sorted(by_task.items())},
        commonest=max(words.values(), default=0) / max(1, words.total()),
    )


def _accuracy_of(asked: Iterable[Candidate]) -> float:
    replies = (reply for each in asked for reply in each.answers)
    return _mean([each.accuracy for each in replies if each.accuracy is not None])


def _places(stage: Stage, frames: Sequence[Sequence[int]]) -> Iterator[Place]:
    """For each world and task the views of these frames, or one that is proposed."""
    for row, world in enumerate(stage.worlds):
        source = stage.load(world)
        for task in stage.tasks:
            for view in _views(stage, world, source, task, frames):
                place = stage.place(world, view, task, row) if stage.allows(task, view) else None
                if place is not None:
                    yield place


def _views(
    stage: Stage, world: World, source: Any, task: AnyTask, frames: Sequence[Sequence[int]]
) -> Iterator[Any]:
    if not frames:
        offers = dict(stage.offers(world, source, row_random(0, world.name)))
        if task.name in offers:
            yield offers[task.name]
    for chosen in frames:
        view = attempted(task.world.of, source, list(chosen))
        if isinstance(view, ConfigError):  # it takes another number of frames
            continue
        if isinstance(view, Exception):
            raise TaskFault(task.name, "view", view)
        yield view


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
