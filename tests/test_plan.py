"""A plan says what a person can work out by hand, and refuses what cannot run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VisionTransformerPretrainedModel,
)

from counted import Counted
from shelf_school import school, tiny_model
from spatialevo_core.cli import main
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.config import load_config
from spatialevo_trainer.model import load_processor, lora
from spatialevo_trainer.plan import (
    READ_HIDDEN,
    READ_INTERMEDIATE,
    SEE_HIDDEN,
    TRAIN_HIDDEN,
    TRAIN_INTERMEDIATE,
    Machine,
    Plan,
    Prompt,
)
from spatialevo_trainer.plan_text import lines, seen
from spatialevo_trainer.shapes import Shape

pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")
PAGE = Path(__file__).parents[1] / "docs" / "plan.md"


def plan(*settings: str, gpus: int = 8, preset: str = "qwen2.5-vl-7b", **more: Any) -> Plan:
    config = load_config(preset=preset, settings=settings)
    machine = Machine(gpus, more.pop("memory_gib", 80.0), **more)
    return Plan(config, Shape.of(config.model or tiny_model()), machine, Prompt.assumed(config))


def test_the_figures_worked_out_by_hand_are_those_printed():
    printed = "\n".join(lines(plan()))
    by_hand = re.findall(r"\| `([\d. +*/()-]+)` \| ([\d,.]+) \|", PAGE.read_text())
    assert len(by_hand) > 20
    for expression, told in by_hand:
        value = eval(expression)
        places = len(told.partition(".")[2])
        assert f"{value:,.{places}f}" == told, expression
        assert re.search(rf"(?<![\d.,]){re.escape(told)}(?![\d])", printed), expression


@pytest.mark.parametrize(("size", "billions"), [("3B", 3.75), ("7B", 8.29)])
def test_parameters_are_those_that_transformers_counts(size: str, billions: float):
    shape = Shape.of(f"Qwen/Qwen2.5-VL-{size}-Instruct")
    tower = shape.tower
    config = Qwen2_5_VLConfig(
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        vocab_size=shape.vocabulary,
        tie_word_embeddings=shape.tied,
        rope_scaling={"type": "mrope", "mrope_section": [16, 24, 24]},
        vision_config={
            "depth": tower.depth,
            "hidden_size": tower.hidden,
            "intermediate_size": tower.intermediate,
            "out_hidden_size": tower.out,
        },
    )
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    model.tie_weights()
    assert sum(each.numel() for each in model.parameters()) == shape.parameters
    assert sum(each.numel() for each in model.model.visual.parameters()) == tower.parameters
    assert round(shape.parameters / 1e9, 2) == billions


def test_the_adapter_is_counted_as_peft_makes_it():
    from peft import get_peft_model

    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_model())
    adapted = get_peft_model(model, lora(load_config(settings=["lora.rank=3"]).lora))
    trained = sum(each.numel() for each in adapted.parameters() if each.requires_grad)
    assert trained == Shape.of(tiny_model()).adapter(3)


def test_a_shape_is_read_from_a_folder_flat_or_nested(tmp_path: Path):
    nested = Shape.of(tiny_model())
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_model())
    assert nested.parameters == sum(each.numel() for each in model.parameters())
    values = json.loads((Path(tiny_model()) / "config.json").read_text())
    flat = {**values, **values.pop("text_config")}
    (tmp_path / "config.json").write_text(json.dumps(flat))
    (tmp_path / "preprocessor_config.json").write_text('{"max_pixels": 7056}')
    assert Shape.of(str(tmp_path)) == nested
    (tmp_path / "config.json").write_text('{"hidden_size": 8}')
    with pytest.raises(ConfigError, match=r"is not that of a Qwen2\.5-VL: it lacks 'intermediate'"):
        Shape.of(str(tmp_path))
    with pytest.raises(ConfigError, match="shape of model 'nobody/nothing' is not known here"):
        Shape.of("nobody/nothing")


REFUSED = {
    "it needs 150.4 GiB on each GPU, and 72.0 of 80": ({"gpus": 1}, []),
    "the most are 15.4 of weights: take a smaller model": (
        {"memory_gib": 16.0},
        ["generation_rows=1"],
    ),
    "57.5 of reading: lower generation_rows": ({}, ["generation_rows=128", "quota=16", "n=16"]),
    "micro_batches": ({}, ["micro_batches=1"]),
    "exceed the model's context of 128,000; lower image_pixels": ({}, ["image_pixels=99999999"]),
    "vllm_options.context = 2048; raise it to at least 3088": (
        {},
        ["vllm=server", "vllm_options.context=2048"],
    ),
    "vllm = 'colocate' needs a GPU": ({"gpus": 0}, ["vllm=colocate"]),
    "tensor_parallel = 3 does not divide 8 GPUs": (
        {},
        ["vllm=colocate", "vllm_options.tensor_parallel=3"],
    ),
    "28.0 of vLLM: lower vllm_options.gpu_memory": (
        {"memory_gib": 40.0},
        ["vllm=colocate", "vllm_options.gpu_memory=0.7"],
    ),
    "questioner_tokens = 14, but the shortest reply that keeps to the format has 15": (
        {},
        ["questioner_tokens=14"],
    ),
    "solver_tokens = 7, but the shortest reply": ({}, ["solver_tokens=7"]),
    "quota = 9 questions of each scene are to be answered, but only n = 8": ({}, ["quota=9"]),
    "illegal_share = 0.1 of the 8 questions of a process is less than one": (
        {},
        ["illegal_share=0.1"],
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_run_is_refused_with_the_reason(reason: str):
    machine, settings = REFUSED[reason]
    assert reason in "; ".join(plan(*settings, **machine).problems())


@pytest.mark.parametrize(
    "settings",
    [
        ["vllm=colocate"],
        ["vllm=server"],
        ["illegal_share=0"],
        ["quota=9", "ablation.questioner=false"],
        ["solver_tokens=8", "questioner_tokens=15"],
    ],
)
def test_what_can_run_is_not_refused(settings: list[str]):
    assert plan(*settings).problems() == ()
    assert plan(*settings, preset="qwen2.5-vl-3b").problems() == ()


def test_what_saves_memory_is_planned_to_save_it():
    assert plan("generation_rows=8").peak < plan().peak
    assert plan(sharded=True).held()["weights"] < plan().held()["weights"] / 4
    assert plan("micro_batches=2", "vllm=server").peak > plan("vllm=server").peak
    asleep, awake = plan("vllm=colocate"), plan("vllm=colocate", "vllm_options.sleep=false")
    assert asleep.peak < awake.peak
    one = plan("micro_batches=64", gpus=1, preset="qwen2.5-vl-3b")
    assert one.problems() == ()
    assert one.micro_rows == 9


@pytest.mark.parametrize("sizes", [(256, 2048, 2), (512, 1024, 4)])
def test_the_bytes_of_a_token_are_those_that_pytorch_makes(sizes: tuple[int, int, int]):
    hidden, intermediate, layers = sizes
    config = Qwen2_5_VLConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=1,
        vocab_size=8,
        bos_token_id=None,
        eos_token_id=None,
        rope_scaling={"type": "mrope", "mrope_section": [hidden // 16, hidden // 32, hidden // 32]},
        vision_config={"depth": 1, "hidden_size": 128, "intermediate_size": 256, "num_heads": 4},
    )
    from peft import get_peft_model

    base = Qwen2_5_VLForConditionalGeneration(config).to(torch.bfloat16)
    model = get_peft_model(base, lora(load_config(settings=["lora.rank=1"]).lora))
    text, rows = base.model.language_model, torch.zeros(2, 256, hidden, dtype=torch.bfloat16)
    inputs = {
        "inputs_embeds": rows,
        "position_ids": torch.zeros(3, 2, 256, dtype=torch.long),
        "attention_mask": {"full_attention": None},
        "use_cache": False,
    }
    before = [*model.parameters(), *model.buffers(), *inputs.values()]
    before = [each for each in before if isinstance(each, torch.Tensor)]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16), Counted(before) as reading:
        text(**inputs)
    told = READ_INTERMEDIATE * intermediate + READ_HIDDEN * hidden
    assert reading.peak / 512 == pytest.approx(told, rel=0.05)
    text.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    rows.requires_grad_(True)
    with Counted(before) as updating:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = text(**inputs).last_hidden_state
        out.sum().backward()
    told = TRAIN_INTERMEDIATE * intermediate + (TRAIN_HIDDEN + 2 * layers) * hidden
    assert updating.peak / 512 == pytest.approx(told, rel=0.05)


def test_the_bytes_of_a_patch_are_those_that_pytorch_makes():
    config = Qwen2_5_VLVisionConfig(
        depth=2, hidden_size=256, intermediate_size=512, num_heads=4, out_hidden_size=64
    )
    tower = Qwen2_5_VisionTransformerPretrainedModel._from_config(config).to(torch.bfloat16)
    grid, pixels = torch.tensor([[1, 16, 16]] * 4), torch.zeros(1024, 1176)
    with Counted([*tower.parameters(), *tower.buffers(), pixels, grid]) as seeing, torch.no_grad():
        tower(pixels.to(torch.bfloat16), grid)
    assert seeing.peak / 1024 == pytest.approx(SEE_HIDDEN * 256 + 2 * 1176, rel=0.05)


@pytest.mark.parametrize(
    ("size", "tokens"),
    [((448, 448), 256), ((1296, 968), 234), ((320, 240), 99)],
)
def test_an_image_has_no_more_tokens_than_planned(size: tuple[int, int], tokens: int):
    planned = plan()
    processor = load_processor(tiny_model(), planned.config.image_pixels)
    grid = processor.image_processor(images=[Image.new("RGB", size)], return_tensors="pt")
    assert int(grid["image_grid_thw"].prod()) // 4 == tokens <= planned.image_tokens


def test_prompts_are_as_long_as_the_data_makes_them():
    config = load_config(settings=['data=[{dataset="school"}]', "scenes=2"])
    prompt = seen(config, school())
    assert (prompt.views, prompt.origin) == (1, "in 8 places of the data")
    assert prompt.text == 256 + config.questioner_tokens


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["train", *arguments])


def test_a_plan_is_printed_before_it_is_refused():
    fine = invoke("--preset", "qwen2.5-vl-7b", "--plan", "--accelerate", "8gpu")
    assert (fine.exit_code, fine.stderr) == (0, "")
    assert "peak  39.7 of 72.0" in fine.stdout
    bad = invoke("--preset", "qwen2.5-vl-7b", "--plan", "--gpus", "2", "--set", "quota=9")
    assert bad.exit_code == 1
    assert bad.stdout.startswith("model\n")
    assert re.search(r"this cannot run: quota = 9 .*; it needs .*", bad.stderr)
    uneven = invoke("--preset", "qwen2.5-vl-7b", "--plan", "--accelerate", "nodes")
    assert uneven.exit_code == 1
    assert "scenes = 8 is no multiple of 16 processes" in uneven.stderr


def test_the_tiny_preset_is_planned_for_the_processor():
    told = invoke("--plan", "--set", f"model={tiny_model()}")
    assert told.exit_code == 0
    assert "not planned on a processor" in told.stdout
    assert "no model is chosen" in invoke("--plan").stderr


def test_lengths_are_assumed_where_the_data_is_elsewhere():
    told = invoke(
        *("--preset", "qwen2.5-vl-3b", "--plan", "--gpus", "8", "--gpu-memory", "80"),
        *("--set", 'data=[{dataset="scannet", root="/nowhere"}]'),
    )
    assert told.exit_code == 0
    assert "the data cannot be read here, so lengths are assumed" in told.stderr
    assert "8 views and 512 of text, assumed" in told.stdout


def test_what_to_plan_for_needs_a_plan():
    assert "add --plan" in invoke("--gpus", "8").stderr
