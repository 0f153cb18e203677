"""However a run ends, it says why in one line and leaves what it had."""

import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import TrainerCallback

from same_runs import assert_same_run, config
from shelf_school import school
from spatialevo_core.cli import main
from spatialevo_core.errors import DataError
from spatialevo_trainer import endings, run
from spatialevo_trainer.checkpoints import latest
from spatialevo_trainer.endings import Diverged, Interrupted, StopOnSignal
from spatialevo_trainer.metrics import read_rows
from spatialevo_trainer.run import train


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of four steps."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    out = train(config(4, 2), school(), tmp_path_factory.mktemp("whole") / "run")
    torch.set_num_threads(before)
    return out


class Poison(TrainerCallback):
    """Makes nonsense of the weights at the beginning of a step, or as one ends."""

    def __init__(self, step: int, *, ends: bool = False) -> None:
        self.step, self.ends = step, ends

    def on_step_begin(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        if state.global_step + 1 == self.step and not self.ends:
            self.spill(model)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        if state.global_step + 1 == self.step and self.ends:
            self.spill(model)

    def spill(self, model: Any) -> None:
        next(each for each in model.parameters() if each.requires_grad).data.fill_(torch.nan)


def poisoned(monkeypatch: pytest.MonkeyPatch, poison: Poison) -> None:
    make = run.make_trainer

    def made(*given: Any) -> Any:
        trainer = make(*given)
        trainer.add_callback(poison)
        return trainer

    monkeypatch.setattr(run, "make_trainer", made)


def checkpoints_of(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "checkpoints").glob("checkpoint-*"))


def assert_finite(checkpoint: Path) -> None:
    weights = load_file(checkpoint / "adapter_model.safetensors")
    assert all(bool(each.isfinite().all()) for each in weights.values())


def test_poisoned_weights_end_the_run_before_they_are_trained_on_or_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    poisoned(monkeypatch, Poison(4))
    told = (
        r"step 4: the norm of the gradient is nan, so the run ends; \S+checkpoint-2 is the last "
        r"good checkpoint, grad_norm in \S+metrics.jsonl shows how it came about; begin another"
    )
    with pytest.raises(Diverged, match=told):
        train(config(6, 1, keep=1), school(), tmp_path)
    # the third is kept as well: no step from it was finite, none was without poison
    assert checkpoints_of(tmp_path) == ["checkpoint-2", "checkpoint-3"]
    assert_finite(tmp_path / "checkpoints/checkpoint-2")
    assert [row["step"] for row in read_rows(tmp_path / "metrics.jsonl")] == [1, 2, 3]
    assert not (tmp_path / "adapter").exists()


@pytest.mark.slow
def test_weights_that_are_nonsense_after_a_step_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    poisoned(monkeypatch, Poison(3, ends=True))
    told = r"step 3: the weights are not finite, so the run ends; \S+checkpoint-2 is the last good"
    with pytest.raises(Diverged, match=told):
        train(config(6, 1, keep=1), school(), tmp_path)
    assert checkpoints_of(tmp_path) == ["checkpoint-1", "checkpoint-2"]
    assert_finite(tmp_path / "checkpoints/checkpoint-2")


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1e30, 1e38])
def test_an_absurd_learning_rate_is_told(rate: float, tmp_path: Path):
    told = r"step \d: the .* so the run ends; there is no good checkpoint, .* lower learning_rate"
    with pytest.raises(Diverged, match=told):
        train(config(6, 2, learning_rate=rate), school(), tmp_path)
    assert all(path.endswith("checkpoint-2") for path in checkpoints_of(tmp_path))


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")
def test_a_loss_that_is_no_number_is_not_hidden(tmp_path: Path):
    with pytest.raises(Diverged, match="step 7: the loss is inf, so the run ends; there is no"):
        endings.require_finite(tmp_path, 7, "loss", float("inf"))
    endings.require_finite(tmp_path, 7, "loss", 0.0)
    # the libraries would show the mean of earlier losses instead
    assert not run.trl_config(config(1, 1), tmp_path).logging_nan_inf_filter


