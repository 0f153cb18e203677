"""What a large model needs of TRL's trainer: replies sampled in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from trl import GRPOTrainer


class SamplingTrainer(GRPOTrainer):  # type: ignore[misc]
    """GRPO that samples at most `generation_rows` replies at once; all of a round where None."""

    def __init__(self, generation_rows: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generation_rows = generation_rows

    def limit(self, most_tokens: int) -> None:
        """Sample replies of at most so many tokens from now on."""
        if self.use_vllm:
            self.vllm_generation.max_completion_length = most_tokens
        else:
            self.generation_config.max_new_tokens = most_tokens
            self.generation_kwargs["max_new_tokens"] = most_tokens

    def _generate_single_turn(
        self,
        prompt_ids: Sequence[Any],
        images: Sequence[Sequence[Any]] | None,
        multimodal_fields: Mapping[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> tuple[list[list[int]], Any]:
        rows, most = len(prompt_ids), self.generation_rows
        if self.use_vllm or most is None or rows <= most:
            replies: tuple[list[list[int]], Any] = super()._generate_single_turn(
                prompt_ids, images, multimodal_fields, num_generations, has_tool_images
            )
            return replies
        found: list[list[int]] = []
        counts = [len(each or ()) for each in images] if images is not None else [0] * rows
        for start in range(0, rows, most):
            part = slice(start, start + most)
            fields = fields_of(multimodal_fields, counts, part)
            shown = None if images is None else images[part]
            found += super()._generate_single_turn(
                prompt_ids[part], shown, fields, num_generations, has_tool_images
            )[0]
        return found, None


def fields_of(fields: Mapping[str, Any], images: Sequence[int], rows: slice) -> dict[str, Any]:
    """The part of a processor's output that belongs to some rows; `images` counts those of each.

    Raises KeyError for a field that it does not know.
    """
    first, last = sum(images[: rows.start]), sum(images[: rows.stop])
    part: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "image_grid_thw":
            part[key] = value[first:last]
        elif key == "pixel_values":
            patches = torch.as_tensor(fields["image_grid_thw"]).prod(dim=-1).tolist()
            part[key] = value[sum(patches[:first]) : sum(patches[:last])]
        elif key == "mm_token_type_ids":
            part[key] = value[rows]
        else:
            raise KeyError(f"the processor returned '{key}', which sampling in parts does not know")
    return part
