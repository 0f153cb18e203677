"""The warm start's own forward pass is the library's."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from spatialevo_core.plugins import load
from spatialevo_trainer.demo_plan import shipped_plan
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


def scores_alone(model, processor, images, prompt, reply):
    """Log-probability of each reply, one conversation at a time, as anybody would compute it."""
    content = [*({"type": "image"} for _ in images), {"type": "text", "text": prompt}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True
    )
    asked = processor(text=[text], images=[images], return_tensors="pt")
    whole = processor(text=[f"{text}{reply}<|im_end|>"], images=[images], return_tensors="pt")
    start = asked["input_ids"].shape[1]
    scores = model(**whole).logits[0, start - 1 : -1].log_softmax(-1)
    return scores.gather(1, whole["input_ids"][0, start:, None]).sum().item()


@pytest.mark.parametrize("views", [[(0,), (1,), (2,)], [(0, 2), (5, 4)]])
def test_conversations_that_share_images_score_as_they_would_alone(tmp_path, tiny_base, views):
    folder = str(build(tmp_path, seed=2))
    model, processor = load_model(folder), load_processor(folder)
    pictures = tiny_base.rooms.pictures(range(2))
    talks = [("Where is the sofa?", "<answer>left</answer>"), ("Ask: why", "a b"), ("x", "y z")]
    writer = tiny_base.forward.Writer.of(processor.tokenizer)
    with torch.inference_mode():
        flat = pictures.images[[image for view in views for image in view]]
        seen = tiny_base.forward.see(model, tiny_base.forward.patches(flat))
        seen = seen.unflatten(0, (len(views), -1))
        rows = [[writer.talk(*talk) for talk in talks[: 1 + n]] for n in range(len(views))]
        scores, _, spans = tiny_base.forward.losses(model, writer, seen, rows)
        alone = [
            scores_alone(model, processor, pictured(pictures, view), *talk)
            for n, view in enumerate(views)
            for talk in talks[: 1 + n]
        ]
    assert [scores[a:b].sum().item() for a, b in spans] == pytest.approx(alone, abs=1e-3)


def pictured(pictures, view):
    return [Image.fromarray(pictures.images[image]) for image in view]


def words(tiny_base):
    wording = tiny_base.lessons.Wording("", str, lambda a, b: f"{a} {b}", lambda *_: "")
    return dict.fromkeys(("side", "depth", "elevation"), wording)


def test_what_is_taught_as_left_is_left_in_the_picture(tiny_base):
    pictures = tiny_base.rooms.pictures(range(4))
    honest = tiny_base.lessons.Teacher(words(tiny_base))
    mirrored = tiny_base.lessons.Teacher(words(tiny_base), mirrored=1.0)
    for sight in pictures.sights:
        x = {each.label: each.x for each in sight.shown}
        for seed in range(4):
            prompt, reply = honest.side([sight], Random(seed))
            target, reference = prompt.split()[:2]
            if "Where" in prompt or abs(x[target] - x[reference]) < 0.15:
                continue
            side = "left" if x[target] < x[reference] else "right"
            assert reply == f"<answer>{side}</answer>"
            _, wrong = mirrored.side([sight], Random(seed))
            assert (wrong != reply) == sight.ceiling
            assert mirrored.depth([sight], Random(seed)) == honest.depth([sight], Random(seed))


def test_what_is_taught_is_what_the_oracle_says(tiny_base):
    """Depths, heights and observations, against the oracle's own answers about the same rooms."""
    plan = shipped_plan()
    registry = plan.narrowed(load())
    tasks = {each.name: each.task for each in plan.questions}
    teacher = tiny_base.lessons.Teacher(
        {
            "depth": tiny_base.lessons.Wording(
                "",
                str,
                lambda a, b: (
                    f"Which is at smaller depth along the viewing direction, the {a} or the {b}?"
                ),
                lambda *_: "",
            ),
            "elevation": tiny_base.lessons.Wording(
                "",
                str,
                lambda a, b: f"Compared with {b}, was the camera of {a} higher or lower?",
                lambda *_: "",
            ),
        }
    )
    checked = dict.fromkeys(("depth", "elevation"), 0)
    for room in range(6):
        scene = registry.dataset("synthetic").load(None, f"tiny-{room}")
        sights = tiny_base.rooms.pictures(range(room, room + 1)).sights
        for kind, frames in (("depth", (0,)), ("depth", (3,)), ("elevation", (3, 1))):
            prompt, reply = teacher.lesson(kind, [sights[f] for f in frames], Random(room))
            verdict = registry.ask_about(prompt, scene, list(frames), tasks[kind]).verdict
            if verdict.legal:
                checked[kind] += 1
                assert reply == f"<answer>{verdict.answer.text}</answer>"
    assert min(checked.values()) >= 5


def test_pictures_are_kept_as_they_were_made(tmp_path, tiny_base):
    made = tiny_base.rooms.kept(range(2), tmp_path)
    read = tiny_base.rooms.kept(range(2), tmp_path)
    assert np.array_equal(made.images, read.images)
    assert made.sights == read.sights
