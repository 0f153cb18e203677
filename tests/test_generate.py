"""Files of generated questions: complete, resumable, and the same bytes every time."""

import json
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from shelf_plugin import Catalogue, broken_solve, plugged
from shelves import SHELF, TASK, ShelfView
from spatialevo_core.hooks import GROUP
from spatialevo_core.records import QuestionRecord, read_records


def generate(run, out, *args, **kwargs):
    return run("generate", "--dataset", "shelves", "--out", out, *args, **kwargs)


def test_generated_questions_carry_answers_and_evidence(run, tmp_path):
    result = generate(run, tmp_path / "q.jsonl", "--per-scene", 5)
    assert result.exit_code == 0, result.output
    rows = list(read_records(tmp_path / "q.jsonl", QuestionRecord))
    assert rows
    for row in rows:
        first, second = row.query["first"], row.query["second"]
        weights = [SHELF.weights_kg[first], SHELF.weights_kg[second]]
        assert row.answer.evidence == {"weights_kg": weights}
        assert row.answer.value == (first if weights[0] > weights[1] else second)
        assert first in row.text
        assert second in row.text


def test_generating_twice_gives_the_same_bytes_and_another_seed_others(run, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert generate(run, tmp_path / f"{name}.jsonl", "--seed", seed).exit_code == 0
    a, b, c = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert a == b != c


def test_an_interrupted_file_is_completed_to_the_same_bytes(run, catalogue, tmp_path):
    out = tmp_path / "out" / "q.jsonl"
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert run(*args).exit_code == 0
    whole = out.read_bytes()
    assert whole.count(b"\n") >= 3
    for kept in (len(whole) // 3, len(whole) // 2, len(whole) - 5, whole.index(b"\n") + 1):
        out.write_bytes(whole[:kept])
        assert run(*args).exit_code == 0
        assert out.read_bytes() == whole
    assert "q.jsonl: 0, faults: 0" in run(*args).stderr.replace("\n", "")


def test_a_file_of_other_settings_is_left_alone(run, tmp_path):
    out = tmp_path / "q.jsonl"
    generate(run, out)
    before = out.read_bytes()
    result = generate(run, out, "--seed", 4)
    assert result.exit_code == 1
    assert "was written with seed 0, not 4; write to another file" in result.stderr
    assert out.read_bytes() == before


def test_faults_are_set_aside_and_counted(run, tmp_path, monkeypatch):
    broken = replace(TASK, name="broken", solve=broken_solve)
    points = plugged(monkeypatch, TASK, broken)
    out = tmp_path / "q.jsonl"
    result = generate(run, out, points=points)
    assert result.exit_code == 1
    (fault,) = map(json.loads, (tmp_path / "q.faults.jsonl").read_text().splitlines())
    assert fault["task"] == "broken"
    assert generate(run, out, points=points).exit_code == 1, "they count until they are gone"
    assert (tmp_path / "q.faults.jsonl").read_text().count("\n") == 1
    assert fault["message"] == "task 'broken' raised in solve: KeyError: 'weight'"
    assert {row.task for row in read_records(out, QuestionRecord)} == {"heavier"}
    assert generate(run, tmp_path / "r.jsonl", "--max-faults", 1, points=points).exit_code == 0


def test_faults_are_neither_lost_nor_doubled_by_an_interruption(
    run, catalogue, tmp_path, monkeypatch
):
    (catalogue / "c.txt").write_text("")
    loaded = []
    monkeypatch.setattr(
        Catalogue, "load", lambda *args, own=Catalogue.load: loaded.append(args[2]) or own(*args)
    )
    broken = replace(TASK, name="broken", solve=broken_solve)
    points = plugged(monkeypatch, TASK, broken, name="cracked")
    out = tmp_path / "out" / "q.jsonl"
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert "faults: 2" in run(*args, points=points).stderr
    whole, faults = out.read_bytes(), out.with_name("q.faults.jsonl")
    told = faults.read_text().splitlines(keepends=True)
    assert loaded == ["a", "b", "c"]
    assert run(*args, points=points).exit_code == 1
    assert loaded == ["a", "b", "c"], "c has no questions and is finished all the same"
    for kept in (told, told[:1], []):
        faults.write_text("".join(kept))
        result = run(*args, "--max-faults", 1, points=points)
        assert result.exit_code == 1
        assert "faults: 2" in result.stderr
        assert sorted(faults.read_text().splitlines(keepends=True)) == sorted(told)
        assert out.read_bytes() == whole
    assert out.with_name("q.worlds.jsonl").read_text().count("\n") == 3
    assert run(*args[:-1], tmp_path / "out" / "r.jsonl").exit_code == 0
    assert sorted(each.name for each in out.parent.glob("*.faults.jsonl")) == ["q.faults.jsonl"]
    out.unlink()
    assert run(*args, "--max-faults", 2, points=points).exit_code == 0, "it starts anew"
    assert out.read_bytes() == whole


def test_problems_of_plugins_are_told_and_kept_with_the_settings(run, tmp_path, monkeypatch):
    out = tmp_path / "q.jsonl"
    points = [*plugged(monkeypatch, TASK), EntryPoint("ghost", "no_such_module", GROUP)]
    told = (
        "ghost: import: ModuleNotFoundError: No module named 'no_such_module'; "
        "install it, or install the plugin's distribution again"
    )
    for listed in ([], [told]):
        result = generate(run, out, points=points if listed else points[:1])
        assert result.exit_code == 0
        assert (f"problem: {told}\n" in result.stderr) == bool(listed)
        assert json.loads((tmp_path / "q.settings.json").read_text())["problems"] == listed


def test_another_folder_is_another_setting(run, catalogue, tmp_path):
    args = ("generate", "--dataset", "shelf_catalogue", "--out", tmp_path / "out" / "q.jsonl")
    assert run(*args, "--root", catalogue).exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("cup 3\npan 1\n")
    result = run(*args, "--root", other)
    assert result.exit_code == 1
    assert f"was written with root '{catalogue}', not '{other}'" in result.stderr


@pytest.mark.parametrize("text", ['{"seed": ', "[]", "\xff"])
def test_damaged_settings_are_named(run, tmp_path, text):
    assert generate(run, tmp_path / "q.jsonl").exit_code == 0
    beside = tmp_path / "q.settings.json"
    beside.write_bytes(text.encode("latin-1"))
    result = generate(run, tmp_path / "q.jsonl")
    assert result.exit_code == 1
    assert f"Error: {beside} is damaged" in result.stderr


def test_a_file_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    result = generate(run, tmp_path / "file" / "q.jsonl")
    assert result.exit_code == 1
    assert result.stderr.strip() == f"Error: {tmp_path / 'file'}: file exists"


class TornView(ShelfView):
    """A view that breaks after the first that it proposes."""

    @classmethod
    def propose(cls, source, rng):
        yield cls(source)
        raise KeyError("frame")


def test_views_that_cannot_be_proposed_are_faults_of_the_task(run, tmp_path, monkeypatch):
    points = plugged(monkeypatch, TASK, replace(TASK, name="torn", world=TornView))
    out = tmp_path / "q.jsonl"
    result = generate(run, out, points=points)
    assert result.exit_code == 1
    (fault,) = map(json.loads, (tmp_path / "q.faults.jsonl").read_text().splitlines())
    assert fault["message"] == "task 'torn' raised in view: KeyError: 'frame'"
    assert {row.task for row in read_records(out, QuestionRecord)} == {"heavier", "torn"}
    checked = run("tasks", "check", "torn", points=points)
    assert (checked.exit_code, checked.stderr.strip()) == (
        1,
        "Error: task 'torn' raised in view: KeyError: 'frame'",
    )


def test_worlds_are_chosen_by_id_or_by_number(run, catalogue, tmp_path):
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out")
    for name, choice in {"ids": ("--ids", "b"), "first": ("--scenes", 1)}.items():
        out = tmp_path / "out" / f"{name}.jsonl"
        assert run(*args, out, *choice).exit_code == 0
        worlds = {row.world for row in read_records(out, QuestionRecord)}
        assert worlds == ({"b"} if name == "ids" else {"a"})
