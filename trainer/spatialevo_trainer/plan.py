"""What a configuration implies before anything is loaded: tokens, rows, memory, impossibilities.

Every figure is a product of settings and of the model's shape; docs/plan.md works one out by hand.
Memory is that of one GPU with the frozen weights in bfloat16 and the adapter in float32. The bytes
per token of a pass were counted on PyTorch's operators, the model's layers wrapped by peft.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.shapes import Shape

USABLE = 0.9
"""Share of a GPU's memory to plan with; CUDA, NCCL and fragmentation take the rest."""
MOST_VIEWS = 8
"""Images of a prompt where no data says otherwise."""
TEMPLATE_TOKENS = 256
"""Text of a prompt beside its question: template, task, names of objects."""
AROUND_IMAGE = 2
"""Tokens that begin and end an image."""
GIB = 2**30

BFLOAT, FLOAT = 2, 4
READ_INTERMEDIATE, READ_HIDDEN = 8, 10
"""Bytes per token, times the two widths, while a prompt is read under autocast."""
TRAIN_INTERMEDIATE, TRAIN_HIDDEN = 14, 34
"""The same while a checkpointed layer is computed again and differentiated."""
SEE_HIDDEN = 36
"""The same per patch, times the tower's width."""
LOGITS = 4096 * 32768 * BFLOAT
"""TRL computes log-probabilities in tiles of so many tokens and words."""

Bytes = float


@dataclass(frozen=True)
class Machine:
    """What a run is planned on; a processor where there is no GPU."""

    gpus: int
    memory_gib: float
    """Of each GPU, or of the processor."""
    sharded: bool = False
    """The frozen weights are shared between the GPUs."""
    origin: str = ""
    """Where this was taken from."""

    @property
    def processes(self) -> int:
        """One per GPU."""
        return max(1, self.gpus)


@dataclass(frozen=True)
class Prompt:
    """How long prompts get."""

    views: int
    text: int
    origin: str
    """Where this was taken from."""

    @classmethod
    def assumed(cls, config: TrainConfig) -> Prompt:
        """Without looking at data; the solver's prompt holds the questioner's question."""
        return cls(MOST_VIEWS, TEMPLATE_TOKENS + config.questioner_tokens, "assumed")


