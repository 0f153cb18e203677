"""A whole training run: from settings to a folder with adapter, metrics, questions and curves."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig

from spatialevo_core.errors import ConfigError, SpatialEvoError
from spatialevo_core.registry import Registry
from spatialevo_trainer import checkpoints, held_out, metrics, records
from spatialevo_trainer.checkpoints import Chronicle, Progress, StopOnSignal
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.curves import draw
from spatialevo_trainer.examiner import Examiner, OnMarks
from spatialevo_trainer.grpo import DualRoleTrainer
from spatialevo_trainer.model import load_model, load_processor, lora
from spatialevo_trainer.run_folder import ADAPTER, CONFIG
from spatialevo_trainer.session import Session


class Interrupted(SpatialEvoError):
    """The run was told to stop, and stopped at a checkpoint."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}; go on with --resume")
        self.step = step


def train(
    config: TrainConfig,
    registry: Registry,
    out: Path,
    *,
    resume: bool = False,
    on_progress: Progress | None = None,
    on_marks: OnMarks | None = None,
) -> Path:
    """Train, and return the run's folder `out`; raises ConfigError before anything is written.

    The folder holds `config.toml` (the resolved settings), `metrics.jsonl`, `questions.jsonl`,
    `held_out.jsonl` (if worlds are held out), `curves/`, `checkpoints/` and, at the end,
    `adapter/`; of several processes each but the first writes `questions-1.jsonl` and so on. A run
    that was killed and is resumed from its last checkpoint gives what it would have given
    undisturbed. After SIGTERM the step in progress is finished and a checkpoint saved, then
    Interrupted is raised.
    """
    if not config.model:
        raise ConfigError("no model is chosen; set model to a Qwen2.5-VL checkpoint")
    session = Session(config, registry)
    # the first call decides: without it, processes that share no GPU count themselves as alone
    PartialState(cpu=not torch.cuda.is_available())
    checkpoint = _checkpoint(config, out, resume=resume)
    examiner = Examiner(session, out, on_marks) if config.held_out else None
    with StopOnSignal() as stop, warnings.catch_warnings():
        # TRL still uses the old name of an option; nothing that a user could change
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
        trainer = make_trainer(config, session, out)
        _open(config, session, out, checkpoint)
        if examiner is not None:
            examiner.attend(trainer)
        trainer.add_callback(Chronicle(session, out, on_progress))
        trainer.add_callback(stop)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if stop.stopped and trainer.state.global_step < config.steps:
        raise Interrupted(trainer.state.global_step)
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
    rows = config.rows(PartialState(cpu=not gpu).num_processes)
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=config.steps,
        per_device_train_batch_size=rows,
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
        ddp_find_unused_parameters=False,  # the adapter is used whole in every batch
        **_vllm(config),
    )


def _vllm(config: TrainConfig) -> dict[str, Any]:
    """TRL's words for who samples."""
    if config.vllm == "off":
        return {}
    options = config.vllm_options
    return {
        "use_vllm": True,
        "vllm_mode": config.vllm,
        "vllm_gpu_memory_utilization": options.gpu_memory,
        "vllm_tensor_parallel_size": options.tensor_parallel,
        "vllm_enable_sleep_mode": options.sleep,
        "vllm_max_model_length": options.context,
        "vllm_server_base_url": options.url,
        "vllm_server_timeout": options.timeout_s,
    }


def _checkpoint(config: TrainConfig, out: Path, *, resume: bool) -> Path | None:
    """What to go on from: None if the run begins; raises ConfigError and writes nothing."""
    stored = out / CONFIG
    if not resume:
        if checkpoints.latest(out) or (out / metrics.FILE).exists():
            raise ConfigError(f"{out} already holds a run; resume it, or choose another folder")
        return None
    if not stored.is_file():
        raise ConfigError(f"{out} holds no run to resume")
    if stored.read_text(encoding="utf-8") != config.toml():
        raise ConfigError(f"{stored} differs from the settings given; resume with the same ones")
    return checkpoints.latest(out)


def _open(config: TrainConfig, session: Session, out: Path, checkpoint: Path | None) -> None:
    """Prepare the run's folder, and the session if the run goes on from a checkpoint."""
    processes = PartialState()
    if processes.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        (out / CONFIG).write_text(config.toml(), encoding="utf-8")
    processes.wait_for_everyone()
    if checkpoint is not None:
        checkpoints.rewind(session, out, checkpoint)
        return
    if processes.is_main_process:
        for file in (metrics.FILE, held_out.FILE):
            (out / file).unlink(missing_ok=True)
    (out / records.file_of(processes.process_index)).unlink(missing_ok=True)
