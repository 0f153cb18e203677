"""Loading a Qwen2.5-VL checkpoint, real or tiny, and adapting it with LoRA: one code path.

`AutoProcessor` needs torchvision for videos, which are not used here: the processor below knows
images and text only.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from peft import LoraConfig, PeftModel
from transformers import (
    AutoConfig,
    AutoTokenizer,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
)
from transformers.image_utils import make_flat_list_of_images
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.utils.logging import disable_progress_bar

from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import Lora
from spatialevo_trainer.vision import look_once

MODEL_TYPE: Final = "qwen2_5_vl"
PROJECTIONS: Final = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
"""What the adapter changes: the language model's projections, never the vision tower."""


class ImageTextProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]
    """Qwen2.5-VL's processor without its video part."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None
    ) -> None:
        super().__init__(image_processor, tokenizer, chat_template=chat_template)

    def _process_images(self, images: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Each distinct image once: the rows of a group share theirs, and to shrink one is slow."""
        flat = make_flat_list_of_images(images)
        found: dict[Any, tuple[int, Any]] = {}
        which = [
            found.setdefault((each.mode, each.size, each.tobytes()), (len(found), each))[0]
            for each in flat
        ]
        read, texts = super()._process_images([each for _, each in found.values()], **kwargs)
        grid = np.asarray(read["image_grid_thw"])
        ends = grid.prod(axis=-1).cumsum()
        patches = np.split(np.arange(ends[-1]), ends[:-1])
        read["pixel_values"] = read["pixel_values"][np.concatenate([patches[i] for i in which])]
        read["image_grid_thw"] = read["image_grid_thw"][which]
        return read, [texts[i] for i in which]

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> Any:
        """Save under the name of the original class, or it would be read back as a tokenizer."""
        saved = super().save_pretrained(save_directory, **kwargs)
        self.image_processor.save_pretrained(save_directory)
        for path in Path(save_directory).glob("*_config.json"):
            config = json.loads(path.read_text(encoding="utf-8"))
            if "processor_class" in config:
                config["processor_class"] = Qwen2_5_VLProcessor.__name__
                path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return saved


def load_processor(checkpoint: str, image_pixels: int | None = None) -> ImageTextProcessor:
    """Tokenizer, padding on the left, and image processor of a checkpoint."""
    _check_path(checkpoint)
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
        images = Qwen2VLImageProcessorPil.from_pretrained(checkpoint)
    except (OSError, ValueError) as error:
        raise _unreadable(checkpoint, error) from None
    if image_pixels is not None:
        least = min(images.size["shortest_edge"], image_pixels)
        images.size = {"shortest_edge": least, "longest_edge": image_pixels}
    return ImageTextProcessor(images, tokenizer, chat_template=tokenizer.chat_template)


def load_model(
    checkpoint: str, adapter: Path | None = None
) -> Qwen2_5_VLForConditionalGeneration | PeftModel:
    """The model, in bfloat16 on a GPU and in float32 elsewhere, with an adapter if one is named."""
    disable_progress_bar()
    _check_path(checkpoint)
    try:
        kind = AutoConfig.from_pretrained(checkpoint).model_type
        if kind != MODEL_TYPE:
            raise ConfigError(f"model '{checkpoint}' is a {kind}, expected a {MODEL_TYPE}")
        dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(checkpoint, dtype=dtype)
    except (OSError, ValueError) as error:
        raise _unreadable(checkpoint, error) from None
    look_once(model.model.visual)
    if adapter is not None:
        with warnings.catch_warnings():
            # peft still uses the old name of an option; nothing that a user could change
            warnings.filterwarnings("ignore", ".*gradient_checkpointing.*", FutureWarning)
            model = PeftModel.from_pretrained(model, adapter)
    return model.to("cuda") if torch.cuda.is_available() else model


def lora(config: Lora) -> LoraConfig:
    """The adapter on the language model's projections."""
    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=PROJECTIONS,
        task_type="CAUSAL_LM",
    )


def _check_path(checkpoint: str) -> None:
    """Keep what can only be a path from being looked up as a name."""
    path = Path(checkpoint)
    if (path.is_absolute() or checkpoint.startswith(".")) and not path.is_dir():
        raise ConfigError(
            f"model '{checkpoint}' is no folder; give a folder with a checkpoint or a hub name"
        )


def _unreadable(checkpoint: str, error: Exception) -> ConfigError:
    reason = str(error).strip().splitlines()[0].rstrip(".")
    return ConfigError(f"model '{checkpoint}' is no checkpoint that can be read: {reason}")
