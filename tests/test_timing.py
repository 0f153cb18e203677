"""A step's time by what it was spent on."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from shelf_school import school, settings, tiny_model
from spatialevo_trainer import metrics, session
from spatialevo_trainer.episode import Episode
from spatialevo_trainer.grpo import DualRoleTrainer
from spatialevo_trainer.run import train

pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")


def test_each_part_of_a_step_is_counted_where_it_belongs(tmp_path: Path, monkeypatch):
    now = 0.0
    monkeypatch.setattr(session, "time", SimpleNamespace(perf_counter=lambda: now))

    def takes(seconds: float, owner: type, name: str) -> None:
        method = getattr(owner, name)

        def timed(*args, **kwargs):
            nonlocal now
            now += seconds
            return method(*args, **kwargs)

        monkeypatch.setattr(owner, name, timed)

    takes(1, session.Session, "begin")
    takes(10, Episode, "hear_questions")
    takes(100, Episode, "solver_rows")
    takes(1000, Episode, "hear_answers")
    takes(7, DualRoleTrainer, "_generate_single_turn")  # twice a step
    takes(5, DualRoleTrainer, "compute_loss")
    train(settings(model=tiny_model(), steps=2, save_every=2), school(), tmp_path)
    for row in metrics.read_rows(tmp_path / metrics.FILE):
        assert row["time/oracle_s"] == 1111
        assert row["time/generation_s"] == 14
        assert row["time/update_s"] == 5
