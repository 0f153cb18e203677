"""How a run ends before its last step: told to stop, or training on nonsense."""

from __future__ import annotations

import math
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, Final

import torch
from accelerate.utils import gather_object
from torch.distributed.tensor import DTensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spatialevo_core.errors import SpatialEvoError
from spatialevo_trainer import checkpoints, metrics

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
SECOND_S: Final = 1.0
"""A launcher passes Ctrl-C on to processes that got it, too; a person's second one comes later."""


class Interrupted(SpatialEvoError):
    """The run was told to stop."""

    def __init__(self, number: int, told: str) -> None:
        super().__init__(f"{told}; go on with --resume")
        self.exit_status = 128 + number  # as shells expect


class Diverged(SpatialEvoError):
    """The loss, the gradient or the weights are no numbers any more.

    The weights after step `tried` are the last ones from which a step was finite.
    """

    def __init__(self, run: Path, step: int, what: str, tried: int) -> None:
        good = checkpoints.latest(run, tried)
        left = f"{good} is the last good checkpoint" if good else "there is no good checkpoint"
        super().__init__(
            f"step {step}: {what}, so the run ends; {left}, grad_norm in {run / metrics.FILE} "
            "shows how it came about; begin another run with a lower learning_rate or clip"
        )


class StopOnSignal(TrainerCallback):  # type: ignore[misc]
    """SIGTERM and Ctrl-C save a checkpoint after the step in progress and end the run.

    A second Ctrl-C ends it at once.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        """Of the signal; None: none came."""
        self.at_once = False
        self._since = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        if threading.current_thread() is threading.main_thread():
            self._before = {each: signal.signal(each, self._stop) for each in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Whoever was told to stop while the model was loaded begins no step."""
        if self._anywhere():
            raise self.interrupted(state.global_step)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Between two steps nothing is half done; one process that is told to stop stops all."""
        if self._anywhere():
            control.should_save = True
            control.should_training_stop = True

    def interrupted(self, step: int) -> Interrupted:
        """The error that says so."""
        told = "stopped at once" if self.at_once else f"stopped after step {step}"
        return Interrupted(self.number or signal.SIGTERM, told)

    def _anywhere(self) -> bool:
        numbers = [each for each in gather_object([self.number]) if each is not None]
        self.number = max(numbers, default=None)
        return bool(numbers)

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        now = time.monotonic()
        if self.number is None:
            self.number, self._since = number, now
        elif number == signal.SIGINT and now - self._since > SECOND_S:
            self.at_once, self.number = True, number
            raise KeyboardInterrupt


class StopOnNonsense(TrainerCallback):  # type: ignore[misc]
    """Ends a run whose loss or weights are not finite, before they are examined or saved."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        model: Any = None,
        **_: Any,
    ) -> None:
        """Look at the weights, before anything is done with them."""
        if not all(gather_object([weights_finite(model)])):
            step = state.global_step
            raise Diverged(self._run, step, "the weights are not finite", tried=step - 1)

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Look at the loss of all processes together."""
        loss = (logs or {}).get("loss")
        if loss is not None:
            require_finite(self._run, state.global_step, "loss", float(loss))


def require_finite(run: Path, step: int, name: str, value: float) -> None:
    """Raise Diverged unless the value is a number."""
    if not math.isfinite(value):
        raise Diverged(run, step, f"the {name} is {value}", tried=step - 2)


def weights_finite(model: torch.nn.Module) -> bool:
    """Whether all trained weights that this process holds are numbers."""
    trained = (each.detach() for each in model.parameters() if each.requires_grad)
    local = [each.to_local() if isinstance(each, DTensor) else each for each in trained]
    return all(bool(torch.isfinite(each).all()) for each in local)
