"""The trainer, which knows nothing of balls, stacks and pucks, trains on them."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

STEPS = 20
SETTINGS = """
model = "{model}"
steps = {steps}
scenes = 1
n = 2
quota = 1
questioner_tokens = 6
solver_tokens = 4
save_every = 20

[lora]
rank = 4

[[data]]
dataset = "falling_balls"
split = "train"

[[data]]
dataset = "block_stacks"
split = "train"

[[data]]
dataset = "sliding_pucks"
split = "train"
"""


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_trainer_runs_on_experiments(tmp_path):
    pytest.importorskip("torch")
    tiny_model = import_module("spatialevo_trainer.tiny_model")
    settings = tmp_path / "settings.toml"
    settings.write_text(SETTINGS.format(model=tiny_model.build(tmp_path / "model"), steps=STEPS))
    command = (Path(sys.executable).parent / "spatialevo", "train", settings)
    subprocess.run(
        [*command, "--out", tmp_path / "run"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    steps = rows_of(tmp_path / "run" / "metrics.jsonl")
    assert [row["step"] for row in steps] == list(range(1, STEPS + 1))
    asked = rows_of(tmp_path / "run" / "questions.jsonl")
    assert {row["task"] for row in asked} == {"first_to_land", "stack_falls", "puck_stop"}
    assert list((tmp_path / "run" / "adapter").glob("*.safetensors"))
