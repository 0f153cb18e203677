"""A whole training run: from settings to a folder with adapter, metrics, questions and curves."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig

from spatialevo_core.errors import ConfigError
from spatialevo_core.registry import Registry
from spatialevo_core.writing import writing
from spatialevo_trainer import checkpoints, opening, records
from spatialevo_trainer.checkpoints import Remark, Sound
from spatialevo_trainer.chronicle import Chronicle, Progress
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.curves import draw
from spatialevo_trainer.endings import StopOnNonsense, StopOnSignal
from spatialevo_trainer.examiner import Examiner, OnMarks
from spatialevo_trainer.grpo import DualRoleTrainer
from spatialevo_trainer.model import load_model, load_processor, lora
from spatialevo_trainer.opening import agreed
from spatialevo_trainer.session import Session
from spatialevo_trainer.timing import Clock


def train(
    config: TrainConfig,
    registry: Registry,
    out: Path,
    *,
    resume: bool = False,
    on_progress: Progress | None = None,
    on_remark: Remark | None = None,
    on_marks: OnMarks | None = None,
) -> Path:
    """Train, and return the run's folder `out`; raises ConfigError before anything is written.

    The folder holds `config.toml` (the resolved settings), `metrics.jsonl`, `questions.jsonl`,
    `held_out.jsonl` (if worlds are held out), `curves/`, `checkpoints/` and, at the end,
    `adapter/`; of several processes each but the first writes `questions-1.jsonl` and so on. A run
    that was killed and is resumed from its last checkpoint gives what it would have given
    undisturbed. After SIGTERM or Ctrl-C the step in progress is finished and a checkpoint saved,
    then Interrupted is raised.
    """
    if not config.model:
        raise ConfigError("no model is chosen; set model to a Qwen2.5-VL checkpoint")
    session = Session(config, registry)
    # the first call decides: without it, processes that share no GPU count themselves as alone
    PartialState(cpu=not torch.cuda.is_available())
    examiner = Examiner(session, out, on_marks) if config.held_out else None
    with ExitStack() as stack:
        remark = on_remark or _unheard
        start = agreed(lambda: opening.begin(stack, config, out, remark, resume=resume))
        stop = stack.enter_context(StopOnSignal())
        stack.enter_context(_quiet_libraries())
        trainer = make_trainer(config, session, out)
        _open(config, session, out, start)
        trainer.add_callback(StopOnNonsense(out))
        trainer.add_callback(stop)
        if examiner is not None:
            examiner.attend(trainer)
        trainer.add_callback(Chronicle(session, out, on_progress, on_remark))
        try:
            trainer.train(resume_from_checkpoint=str(start.path) if start else None)
        except KeyboardInterrupt:
            if stop.at_once:
                raise stop.interrupted(trainer.state.global_step) from None
            raise
        if stop.number is not None and trainer.state.global_step < config.steps:
            raise stop.interrupted(trainer.state.global_step)
        if trainer.is_world_process_zero():
            opening.save_adapter(trainer.model, out)
            checkpoints.prune(out, config.keep, config.steps)
            with writing(out / "curves"):
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
    trainer.add_callback(Clock(session))
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
        logging_steps=1,
        logging_nan_inf_filter=False,
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


def _open(config: TrainConfig, session: Session, out: Path, start: Sound | None) -> None:
    """Prepare the run's folder, and the session if the run goes on from a checkpoint."""
    step = 0 if start is None else start.session.step
    if start is not None:
        session.restore(start.session)
    processes = PartialState()
    agreed(lambda: opening.prepare(config, out, step))
    opening.rewind(out / records.file_of(processes.process_index), step)
    processes.wait_for_everyone()


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Without two things that TRL says and no user can change."""
    logger = logging.getLogger("trl.trainer.grpo_trainer")
    logger.addFilter(_known)
    with warnings.catch_warnings():
        # the old name of an option
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
        yield
    logger.removeFilter(_known)


def _known(record: logging.LogRecord) -> bool:
    """Replies without a reward are counted in the metrics, and named by their fault."""
    return not record.getMessage().startswith("All reward functions returned None")


def _unheard(_: str) -> None:
    """Nobody listens to remarks."""
