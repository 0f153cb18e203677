"""Models of real width with random weights, saved as ordinary checkpoint folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import GenerationConfig, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers import Qwen2Tokenizer as Tokenizer

from spatialevo_trainer import tiny_model

PIXELS = 448 * 448


@dataclass(frozen=True)
class Shape:
    """A model's proportions, and the step that is measured with it."""

    name: str
    tokens: int
    """Of each reply, in both roles."""
    scenes: int
    quota: int
    worlds: tuple[str, ...]
    tasks: tuple[str, ...]
    steps: int
    n: int = 8
    rank: int = 64
    text: Mapping[str, Any] = field(default_factory=dict)
    """Nothing: the tiny model."""
    tied: bool = True


SCENE_TASKS = ("absolute_distance", "object_counting", "relative_distance", "room_size")
"""Asked in views of 4 to 8 images."""
ROOMS = tuple(f"room-{number}" for number in range(4))
VISION = MappingProxyType(
    {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
        "tokens_per_second": 2,
    }
)
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        shape.name: shape
        for shape in (
            Shape(
                "tiny",
                tokens=8,
                scenes=2,
                quota=2,
                n=2,
                rank=8,
                steps=2,
                worlds=("tiny-0", "tiny-1"),
                tasks=("single_image_relative_direction", "depth_ordering"),
            ),
            Shape(
                "3b",
                tokens=256,
                scenes=2,
                quota=4,
                steps=3,
                worlds=ROOMS,
                tasks=SCENE_TASKS,
                text={
                    "vocab_size": 151_936,
                    "hidden_size": 2048,
                    "intermediate_size": 11_008,
                    "num_hidden_layers": 36,
                    "num_attention_heads": 16,
                    "num_key_value_heads": 2,
                },
            ),
            Shape(
                "7b",
                tokens=256,
                scenes=2,
                quota=2,
                steps=2,
                worlds=ROOMS,
                tasks=SCENE_TASKS,
                tied=False,
                text={
                    "vocab_size": 152_064,
                    "hidden_size": 3584,
                    "intermediate_size": 18_944,
                    "num_hidden_layers": 28,
                    "num_attention_heads": 28,
                    "num_key_value_heads": 4,
                },
            ),
        )
    }
)


def build(shape: Shape, folder: Path) -> Path:
    """Write the checkpoint unless it is there; returns its folder."""
    done = folder / "complete"
    if done.exists():
        return folder
    if not shape.text:
        tiny_model.build(folder)
    else:
        tokenizer = make_tokenizer(shape.text["vocab_size"])
        make_model(shape, tokenizer).save_pretrained(folder)
        tiny_model.save_processing(tokenizer, folder)
        path = folder / "preprocessor_config.json"
        images = json.loads(path.read_text(encoding="utf-8"))
        images["size"] = {"shortest_edge": PIXELS, "longest_edge": PIXELS}
        path.write_text(json.dumps(images), encoding="utf-8")
    done.touch()
    return folder


def make_tokenizer(size: int) -> Tokenizer:
    """The tiny model's, filled up to `size` tokens with triples of words."""
    few = tiny_model.make_tokenizer(tiny_model.common_words())
    model = json.loads(few.backend_tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = dict(model["vocab"])
    special = len(few) - len(vocabulary)
    words = tiny_model.common_words()
    fillers = ("".join(f"\u0120{word}" for word in group) for group in product(words, repeat=3))
    while len(vocabulary) < size - special:
        vocabulary.setdefault(next(fillers), len(vocabulary))
    full = Tokenizer(
        vocab=vocabulary,
        merges=[tuple(merge) for merge in model["merges"]],
        eos_token=tiny_model.END,
        pad_token=tiny_model.PAD,
        unk_token=tiny_model.PAD,
        padding_side="left",
        extra_special_tokens=list(tiny_model.SPECIAL),
        model_max_length=32_768,
    )
    full.add_tokens(list(tiny_model.TAGS))
    full.chat_template = tiny_model.CHAT_TEMPLATE
    return full


def make_model(shape: Shape, tokenizer: Tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    """Random weights in bfloat16, drawn where the model will run."""
    token = {name: tokenizer.convert_tokens_to_ids(name) for name in tiny_model.SPECIAL}
    config = Qwen2_5_VLConfig(
        text_config={
            **shape.text,
            "max_position_embeddings": 128_000,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1_000_000.0,
                "mrope_section": [16, 24, 24],
            },
            "bos_token_id": token[tiny_model.PAD],
            "eos_token_id": token[tiny_model.END],
            "pad_token_id": token[tiny_model.PAD],
            "tie_word_embeddings": shape.tied,
        },
        vision_config={**VISION, "out_hidden_size": shape.text["hidden_size"]},
        image_token_id=token[tiny_model.IMAGE],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
        tie_word_embeddings=shape.tied,
    )
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen2_5_VLForConditionalGeneration._from_config(config, dtype=torch.bfloat16)
    model.generation_config = GenerationConfig(
        eos_token_id=token[tiny_model.END], pad_token_id=token[tiny_model.PAD]
    )
    return model
