"""A checkpoint counts if it is whole, and a run goes on from the last one that is."""

import json
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from shelf_school import settings
from spatialevo_core.errors import ConfigError, DataError, RecordError
from spatialevo_trainer import checkpoints, opening
from spatialevo_trainer.checkpoints import Saving, checked, choose, latest, prune, seal
from spatialevo_trainer.session import SessionState

CONFIG = settings().toml()
SCHEDULER = {"strategy": "adaptive", "tallies": {}}


def saved(run: Path, step: int, *, processes: int = 1, config: str = CONFIG) -> Path:
    """A sealed checkpoint with a file and a file in a opening."""
    path = run / f"checkpoints/checkpoint-{step}"
    (path / "state").mkdir(parents=True)
    (path / "adapter_model.safetensors").write_bytes(bytes(100))
    (path / "state/optimizer.pt").write_text("moments")
    seal(path, SessionState(step=step, scheduler=SCHEDULER), config, processes)
    return path


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "adapter_model.safetensors has 40 bytes, expected 100": lambda path: os.truncate(
        path / "adapter_model.safetensors", 40
    ),
    "adapter_model.safetensors is not as it was written: its hash differs": lambda path: flip(
        path / "adapter_model.safetensors"
    ),
    "optimizer.pt is missing": lambda path: (path / "state/optimizer.pt").unlink(),
    "spatialevo.json is damaged: the file: invalid json": lambda path: os.truncate(
        path / "spatialevo.json", 60
    ),
    "spatialevo.json is damaged: session: field required": lambda path: (
        path / "spatialevo.json"
    ).write_text("{}"),
    "checkpoint-4 was saved after step 3": lambda path: (path / "spatialevo.json").write_text(
        (path / "spatialevo.json").read_text().replace('"step": 4', '"step": 3')
    ),
}


@pytest.mark.parametrize(("message", "damage"), DAMAGE.items(), ids=list(DAMAGE))
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_is_taken(
    message: str, damage: Callable[[Path], object], tmp_path: Path
):
    good, bad, said = saved(tmp_path, 2), saved(tmp_path, 4), []
    damage(bad)
    found = choose(tmp_path, CONFIG, 1, said.append)
    assert found is not None
    assert (found.path, found.session.step) == (good, 2)
    assert len(said) == 2
    assert message in said[0]
    assert said[0].endswith("; passed over")
    assert said[1] == f"going on from {good}"
    with pytest.raises(RecordError, match=re.escape(message)):
        checked(bad, CONFIG)


def test_a_whole_checkpoint_is_taken_without_a_word(tmp_path: Path):
    saved(tmp_path, 9)
    path, said = saved(tmp_path, 10), []
    found = choose(tmp_path, CONFIG, 1, said.append)
    assert found is not None
    assert found.path == latest(tmp_path) == path
    assert not said
    assert set(checked(path, CONFIG).files) == {"adapter_model.safetensors", "state/optimizer.pt"}


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path: Path):
    good, said = saved(tmp_path, 2), []
    saved(tmp_path, 4, config=settings(seed=9).toml())
    found = choose(tmp_path, CONFIG, 1, said.append)
    assert found is not None
    assert found.path == good
    assert "checkpoint-4 belongs to a run with other settings; passed over" in said[0]


def test_where_every_checkpoint_is_damaged_nothing_is_begun_anew(tmp_path: Path):
    os.truncate(saved(tmp_path, 2) / "adapter_model.safetensors", 1)
    with pytest.raises(ConfigError, match=r"has 1 bytes, .*; no checkpoint of the run is whole"):
        choose(tmp_path, CONFIG, 1, lambda text: None)
    assert choose(tmp_path / "fresh", CONFIG, 1, lambda text: None) is None


def test_a_run_goes_on_with_as_many_processes(tmp_path: Path):
    saved(tmp_path, 2, processes=2)
    with pytest.raises(ConfigError, match="saved by 2 processes, not by 1; resume with as many"):
        choose(tmp_path, CONFIG, 1, lambda text: None)


def test_only_proven_checkpoints_are_counted_and_the_last_ones_kept(tmp_path: Path):
    for step in (2, 4, 6, 8, 30):
        saved(tmp_path, step)
    (tmp_path / "checkpoints/checkpoint-1").mkdir()
    (tmp_path / "checkpoints/runs").mkdir()
    prune(tmp_path, 2, 6)
    left = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert left == ["checkpoint-30", "checkpoint-4", "checkpoint-6", "checkpoint-8", "runs"]
    assert latest(tmp_path, 7) == tmp_path / "checkpoints/checkpoint-6"


def test_a_seal_is_never_seen_half_written_and_is_renewed_whole(tmp_path: Path):
    path = saved(tmp_path, 2)
    (path / "adapter_model.safetensors").write_bytes(bytes(7))
    seal(path, SessionState(step=2, scheduler=SCHEDULER), CONFIG, 1)
    assert json.loads((path / "spatialevo.json").read_text())["files"][
        "adapter_model.safetensors"
    ] == {"bytes": 7, "sha256": checked(path, CONFIG).files["adapter_model.safetensors"].sha256}
    assert not list(path.glob("*.part"))


def test_only_what_says_that_a_file_was_not_written_becomes_one_line(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), Saving(tmp_path):
        _ = 1 / 0
    told = r"could not be written: no space left on device$"
    with pytest.raises(DataError, match=told), Saving(tmp_path):
        raise RuntimeError("I/O error: No space left on device (os error 28)")


def test_a_folder_belongs_to_one_run_at_a_time(tmp_path: Path):
    out, config = tmp_path / "run", settings()
    with ExitStack() as first, ExitStack() as second:
        assert opening.begin(first, config, out, print, resume=False) is None
        told = rf"run is in use by process {os.getpid()} on \S+; wait for its end, or choose"
        for resume in (False, True):
            with pytest.raises(ConfigError, match=told):
                opening.begin(second, config, out, print, resume=resume)
    assert not out.exists()


def test_the_lock_of_a_dead_process_keeps_nobody_out(tmp_path: Path):
    (tmp_path / "run.lock").write_text("process 1 on elsewhere\n")
    with ExitStack() as stack:
        assert opening.begin(stack, settings(), tmp_path, print, resume=False) is None
    assert not (tmp_path / "run.lock").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with ExitStack() as stack, pytest.raises(OSError, match="file/run"):
        opening.begin(stack, settings(), tmp_path / "file/run", print, resume=False)


def test_what_a_kill_left_half_written_is_removed_before_a_run_goes_on(tmp_path: Path):
    good = saved(tmp_path, 2)
    half = tmp_path / "checkpoints/checkpoint-4"
    half.mkdir()
    (half / "optimizer.pt").write_text("mom")
    (tmp_path / "metrics.jsonl").write_text('{"step": 2}\n{"step": 3}\n{"st')
    opening.prepare(settings(), tmp_path, 2)
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 2}\n'
    assert checkpoints.complete(tmp_path) == {2: good}
    assert not half.exists()
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(RecordError, match=r"metrics.jsonl:2: not a row of a step; mend it"):
        opening.prepare(settings(), tmp_path, 2)
