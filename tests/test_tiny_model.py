from pathlib import Path

import pytest
import torch
from PIL import Image

import spatialevo_trainer
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.episode import Row
from spatialevo_trainer.held_out import Speaker
from spatialevo_trainer.model import load_model, load_processor
from spatialevo_trainer.prompts import SHORT
from spatialevo_trainer.tiny_model import TAGS, build, common_words, make_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("tiny"), seed=1)


def test_it_is_loaded_and_speaks_through_the_path_of_a_real_checkpoint(folder):
    model, processor = load_model(str(folder)), load_processor(str(folder))
    prompt = SHORT.answer("Is the sofa left or right of the lamp?", "left or right", 1)
    picture = Image.new("RGB", (84, 84), (200, 30, 30))
    rows = [Row("solver", 0, prompt, (picture,))] * 2
    speaker = Speaker(model, processor)
    once, twice = (speaker.replies(rows, 5, seed=3) for _ in range(2))
    assert once == twice
    greedy = speaker.replies(rows, 5, seed=3, greedy=True)
    assert greedy[0] == greedy[1]
    assert sum(p.numel() for p in model.parameters()) < 1_000_000


def test_an_image_is_nine_tokens(folder):
    processor = load_processor(str(folder))
    text = processor.apply_chat_template(SHORT.explain("Is it?", 1), add_generation_prompt=True)
    inputs = processor(text=[text], images=[[Image.new("RGB", (640, 640))]], return_tensors="pt")
    assert inputs["image_grid_thw"].tolist() == [[1, 6, 6]]
    image = processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert (inputs["input_ids"] == image).sum() == 9
    assert text.startswith("<|im_start|>user\n<|vision_start|>")


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone(tmp_path):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, same, other = (
        load_model(str(build(tmp_path / name, seed=seed))).state_dict()
        for name, seed in (("one", 5), ("same", 5), ("other", 6))
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


def test_the_shipped_base_spells_as_one_that_is_built_today_would():
    base = Path(spatialevo_trainer.__file__).parent / "data" / "tiny_base"
    shipped = load_processor(str(base)).tokenizer
    assert shipped.get_vocab() == make_tokenizer(common_words()).get_vocab()


def test_words_and_tags_are_single_tokens_and_any_text_comes_back():
    tokenizer = make_tokenizer(common_words())
    for text in ("Is", " sofa", " left", *TAGS):
        assert len(tokenizer(text).input_ids) == 1
    for text in ("<answer>left</answer>", "Größe: 3.5 m² (ca.) — 沙发?", "\tif x < y:\n  pass"):
        ids = tokenizer(text).input_ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_a_folder_that_is_no_checkpoint_is_refused_in_one_line(tmp_path):
    with pytest.raises(ConfigError, match="is no checkpoint that can be read"):
        load_processor(str(tmp_path))
