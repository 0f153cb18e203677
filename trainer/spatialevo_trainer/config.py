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

import math
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Frozen
from spatialevo_core.schedule import Scheduler, Strategy
from spatialevo_trainer import settings as texts
from spatialevo_trainer.prompts import PromptStyle

DEFAULT_PRESET = "tiny"
_PRESETS = files("spatialevo_trainer") / "data" / "presets"


class Data(Frozen):
    """Worlds to ask about."""

    dataset: str
    root: Path | None = None
    split: str | None = None
    ids: tuple[str, ...] = ()
    """World ids; all of the split where none is given."""


class HeldOut(Data):
    """Worlds never trained on, on which the model is examined while it trains."""

    name: str = "held out"
    """Of the group in `held_out.jsonl` and in the curves."""
    frames: tuple[tuple[int, ...], ...] = ()
    """The views of each world, by their frames; one proposed view a world where none is given."""
    tasks: tuple[str, ...] = ()
    """Names of tasks; those of the run where none is given."""


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
    half_life: float = Field(256.0, gt=0, allow_inf_nan=True)
    """Questions of a task after which a score counts half; inf never forgets."""

    @field_validator("half_life", mode="before")
    @classmethod
    def _written_as_null(cls, value: Any) -> Any:
        """JSON has no infinity."""
        return math.inf if value is None else value

    def start(self, n: int) -> Scheduler:
        """A scheduler that has seen nothing; it will count `n` answers to each question."""
        answers = None if math.isinf(self.half_life) else self.half_life * n
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


class VllmOptions(Frozen):
    """What matters where vLLM samples the replies."""

    gpu_memory: float = Field(0.35, gt=0, le=1)
    """Share of a GPU that a colocated vLLM takes for weights and cache."""
    tensor_parallel: int = Field(1, ge=1)
    """GPUs that share one colocated vLLM; divides the number of processes."""
    sleep: bool = True
    """A colocated vLLM gives its memory back while the model is updated."""
    context: int = Field(8192, ge=1)
    """Most tokens of prompt and reply together."""
    url: str = "http://localhost:8000"
    """Of the server."""
    timeout_s: float = Field(240.0, gt=0)
    """How long to wait for the server to come up."""


class TrainConfig(Frozen):
    """Everything that determines a run."""

    model: str = Field("", description="checkpoint folder or name of a Qwen2.5-VL")
    data: tuple[Data, ...] = ()
    tasks: tuple[str, ...] = ()
    """Names of tasks; all that the data allows where none is given."""
    profile: str = "exact"

    held_out: tuple[HeldOut, ...] = ()
    """Examined at the start, every `examine_every` steps and at the end; nothing is learned."""
    examine_every: int = Field(50, ge=1)

    steps: int = Field(100, ge=1)
    scenes: int = Field(4, ge=1)
    """Per step, over all processes."""
    n: int = Field(8, ge=2)
    """Replies per prompt, in both roles."""
    quota: int = Field(2, ge=1)
    """Questions per scene that go to the solver."""
    max_faults: float = Field(0.5, ge=0, le=1)
    """Share of the last ten steps' replies that tasks may break on before the run ends."""
    illegal_share: float = Field(0.25, ge=0, le=1)
    """Of a step's quota, at most."""
    micro_batches: int = Field(1, ge=1)
    """Into how many parts a process splits its rows for the gradient; divides scenes x n."""
    generation_rows: int | None = Field(None, ge=1)
    """Most replies that a process samples at once, without vLLM; all of a round where None."""
    vllm: Literal["off", "colocate", "server"] = "off"
    """Who samples: transformers, vLLM on the same GPUs, or a vLLM server."""
    vllm_options: VllmOptions = VllmOptions()

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
        if self.scenes * self.n % self.micro_batches:
            raise ValueError(
                f"micro_batches = {self.micro_batches} does not divide "
                f"scenes x n = {self.scenes * self.n}"
            )
        if not (self.ablation.questioner or self.ablation.solver):
            raise ValueError("without questioner and solver nothing is trained; keep one of them")
        return self

    def rows(self, processes: int) -> int:
        """Rows that a process gives to one micro-batch; raises ConfigError if that comes not out.

        Of the questioner's rows; `quota` times as many of the solver's come with them.
        """
        scenes, rest = divmod(self.scenes, processes)
        if rest:
            raise ConfigError(f"scenes = {self.scenes} is no multiple of {processes} processes")
        rows, rest = divmod(scenes * self.n, self.micro_batches)
        if rest:
            raise ConfigError(
                f"micro_batches = {self.micro_batches} does not divide the {scenes * self.n} rows "
                f"({scenes} scenes x n = {self.n}) of each of {processes} processes"
            )
        return rows

    def toml(self) -> str:
        """The settings as a TOML file that gives the same settings back."""
        values = self.model_dump(mode="json", exclude_none=True)
        values["schedule"]["half_life"] = self.schedule.half_life
        return texts.to_toml(values)


def presets() -> tuple[str, ...]:
    """The names of the presets, the default one first."""
    names = sorted(path.name.removesuffix(".toml") for path in _PRESETS.iterdir())
    return tuple(sorted(names, key=lambda name: name != DEFAULT_PRESET))


def load_config(
    path: Path | None = None, *, preset: str = DEFAULT_PRESET, settings: Iterable[str] = ()
) -> TrainConfig:
    """The settings of a preset, a TOML file over it and `key=value` over both; or ConfigError."""
    merged = _preset(preset)
    if path is not None:
        merged = texts.over(merged, texts.read(path))
    for setting in settings:
        merged = texts.over(merged, texts.setting(setting))
    try:
        return TrainConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(texts.explained(error, TrainConfig)) from None


def _preset(name: str) -> dict[str, Any]:
    known = presets()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ConfigError(f"there is no preset '{name}'; {hint}known: {', '.join(known)}")
    return tomllib.loads((_PRESETS / f"{name}.toml").read_text(encoding="utf-8"))
