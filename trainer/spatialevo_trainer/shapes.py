"""How large a Qwen2.5-VL is, from its configuration alone: no weights, no torch, no network."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Frozen

DEFAULT_PIXELS = 12_845_056
"""Most pixels of an image where neither run nor checkpoint says so: Qwen2.5-VL's own limit."""


class Tower(Frozen):
    """The part that sees."""

    depth: int
    hidden: int
    intermediate: int
    channels: int
    patch: int
    frames: int
    """Images of a video that make one patch; a still is repeated."""
    merge: int
    """Side of the square of patches that becomes one token."""
    out: int

    @property
    def patch_values(self) -> int:
        """Numbers in a patch."""
        return self.channels * self.frames * self.patch**2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        h, i, merged = self.hidden, self.intermediate, self.hidden * self.merge**2
        attention = 3 * h * h + 3 * h + h * h + h
        block = attention + 3 * h * i + 2 * i + h + 2 * h
        merger = h + merged * merged + merged + merged * self.out + self.out
        return self.patch_values * h + self.depth * block + merger

    def tokens(self, pixels: int) -> int:
        """Image tokens of at most so many pixels."""
        return pixels // (self.patch * self.merge) ** 2


class Shape(Frozen):
    """The sizes that decide how much memory and how many tokens a model takes."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    tied: bool
    tower: Tower
    pixels: int = DEFAULT_PIXELS
    """Most pixels of an image by the checkpoint's own limit."""

    @property
    def kv(self) -> int:
        """Width of the keys, and of the values, of one layer."""
        return self.kv_heads * self.hidden // self.heads

    @property
    def parameters(self) -> int:
        """All, the tower's included."""
        h = self.hidden
        attention = h * h + h + 2 * (h * self.kv + self.kv) + h * h
        layer = attention + 3 * h * self.intermediate + 2 * h
        embeddings = self.vocabulary * h * (1 if self.tied else 2)
        return embeddings + self.layers * layer + h + self.tower.parameters

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA of this rank on the seven projections of each layer."""
        h, i = self.hidden, self.intermediate
        widths = 2 * (h + h) + 2 * (h + self.kv) + 3 * (h + i)
        return rank * self.layers * widths

    @classmethod
    def of(cls, model: str) -> Shape:
        """Of a checkpoint's folder, of a published model, or of one in the local cache."""
        folder = Path(model)
        if (folder / "config.json").is_file():
            return _read(folder)
        known = tomllib.loads((_DATA / "shapes.toml").read_text(encoding="utf-8"))
        if model in known:
            return _parsed(model, known[model], {})
        cached = _cached(model)
        if cached is not None:
            return _read(cached)
        raise ConfigError(
            f"the shape of model '{model}' is not known here; give a folder with its config.json, "
            f"or one of {', '.join(known)}"
        )


_DATA = files("spatialevo_trainer") / "data"


def _cached(model: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  (slow to import)
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415

    try:
        found = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def _read(folder: Path) -> Shape:
    values = _json(folder / "config.json")
    images = folder / "preprocessor_config.json"
    return _parsed(str(folder), values, _json(images) if images.is_file() else {})


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no JSON that can be read: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no settings")
    return values


def _parsed(model: str, values: Mapping[str, Any], images: Mapping[str, Any]) -> Shape:
    """Of a configuration as published, flat, or as transformers 5 writes it, nested."""
    text = {**values, **values.get("text_config", {})}
    see = values.get("vision_config", {})
    limit = images.get("size", {}).get("longest_edge") or images.get("max_pixels")
    try:
        return Shape.model_validate(
            {
                "hidden": text.get("hidden_size"),
                "intermediate": text.get("intermediate_size"),
                "layers": text.get("num_hidden_layers"),
                "heads": text.get("num_attention_heads"),
                "kv_heads": text.get("num_key_value_heads"),
                "vocabulary": text.get("vocab_size"),
                "context": text.get("max_position_embeddings"),
                "tied": values.get("tie_word_embeddings", text.get("tie_word_embeddings", False)),
                "pixels": limit or DEFAULT_PIXELS,
                "tower": {
                    "depth": see.get("depth"),
                    "hidden": see.get("hidden_size"),
                    "intermediate": see.get("intermediate_size"),
                    "channels": see.get("in_channels", see.get("in_chans", 3)),
                    "patch": see.get("patch_size"),
                    "frames": see.get("temporal_patch_size", 2),
                    "merge": see.get("spatial_merge_size", 2),
                    "out": see.get("out_hidden_size"),
                },
            }
        )
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ConfigError(
            f"the configuration of '{model}' is not that of a Qwen2.5-VL: it lacks '{where}'"
        ) from None
