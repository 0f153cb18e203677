import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from shelf_school import school, settings
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
    assert row["reasons/question.unparseable"] == 2
    assert row["solver/fallback"] == 0.5
    assert row["solver/accuracy/heavier"] == pytest.approx(2 / 8)
    assert row["solver/zero_variance"] == 0.5
    assert row["time/oracle_ms"] > 0


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
