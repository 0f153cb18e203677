"""The options of 'spatialevo train' are settings, and are recorded with them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shelf_school import school, settings, tiny_model
from spatialevo_core.cli import main
from spatialevo_trainer import run
from spatialevo_trainer.config import TrainConfig, load_config
from spatialevo_trainer.session import Session

ABLATIONS = {
    "--reward consensus": ("reward", "consensus"),
    "--no-questioner": ("ablation.questioner", False),
    "--no-solver": ("ablation.solver", False),
    "--scheduler uniform": ("schedule.strategy", "uniform"),
    "--scheduler learnability": ("schedule.strategy", "learnability"),
    "--no-validity": ("ablation.validity", False),
    "--no-observation": ("ablation.observation", False),
    "--no-explanation": ("ablation.explanation", False),
}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """The settings of the runs that would have been started."""
    configs: list[TrainConfig] = []
    monkeypatch.setattr(run, "train", lambda config, *_, **__: configs.append(config))
    return configs


def start(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["train", *arguments], catch_exceptions=False)


def values(config: TrainConfig) -> dict[str, Any]:
    """By dotted key, as the run records them."""
    flat: dict[str, Any] = {}
    for key, value in tomllib.loads(config.toml()).items():
        nested = value.items() if isinstance(value, dict) else ()
        flat |= {f"{key}.{inner}": each for inner, each in nested} or {key: value}
    return flat


@pytest.mark.parametrize("option", ABLATIONS)
def test_an_ablation_is_one_setting(option: str, started: list[TrainConfig]):
    key, value = ABLATIONS[option]
    assert start(*option.split()).exit_code == 0
    plain = values(load_config())
    changed = {each: told for each, told in values(started[0]).items() if told != plain[each]}
    assert changed == {key: value}
    assert load_config(settings=[f"{key}={str(value).lower()}"]) == started[0]


def test_an_option_wins_over_the_file_and_over_set(started: list[TrainConfig], tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text('reward = "oracle"\nsteps = 7\n[schedule]\nstrategy = "learnability"\n')
    given = ["--set", "reward=oracle", "--reward", "consensus", "--scheduler", "uniform"]
    start(str(path), *given)
    assert (started[0].reward, started[0].schedule.strategy) == ("consensus", "uniform")
    assert started[0].steps == 7


def test_options_are_recorded_in_the_folder_of_the_run(tmp_path: Path):
    config = load_config(settings=["reward=consensus", "ablation.validity=false"])
    session = Session(settings(model=tiny_model()), school())
    (tmp_path / "run").mkdir()
    run._open(config, session, tmp_path / "run", None)
    told = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (told["reward"], told["ablation"]["validity"]) == ("consensus", False)
    assert TrainConfig.model_validate(told) == config


def test_nothing_left_to_train_is_refused(started: list[TrainConfig]):
    told = start("--no-questioner", "--no-solver")
    assert told.exit_code == 1
    assert "nothing is trained; keep one of them" in told.stderr
    assert not started


def test_the_help_is_grouped():
    told = start("--help").stdout
    options, planning, ablations = (told.index(f"\n{each}:") for each in HEADINGS)
    assert options < told.index("--resume") < planning < told.index("--gpus") < ablations
    assert ablations < told.index("--no-observation")


HEADINGS = ("Options", "Planning", "Ablations")
