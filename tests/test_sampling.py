"""Sampling in parts, and vLLM's part in a step."""

from pathlib import Path
from typing import Any

import pytest
import torch
from trl.trainer import grpo_trainer

from shelf_school import school, settings, tiny_model
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import TrainConfig, load_config
from spatialevo_trainer.grpo import DualRoleTrainer, merge_rounds
from spatialevo_trainer.run import make_trainer, trl_config
from spatialevo_trainer.sampling import fields_of
from spatialevo_trainer.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")


def trainer_of(config: TrainConfig, out: Path) -> DualRoleTrainer:
    trainer = make_trainer(config, Session(config, school()), out)
    trainer.model.train()
    return trainer


@pytest.mark.parametrize("most", [3, 8])
def test_sampling_in_parts_gives_the_replies_of_sampling_at_once(most: int, tmp_path: Path):
    said = []
    for rows in (None, most):
        config = settings(model=tiny_model(), generation_rows=rows, solver_tokens=6)
        trainer = trainer_of(config, tmp_path)
        trainer.generation_config.do_sample = False
        episode = trainer.session.begin(0, [0, 1])
        trainer._round(episode.questioner_rows(), 6)
        batch = trainer._round(episode.solver_rows(), 6)
        said.append(batch["completion_ids"][batch["completion_mask"].bool()].tolist())
        assert len(batch["completion_ids"]) == 8
    assert said[0] == said[1]


def test_the_fields_of_some_rows_are_their_images_and_patches():
    grid = torch.tensor([[1, 2, 2], [1, 2, 4], [1, 4, 4], [1, 2, 2]])
    pixels = torch.arange(4 + 8 + 16 + 4)[:, None]
    fields = {"pixel_values": pixels, "image_grid_thw": grid, "mm_token_type_ids": [[0], [1], [2]]}
    part = fields_of(fields, [1, 2, 1], slice(1, 2))
    assert part["image_grid_thw"].tolist() == grid[1:3].tolist()
    assert part["pixel_values"].flatten().tolist() == list(range(4, 28))
    assert part["mm_token_type_ids"] == [[1]]
    with pytest.raises(KeyError, match="returned 'image_sizes', which sampling in parts"):
        fields_of({**fields, "image_sizes": grid}, [1, 2, 1], slice(1, 2))


class Engine:
    """Says what vLLM would say to TRL: token ids, and the log-probability of each."""

    def __init__(self, **kwargs: Any) -> None:
        self.max_completion_length = kwargs["max_completion_length"]
        self.lengths: list[int] = []
        self.synchronised = 0

    def sync_weights(self) -> None:
        self.synchronised += 1

    def generate(self, prompts: list[list[int]], **_: Any) -> tuple[Any, Any, Any, Any]:
        length = self.max_completion_length
        self.lengths.append(length)
        ids = [[5 + (row + at) % 7 for at in range(length)] for row in range(len(prompts))]
        return (
            prompts,
            ids,
            [[[-8.0 - row / 8] for _ in each] for row, each in enumerate(ids)],
            None,
        )


def test_a_step_with_vllm_corrects_for_what_was_sampled_from(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setattr(grpo_trainer, "VLLMGeneration", Engine)
    config = settings(model=tiny_model(), vllm="colocate", steps=2, beta=0.04, micro_batches=2)
    trainer = trainer_of(config, tmp_path)
    merged: list[dict[str, Any]] = []
    method = trainer._generate_and_score_completions
    trainer._generate_and_score_completions = lambda rows: merged.append(method(rows)) or merged[-1]
    trainer.train()
    engine = trainer.vllm_generation
    assert engine.lengths == [6, 5, 6, 5]
    assert engine.synchronised == 2
    assert trainer.state.global_step == 2
    batch = merged[0]
    rows = len(batch["completion_ids"])
    assert rows == 4 + 8
    assert len(batch["importance_sampling_ratio"]) == rows
    assert batch["sampling_per_token_logps"].shape == batch["completion_ids"].shape
    # the solver's replies are one token shorter: their last column is padding
    assert batch["sampling_per_token_logps"][4:, 5].tolist() == [0.0] * 8
    assert batch["sampling_per_token_logps"][:4, 5].tolist() == [-8.0, -8.125, -8.25, -8.375]


def rounds(width: int, ratio: torch.Tensor) -> dict[str, torch.Tensor]:
    ids = torch.ones(len(ratio), width, dtype=torch.long)
    return {
        "completion_ids": ids,
        "old_per_token_logps": -ids.float(),
        "sampling_per_token_logps": -2 * ids.float(),
        "importance_sampling_ratio": ratio,
    }


def test_the_keys_of_vllm_are_merged_per_token_and_per_sequence():
    ratios = torch.tensor([[0.5, 0.7]]), torch.tensor([[0.9, 1.1, 1.3]])
    merged = merge_rounds(rounds(2, ratios[0]), rounds(3, ratios[1]), 99)
    assert merged["completion_ids"].tolist() == [[1, 1, 99], [1, 1, 1]]
    assert merged["sampling_per_token_logps"].tolist() == [[-2, -2, 0], [-2, -2, -2]]
    # on padding the model and what was sampled from agree: the ratio is 1
    assert torch.equal(
        merged["importance_sampling_ratio"], torch.tensor([[0.5, 0.7, 1.0], [0.9, 1.1, 1.3]])
    )
    sequences = torch.tensor([[0.5]]), torch.tensor([[0.0]])
    merged = merge_rounds(rounds(2, sequences[0]), rounds(3, sequences[1]), 99)
    assert merged["importance_sampling_ratio"].tolist() == [[0.5], [0.0]]


def test_the_settings_of_vllm_reach_trl(tmp_path: Path):
    off = trl_config(settings(), tmp_path)
    assert not off.use_vllm
    config = load_config(
        settings=["vllm=server", "vllm_options.url=http://far:1", "vllm_options.context=4096"]
    )
    args = trl_config(config, tmp_path)
    assert (args.use_vllm, args.vllm_mode, args.vllm_max_model_length) == (True, "server", 4096)
    assert args.vllm_server_base_url == "http://far:1"


def test_micro_batches_may_be_finer_than_scenes(tmp_path: Path):
    args = trl_config(settings(scenes=1, n=4, micro_batches=4), tmp_path)
    assert (args.per_device_train_batch_size, args.steps_per_generation) == (1, 4)
    assert args.generation_batch_size == 4


@pytest.mark.parametrize(
    ("processes", "message"),
    [
        (3, "scenes = 8 is no multiple of 3 processes"),
        (8, r"micro_batches = 16 does not divide the 8 rows \(1 scenes x n = 8\) of each of 8"),
    ],
)
def test_rows_that_come_not_out_are_refused(processes: int, message: str):
    config = load_config(settings=["scenes=8", "micro_batches=16"])
    assert config.rows(4) == 1
    with pytest.raises(ConfigError, match=message):
        config.rows(processes)
