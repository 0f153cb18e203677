import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoTokenizer

import spatialevo_trainer
from shelf_school import school, settings, tiny_model
from shelves import TASK, Heavier
from spatialevo_core.registry import Registry
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.grpo import DualRoleTrainer, merge_rounds
from spatialevo_trainer.model import load_processor
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.run import make_trainer
from spatialevo_trainer.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")


class Dictated(DualRoleTrainer):
    """The trainer with a model that says what it is told to."""

    replies: list[list[str]]

    def _generate_single_turn(self, prompt_ids: Sequence[Any], *_: Any) -> tuple[Any, None]:
        said = self.replies.pop(0)
        assert len(said) == len(prompt_ids)
        end = self._tokenizer.eos_token_id
        return [[*self._tokenizer(text)["input_ids"], end] for text in said], None


def trainer_of(config: TrainConfig, registry: Registry, out: Path) -> DualRoleTrainer:
    trainer = make_trainer(config, Session(config, registry), out)
    trainer.model.train()
    return trainer


def breaking_when_lighter() -> Registry:
    def solve(view: Any, query: Heavier, terms: Any) -> Any:
        if query.sense == "lighter":
            raise ZeroDivisionError
        return TASK.solve(view, query, terms)

    return school(replace(TASK, solve=solve))


def dictate(config: TrainConfig, registry: Registry, out: Path) -> tuple[Dictated, str, str]:
    """A trainer ready to be told its replies, and two things on the shelf of its first step."""
    trainer = trainer_of(config, registry, out)
    trainer.__class__ = Dictated
    assert isinstance(trainer, Dictated)
    names = trainer.session.begin(0, [0]).places[0].view.vocabulary().names
    return trainer, names[0], names[1]


def asks(first: str, second: str, sense: str = "heavier") -> str:
    seen = f"The shelf holds a tall {first} left of a small {second}"
    return write_question(seen, f"Which is {sense}, the {first} or the {second}?")


def test_advantages_are_those_of_a_table_worked_out_by_hand(tmp_path: Path):
    config = settings(model=tiny_model(), scenes=1, n=4, quota=2, role_weight=0.5)
    trainer, light, heavy = dictate(config, breaking_when_lighter(), tmp_path)
    bare = f"<question>Which is heavier, the {light} or the {heavy}?</question>"
    trainer.replies = [
        # rewards 1, 1 (a duplicate), none (the task broke), 0.05
        [asks(light, heavy), asks(light, heavy), asks(light, heavy, "lighter"), bare],
        # rewards 1, 0.1, 0, 1, then four times the same on the oracle's own question
        [write_answer(heavy), write_answer(light), heavy, write_answer(heavy), *["?"] * 4],
    ]
    batch = trainer._generate_and_score_completions([{"row": 0}] * 4)
    # (r - mean) / (std + 1e-4) with n - 1 under the root; the questioner's halved by role_weight
    questioner = [0.288623, 0.288623, 0.0, -0.577246]
    solver = [0.863479, -0.772587, -0.954372, 0.863479, 0.0, 0.0, 0.0, 0.0]
    assert batch["advantages"].tolist() == pytest.approx([*questioner, *solver], abs=1e-5)
    assert trainer.session.report["faults/heavier"] == 1
    assert trainer.session.report["questioner/unique"] == 0.5
    assert trainer.session.report["solver/fallback"] == 0.5


def log_probs(trainer: DualRoleTrainer, batch: dict[str, Any]) -> list[Tensor]:
    """Of the tokens of each completion, without padding."""
    names = ("pixel_values", "image_grid_thw", "num_images", "mm_token_type_ids")
    with torch.no_grad():
        found, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model,
            torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1),
            torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1),
            batch["completion_ids"].size(1),
            **{name: batch[name] for name in names},
        )
    return [row[mask.bool()] for row, mask in zip(found, batch["completion_mask"], strict=True)]


def test_merged_log_probabilities_equal_separate_ones(tmp_path: Path):
    config = settings(model=tiny_model(), questioner_tokens=9, solver_tokens=4, beta=0.04)
    trainer = trainer_of(config, school(), tmp_path)
    episode = trainer.session.begin(0, [0, 1])
    first = trainer._round(episode.questioner_rows(), 9)
    second = trainer._round(episode.solver_rows(), 4)
    assert first["prompt_ids"].size(1) != second["prompt_ids"].size(1)
    merged = merge_rounds(first, second, trainer._tokenizer.pad_token_id)
    separate = [*log_probs(trainer, first), *log_probs(trainer, second)]
    together = log_probs(trainer, merged)
    assert len(together) == 4 + 8
    assert merged["num_items_in_batch"] == sum(len(row) for row in together)
    for one, other in zip(separate, together, strict=True):
        assert torch.allclose(one, other, atol=1e-5, rtol=0)


def test_a_key_that_the_merge_does_not_know_is_an_error():
    known = {"advantages": torch.zeros(1)}
    with pytest.raises(KeyError, match="TRL returned 'tool_mask', which the merge of two rounds"):
        merge_rounds({"tool_mask": torch.zeros(1)}, {"tool_mask": torch.zeros(1)}, 0)
    with pytest.raises(KeyError, match="the rounds differ in their keys: num_images"):
        merge_rounds(known, {**known, "num_images": [1]}, 0)


def test_only_the_adapter_of_the_language_model_is_trained(tmp_path: Path):
    trainer = trainer_of(settings(model=tiny_model()), school(), tmp_path)
    trained = {name for name, each in trainer.model.named_parameters() if each.requires_grad}
    assert trained
    assert all("lora_" in name and "language_model" in name for name in trained)


@pytest.mark.parametrize("role", ["questioner", "solver"])
def test_a_role_can_be_left_out_of_the_update(role: str, tmp_path: Path):
    config = settings(model=tiny_model(), ablation={role: False})
    trainer = trainer_of(config, school(), tmp_path)
    batch = trainer._generate_and_score_completions([{"row": r} for r in (0, 0, 1, 1)])
    rows = {"questioner": 2 * 2 * 2, "solver": 2 * 2}[role]
    assert len(batch["advantages"]) == rows
    assert trainer.session.report["solver/accuracy"] >= 0


def test_a_saved_processor_still_reads_images(tmp_path: Path):
    load_processor(tiny_model()).save_pretrained(tmp_path)
    assert "Qwen2_5_VLProcessor" in (tmp_path / "tokenizer_config.json").read_text()
    again = load_processor(str(tmp_path), image_pixels=28 * 28 * 4)
    image = school().datasets["school"]
    view = TASK.world.of(image.load(None, "shelf-0"))
    text = "<|vision_start|><|image_pad|><|vision_end|>"
    read = again(images=[list(view.images())], text=[text], return_tensors="pt")
    assert read["image_grid_thw"].shape == (1, 3)
    assert again.tokenizer.padding_side == "left"
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == again.chat_template


def test_the_trainer_names_no_task():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    points = project["project"]["entry-points"]["spatialevo.v1"]
    tasks = {name for name, module in points.items() if module.startswith("spatialevo_tasks.")}
    assert len(tasks) >= 6
    folder = Path(spatialevo_trainer.__file__).parent
    for path in folder.rglob("*.py"):
        text = path.read_text()
        named = {name for name in tasks if name in text}
        assert not named, f"{path.name} names {named}"
