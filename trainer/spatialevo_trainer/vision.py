"""Images are looked at once, however many rows show them, and without gradients.

The rows of a group share their images, and the vision tower is frozen: looking anew for each row is
most of the work with images, and gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor


def look_once(tower: Any) -> None:
    """Make a frozen vision tower of Qwen2.5-VL compute each distinct image of a call once.

    For the sake of checkpointing every embedding is told to demand a gradient, that of image
    patches, too; it would be carried through the tower and thrown away.
    """
    tower.forward = torch.no_grad()(_once(tower.forward, tower.spatial_merge_size))


def distinct(images: Sequence[Tensor], keys: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """The first of each distinct image, and for every image its place among those.

    Equal images have equal keys; images with equal keys are compared in full.
    """
    first: list[int] = []
    which: list[int] = []
    by_key: dict[Hashable, int] = {}
    for index, (image, key) in enumerate(zip(images, keys, strict=True)):
        place = by_key.setdefault(key, len(first))
        if place < len(first) and not torch.equal(image, images[first[place]]):
            place = len(first)
        if place == len(first):
            first.append(index)
        which.append(place)
    return first, which


def _once(forward: Callable[..., Any], merge_size: int) -> Callable[..., Any]:
    def look(pixel_values: Tensor, grid_thw: Tensor, **kwargs: Any) -> Any:
        if any(isinstance(value, Tensor) for value in kwargs.values()):
            return forward(pixel_values, grid_thw, **kwargs)  # made for all images
        lengths = grid_thw.prod(-1).tolist()
        images = torch.split(pixel_values, lengths)
        sums = torch.split(pixel_values.sum(dim=-1, dtype=torch.float32).cpu(), lengths)
        grids = map(tuple, grid_thw.tolist())
        keys = [(grid, each.numpy().tobytes()) for grid, each in zip(grids, sums, strict=True)]
        first, which = distinct(images, keys)
        if len(first) == len(images):
            return forward(pixel_values, grid_thw, **kwargs)
        seen = forward(torch.cat([images[i] for i in first]), grid_thw[first], **kwargs)
        tokens = seen.pooler_output.split([lengths[i] // merge_size**2 for i in first])
        seen.pooler_output = torch.cat([tokens[place] for place in which])
        return seen

    return look
