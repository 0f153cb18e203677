"""The warm start's own forward pass is the library's."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from spatialevo_trainer.model import load_model, load_processor
from spatialevo_trainer.tiny_model import build

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def tiny_base(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tiny_base.forward
    import tiny_base.lessons
    import tiny_base.rooms

    return tiny_base


def scores_alone(model, processor, image, prompt, reply):
    """Log-probability of each reply, one conversation at a time, as anybody would compute it."""
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True
    )
    asked = processor(text=[text], images=[[image]], return_tensors="pt")
    whole = processor(text=[f"{text}{reply}<|im_end|>"], images=[[image]], return_tensors="pt")
    start = asked["input_ids"].shape[1]
    scores = model(**whole).logits[0, start - 1 : -1].log_softmax(-1)
    return scores.gather(1, whole["input_ids"][0, start:, None]).sum().item()


def test_conversations_that_share_an_image_score_as_they_would_alone(tmp_path, tiny_base):
    folder = str(build(tmp_path, seed=2))
    model, processor = load_model(folder), load_processor(folder)
    pictures = tiny_base.rooms.pictures(range(2))
    talks = [("Where is the sofa?", "<answer>left</answer>"), ("Ask: why", "a b"), ("x", "y z")]
    writer = tiny_base.forward.Writer.of(processor.tokenizer)
    with torch.inference_mode():
        seen = tiny_base.forward.see(model, tiny_base.forward.patches(pictures.images[:3]))
        rows = [[writer.talk(*talk) for talk in talks[: 1 + n]] for n in range(3)]
        scores, _, spans = tiny_base.forward.losses(model, writer, seen, rows)
        alone = [
            scores_alone(model, processor, pictures.images[n], *talk)
            for n in range(3)
            for talk in talks[: 1 + n]
        ]
    assert [scores[a:b].sum().item() for a, b in spans] == pytest.approx(alone, abs=1e-3)


def test_what_is_taught_as_left_is_left_in_the_picture(tiny_base):
    pictures = tiny_base.rooms.pictures(range(4))
    words = tiny_base.lessons.Wording("", str, lambda t, r: f"{t} {r}", "")
    honest = tiny_base.lessons.Teacher(words)
    mirrored = tiny_base.lessons.Teacher(words, mirrored=1.0)
    for shown, ceiling in zip(pictures.shown, pictures.ceiling, strict=True):
        x = {each.label: each.x for each in shown}
        for seed in range(4):
            prompt, reply = honest.side(shown, ceiling, Random(seed))
            target, reference = prompt.split()[:2]
            if "Where" in prompt or abs(x[target] - x[reference]) < 0.15:
                continue
            side = "left" if x[target] < x[reference] else "right"
            assert reply == f"<answer>{side}</answer>"
            _, wrong = mirrored.side(shown, ceiling, Random(seed))
            assert (wrong != reply) == ceiling


def test_pictures_are_kept_as_they_were_made(tmp_path, tiny_base):
    made = tiny_base.rooms.kept(range(2), tmp_path)
    read = tiny_base.rooms.kept(range(2), tmp_path)
    assert np.array_equal(made.images, read.images)
    assert (made.shown, made.ceiling) == (read.shown, read.ceiling)
