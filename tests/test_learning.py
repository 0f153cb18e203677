"""The learning experiment: its plan, its bases and its claims; the runs themselves are too long."""

import json
import re
from pathlib import Path

import pytest

from spatialevo_core.plugins import load
from spatialevo_trainer.demo_plan import shipped_plan
from spatialevo_trainer.held_out import FILE, held_out_places

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def learning(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import learning.claims
    import learning.report
    import learning.runs
    import learning.studies

    return learning


def shortened(config):
    """The same questions about fewer rooms."""
    held = tuple(each.model_copy(update={"ids": each.ids[:2]}) for each in config.held_out)
    return config.model_copy(update={"held_out": held})


def test_every_arm_has_settings_a_base_and_held_out_questions(learning):
    plan = learning.studies.experiment()
    registry = shipped_plan().narrowed(load())
    assert plan.seeds >= 5
    for study in plan.studies:
        configs = [learning.runs.config_of(run) for run in one_seed(learning, plan, study)]
        for config in configs:
            assert (Path(config.model) / "model.safetensors").is_file()
            trained = {world for data in config.data for world in data.ids}
            assert not trained & {world for group in config.held_out for world in group.ids}
        places = held_out_places(registry, shortened(configs[0]))
        assert list(places) == [group.name for group in study.held_out]
        settings = {config.model_dump_json() for config in configs}
        assert len(settings) == len(study.arms)


def one_seed(learning, plan, study):
    runs = learning.runs.every_run(plan, Path("unused"), [study.name], 1)
    return [run for run in runs if run.study == study]


def test_claims_are_read_from_the_figures_of_the_runs(learning, tmp_path):
    """Invented figures in which consensus harms and the oracle helps, but for the sound half."""
    plan = learning.studies.experiment()
    runs = list(learning.runs.every_run(plan, tmp_path, ["planted"], 2))
    ends = {"oracle": (0.9, 0.80), "consensus": (0.1, 0.96)}
    for run in runs:
        biased, sound = ends[run.arm.name]
        run.folder.mkdir(parents=True)
        rows = [
            {"step": 0, "sampled/biased": 0.3, "sampled/sound": 0.95},
            {"step": 100, "sampled/biased": biased + run.seed / 100, "sampled/sound": sound},
        ]
        (run.folder / FILE).write_text("".join(json.dumps(row) + "\n" for row in rows))
        (run.folder / "config.toml").write_text(learning.runs.config_of(run).toml())
        (run.folder / "metrics.jsonl").write_text('{"step": 1, "solver/accuracy": 0.5}\n')
        (run.folder / learning.runs.DONE).write_text("60.0\n")
    page = learning.report.write(plan, runs, tmp_path).read_text()
    claims = json.loads((tmp_path / "results.json").read_text())["claims"]
    met = {each["claim"]: each["met"] for each in claims if each["study"] == "planted"}
    assert list(met.values()) == [True, True, True, False]
    assert {each["met"] for each in claims if each["study"] != "planted"} == {None}
    assert re.search(r"0\.6[01] \(0\.54 to 0\.67\)", page)
    assert "+0.60 +0.61" in page
    assert (tmp_path / "planted" / "comparison.png").is_file()
