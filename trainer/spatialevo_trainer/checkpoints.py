"""What a run leaves on disk while it goes on: metrics, questions, and its state in checkpoints.

TRL restores its own state; ours is a JSON file that is written last into each checkpoint, so that a
folder without it is an unfinished one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

from accelerate import PartialState
from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spatialevo_core.records import write_records
from spatialevo_trainer import held_out, metrics, records
from spatialevo_trainer.session import Session

STATE: Final = "spatialevo.json"
CHECKPOINTS: Final = "checkpoints"
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

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after each step with the steps done, the steps in all, and the step's metrics."""


class Chronicle(TrainerCallback):  # type: ignore[misc]
    """Writes metrics and questions after each step, and the session's state into checkpoints."""

    def __init__(self, session: Session, run: Path, on_progress: Progress | None) -> None:
        self._session, self._run, self._on_progress = session, run, on_progress

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
        asked = records.asked_records(episode, step)
        write_records(self._run / records.file_of(args.process_index), asked)
        if not state.is_world_process_zero:
            return
        row: dict[str, float] = {key: logs[key] for key in REPORTED if key in logs}
        row |= {"time/step_s": logs["step_time"], **self._session.report}
        metrics.write_row(self._run / metrics.FILE, {"step": step, **row})
        if self._on_progress is not None:
            self._on_progress(step, state.max_steps, row)

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """A checkpoint is complete but for our own state."""
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            part = folder / (STATE + ".part")
            text = self._session.state(state.global_step).model_dump_json(indent=2)
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(folder / STATE)


class StopOnSignal(TrainerCallback):  # type: ignore[misc]
    """SIGTERM saves a checkpoint after the step in progress and ends the run."""

    def __init__(self) -> None:
        self.stopped = False
        self._before: Any = None

    def __enter__(self) -> StopOnSignal:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Between two steps nothing is half done; one process that is told to stop stops all."""
        if any(gather_object([self.stopped])):
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.stopped = True


def latest(run: Path) -> Path | None:
    """The last complete checkpoint of a run."""
    complete = [path.parent for path in (run / CHECKPOINTS).glob(f"checkpoint-*/{STATE}")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def rewind(session: Session, run: Path, checkpoint: Path) -> None:
    """Put the session and the run's files back to where the checkpoint was made."""
    step = session.restore((checkpoint / STATE).read_text(encoding="utf-8")).step
    if PartialState().is_main_process:
        for file in (metrics.FILE, held_out.FILE):
            records.keep_until(run / file, step)
    records.keep_until(run / records.file_of(PartialState().process_index), step)
