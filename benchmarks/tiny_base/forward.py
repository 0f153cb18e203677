"""A batched forward pass for many short conversations about each of many views of small images.

The library's own vision tower runs image by image, and a conversation a question repeats the
images; here images are one batch, and the conversations of a view share its images under a block
mask, each at the positions that it would have alone. `tests/test_tiny_base.py` compares both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision
from transformers.models.qwen2_vl.modeling_qwen2_vl import get_vision_position_ids

Model: TypeAlias = Qwen2_5_VLForConditionalGeneration
GRID = 6
"""Patches a side."""
CELLS = GRID // 2
"""Image tokens a side."""
_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def patches(images: Any) -> Tensor:
    """uint8 images `b 84 84 3` as the image processor's pixel values `b 36 1176`."""
    scaled = (np.asarray(images, np.float32) / 255 - _MEAN) / _STD
    b = len(scaled)
    split = scaled.reshape(b, CELLS, 2, 14, CELLS, 2, 14, 3).transpose(0, 1, 4, 2, 5, 7, 3, 6)
    twice = np.broadcast_to(split[:, :, :, :, :, :, None], (*split.shape[:6], 2, 14, 14))
    return torch.from_numpy(np.ascontiguousarray(twice).reshape(b, GRID * GRID, -1))


def see(model: Model, pixels: Tensor) -> Tensor:
    """The image tokens `b 9 d` of pixel values `b 36 1176`."""
    tower = model.model.visual
    b, n, _ = pixels.shape
    hidden = tower.patch_embed(pixels.reshape(b * n, -1)).reshape(b, n, -1)
    place = get_vision_position_ids(torch.tensor([[1, GRID, GRID]]), tower.spatial_merge_size)
    cos, sin = tower.rotary_pos_emb(hidden, place)
    for block in tower.blocks:
        attend = block.attn
        qkv = attend.qkv(block.norm1(hidden)).reshape(b * n, 3, attend.num_heads, -1)
        query, key, value = qkv.unbind(1)
        query, key = apply_rotary_pos_emb_vision(query, key, cos.repeat(b, 1), sin.repeat(b, 1))
        heads = [
            each.reshape(b, n, attend.num_heads, -1).transpose(1, 2) for each in (query, key, value)
        ]
        mixed = functional.scaled_dot_product_attention(*heads).transpose(1, 2).reshape(b, n, -1)
        hidden = hidden + attend.proj(mixed)
        hidden = hidden + block.mlp(block.norm2(hidden))
    tokens: Tensor = tower.merger(hidden.reshape(b * n, -1))
    return tokens.reshape(b, CELLS * CELLS, -1)


@dataclass(frozen=True)
class Talk:
    """One conversation about a view, as tokens: what follows its images, and the reply."""

    prompt: tuple[int, ...]
    reply: tuple[int, ...]


@dataclass(frozen=True)
class Writer:
    """Texts to tokens, as the chat template writes them around images."""

    tokenizer: Qwen2Tokenizer
    head: tuple[int, ...]
    between: tuple[int, ...]
    """From one image to the next."""
    tail: tuple[int, ...]
    end: int

    @classmethod
    def of(cls, tokenizer: Qwen2Tokenizer) -> Writer:
        """Splits the template's text at the images and at the words."""
        content = [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "\x00"}]
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        head, between, rest = text.split("<|image_pad|>")
        tail = rest.split("\x00")[1]
        return cls(
            tokenizer,
            tuple(tokenizer(head).input_ids),
            tuple(tokenizer(between).input_ids),
            tuple(tokenizer(tail).input_ids),
            tokenizer.convert_tokens_to_ids("<|im_end|>"),
        )

    def talk(self, prompt: str, reply: str) -> Talk:
        """A conversation of one prompt and one reply."""
        asked = self.tokenizer("<|vision_end|>" + prompt).input_ids
        said = self.tokenizer(reply).input_ids
        return Talk((*asked, *self.tail), (*said, self.end))


def losses(
    model: Model, writer: Writer, seen: Tensor, talks: Sequence[Sequence[Talk]]
) -> tuple[Tensor, Tensor, list[tuple[int, int]]]:
    """Log-probabilities of all reply tokens, whether each is the likeliest, and the owners' spans.

    `seen` holds the image tokens `b k 9 d` of views of k images each. The spans are positions in
    the first two results, one a talk, view by view.
    """
    rows = [_Row.of(writer, seen.size(1), each) for each in talks]
    length = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.padded(row.ids, length, writer.end) for row in rows])
    owner = torch.tensor([row.padded(row.owner, length, -1) for row in rows])
    at = torch.tensor([[row.padded(line, length, 0) for line in row.place] for row in rows])
    parts, done = [], 0
    embedded = model.model.language_model.embed_tokens(ids)
    for image, start in enumerate(rows[0].images):
        parts += [embedded[:, done:start], seen[:, image]]
        done = start + CELLS * CELLS
    embedded = torch.cat([*parts, embedded[:, done:]], dim=1)
    shared = (owner[:, None, :] == 0) | (owner[:, None, :] == owner[:, :, None])
    mask = (shared & torch.ones(length, length, dtype=torch.bool).tril())[:, None]
    hidden = model.model.language_model(
        inputs_embeds=embedded,
        position_ids=at.transpose(0, 1),
        attention_mask={"full_attention": mask},
        use_cache=False,
    ).last_hidden_state
    spots = [(r, p) for r, row in enumerate(rows) for span in row.replies for p in range(*span)]
    line, spot = torch.tensor(spots).T
    logits = model.lm_head(hidden[line, spot - 1])
    target = ids[line, spot]
    chosen = functional.log_softmax(logits, dim=-1).gather(1, target[:, None])[:, 0]
    ends = np.cumsum([0, *(b - a for row in rows for a, b in row.replies)]).tolist()
    return chosen, logits.argmax(dim=-1) == target, list(pairwise(ends))


@dataclass(frozen=True)
class _Row:
    ids: list[int]
    owner: list[int]
    """0 for what is shared, else the conversation's number from 1."""
    place: tuple[list[int], list[int], list[int]]
    """Position of each token in time, height and width."""
    images: list[int]
    """Where each image begins, the same in every row."""
    replies: list[tuple[int, int]]

    @classmethod
    def of(cls, writer: Writer, images: int, talks: Sequence[Talk]) -> _Row:
        ids: list[int] = []
        places: list[tuple[int, int, int]] = []
        begins: list[int] = []
        at = 0
        for number in range(images):
            words = writer.between if number else writer.head
            ids += [*words, *([0] * CELLS * CELLS)]
            places += [(at + i,) * 3 for i in range(len(words))]
            at += len(words)
            begins.append(len(places))
            places += [(at, at + i // CELLS, at + i % CELLS) for i in range(CELLS * CELLS)]
            at += CELLS
        owner = [0] * len(ids)
        replies = []
        for number, talk in enumerate(talks, start=1):
            ids += [*talk.prompt, *talk.reply]
            size = len(talk.prompt) + len(talk.reply)
            owner += [number] * size
            places += [(at + i,) * 3 for i in range(size)]
            replies.append((len(ids) - len(talk.reply), len(ids)))
        time, height, width = (list(line) for line in zip(*places, strict=True))
        return cls(ids, owner, (time, height, width), begins, replies)

    @staticmethod
    def padded(line: list[int], length: int, value: int) -> list[int]:
        return line + [value] * (length - len(line))
