"""Images that several rows show: prepared once, looked at once, and without gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor

from shelf_school import school, settings, tiny_model
from spatialevo_trainer.model import load_model, load_processor
from spatialevo_trainer.run import make_trainer
from spatialevo_trainer.session import Session
from spatialevo_trainer.vision import distinct

IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


def picture(seed: int, size: tuple[int, int] = (84, 84)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


A, B, WIDE = picture(0), picture(1), picture(2, (140, 56))
ROWS = [[A, B], [A.copy(), B], [WIDE, A], [B, B]]
TEXTS = [IMAGE * 2 + "Which?"] * len(ROWS)


@pytest.mark.parametrize("tensors", ["pt", None])
def test_shared_images_are_prepared_once_and_come_out_for_every_row(tensors, monkeypatch):
    processor = load_processor(tiny_model())
    asked = {"images": ROWS, "text": TEXTS, "return_tensors": tensors, "padding": True}
    read = processor(**asked)
    monkeypatch.setattr(type(processor), "_process_images", Qwen2_5_VLProcessor._process_images)
    expected = processor(**asked)
    assert read.keys() == expected.keys()
    for key in expected:
        assert np.array_equal(np.asarray(read[key]), np.asarray(expected[key]))
        assert type(read[key]) is type(expected[key])
    monkeypatch.undo()
    prepared: list[int] = []
    images = processor.image_processor
    plain = images.preprocess
    monkeypatch.setattr(
        images, "preprocess", lambda x, **k: prepared.append(len(x)) or plain(x, **k)
    )
    processor(**asked)
    assert prepared == [3]


def looked_at(model) -> list[int]:
    """Patches that enter the tower, call by call."""
    seen: list[int] = []
    model.model.visual.patch_embed.register_forward_hook(
        lambda _, args, out: seen.append(len(out)) or None
    )
    return seen


def test_shared_images_are_looked_at_once_with_the_same_result():
    read = load_processor(tiny_model())(images=ROWS, text=TEXTS, return_tensors="pt", padding=True)
    plain = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_model(), dtype=torch.float32)
    model = load_model(tiny_model())
    seen, all_of_them = looked_at(model), looked_at(plain)
    with torch.no_grad():
        expected, found = plain(**read).logits, model(**read).logits
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    lengths = read["image_grid_thw"].prod(-1)
    assert all_of_them == [lengths.sum()]
    assert seen == [lengths[[0, 1, 4]].sum()]


def test_images_of_equal_sums_or_other_proportions_are_told_apart():
    one = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    mirrored = one.flip(-1)
    assert distinct([one, mirrored, one, mirrored], ["k"] * 4) == ([0, 1, 3], [0, 1, 0, 2])
    assert distinct([one, one], [(1, 2), (2, 1)]) == ([0, 1], [0, 1])


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")
def test_no_gradient_enters_the_tower(tmp_path: Path):
    config = settings(model=tiny_model())
    trainer = make_trainer(config, Session(config, school()), tmp_path)
    trainer.model.train()
    trainer.model.enable_input_require_grads()
    trainer.model.gradient_checkpointing_enable()
    batch = trainer._generate_and_score_completions([{"row": row} for row in (0, 0, 1, 1)])
    batch["advantages"] = torch.linspace(-1, 1, len(batch["advantages"]))
    demanded: list[bool] = []
    merger = trainer.model.get_base_model().model.visual.merger
    merger.register_forward_hook(lambda _, __, out: demanded.append(out.requires_grad))
    trainer.current_gradient_accumulation_steps = 1
    trainer.compute_loss(trainer.model, batch).backward()
    assert demanded == [False]
    adapter = [p for name, p in trainer.model.named_parameters() if "lora_B" in name]
    assert all(p.grad is not None and p.grad.any() for p in adapter)
