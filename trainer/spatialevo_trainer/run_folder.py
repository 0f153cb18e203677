"""What a run's folder holds, by name, and the settings in it. Needs no torch."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import TrainConfig

CONFIG: Final = "config.toml"
ADAPTER: Final = "adapter"
HELD_OUT: Final = "held_out.jsonl"


def run_of(adapter: Path) -> Path | None:
    """The run that an adapter, final or in a checkpoint, is part of; None if it stands alone."""
    return next((up for up in adapter.resolve().parents[:2] if (up / CONFIG).is_file()), None)


def settings_in(run: Path) -> dict[str, Any]:
    """The settings of a run as they were written; raises ConfigError where there are none."""
    path = run / CONFIG
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigError(f"{run} holds no run; expected {CONFIG} in it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def config_in(run: Path) -> TrainConfig:
    """The settings of a run, none of them from a preset; raises ConfigError."""
    try:
        return TrainConfig.model_validate(settings_in(run))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{run / CONFIG}: setting '{where}': {first['msg'].lower()}; was it written by another "
            "version?"
        ) from None


def base_of(adapter: Path) -> str:
    """The base model that an adapter was trained on, from the run that it is in; or ConfigError."""
    run = run_of(adapter)
    if run is None:
        raise ConfigError(f"adapter {adapter} is in no run's folder; name its base with --model")
    return config_in(run).model
