"""What a run writes down while it goes on: metrics, questions, and its state in checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spatialevo_core.records import write_records
from spatialevo_core.writing import flush, writing
from spatialevo_trainer import checkpoints, metrics, records
from spatialevo_trainer.checkpoints import Remark
from spatialevo_trainer.run_folder import HELD_OUT
from spatialevo_trainer.session import Session

REPORTED: Final = (
    "loss",
    "grad_norm",
    "learning_rate",
    "kl",
    "entropy",
    "completions/mean_length",
    "completions/clipped_ratio",
)
"""What is taken over from TRL's own metrics."""

ROWS: Final = (metrics.FILE, HELD_OUT)
"""Files that the first process writes rows to."""

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after each step with the steps done, the steps in all, and the step's metrics."""


class Chronicle(TrainerCallback):  # type: ignore[misc]
    """Writes metrics and questions after each step, and the session's state into checkpoints."""

    def __init__(
        self,
        session: Session,
        run: Path,
        on_progress: Progress | None = None,
        on_remark: Remark | None = None,
    ) -> None:
        self._session, self._run = session, run
        self._on_progress, self._on_remark = on_progress, on_remark
        self._told: set[str] = set()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A step is done."""
        if logs is None or "loss" not in logs:
            return
        step, episode = state.global_step, self._session.episode
        assert episode is not None  # noqa: S101
        path = self._run / records.file_of(args.process_index)
        with writing(path):
            write_records(path, records.asked_records(episode, step))
        if state.is_world_process_zero:
            self._report(state, logs)
        self._session.require_judged()

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """A checkpoint is complete but for our own state, once every process has written."""
        flush(self._run / records.file_of(args.process_index))
        processes = PartialState()
        processes.wait_for_everyone()
        if state.is_world_process_zero:
            flush(*(path for path in map(self._run.joinpath, ROWS) if path.exists()))
            checkpoints.seal(
                Path(args.output_dir) / f"checkpoint-{state.global_step}",
                self._session.state(state.global_step),
                self._session.config.toml(),
                processes.num_processes,
            )

    def _report(self, state: TrainerState, logs: dict[str, Any]) -> None:
        step, path = state.global_step, self._run / metrics.FILE
        row: dict[str, float] = {key: logs[key] for key in REPORTED if key in logs}
        row |= {"time/step_s": logs["step_time"], **self._session.report}
        with writing(path):
            metrics.write_row(path, {"step": step, **row})
        # this step was finite, so the weights before it were good: older ones may go now
        checkpoints.prune(self._run, self._session.config.keep, step - 1)
        for name, message in self._session.told.items():
            if self._on_remark is not None and name not in self._told:
                self._on_remark(f"{message}; left out, and counted as faults/{name}")
            self._told.add(name)
        if self._on_progress is not None:
            self._on_progress(step, state.max_steps, row)
