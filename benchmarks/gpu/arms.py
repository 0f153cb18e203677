"""The two sides of the comparison: both train the same model on the same rows, step by step."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Protocol

import torch
from datasets import Dataset
from transformers import (
    PrinterCallback,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    TrainerCallback,
)
from trl import GRPOTrainer

from gpu.shapes import PIXELS, Shape
from spatialevo_core.plugins import load
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.episode import Row
from spatialevo_trainer.model import ImageTextProcessor, load_model, load_processor, lora
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.run import make_trainer, trl_config
from spatialevo_trainer.session import Session, Stopwatch
from spatialevo_trainer.stage import Place

Report = Callable[[dict[str, Any]], None]
Arm = Callable[[TrainConfig, Path, Report], None]


class Timed(Protocol):
    """Whoever knows what the time of a step was spent on."""

    watch: Stopwatch


def config_of(shape: Shape, model: Path) -> TrainConfig:
    """The published settings, with fewer scenes and questions, and replies of one length."""
    return TrainConfig.model_validate(
        {
            "model": str(model),
            "data": [{"dataset": "synthetic", "ids": shape.worlds}],
            "tasks": shape.tasks,
            "steps": shape.steps,
            "scenes": shape.scenes,
            "n": shape.n,
            "quota": shape.quota,
            "micro_batches": shape.scenes,
            "temperature": 0.7,
            "questioner_tokens": shape.tokens,
            "solver_tokens": shape.tokens,
            "prompts": "full",
            "image_pixels": PIXELS if shape.text else None,
            "lora": {"rank": shape.rank, "alpha": 2 * shape.rank},
            "learning_rate": 1e-5,
            "lr_schedule": "cosine",
            "beta": 0.04,
            "save_every": 1000,
        }
    )


class Speaking(Session):
    """The session, but it hears well-formed replies: random weights say nothing to judge."""

    def questioner_reward(
        self, completions: Sequence[Any], role: Sequence[str], **given: Any
    ) -> list[float | None]:
        """What the oracle itself would ask, the last quarter without the tags."""
        if set(role) == {"questioner"}:
            completions = [[{"content": text}] for text in self.questions()]
        return super().questioner_reward(completions, role, **given)

    def solver_reward(
        self, completions: Sequence[Any], role: Sequence[str], **given: Any
    ) -> list[float | None]:
        """Names of what is in the room, in turn."""
        if set(role) == {"solver"}:
            completions = [[{"content": text}] for text in self.answers()]
        return super().solver_reward(completions, role, **given)

    def questions(self) -> list[str]:
        """One for each of the questioner's rows."""
        assert self.episode is not None
        return [text for place in self.episode.places for text in self._asked(place)]

    def answers(self) -> list[str]:
        """One for each of the solver's rows."""
        assert self.episode is not None
        return [
            write_answer(names[number % len(names)])
            for candidate in self.episode.chosen
            for names in [candidate.place.view.vocabulary().names]
            for number in range(self.config.n)
        ]

    def _asked(self, place: Place) -> Iterator[str]:
        rng, task, n = Random(place.row), place.task, self.config.n
        names = ", ".join(f"a {name}" for name in place.view.vocabulary().names[:8])
        seen = f"The images show one room. In it I see {names}."
        found = [rng.choice(task.wordings(q)) for q, _ in islice(task.propose(place.view, rng), n)]
        for number in range(n):
            question = found[number % len(found)]
            yield write_question(seen, question) if 4 * number < 3 * n else question


def dual_role(config: TrainConfig, folder: Path, report: Report) -> None:
    """Our trainer, through the path of every run."""
    session = Speaking(config, load())
    for step in range(config.steps):
        session.begin(step, range(config.scenes))  # generates the rooms, which real ones are not
    trainer = make_trainer(config, session, folder)
    measure(trainer, session, report)


def plain(config: TrainConfig, folder: Path, report: Report) -> None:
    """TRL's trainer, the library's model and processor, and one round for all rows."""
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        config.model, dtype=torch.bfloat16 if torch.cuda.is_available() else torch.float32
    )
    own = load_processor(config.model, config.image_pixels)
    processor = Stock(_images(own), own.tokenizer, chat_template=own.tokenizer.chat_template)
    _plain(config, folder, report, model, processor)


def plain_looking_once(config: TrainConfig, folder: Path, report: Report) -> None:
    """TRL's trainer with our model and processor, which treat images that are shared once."""
    model = load_model(config.model)
    _plain(config, folder, report, model, load_processor(config.model, config.image_pixels))


