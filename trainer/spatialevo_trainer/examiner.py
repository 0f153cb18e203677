"""Examines the model on held-out worlds while it trains; see `held_out`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import GRPOTrainer
from trl.models import unwrap_model_for_generation

from spatialevo_core.writing import writing
from spatialevo_trainer import metrics
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.held_out import FILE, Marks, Speaker, examine, held_out_places
from spatialevo_trainer.session import Session

OnMarks = Callable[[int, Marks], None]
"""Called after each examination with the steps done and the marks."""


class Examiner(TrainerCallback):  # type: ignore[misc]
    """Writes a row to `held_out.jsonl` before the first step, at intervals, and after the last.

    Every process takes part, since the weights may be spread over them; the first one writes.
    """

    def __init__(self, session: Session, run: Path, on_marks: OnMarks | None = None) -> None:
        self._config: TrainConfig = session.config
        self._registry = session.registry
        self._places = held_out_places(session.registry, session.config)
        self._file, self._on_marks = run / FILE, on_marks
        self._trainer: GRPOTrainer | None = None

    def attend(self, trainer: GRPOTrainer) -> None:
        """Take part in this trainer's run."""
        self._trainer = trainer
        trainer.add_callback(self)

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """The base model's marks; a resumed run has them already."""
        if state.global_step == 0:
            self._examine(state)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Before a checkpoint of this step is saved, so that it and the file agree."""
        if state.global_step % self._config.examine_every == 0 or (
            state.global_step == state.max_steps
        ):
            self._examine(state)

    def _examine(self, state: TrainerState) -> None:
        trainer = self._trainer
        assert trainer is not None  # noqa: S101
        training = trainer.model.training
        with unwrap_model_for_generation(trainer.model_wrapped, trainer.accelerator) as model:
            speaker = Speaker(model, trainer.processing_class, self._config.temperature)
            marks = examine(speaker, self._registry, self._config, self._places)
        trainer.model.train(training)
        if not state.is_world_process_zero:
            return
        with writing(self._file):
            metrics.write_row(self._file, {"step": state.global_step, **marks.row()})
        if self._on_marks is not None:
            self._on_marks(state.global_step, marks)
