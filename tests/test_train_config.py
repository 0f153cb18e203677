import tomllib
from pathlib import Path

import pytest

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import TrainConfig, load_config


def test_the_paper_preset_is_the_published_setting():
    paper = load_config(preset="paper")
    assert (paper.lora.rank, paper.learning_rate, paper.lr_schedule) == (64, 1e-5, "cosine")
    assert (paper.beta, paper.n, paper.temperature) == (0.04, 8, 0.7)
    assert (paper.scenes, paper.steps, paper.novelty) == (8, 3000, False)


def test_a_file_goes_over_the_preset_and_a_setting_over_both(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text('steps = 7\n[lora]\nalpha = 8\n[[data]]\ndataset = "school"\n')
    config = load_config(path, preset="paper", settings=["steps=9", "model=here", "lora.rank=2"])
    assert (config.steps, config.model, config.n) == (9, "here", 8)
    assert (config.lora.rank, config.lora.alpha) == (2, 8)
    assert config.data[0].dataset == "school"


def test_the_resolved_settings_give_themselves_back():
    config = load_config(
        preset="paper",
        settings=[
            'data=[{dataset="a", root="/b", ids=["1", "2"]}, {dataset="c"}]',
            'tasks=["x"]',
            "schedule.half_life=100.0",
            "ablation.questioner=false",
            'model="quo\\"ted"',
        ],
    )
    assert TrainConfig.model_validate(tomllib.loads(config.toml())) == config


MISTAKES = {
    "stepz=3": "there is no setting 'stepz'; did you mean 'steps'?",
    "lora.rnk=3": "there is no setting 'lora.rnk'; did you mean 'rank'?",
    "steps=0": "setting 'steps': input should be greater than or equal to 1, not 0",
    "reward=luck": "setting 'reward': input should be 'oracle' or 'consensus', not 'luck'",
    "n": "setting 'n' is not of the form key=value",
    "micro_batches=3": "micro_batches = 3 does not divide scenes = 4",
}


@pytest.mark.parametrize(("setting", "message"), MISTAKES.items())
def test_a_mistake_is_one_line(setting: str, message: str):
    with pytest.raises(ConfigError) as caught:
        load_config(settings=[setting])
    assert str(caught.value) == message


def test_nothing_to_train_is_refused():
    with pytest.raises(ConfigError, match="nothing is trained; keep one of them"):
        load_config(settings=["ablation.questioner=false", "ablation.solver=false"])


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match="there is no preset 'huge'; known: tiny, paper"):
        load_config(preset="huge")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent.toml: no such file"):
        load_config(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("steps = = 3")
    with pytest.raises(ConfigError, match=r"bad.toml is not TOML"):
        load_config(tmp_path / "bad.toml")
