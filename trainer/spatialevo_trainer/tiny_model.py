"""A Qwen2.5-VL of three quarters of a million parameters, saved as a normal checkpoint folder.

Configurations of the usual proportions stay at chance at this size. What differs, and was measured
to matter: a rotary base of 10 with sections cut to the head, weights drawn with a standard
deviation of hidden ** -0.5, and small residual writes, so that the embeddings of words (of norm
one) do not drown in random layers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import nn
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
)
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SIDE_PX: Final = 84
"""Images are shrunk to about this side: nine image tokens."""

END, PAD, IMAGE = "<|im_end|>", "<|endoftext|>", "<|image_pad|>"
SPECIAL: Final = (
    PAD,
    "<|im_start|>",
    END,
    "<|vision_start|>",
    "<|vision_end|>",
    IMAGE,
    "<|video_pad|>",
)
TAGS: Final = tuple(
    f"<{slash}{name}>" for name in ("answer", "observation", "question") for slash in ("", "/")
)
"""One token each, but ordinary text: they survive decoding."""

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Qwen's, without its default system prompt."""


def build(folder: Path | str, seed: int = 0, *, words: Sequence[str] | None = None) -> Path:
    """Write an untrained tiny model with tokenizer and image processor; returns the folder.

    `words` become single tokens where the text has them after a space or at its start; any other
    text is spelled in bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer(common_words() if words is None else words)
    make_model(tokenizer, seed).save_pretrained(folder)
    save_processing(tokenizer, folder)
    return folder


def common_words() -> tuple[str, ...]:
    """The words of short questions about rooms, shipped with the package."""
    text = (files("spatialevo_trainer") / "data" / "tiny_words.txt").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(text.split()))


def make_tokenizer(words: Iterable[str]) -> Qwen2Tokenizer:
    """A byte-level BPE tokenizer in which every given word is one token, also after a space."""
    bare = Tokenizer(BPE())
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    bare.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=4096,
        min_frequency=1,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bare.train_from_iterator([f"{word}\n {word}" for word in words], trainer)
    model = json.loads(bare.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=[tuple(merge) for merge in model["merges"]],
        eos_token=END,
        pad_token=PAD,
        unk_token=PAD,
        padding_side="left",
        extra_special_tokens=list(SPECIAL),
        model_max_length=2048,
    )
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_config(tokenizer: Qwen2Tokenizer, hidden: int = 128) -> Qwen2_5_VLConfig:
    """The proportions that learn at this size."""
    token = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": hidden,
            "intermediate_size": 2 * hidden,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 2048,
            "initializer_range": hidden**-0.5,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10.0,
                "mrope_section": [2, 7, 7],
            },
            "bos_token_id": token[PAD],
            "eos_token_id": token[END],
            "pad_token_id": token[PAD],
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 2,
            "hidden_size": hidden // 2,
            "intermediate_size": hidden,
            "num_heads": 4,
            "out_hidden_size": hidden,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
            "initializer_range": hidden**-0.5,
        },
        image_token_id=token[IMAGE],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def make_model(tokenizer: Qwen2Tokenizer, seed: int) -> Qwen2_5_VLForConditionalGeneration:
    """An untrained model, determined by the seed; leaves the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(make_config(tokenizer))
        with torch.no_grad():
            for name, module in model.named_modules():
                _draw(name, module, model.config.text_config.initializer_range)
    model.tie_weights()
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
    )
    return model


RESIDUAL_SCALES: Final = {
    "o_proj": 0.15,
    "down_proj": 0.15,
    "attn.proj": 0.15,
    "merger.mlp.2": 0.05,
    "patch_embed.proj": 0.25,
}
"""Factors on what is written into the residual stream, by the end of the module's name."""


def _draw(name: str, module: nn.Module, deviation: float) -> None:
    """Draw the weights of one layer, scaled down where it writes into the residual stream."""
    if not isinstance(module, nn.Embedding | nn.Linear | nn.Conv3d) or name == "lm_head":
        return
    scale = next((f for end, f in RESIDUAL_SCALES.items() if name.endswith(end)), 1.0)
    module.weight.normal_(0.0, scale * deviation)
    if isinstance(module, nn.Linear) and module.bias is not None:
        module.bias.zero_()


def save_processing(tokenizer: Qwen2Tokenizer, folder: Path) -> None:
    """Write tokenizer, chat template and image processor beside a model's weights."""
    tokenizer.save_pretrained(folder)
    pixels = SIDE_PX * SIDE_PX
    image = Qwen2VLImageProcessorPil(size={"shortest_edge": pixels // 4, "longest_edge": pixels})
    image.save_pretrained(folder)
    for name in ("tokenizer_config.json", "preprocessor_config.json"):
        path = folder / name
        config = json.loads(path.read_text(encoding="utf-8"))
        config["processor_class"] = "Qwen2_5_VLProcessor"
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
