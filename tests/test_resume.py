import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from same_runs import assert_same_run, config, environment, steps_done
from shelf_school import school, settings, tiny_model
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.checkpoints import latest
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.endings import Interrupted
from spatialevo_trainer.metrics import read_rows
from spatialevo_trainer.run import train

SCRIPT = """
import os, sys
from pathlib import Path
import torch
from shelf_school import school
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.run import train

def progress(step, steps, row):
    if step == int(sys.argv[4]):
        os.kill(os.getpid(), 9)

torch.set_num_threads(1)
config = TrainConfig.model_validate_json(sys.argv[2])
train(config, school(), Path(sys.argv[1]), resume=sys.argv[3] == "resume", on_progress=progress)
"""

RANK = """
import json, os, sys
from pathlib import Path
import torch
from accelerate import PartialState
from shelf_school import school
from spatialevo_trainer import run
from spatialevo_trainer.config import TrainConfig

torch.set_num_threads(1)
out, config = Path(sys.argv[1]), TrainConfig.model_validate_json(sys.argv[2])
sessions, make = [], run.make_trainer

def made(config, session, out):
    sessions.append(session)
    return make(config, session, out)

run.make_trainer = made
run.train(config, school(), out, resume=sys.argv[3] == "resume")
state = sessions[0].state(config.steps).model_dump_json()
seen = {"report": sessions[0].report, "state": state}
(out / f"rank-{PartialState().process_index}.json").write_text(json.dumps(seen))
"""
DATA = """
tasks = ["object_counting"]

[[data]]
dataset = "synthetic"
ids = ["tiny-1"]
"""


