"""Examinations on held-out worlds during training."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from shelf_school import LOAD, school, settings, tiny_model
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.checkpoints import latest
from spatialevo_trainer.held_out import FILE, examine, held_out_places
from spatialevo_trainer.run import train

GROUP = {"name": "two shelves", "dataset": "school", "ids": ["shelf-6", "shelf-7"]}


def config(**changes):
    return settings(model=tiny_model(), data=[{"dataset": "school", "ids": ["shelf-0"]}], **changes)


def rows(run: Path):
    return [json.loads(line) for line in (run / FILE).read_text().splitlines()]


def untimed(run: Path):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(x).items() if not k.startswith("time/")} for x in lines]


def test_a_run_that_is_examined_learns_what_it_would_have_learned(tmp_path):
    marks = []
    examined = config(held_out=[GROUP], examine_every=1)
    train(config(), school(), tmp_path / "alone")
    train(examined, school(), tmp_path / "examined", on_marks=lambda *m: marks.append(m))
    assert untimed(tmp_path / "alone") == untimed(tmp_path / "examined")
    one, other = (
        load_file(tmp_path / name / "adapter/adapter_model.safetensors")
        for name in ("alone", "examined")
    )
    assert all((one[name] == other[name]).all() for name in one)
    assert [row["step"] for row in rows(tmp_path / "examined")] == [0, 1, 2, 3, 4]
    assert rows(tmp_path / "examined")[2] == {"step": 2, **marks[2][1].row()}
    for row in rows(tmp_path / "examined"):
        for name in ("sampled/two shelves", "greedy/two shelves", "legal", "f_obs", "unique"):
            assert 0 <= row[name] <= 1
        assert {"sampled/two shelves/heavier", "sampled/two shelves/load"} <= row.keys()
    assert not (tmp_path / "alone" / FILE).exists()


def test_a_resumed_run_examines_nothing_twice(tmp_path):
    examined = config(held_out=[GROUP], examine_every=2)
    train(examined, school(), tmp_path / "whole")
    train(examined, school(), tmp_path / "cut")
    whole = (tmp_path / "whole" / FILE).read_bytes()
    assert (tmp_path / "cut" / FILE).read_bytes() == whole
    last = latest(tmp_path / "cut")
    for path in last.rglob("*"):
        path.unlink()
    last.rmdir()
    assert latest(tmp_path / "cut").name == "checkpoint-2"
    train(examined, school(), tmp_path / "cut", resume=True)
    assert (tmp_path / "cut" / FILE).read_bytes() == whole


def test_marks_are_of_the_answers_that_a_model_gives():
    class Knowing:
        """A model that knows the weights of the heaviest and nothing else."""

        def replies(self, rows, most_tokens, *, seed, greedy=False):
            return [
                "<answer>6 kg</answer>" if "together" in str(row.prompt) else "<answer>?</answer>"
                for row in rows
            ]

    chosen = config(held_out=[GROUP])
    marks = examine(Knowing(), school(), chosen, held_out_places(school(), chosen))
    group = marks.groups["two shelves"]
    assert group.questions == 4
    assert group.tasks == {"heavier": 0.0, "load": 1.0}
    assert (group.sampled, group.greedy, group.commonest) == (0.5, 0.5, 0.5)
    assert (marks.legal, marks.unique) == (0.0, 1 / 4)


def test_a_group_in_which_nothing_can_be_asked_is_refused(tmp_path):
    silent = replace(LOAD, candidates=lambda view, rng: iter(()))
    with pytest.raises(ConfigError, match="held_out 'two shelves': no task is feasible"):
        train(config(held_out=[{**GROUP, "tasks": ["load"]}]), school(silent), tmp_path)
    assert not list(tmp_path.iterdir())
