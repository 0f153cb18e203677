"""Settings of a training run: a preset, then a TOML file, then `--set key=value`.

::

    model = "Qwen/Qwen2.5-VL-3B-Instruct"
    tasks = []                      # all that the data allows

    [[data]]
    dataset = "scannet"
    root = "/data/scannet"
    split = "train"

Unknown keys are refused. A run writes its resolved settings beside its output.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Frozen
from spatialevo_core.schedule import Scheduler, Strategy
from spatialevo_trainer.prompts import PromptStyle


class Data(Frozen):
    """Worlds to ask about."""

    dataset: str
    root: Path | None = None
    split: str | None = None
    ids: tuple[str, ...] = ()
    """World ids; all of the split where none is given."""


class Lora(Frozen):
    """The adapter; on the language model's projections only."""

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)


class Schedule(Frozen):
    """Which task comes next; see `spatialevo_core.schedule`."""

    strategy: Strategy = "adaptive"
    prior: float = Field(0.35, ge=0, le=1)
    delta: float = Field(0.05, gt=0, le=1)
    half_life: float | None = Field(None, gt=0)
    """Questions after which a score counts half; None never forgets."""

    def start(self, n: int) -> Scheduler:
        """A scheduler that has seen nothing; it will count `n` answers to each question."""
        answers = self.half_life and self.half_life * n
        return Scheduler(self.strategy, self.prior, self.delta, answers)


class Ablation(Frozen):
    """Parts of the method, each of which can be taken away."""

    questioner: bool = True
    """Off: every question is proposed by the oracle."""
    solver: bool = True
    """Off: the solver answers, but is not trained."""
    validity: bool = True
    observation: bool = True
    explanation: bool = True


class TrainConfig(Frozen):
    """Everything that determines a run."""

    model: str = Field("", description="checkpoint folder or name of a Qwen2.5-VL")
    data: tuple[Data, ...] = ()
    tasks: tuple[str, ...] = ()
    """Names of tasks; all that the data allows where none is given."""
    profile: str = "exact"

    steps: int = Field(100, ge=1)
    scenes: int = Field(4, ge=1)
    """Per step, over all processes."""
    n: int = Field(8, ge=2)
    """Replies per prompt, in both roles."""
    quota: int = Field(2, ge=1)
    """Questions per scene that go to the solver."""
    illegal_share: float = Field(0.25, ge=0, le=1)
    """Of a step's quota, at most."""
    micro_batches: int = Field(1, ge=1)
    """Into how many parts a step's rows are split for the gradient; divides scenes."""

    temperature: float = Field(1.0, gt=0)
    questioner_tokens: int = Field(64, ge=1)
    solver_tokens: int = Field(64, ge=1)
    """Longest replies."""
    prompts: PromptStyle = "short"
    image_pixels: int | None = Field(None, ge=28 * 28)
    """Most pixels of an image as the model sees it; the checkpoint's own limit where None."""

    reward: Literal["oracle", "consensus"] = "oracle"
    """`consensus` takes the solver's own majority for the truth: the baseline that must fail."""
    alpha: float = Field(0.1, ge=0, le=1)
    judge: str | None = None
    """Name of a judge; its scores then count instead of f_obs and f_explain."""
    novelty: bool = False
    """Divide a candidate's reward by how many equal questions its group holds."""
    role_weight: float = Field(1.0, ge=0)
    """Factor on the questioner's advantages; its replies are longer and so weigh more."""
    ablation: Ablation = Ablation()
    schedule: Schedule = Schedule()

    lora: Lora = Lora()
    learning_rate: float = Field(5e-4, gt=0)
    lr_schedule: Literal["constant", "cosine", "linear"] = "constant"
    warmup_steps: int = Field(0, ge=0)
    beta: float = Field(0.0, ge=0)
    """Weight of the KL divergence from the model without its adapter."""
    clip: float = Field(1.0, gt=0)
    """Largest norm of the gradient."""
    seed: int = 0
    save_every: int = Field(50, ge=1)
    """Steps between checkpoints."""
    keep: int = Field(2, ge=1)
    """Checkpoints kept."""

    @model_validator(mode="after")
    def _consistent(self) -> TrainConfig:
        if self.scenes % self.micro_batches:
            raise ValueError(
                f"micro_batches = {self.micro_batches} does not divide scenes = {self.scenes}"
            )
        if not (self.ablation.questioner or self.ablation.solver):
            raise ValueError("without questioner and solver nothing is trained; keep one of them")
        return self

    def toml(self) -> str:
        """The settings as a TOML file that gives the same settings back."""
        return _toml(self.model_dump(mode="json", exclude_none=True))


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"novelty": True},
    "paper": {
        "model": "Qwen/Qwen2.5-VL-3B-Instruct",
        "steps": 3000,
        "scenes": 8,
        "n": 8,
        "quota": 4,
        "micro_batches": 8,
        "temperature": 0.7,
        "questioner_tokens": 256,
        "solver_tokens": 512,
        "prompts": "full",
        "image_pixels": 448 * 448,
        "lora": {"rank": 64, "alpha": 128},
        "learning_rate": 1e-5,
        "lr_schedule": "cosine",
        "beta": 0.04,
        "save_every": 100,
    },
}
"""`tiny` learns in a minute on one core, `paper` is for a real model on GPUs."""


def load_config(
    path: Path | None = None, *, preset: str = "tiny", settings: Iterable[str] = ()
) -> TrainConfig:
    """The settings of a preset, a TOML file over it and `key=value` over both; or ConfigError."""
    if preset not in PRESETS:
        raise ConfigError(f"there is no preset '{preset}'; known: {', '.join(PRESETS)}")
    merged = _over({}, PRESETS[preset])
    if path is not None:
        merged = _over(merged, _read(path))
    for setting in settings:
        merged = _over(merged, _setting(setting))
    try:
        return TrainConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_first(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def _setting(text: str) -> dict[str, Any]:
    """`lora.rank=8` as {"lora": {"rank": 8}}; a value that is no TOML is a string."""
    key, equals, raw = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"setting '{text}' is not of the form key=value")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return dict(value)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(old, value) if nested else value  # type: ignore[arg-type]
    return merged


def _first(error: ValidationError) -> str:
    """The first mistake in one line, with the key nearest to an unknown one."""
    from difflib import get_close_matches  # noqa: PLC0415  (only when something is wrong)

    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        close = get_close_matches(str(first["loc"][-1]), _keys(), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"there is no setting '{where}'{hint}"
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = f", not {first['input']!r}" if where else ""
    return f"setting '{where}': {message}{given}" if where else message


def _keys() -> list[str]:
    models = (TrainConfig, Data, Lora, Schedule, Ablation)
    return [key for model in models for key in model.model_fields]


def _toml(values: Mapping[str, Any], prefix: str = "") -> str:
    """Plain values first, then tables and arrays of tables."""
    lines, tables = [], []
    for key, value in values.items():
        if isinstance(value, Mapping):
            tables.append(f"\n[{prefix}{key}]\n{_toml(value, f'{prefix}{key}.')}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables += [f"\n[[{prefix}{key}]]\n{_toml(each)}" for each in value]
        else:
            lines.append(f"{key} = {_value(value)}\n")
    return "".join(lines + tables)


def _value(value: Any) -> str:
    import json  # noqa: PLC0415

    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
