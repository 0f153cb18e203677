"""The comparison on a GPU, with the tiny model and without one."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu.__main__ as command
    from gpu import part, shapes

    return SimpleNamespace(command=command, part=part, shapes=shapes)


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")
def test_both_sides_train_on_the_same_rows_and_say_what_they_took(gpu, tmp_path: Path):
    found = []
    for arm in ("spatialevo", "trl"):
        out = tmp_path / f"{arm}.json"
        result = gpu.part.run("tiny", arm, tmp_path / "model", out)
        assert json.loads(out.read_text()) == result
        assert "error" not in result
        found.append(result)
    for result in found:
        assert len(result["steps"]) == 2
        for step in result["steps"]:
            # 2 scenes of 2 questions, and 2 answers to 2 questions of each; all of 8 tokens
            assert step["rows"] == 2 * 2 + 2 * 2 * 2
            assert step["completion_tokens"] == 8 * step["rows"]
            parts = [step[key] for key in ("generation_s", "oracle_s", "update_s")]
            assert min(parts) >= 0
            assert sum(parts) == pytest.approx(step["wall_s"], abs=0.05)
    table = gpu.command.table(found)
    assert table.splitlines()[0] == f"on {found[0]['device']}"
    assert "2 pairs of steps compared: rows, images and prompt tokens are the same" in table
    found[1]["steps"][1]["prompt_tokens"] += 1
    assert "NOT COMPARABLE: spatialevo and trl of tiny differ in prompt_tokens of step 2" in (
        gpu.command.table(found)
    )


def test_a_part_that_fails_leaves_a_reason_and_no_other_is_started(gpu, tmp_path, monkeypatch):
    def broken(config, folder, report):
        raise MemoryError("out of memory")

    monkeypatch.setattr(gpu.part, "ARMS", {"spatialevo": broken})
    failed = gpu.part.run("tiny", "spatialevo", tmp_path / "model", tmp_path / "one.json")
    assert failed["error"] == "MemoryError: out of memory"
    monkeypatch.setattr(gpu.command, "run_part", lambda *_: failed)
    out = tmp_path / "gpu.json"
    run = CliRunner().invoke(gpu.command.main, ["--only", "tiny", "--out", str(out)])
    assert run.exit_code == 1
    assert "| tiny | spatialevo | MemoryError: out of memory |" in run.output
    assert "| tiny | trl | the first part failed |" in run.output
    assert [each["shape"] for each in json.loads(out.read_text())] == ["tiny", "tiny"]


def test_without_time_nothing_is_started(gpu, tmp_path: Path):
    out = tmp_path / "gpu.json"
    run = CliRunner().invoke(gpu.command.main, ["--tiny", "--seconds", "1", "--out", str(out)])
    assert run.exit_code == 0
    assert "nothing ran" in run.output
    assert "| tiny | trl | only 1 s were left |" in run.output


def test_the_vocabulary_of_a_real_model_can_be_spoken(gpu):
    tokenizer = gpu.shapes.make_tokenizer(20_000)
    assert len(tokenizer) == 20_000
    plain = gpu.shapes.make_tokenizer(10_000)
    text = "Which chair is left?<answer>bed</answer>"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert len(tokenizer(text)["input_ids"]) == len(plain(text)["input_ids"])
    assert len(tokenizer.decode([19_000]).split()) == 3
