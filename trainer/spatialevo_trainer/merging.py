"""A trained adapter on its base model, beside the weights or merged into them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.model import load_model, load_processor


def load_adapted(checkpoint: str, adapter: Path | None = None, *, merged: bool = False) -> Any:
    """The model, with an adapter if one is named; merged, it is as fast as the base.

    Raises ConfigError for an adapter that is none, or none of this model.
    """
    if adapter is None:
        return load_model(checkpoint)
    if not (adapter / "adapter_config.json").is_file():
        raise ConfigError(
            f"{adapter} holds no adapter; a run leaves one in its folder 'adapter' when it ends"
        )
    try:
        model = load_model(checkpoint, adapter)
    except RuntimeError as error:
        if "size mismatch" not in str(error):
            raise
        raise ConfigError(f"adapter {adapter} does not fit model '{checkpoint}'") from None
    return model.merge_and_unload() if merged else model


def save_merged(checkpoint: str, adapter: Path, out: Path) -> Path:
    """Write the model with the adapter in its weights as a plain checkpoint folder.

    The weights have the type of the base's. Raises ConfigError if the folder holds anything.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there already; choose another folder")
    model = load_adapted(checkpoint, adapter, merged=True)
    model.to(dtype=AutoConfig.from_pretrained(checkpoint).dtype or torch.float32)
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    load_processor(checkpoint).save_pretrained(part)
    if out.exists():
        out.rmdir()
    part.replace(out)
    return out
