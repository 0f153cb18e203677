"""Both roles in one update: GRPO of TRL with two rounds of generation per step.

Only the step that generates and scores is overridden. It asks TRL for the questioner's round and
for the solver's, and merges what comes back; loss, KL divergence (from the model with its adapter
disabled), optimiser and checkpoints remain TRL's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from accelerate.utils import gather_object
from torch import Tensor

from spatialevo_trainer.checkpoints import Saving
from spatialevo_trainer.endings import require_finite
from spatialevo_trainer.episode import Row
from spatialevo_trainer.sampling import SamplingTrainer
from spatialevo_trainer.session import Session

Batch = dict[str, Any]

LEFT_PADDED: Final = ("prompt_ids", "prompt_mask")
RIGHT_PADDED: Final = (
    "completion_ids",
    "completion_mask",
    "old_per_token_logps",
    "ref_per_token_logps",
    "sampling_per_token_logps",
    "importance_sampling_ratio",
)
"""The ratio, of the model to what vLLM sampled from, has one column where it is per sequence."""
PADDING: Final = {"importance_sampling_ratio": 1.0}
"""Where it is not 0."""
JOINED: Final = ("advantages", "pixel_values", "image_grid_thw")


class DualRoleTrainer(SamplingTrainer):
    """TRL's GRPO, in which one model asks and answers."""

    def __init__(self, session: Session, **kwargs: Any) -> None:
        rewards = [session.questioner_reward, session.solver_reward]
        super().__init__(session.config.generation_rows, reward_funcs=rewards, **kwargs)
        self.session = session
        if not self.use_vllm:
            # sampling from nonsense kills the process; as it is, the gradient will tell
            self.generation_config.remove_invalid_values = True

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Batch:
        config, ablation = self.session.config, self.session.config.ablation
        rows = [int(each["row"]) for each in inputs[:: config.n]]
        episode = self.session.begin(self.state.global_step, rows)
        rounds: list[Batch] = []
        if ablation.questioner:
            asked = self._round(episode.questioner_rows(), config.questioner_tokens)
            asked["advantages"] = asked["advantages"] * config.role_weight
            rounds.append(asked)
        answered = self._round(episode.solver_rows(), config.solver_tokens)
        if ablation.solver:
            rounds.append(answered)
        self.session.end(gather_object)
        pad = self._tokenizer.pad_token_id
        return rounds[0] if len(rounds) == 1 else merge_rounds(rounds[0], rounds[1], pad)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """As TRL's; raises Diverged where it is no number, before the weights are changed."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        run = Path(self.args.output_dir).parent
        if norm is not None:  # DeepSpeed tells it later
            require_finite(run, self.state.global_step + 1, "norm of the gradient", float(norm))
        return norm

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """As TRL's; raises DataError in one line where it cannot be written."""
        with Saving(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"):
            super()._save_checkpoint(model, trial)

    def _round(self, rows: Sequence[Row], most_tokens: int) -> Batch:
        """One role's replies, scored by TRL's own method."""
        self.limit(most_tokens)
        inputs = [
            {"prompt": row.prompt, "images": list(row.images), "role": row.role} for row in rows
        ]
        self.session.watch.lap("oracle")
        # without autocast, as in the update, the adapter would be computed in float32
        with self.accelerator.autocast():
            batch: Batch = super()._generate_and_score_completions(inputs)
        # what the model would do first; a step's images are gigabytes, held until it ends
        if "pixel_values" in batch:
            batch["pixel_values"] = batch["pixel_values"].to(self.model.dtype)
        self.session.watch.lap("generation")
        return batch


def merge_rounds(first: Mapping[str, Any], second: Mapping[str, Any], pad_id: int) -> Batch:
    """The rows of both batches as one: prompts padded on the left, completions on the right.

    Raises KeyError for a key that it does not know, since a batch merged in part trains wrongly.
    """
    if first.keys() != second.keys():
        different = sorted(first.keys() ^ second.keys())
        raise KeyError(f"the rounds differ in their keys: {', '.join(different)}")
    merged: Batch = {}
    for key, value in first.items():
        other = second[key]
        if key in LEFT_PADDED:
            merged[key] = _stack(value, other, pad_id if key == "prompt_ids" else 0, left=True)
        elif key in RIGHT_PADDED:
            filler = pad_id if key == "completion_ids" else PADDING.get(key, 0)
            merged[key] = _stack(value, other, filler)
        elif key in JOINED:
            merged[key] = torch.cat([value, other])
        elif key == "mm_token_type_ids":
            merged[key] = _token_types(first, second)
        elif key == "num_images":
            merged[key] = [*value, *other]
        elif key == "num_items_in_batch":
            merged[key] = value + other
        else:
            raise KeyError(f"TRL returned '{key}', which the merge of two rounds does not know")
    return merged


def _token_types(first: Mapping[str, Any], second: Mapping[str, Any]) -> Tensor:
    """Token types span prompt and completion: split where the prompt ends, padded like it."""
    parts = [
        (types[:, :width], types[:, width:])
        for batch in (first, second)
        for types, width in [(batch["mm_token_type_ids"], batch["prompt_ids"].size(1))]
    ]
    prompts = _stack(parts[0][0], parts[1][0], 0, left=True)
    return torch.cat([prompts, _stack(parts[0][1], parts[1][1], 0)], dim=1)


def _stack(first: Tensor, second: Tensor, value: float, *, left: bool = False) -> Tensor:
    """Two (rows, length) tensors below each other, the shorter one padded."""
    width = max(first.size(1), second.size(1))
    pad: Callable[[Tensor], tuple[int, int]] = lambda t: (  # noqa: E731
        (width - t.size(1), 0) if left else (0, width - t.size(1))
    )
    return torch.cat(
        [torch.nn.functional.pad(each, pad(each), value=value) for each in (first, second)]
    )
