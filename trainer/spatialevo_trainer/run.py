"""A whole training run: from settings to a folder with adapter, metrics, questions and curves."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig

from spatialevo_core.errors import ConfigError
from spatialevo_core.registry import Registry
from spatialevo_trainer import checkpoints, metrics, records
from spatialevo_trainer.checkpoints import Chronicle, Progress, StopOnSignal
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.curves import draw
from spatialevo_trainer.grpo import DualRoleTrainer
from spatialevo_trainer.model import load_model, load_processor, lora
from spatialevo_trainer.session import Session

CONFIG = "config.toml"
ADAPTER = "adapter"


def train(
    config: TrainConfig,
    registry: Registry,
    out: Path,
    *,
    resume: bool = False,
    on_progress: Progress | None = None,
) -> Path:
    """Train, and return the run's folder `out`; raises ConfigError before anything is written.

    The folder holds `config.toml` (the resolved settings), `metrics.jsonl`, `questions.jsonl`,
    `curves/`, `checkpoints/` and, at the end, `adapter/`. A run that was killed and is resumed from
    its last checkpoint gives what it would have given undisturbed. SIGTERM saves a checkpoint and
    returns.
    """
    if not config.model:
        raise ConfigError("no model is chosen; set model to a Qwen2.5-VL checkpoint")
    session = Session(config, registry)
    # the first call decides: without it, processes that share no GPU count themselves as alone
    PartialState(cpu=not torch.cuda.is_available())
    checkpoint = _open(config, out, resume=resume)
    if checkpoint is not None:
        checkpoints.rewind(session, out, checkpoint)
    with StopOnSignal() as stop, warnings.catch_warnings():
        # TRL still uses the old name of an option; nothing that a user could change
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
        trainer = make_trainer(config, session, out)
        trainer.add_callback(Chronicle(session, out, on_progress))
        trainer.add_callback(stop)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.is_world_process_zero():
        trainer.model.save_pretrained(out / ADAPTER)
        draw([out], out / "curves")
    return out


def make_trainer(config: TrainConfig, session: Session, out: Path) -> DualRoleTrainer:
    """TRL's trainer with the settings of a run."""
    rows = Dataset.from_dict({"row": list(range(config.scenes))})
    trainer = DualRoleTrainer(
        session,
        model=load_model(config.model),
        processing_class=load_processor(config.model, config.image_pixels),
        args=trl_config(config, out / checkpoints.CHECKPOINTS),
        train_dataset=rows,
        peft_config=lora(config.lora),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def trl_config(config: TrainConfig, folder: Path) -> GRPOConfig:
    """Our settings in TRL's words; a step is one update from all of a step's rows."""
    gpu = torch.cuda.is_available()
    processes = PartialState(cpu=not gpu).num_processes
    per_process, rest = divmod(config.scenes, processes * config.micro_batches)
    if rest:
        raise ConfigError(
            f"scenes = {config.scenes} is no multiple of {processes} processes "
            f"times micro_batches = {config.micro_batches}"
        )
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=config.steps,
        per_device_train_batch_size=per_process * config.n,
        gradient_accumulation_steps=config.micro_batches,
        steps_per_generation=config.micro_batches,
        num_generations=config.n,
        max_completion_length=max(config.questioner_tokens, config.solver_tokens),
        temperature=config.temperature,
        beta=config.beta,
        scale_rewards="group",
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_schedule,
        warmup_steps=config.warmup_steps,
        max_grad_norm=config.clip,
        seed=config.seed,
        save_strategy="steps",
        save_steps=config.save_every,
        save_total_limit=config.keep,
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        shuffle_dataset=False,
        use_cpu=not gpu,
        bf16=gpu,
        gradient_checkpointing=gpu,
        dataloader_pin_memory=gpu,
    )


def _open(config: TrainConfig, out: Path, *, resume: bool) -> Path | None:
    """Prepare the run's folder; the checkpoint to go on from, if there is one."""
    checkpoint = checkpoints.latest(out)
    stored = out / CONFIG
    if resume and stored.is_file() and stored.read_text(encoding="utf-8") != config.toml():
        raise ConfigError(f"{stored} differs from the settings given; resume with the same ones")
    if not resume and (out / metrics.FILE).exists():
        raise ConfigError(f"{out} already holds a run; resume it, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    stored.write_text(config.toml(), encoding="utf-8")
    if checkpoint is None:
        for name in (metrics.FILE, records.FILE):
            (out / name).unlink(missing_ok=True)
    return checkpoint
