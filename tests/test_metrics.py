import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from shelf_school import LOAD, school, settings
from spatialevo_core.errors import RecordError
from spatialevo_trainer.cli import train as train_command
from spatialevo_trainer.curves import draw, smooth
from spatialevo_trainer.metrics import Sum, means, measure, merge, read_rows, write_row
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.records import keep_until
from spatialevo_trainer.session import Session


def test_a_step_is_measured_per_role_and_per_task():
    session = Session(settings(scenes=1, n=4, quota=2, tasks=("heavier",)), school())
    episode = session.begin(0, [0])
    a, b, _ = episode.places[0].view.vocabulary().names
    seen = f"On the shelf, a tall {a} stands left of a small {b}"
    good = write_question(seen, f"Which is heavier, the {a} or the {b}?")
    episode.hear_questions([good, good, write_question(seen, "Hm?"), ""])
    episode.solver_rows()
    episode.hear_answers([write_answer(b), write_answer(a), a, write_answer(b), *[""] * 4])
    row = means(measure(episode))
    assert row["questioner/legal"] == row["questioner/legal/heavier"] == 0.5
    assert row["questioner/unique"] == 0.75
    entropy = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    assert row["questioner/entropy_nats"] == pytest.approx(entropy)
    assert row["questioner/reward"] == pytest.approx((1 + 1 + 0.1 + 0) / 4)
    assert row["questioner/f_fmt"] == 0.75
    assert row["reasons/question.unparseable"] == row["reasons/question.unparseable/heavier"] == 2
    assert row["solver/fallback"] == 0.5
    assert row["solver/accuracy/heavier"] == pytest.approx(2 / 8)
    assert row["solver/zero_variance"] == 0.5
    # b, a, nothing and b; then nothing four times
    assert row["solver/entropy_nats"] == pytest.approx(entropy / 2)
    assert row["solver/unjudged"] == row["questioner/unjudged"] == 0
    parts = [row[f"time/oracle_ms/{role}/heavier"] for role in ("questioner", "solver")]
    assert row["time/oracle_ms"] == pytest.approx((parts[0] * 4 + parts[1] * 8) / 12)
    assert parts == [row["time/oracle_ms/questioner"], row["time/oracle_ms/solver"]]
    assert min(parts) > 0


def test_lengths_are_counted_by_role_and_task_and_the_longest_as_clipped():
    config = settings(scenes=1, n=2, quota=2, questioner_tokens=6, solver_tokens=5)
    session = Session(config, school(LOAD))
    episode = session.begin(0, [0])
    said = [[{"content": ""}]] * 4
    tokens = {"completion_ids": [[1] * 6, [1] * 3]}
    assert session.questioner_reward(said[:2], ["questioner"] * 2, **tokens) == [0.0, 0.0]
    assert session.solver_reward(said[:2], ["questioner"] * 2, **tokens) == [None, None]
    episode.solver_rows()
    session.solver_reward(said, ["solver"] * 4, completion_ids=[[1], [1], [1] * 5, [1] * 4])
    session.end()
    row = session.report
    assert row["questioner/tokens"] == row["questioner/tokens/load"] == 4.5
    assert row["questioner/clipped"] == row["questioner/clipped/load"] == 0.5
    assert row["solver/tokens/load"] == 11 / 4
    assert row["solver/clipped/load"] == 0.25


TABLE = re.compile(r"`([^`]+)`")


def test_every_metric_is_in_the_documentation():
    page = (Path(__file__).parents[1] / "docs/training.md").read_text(encoding="utf-8")
    section = page.partition("## What a run writes")[2].partition("\n## ")[0]
    lines = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    known = {name for line in lines for name in TABLE.findall(line)}
    session = Session(settings(scenes=2, n=2, tasks=("heavier", "load")), school())
    episode = session.begin(0, [0, 1])
    episode.faults.add("heavier", ValueError())
    replies = [write_question("x", "Hm?"), ""] * 2
    completions = [[{"content": text}] for text in replies]
    session.questioner_reward(completions, ["questioner"] * 4, completion_ids=[[1]] * 4)
    rows = episode.solver_rows()
    answers = [[{"content": write_answer("left")}]] * len(rows)
    session.solver_reward(answers, ["solver"] * len(rows), completion_ids=[[1]] * len(rows))
    session.end()
    assert len(session.report) > 40
    for name in session.report:
        parts = name.split("/")
        if parts[-1] in ("heavier", "load") and parts[0] not in ("faults", "scheduler"):
            parts = parts[:-1]
        if parts[0] in ("questioner", "solver"):
            assert "/".join(parts) in known or f"ROLE/{parts[1]}" in known, name
        else:
            assert any(each.startswith(f"{parts[0]}/") for each in known), name


def test_processes_add_up_to_the_mean_over_all_rows():
    parts = [
        {"solver/reward": Sum(1.0, 4), "faults/x": Sum(2, 1)},
        {"solver/reward": Sum(2.0, 2), "faults/x": Sum(1, 1), "solver/f_acc": Sum(1.0, 2)},
    ]
    assert means(merge(parts)) == {"faults/x": 3, "solver/f_acc": 0.5, "solver/reward": 0.5}


def test_a_row_is_plain_json_and_reads_back(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    write_row(path, {"step": 1, "loss": float("nan"), "kl": 0.5})
    assert read_rows(path) == [{"step": 1, "loss": None, "kl": 0.5}]
    path.write_text("{broken\n")
    with pytest.raises(RecordError, match=r"metrics.jsonl:1: not JSON"):
        read_rows(path)
    with pytest.raises(RecordError, match="is missing; expected the metrics of a run"):
        read_rows(tmp_path / "absent.jsonl")


def test_rows_after_a_checkpoint_and_a_torn_last_line_are_dropped(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    rows = [json.dumps({"step": step, "text": "ü"}) + "\n" for step in (1, 1, 2, 3)]
    path.write_text("".join(rows) + '{"step": 4, "te', encoding="utf-8")
    keep_until(path, 2)
    assert path.read_text(encoding="utf-8") == "".join(rows[:3])


def test_a_running_mean_leaves_gaps_out():
    assert smooth([1.0, None, 3.0, 5.0], span=2).tolist() == [1.0, 1.0, 3.0, 4.0]
    assert np.isnan(smooth([None, None])).all()


def test_curves_are_drawn_of_one_run_and_of_several(tmp_path: Path):
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        for step in (1, 2, 3):
            row = {"step": step, "solver/reward": step / 3, "solver/reward/heavier": 0.5}
            row["scheduler/accuracy/heavier"] = 0.3
            write_row(tmp_path / run / "metrics.jsonl", row)
    single = draw([tmp_path / "one"], tmp_path / "single")
    both = draw([tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    assert [path.name for path in single + both] == ["questioner.png", "solver.png"] * 2
    pictures = [np.asarray(Image.open(path).convert("L")) for path in (single[1], both[1])]
    assert all(picture.shape[1] > 1000 and picture.min() < 100 for picture in pictures)
    assert pictures[0].shape != pictures[1].shape or (pictures[0] != pictures[1]).any()


def test_the_command_reports_a_mistake_in_one_line(tmp_path: Path):
    run = CliRunner().invoke(train_command, ["--set", "stepz=3", "--out", str(tmp_path)])
    assert run.exit_code == 1
    assert "there is no setting 'stepz'; did you mean 'steps'?" in str(run.exception or run.output)


def test_importing_the_command_loads_no_torch():
    code = "import spatialevo_trainer.cli, sys; print({'torch', 'trl'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "set()"