ARMS: Mapping[str, Arm] = {
    "spatialevo": dual_role,
    "trl": plain,
    "trl, images once": plain_looking_once,
}


class Stock(ImageTextProcessor):
    """The library's processor, without its video part."""

    _process_images = Qwen2_5_VLProcessor._process_images


class Plain(GRPOTrainer):  # type: ignore[misc]
    """TRL's GRPO; rows are looked up, so that images are not stored as files in between."""

    def __init__(self, steps: Sequence[Sequence[Row]], n: int, **kwargs: Any) -> None:
        super().__init__(reward_funcs=[self.cheap], **kwargs)
        self.watch, self.rows = Stopwatch(), steps
        self.n = n

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        rows = self.rows[self.state.global_step]
        told = [rows[self.n * int(each["row"])] for each in inputs]
        asked = [{"prompt": row.prompt, "images": list(row.images)} for row in told]
        batch: dict[str, Any] = super()._generate_and_score_completions(asked)
        self.watch.lap("generation")
        return batch

    def cheap(self, completions: Sequence[Any], **_: Any) -> list[float]:
        """A reward that costs nothing and is not the same for all."""
        self.watch.lap("generation")
        rewards = [float(len(each[0]["content"]) % 7) for each in completions]
        self.watch.lap("oracle")
        return rewards


def rows_of(config: TrainConfig) -> list[list[Row]]:
    """What our trainer shows the model in each step, both rounds together."""
    session = Speaking(config, load())
    steps = []
    for step in range(config.steps):
        episode = session.begin(step, range(config.scenes))
        rows = episode.questioner_rows()
        episode.hear_questions(session.questions())
        rows += episode.solver_rows()
        episode.hear_answers(session.answers())
        session.end()
        steps.append(rows)
    return steps


def _plain(
    config: TrainConfig, folder: Path, report: Report, model: Any, processor: ImageTextProcessor
) -> None:
    steps = rows_of(config)
    rows = len(steps[0])
    args = trl_config(config, folder)
    args.per_device_train_batch_size = rows // config.micro_batches
    args.generation_batch_size = rows
    trainer = Plain(
        steps,
        config.n,
        model=model,
        processing_class=processor,
        args=args,
        train_dataset=Dataset.from_dict({"row": list(range(rows // config.n))}),
        peft_config=lora(config.lora),
    )
    trainer.remove_callback(PrinterCallback)
    measure(trainer, trainer, report)


def _images(own: ImageTextProcessor) -> Any:
    """The library's own choice: by torchvision where that is installed."""
    try:
        import torchvision  # noqa: F401, PLC0415
        from transformers import Qwen2VLImageProcessor  # noqa: PLC0415
    except ImportError:
        return own.image_processor
    return Qwen2VLImageProcessor(size=dict(own.image_processor.size))


def measure(trainer: Any, timed: Timed, report: Report) -> None:
    """Train, and report each step as it is done."""
    step: dict[str, Any] = {}
    generate = trainer._generate_and_score_completions

    def counted(inputs: Any) -> dict[str, Any]:
        batch: dict[str, Any] = generate(inputs)
        step.update(
            rows=len(batch["advantages"]),
            prompt_tokens=int(batch["prompt_mask"].sum()),
            completion_tokens=int(batch["completion_mask"].sum()),
            images=len(batch["image_grid_thw"]),
            patches=int(batch["image_grid_thw"].prod(-1).sum()),
            generation_gib=_peak_gib(),
        )
        return batch

    trainer._generate_and_score_completions = counted
    trainer.add_callback(_Steps(timed, step, report))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.*", FutureWarning)
        trainer.train()


class _Steps(TrainerCallback):  # type: ignore[misc]
    def __init__(self, timed: Timed, step: dict[str, Any], report: Report) -> None:
        self._timed, self._step, self._report = timed, step, report
        self._start = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        _finish()
        _peak_gib()
        self._start = time.perf_counter()
        self._timed.watch.restart()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        _finish()
        self._timed.watch.lap("update")
        laps = {f"{part}_s": seconds for part, seconds in self._timed.watch.laps_s.items()}
        wall_s = time.perf_counter() - self._start
        self._report({**self._step, **laps, "wall_s": wall_s, "update_gib": _peak_gib()})


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _peak_gib() -> dict[str, float]:
    """The most memory since the last call: what tensors took, and what the process held."""
    if not torch.cuda.is_available():
        return {"allocated": 0.0, "reserved": 0.0}
    peaks = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    return dict(zip(("allocated", "reserved"), (each / 2**30 for each in peaks), strict=True))