def killed(config: TrainConfig, out: Path, after: int) -> int:
    """A run in a process of its own, which kills itself after that step."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(out), config.model_dump_json(), "start", str(after)],
        env=environment(),
        check=False,
        stderr=subprocess.DEVNULL,
    ).returncode


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums do not depend on how a machine splits them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_kill_changes_nothing(config: TrainConfig, after: int, folder: Path) -> None:
    train(config, school(), folder / "whole")
    assert killed(config, folder / "killed", after) == -signal.SIGKILL
    assert len(read_rows(folder / "killed/metrics.jsonl")) == after
    train(config, school(), folder / "killed", resume=True)
    assert_same_run(folder / "whole", folder / "killed")


def test_a_killed_and_resumed_run_is_the_undisturbed_one(tmp_path: Path):
    assert_kill_changes_nothing(config(4, 2), 3, tmp_path)


@pytest.mark.slow
def test_twenty_steps_are_ten_and_a_kill_and_ten(tmp_path: Path):
    assert_kill_changes_nothing(config(20, 10), 14, tmp_path)


def test_sigterm_saves_a_checkpoint_and_ends_the_run_unfinished(tmp_path: Path):
    def interrupt(step: int, steps: int, row: dict[str, float]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match=r"stopped after step [123]; go on with --resume"):
        train(config(4, 4), school(), tmp_path, on_progress=interrupt)
    assert not (tmp_path / "adapter").exists()
    checkpoint = latest(tmp_path)
    assert checkpoint is not None
    done = json.loads((checkpoint / "spatialevo.json").read_text())["session"]["step"]
    assert done < 4
    assert len(read_rows(tmp_path / "metrics.jsonl")) == done
    assert signal.getsignal(signal.SIGTERM) == before
    train(config(4, 4), school(), tmp_path, resume=True)
    assert (tmp_path / "adapter").is_dir()
    assert len(read_rows(tmp_path / "metrics.jsonl")) == 4


@pytest.mark.slow
def test_the_command_says_that_it_stopped_and_how_to_go_on(tmp_path: Path):
    run = tmp_path / "run"
    (tmp_path / "config.toml").write_text(DATA)
    changes = [f"model={tiny_model()}", "steps=500", "scenes=1", "n=2", "questioner_tokens=6"]
    given = ["train", str(tmp_path / "config.toml")]
    given += [word for each in changes for word in ("--set", each)]
    main = "from spatialevo_core.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", main, *given, "--out", str(run)],
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while process.poll() is None and not (run / "metrics.jsonl").exists():
            time.sleep(0.2)
        process.terminate()
        said, complained = process.communicate()
    assert process.returncode == 143
    assert said == ""
    assert re.search(r"stopped after step \d+; go on with --resume", complained)
    assert latest(run) is not None
    assert not (run / "adapter").exists()


def launched(config: TrainConfig, out: Path, how: str, killed_at: int | None = None) -> None:
    """A run of two processes; all of them are killed once that many steps are done, if asked."""
    script = out.with_suffix(".py")
    script.write_text(RANK)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    given = [str(script), str(out), config.model_dump_json(), how]
    with subprocess.Popen(
        [sys.executable, *launcher, *given],
        env=environment(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        if killed_at is not None:
            while steps_done(out) < killed_at:
                assert process.poll() is None
                time.sleep(0.02)
            everyone = [process.pid, *children_of(process.pid)]
            for each in everyone:
                os.kill(each, signal.SIGKILL)
            while any(map(running, everyone)):
                process.poll()
                time.sleep(0.02)
    assert (process.returncode == 0) == (killed_at is None)


def children_of(parent: int) -> list[int]:
    return [*map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def places(*files: Path) -> set[tuple[object, ...]]:
    """Where the rows of a run played: step, row, task and view."""
    rows = [row for path in files for row in read_rows(path)]
    return {(row["step"], row["row"], row["task"], row["view"]) for row in rows}


@pytest.mark.slow
def test_two_processes_agree_and_may_be_killed(tmp_path: Path):
    even = config(4, 2, schedule={"strategy": "uniform"})
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    launched(even, whole, "start")
    seen = [json.loads((whole / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert seen[0] == seen[1]
    assert json.loads(seen[0]["state"])["scheduler"]["tallies"]
    assert len(read_rows(whole / "metrics.jsonl")) == 4
    shares = [whole / name for name in ("questions.jsonl", "questions-1.jsonl")]
    assert [{row["row"] for row in read_rows(each)} for each in shares] in ([{0}, {1}], [{1}, {0}])
    # replies come from each process's own generator; where they are asked for does not
    train(even, school(), tmp_path / "single")
    assert places(*shares) == places(tmp_path / "single/questions.jsonl")

    launched(even, killed, "start", killed_at=3)
    with pytest.raises(ConfigError, match="saved by 2 processes, not by 1; resume with as many"):
        train(even, school(), killed, resume=True)
    launched(even, killed, "resume")
    assert_same_run(whole, killed)
    for rank in (0, 1):
        again = json.loads((killed / f"rank-{rank}.json").read_text())
        assert again["state"] == seen[rank]["state"]


def test_sigterm_in_the_last_step_changes_nothing(tmp_path: Path):
    def interrupt(step: int, steps: int, row: dict[str, float]) -> None:
        if step == steps:
            os.kill(os.getpid(), signal.SIGTERM)

    train(config(1, 1), school(), tmp_path, on_progress=interrupt)
    assert (tmp_path / "adapter").is_dir()


def test_a_run_is_not_resumed_with_other_settings(tmp_path: Path):
    (tmp_path / "config.toml").write_text(config(4, 2).toml())
    with pytest.raises(ConfigError, match="differs from the settings given"):
        train(config(5, 2), school(), tmp_path, resume=True)


def test_a_run_is_not_overwritten(tmp_path: Path):
    (tmp_path / "metrics.jsonl").write_text("")
    with pytest.raises(ConfigError, match="already holds a run; resume it, or choose another"):
        train(config(4, 2), school(), tmp_path)


def test_a_run_of_which_only_checkpoints_are_left_is_not_resumed_unasked(tmp_path: Path):
    folder = tmp_path / "checkpoints/checkpoint-2"
    folder.mkdir(parents=True)
    (folder / "spatialevo.json").write_text("{}")
    with pytest.raises(ConfigError, match="already holds a run"):
        train(config(4, 2), school(), tmp_path)


def test_a_folder_without_a_run_is_not_resumed(tmp_path: Path):
    with pytest.raises(ConfigError, match="holds no run to resume"):
        train(config(4, 2), school(), tmp_path, resume=True)


def test_a_wrong_model_leaves_no_folder_behind(tmp_path: Path):
    absent = settings(model=str(tmp_path / "absent"))
    with pytest.raises(
        ConfigError, match=r"is no folder; give a folder with a checkpoint or a hub"
    ):
        train(absent, school(), tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="is no checkpoint that can be read"):
        train(settings(model=str(tmp_path / "empty")), school(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_without_our_state_is_unfinished(tmp_path: Path):
    for step, files in ((9, ["spatialevo.json"]), (10, ["spatialevo.json"]), (11, [])):
        folder = tmp_path / f"checkpoints/checkpoint-{step}"
        folder.mkdir(parents=True)
        for name in files:
            (folder / name).write_text("{}")
    assert latest(tmp_path) == tmp_path / "checkpoints/checkpoint-10"


def test_a_finished_run_that_is_resumed_is_the_same_run(tmp_path: Path):
    whole = train(config(2, 1), school(), tmp_path / "run")
    shutil.copytree(whole, tmp_path / "before")
    shutil.rmtree(whole / "adapter")
    for _ in range(2):
        train(config(2, 1), school(), whole, resume=True)
        assert_same_run(tmp_path / "before", whole)


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one(tmp_path: Path):
    whole, said = train(config(3, 1), school(), tmp_path / "run"), []
    shutil.copytree(whole, tmp_path / "before")
    optimizer = whole / "checkpoints/checkpoint-3/optimizer.pt"
    os.truncate(optimizer, optimizer.stat().st_size // 2)
    train(config(3, 1), school(), whole, resume=True, on_remark=said.append)
    assert "optimizer.pt has " in said[0]
    assert said[1].endswith("going on from " + str(whole / "checkpoints/checkpoint-2"))
    assert_same_run(tmp_path / "before", whole)
