"""Where a step's time goes: sampling replies, the oracle, the update."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spatialevo_trainer.session import Session


class Clock(TrainerCallback):  # type: ignore[misc]
    """Adds `time/generation_s`, `time/oracle_s` and `time/update_s` to the report of each step."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_step_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Before anything of the step is drawn."""
        self._session.watch.restart()

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """The optimiser has been told to step; a GPU may not have done so yet."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._session.watch.lap("update")
        laps = self._session.watch.laps_s
        self._session.report |= {f"time/{part}_s": seconds for part, seconds in laps.items()}