def filling(path: Path, step: int) -> Callable[[int, int, Any], None]:
    """Has the disk full from a step on, as far as this file is concerned."""

    def progress(at: int, steps: int, row: Any) -> None:
        if at == step:
            path.rename(path.with_suffix(".kept"))
            path.symlink_to("/dev/full")

    return progress


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("name", ["metrics.jsonl", "questions.jsonl"])
@pytest.mark.slow
def test_a_full_disk_ends_a_run_by_the_files_name_and_it_goes_on_after(
    name: str, whole: Path, tmp_path: Path
):
    out, path = tmp_path / "run", tmp_path / "run" / name
    with pytest.raises(DataError, match=rf"{name} could not be written: no space left on device"):
        train(config(4, 2), school(), out, on_progress=filling(path, 3))
    path.unlink()
    path.with_suffix(".kept").rename(path)
    train(config(4, 2), school(), out, resume=True)
    assert_same_run(whole, out)


def limiting(most_bytes: int, step: int) -> Callable[[int, int, Any], None]:
    """From a step on no file may grow beyond this."""

    def progress(at: int, steps: int, row: Any) -> None:
        if at == step:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    return progress


def unlimited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.slow
@pytest.mark.parametrize("most_bytes", [5_000, 60_000, 100_000])
def test_a_checkpoint_that_cannot_be_written_costs_nothing_but_the_steps_since_the_last_one(
    most_bytes: int, whole: Path, tmp_path: Path
):
    out = tmp_path / "run"
    told = r"(checkpoint-4|questions.jsonl|metrics.jsonl).* could not be written: "
    try:
        with pytest.raises(DataError, match=told + "(file too large|fewer bytes than expected)"):
            train(config(4, 2), school(), out, on_progress=limiting(most_bytes, 3))
    finally:
        unlimited()
    assert latest(out) == out / "checkpoints/checkpoint-2"
    train(config(4, 2), school(), out, resume=True)
    assert_same_run(whole, out)


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path: Path):
    disk, whole = tmp_path / "disk", tmp_path / "whole"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        train(config(12, 1, keep=9), school(), whole)
        told = r"disk/run/\S+ could not be written: (no space left on device|fewer bytes than)"
        with pytest.raises(DataError, match=told):
            train(config(12, 1, keep=9), school(), disk / "run")
        before = latest(disk / "run")
        assert before is not None
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        train(config(12, 1, keep=9), school(), disk / "run", resume=True)
        assert_same_run(whole, disk / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_one_ctrl_c_waits_for_the_step_and_a_second_one_does_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endings, "SECOND_S", 0.05)
    before = signal.getsignal(signal.SIGINT)
    with StopOnSignal() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # a launcher passes on what we got already
        assert (stop.number, stop.at_once) == (signal.SIGINT, False)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert not stop.at_once
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.at_once
        assert str(stop.interrupted(3)) == "stopped at once; go on with --resume"
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.slow
def test_a_run_that_is_ended_at_once_goes_on_from_its_last_checkpoint(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endings, "SECOND_S", 0.0)

    def twice(step: int, steps: int, row: Any) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped at once; go on with --resume") as caught:
        train(config(4, 2), school(), tmp_path / "run", on_progress=twice)
    assert caught.value.exit_status == 130
    train(config(4, 2), school(), tmp_path / "run", resume=True)
    assert_same_run(whole, tmp_path / "run")


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (Interrupted(signal.SIGTERM, "stopped after step 3"), 143, "Error: stopped after step 3;"),
        (Interrupted(signal.SIGINT, "stopped after step 3"), 130, "go on with --resume"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (DataError("metrics.jsonl could not be written"), 1, "Error: metrics.jsonl could not"),
    ],
)
def test_the_exit_status_is_what_shells_expect(
    raised: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch
):
    def loaded(*given: Any, **named: Any) -> Any:
        raise raised

    monkeypatch.setattr("spatialevo_trainer.config.load_config", loaded)
    result = CliRunner().invoke(main, ["train"])
    assert result.exit_code == status
    assert said in result.stderr
    assert len(re.findall(r"\n", result.stderr)) == 1
