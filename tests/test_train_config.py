import tomllib
from pathlib import Path

import pytest

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import TrainConfig, load_config


@pytest.mark.parametrize("size", ["3b", "7b"])
def test_the_presets_of_real_models_are_the_published_setting(size: str):
    paper = load_config(preset=f"qwen2.5-vl-{size}")
    assert paper.model == f"Qwen/Qwen2.5-VL-{size.upper()}-Instruct"
    assert (paper.lora.rank, paper.learning_rate, paper.lr_schedule) == (64, 1e-5, "cosine")
    assert (paper.beta, paper.n, paper.temperature) == (0.04, 8, 0.7)
    assert (paper.scenes, paper.steps, paper.novelty) == (8, 3000, False)
    assert (paper.alpha, paper.image_pixels, paper.illegal_share) == (0.1, 448 * 448, 0.25)
    assert paper.schedule.start(8).state()["half_life"] is None
    questions, answers = paper.scenes * paper.n, paper.scenes * paper.quota * paper.n
    assert (questions, answers) == (64, 512)


def test_scores_are_forgotten_unless_a_preset_says_otherwise():
    config = load_config()
    assert config.schedule.start(config.n).state()["half_life"] == 256 * 8


def test_a_file_goes_over_the_preset_and_a_setting_over_both(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text('steps = 7\n[lora]\nalpha = 8\n[[data]]\ndataset = "school"\n')
    config = load_config(
        path, preset="qwen2.5-vl-3b", settings=["steps=9", "model=here", "lora.rank=2"]
    )
    assert (config.steps, config.model, config.n) == (9, "here", 8)
    assert (config.lora.rank, config.lora.alpha) == (2, 8)
    assert config.data[0].dataset == "school"


def test_the_resolved_settings_give_themselves_back():
    config = load_config(
        preset="qwen2.5-vl-3b",
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
    "lora.rnk=3": "there is no setting 'lora.rnk'; did you mean 'lora.rank'?",
    "rank=3": "there is no setting 'rank'; did you mean 'lora.rank'?",
    "schedule.zzz=3": (
        "there is no setting 'schedule.zzz'; known: schedule.strategy, schedule.prior, "
        "schedule.delta, schedule.half_life"
    ),
    'data=[{dataset="a", rooot="b"}]': (
        "there is no setting 'data.0.rooot'; did you mean 'data.0.root'?"
    ),
    "data=[{}]": "setting 'data.0.dataset' is missing",
    "data=synthetic": "setting 'data': input should be a list, not 'synthetic'",
    "lora=5": "setting 'lora' is a table with the keys rank, alpha, dropout, not 5",
    "vllm=on": "setting 'vllm': input should be 'off', 'colocate' or 'server', not 'on'",
    "schedule.half_life=nan": (
        "setting 'schedule.half_life': input should be greater than 0, not nan"
    ),
    "steps=0": "setting 'steps': input should be greater than or equal to 1, not 0",
    "reward=luck": "setting 'reward': input should be 'oracle' or 'consensus', not 'luck'",
    "n": "setting 'n' is not of the form key=value",
    "micro_batches=3": "micro_batches = 3 does not divide scenes x n = 32",
}


@pytest.mark.parametrize(("setting", "message"), MISTAKES.items())
def test_a_mistake_is_one_line(setting: str, message: str):
    with pytest.raises(ConfigError) as caught:
        load_config(settings=[setting])
    assert str(caught.value) == message


def test_nothing_to_train_is_refused():
    with pytest.raises(ConfigError, match="nothing is trained; keep one of them"):
        load_config(settings=["ablation.questioner=false", "ablation.solver=false"])


def test_a_list_that_is_no_toml_is_refused():
    with pytest.raises(
        ConfigError, match=r"'tasks=\[a\]': the list or table is not TOML: .*quotes"
    ):
        load_config(settings=["tasks=[a]"])


def test_lists_and_nested_tables_can_be_set():
    config = load_config(settings=['data=[{dataset="a", ids=["1"]}]', "schedule.half_life=inf"])
    assert config.data[0].ids == ("1",)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config
    assert TrainConfig.model_validate(tomllib.loads(config.toml())) == config


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match=r"there is no preset 'paper'; known: tiny, qwen2\.5-vl"):
        load_config(preset="paper")
    with pytest.raises(ConfigError, match=r"did you mean 'qwen2\.5-vl-7b'"):
        load_config(preset="qwen2.5-7b")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent.toml: no such file"):
        load_config(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("steps = = 3")
    with pytest.raises(ConfigError, match=r"bad.toml is not TOML"):
        load_config(tmp_path / "bad.toml")