@dataclass(frozen=True)
class Plan:
    """The figures of one configuration on one machine; raises ConfigError if rows come not out."""

    config: TrainConfig
    shape: Shape
    machine: Machine
    prompt: Prompt
    micro_rows: int = field(init=False)
    """Rows of one forward and backward pass."""

    def __post_init__(self) -> None:
        rows = self.config.rows(self.machine.processes) * self.shares
        object.__setattr__(self, "micro_rows", rows)

    @property
    def shares(self) -> int:
        """Rows trained on per row of the questioner's."""
        ablation = self.config.ablation
        return int(ablation.questioner) + self.config.quota * int(ablation.solver)

    @property
    def pixels(self) -> int:
        """Most pixels of an image."""
        return self.config.image_pixels or self.shape.pixels

    @property
    def image_tokens(self) -> int:
        """Of one view, without those around it."""
        return self.shape.tower.tokens(self.pixels)

    @property
    def prompt_tokens(self) -> int:
        """Of the longest prompt."""
        return self.prompt.views * (self.image_tokens + AROUND_IMAGE) + self.prompt.text

    @property
    def reply_tokens(self) -> int:
        """Of the longest reply; the shorter role's are padded to it."""
        return max(self.config.questioner_tokens, self.config.solver_tokens)

    @property
    def row_tokens(self) -> int:
        """Of prompt and reply."""
        return self.prompt_tokens + self.reply_tokens

    @property
    def questioner_rows(self) -> int:
        """Sampled in a step, over all processes."""
        return self.config.scenes * self.config.n * int(self.config.ablation.questioner)

    @property
    def solver_rows(self) -> int:
        """Sampled in a step, over all processes."""
        return self.config.scenes * self.config.quota * self.config.n

    @property
    def sampled_at_once(self) -> int:
        """Replies that one process samples together."""
        rows = max(self.questioner_rows, self.solver_rows) // self.machine.processes
        return min(rows, self.config.generation_rows or rows)

    @property
    def step_tokens(self) -> int:
        """Sampled in a step, at most."""
        config = self.config
        asked = self.questioner_rows * config.questioner_tokens
        return asked + self.solver_rows * config.solver_tokens

    @property
    def adapter(self) -> int:
        """Parameters that are trained."""
        return self.shape.adapter(self.config.lora.rank)

    @property
    def cache_bytes(self) -> int:
        """Of keys and values, per token."""
        return 2 * self.shape.layers * self.shape.kv * BFLOAT

    def patches(self, rows: int) -> int:
        """Image patches of so many rows."""
        return rows * self.prompt.views * self.image_tokens * self.shape.tower.merge**2

    def held(self) -> dict[str, Bytes]:
        """What a GPU holds all the time."""
        shape, machine = self.shape, self.machine
        parts = machine.processes if machine.sharded else 1
        buckets = 2 if machine.gpus > 1 and not machine.sharded else 1
        weights = shape.parameters * (BFLOAT if machine.gpus else FLOAT) / parts
        gathered = shape.vocabulary * shape.hidden * BFLOAT if machine.sharded else 0
        trained = self.adapter * FLOAT / parts
        rows = (self.questioner_rows + self.solver_rows) // machine.processes
        images = self.patches(rows) * shape.tower.patch_values * BFLOAT
        return {
            "weights": weights + gathered,
            "adapter": trained * (1 + BFLOAT / FLOAT),  # autocast keeps a copy
            "gradients": buckets * trained,
            "optimiser": 2 * trained,
            "images": images,
        }

    def sampling(self) -> dict[str, Bytes]:
        """What sampling takes on top, and gives back."""
        config, shape, rows = self.config, self.shape, self.sampled_at_once
        if config.vllm == "server":
            return {"vLLM": 0.0}
        if config.vllm == "colocate":
            return {"vLLM": config.vllm_options.gpu_memory * self.machine.memory_gib * GIB}
        layer = READ_INTERMEDIATE * shape.intermediate + READ_HIDDEN * shape.hidden
        return {
            "cache": rows * self.row_tokens * self.cache_bytes,
            "reading": max(rows * self.prompt_tokens * layer, self._seeing(rows)),
        }

    def updating(self) -> dict[str, Bytes]:
        """What one micro-batch of the update takes on top, and gives back."""
        shape, tokens = self.shape, self.micro_rows * self.row_tokens
        layer = TRAIN_INTERMEDIATE * shape.intermediate + TRAIN_HIDDEN * shape.hidden
        parts = {
            "checkpoints": tokens * shape.layers * shape.hidden * BFLOAT,
            "layer": max(tokens * layer, self._seeing(self.micro_rows)),
            "logits": float(LOGITS),
        }
        if self.config.vllm == "colocate" and not self.config.vllm_options.sleep:
            parts |= self.sampling()
        return parts

    @property
    def peak(self) -> Bytes:
        """The most that a GPU holds at any time."""
        passing = max(sum(self.sampling().values()), sum(self.updating().values()))
        return sum(self.held().values()) + passing

    @property
    def usable(self) -> Bytes:
        """What there is to plan with."""
        return USABLE * self.machine.memory_gib * GIB

    def problems(self) -> tuple[str, ...]:
        """Why this cannot run; empty if nothing is known to be against it."""
        return (*self._lengths(), *self._counts(), *self._engine(), *self._room())

    def _seeing(self, rows: int) -> Bytes:
        """What the tower takes while it looks at the images of so many rows."""
        tower = self.shape.tower
        return self.patches(rows) * (SEE_HIDDEN * tower.hidden + BFLOAT * tower.patch_values)

    def _lengths(self) -> Iterator[str]:
        config = self.config
        if self.row_tokens > self.shape.context:
            yield (
                f"a prompt of {self.prompt_tokens:,} tokens ({self.prompt.views} images of "
                f"{self.image_tokens:,}) and a reply of {self.reply_tokens:,} exceed the model's "
                f"context of {self.shape.context:,}; lower image_pixels"
            )
        elif config.vllm != "off" and self.row_tokens > config.vllm_options.context:
            yield (
                f"prompt and reply have {self.row_tokens:,} tokens, vllm_options.context = "
                f"{config.vllm_options.context}; raise it to at least {self.row_tokens}"
            )
        for role, tags in (("questioner", 4), ("solver", 2)):
            given = int(getattr(config, f"{role}_tokens"))
            if given < (least := _least_tokens(tags, config)):
                yield (
                    f"{role}_tokens = {given}, but the shortest reply that keeps to the format "
                    f"has {least}"
                )

    def _counts(self) -> Iterator[str]:
        config = self.config
        if config.ablation.questioner and config.quota > config.n:
            yield (
                f"quota = {config.quota} questions of each scene are to be answered, but only "
                f"n = {config.n} are asked; lower quota or raise n"
            )
        local = config.scenes // self.machine.processes * config.quota
        if config.ablation.questioner and 0 < config.illegal_share * local < 1:
            yield (
                f"illegal_share = {config.illegal_share} of the {local} questions of a process is "
                f"less than one, so that none would ever be explained; set it to 0 or to at least "
                f"{1 / local:.3g}"
            )

    def _engine(self) -> Iterator[str]:
        config, gpus = self.config, self.machine.gpus
        if config.vllm == "off":
            return
        if not gpus:
            yield f"vllm = '{config.vllm}' needs a GPU to train on; set vllm to 'off'"
        elif config.vllm == "colocate" and gpus % config.vllm_options.tensor_parallel:
            yield (
                f"vllm_options.tensor_parallel = {config.vllm_options.tensor_parallel} does not "
                f"divide {gpus} GPUs"
            )

    def _room(self) -> Iterator[str]:
        needed = self.peak if self.machine.gpus else sum(self.held().values())
        if needed <= self.usable:
            return
        parts = self.held()
        if self.machine.gpus:
            sampling, updating = self.sampling(), self.updating()
            parts |= sampling if sum(sampling.values()) > sum(updating.values()) else updating
        largest = max(parts, key=lambda name: parts[name])
        yield (
            f"it needs {needed / GIB:.1f} GiB on each {'GPU' if self.machine.gpus else 'processor'}"
            f", and {self.usable / GIB:.1f} of {self.machine.memory_gib:g} are to be planned with; "
            f"the most are {parts[largest] / GIB:.1f} of {largest}: {_REMEDIES[largest]}"
        )


_REMEDIES = {
    "weights": "take a smaller model, or share the weights (--accelerate 8gpu-fsdp)",
    "adapter": "lower lora.rank",
    "gradients": "lower lora.rank",
    "optimiser": "lower lora.rank",
    "images": "lower scenes, quota or image_pixels, or take more GPUs",
    "cache": "lower generation_rows",
    "reading": "lower generation_rows",
    "vLLM": "lower vllm_options.gpu_memory, or let a server sample",
    "checkpoints": "raise micro_batches",
    "layer": "raise micro_batches",
    "logits": "take a larger GPU",
}


def _least_tokens(tags: int, config: TrainConfig) -> int:
    """Tags, a token within each pair and one for the end; a real tokenizer cuts a tag in three."""
    return tags * (3 if config.prompts == "full" else 1) + tags // 2 + 1


def check(plan: Plan) -> None:
    """Raise ConfigError with all that is against a plan."""
    if problems := plan.problems():
        raise ConfigError("this cannot run: " + "; ".join(problems))
