"""The accelerate configurations start what their names say."""

import os
from pathlib import Path
from typing import Any

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.launch import prepare_multi_gpu_env
from click.testing import CliRunner
from transformers import Qwen2_5_VLForConditionalGeneration

from shelf_school import tiny_model
from spatialevo_core.cli import main
from spatialevo_trainer import launch

STARTED = {
    "1gpu": (1, 1, "NO"),
    "8gpu": (8, 1, "MULTI_GPU"),
    "8gpu-fsdp": (8, 1, "FSDP"),
    "nodes": (16, 2, "MULTI_GPU"),
}


@pytest.mark.parametrize("name", launch.names())
def test_accelerate_reads_what_the_command_prints(name: str, tmp_path: Path):
    printed = CliRunner().invoke(main, ["train", "--accelerate", name])
    path = tmp_path / f"{name}.yaml"
    path.write_text(printed.stdout)
    config = load_config_from_file(str(path))
    told = (config.num_processes, config.num_machines, config.distributed_type.value)
    assert told == STARTED[name]
    assert (config.mixed_precision, config.use_cpu) == ("bf16", False)
    assert launch.launch(name) == (told[0], name == "8gpu-fsdp")


def launched(name: str, tmp_path: Path) -> Any:
    """What 'accelerate launch' makes of a configuration, without starting anything."""
    path = tmp_path / "launch.yaml"
    path.write_text(launch.text(name))
    given = ["--config_file", str(path), "--no_python", "spatialevo", "train"]
    args, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
    return args


def test_the_launcher_takes_the_configurations(tmp_path: Path):
    for name, (processes, machines, kind) in STARTED.items():
        args = launched(name, tmp_path)
        assert (args.num_processes, args.num_machines) == (processes, machines)
        assert (args.multi_gpu, args.use_fsdp) == (kind == "MULTI_GPU", kind == "FSDP")
        assert (args.no_python, args.training_script) == (True, "spatialevo")


def test_fsdp_wraps_the_layers_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told = prepare_multi_gpu_env(launched("8gpu-fsdp", tmp_path))
    for key, value in told.items():
        if key.startswith(("FSDP_", "ACCELERATE_")) and os.environ.get(key) != value:
            monkeypatch.setenv(key, value)
    plugin = FullyShardedDataParallelPlugin()
    assert (plugin.fsdp_version, plugin.reshard_after_forward) == (2, True)
    assert not plugin.activation_checkpointing
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_model())
    plugin.set_auto_wrap_policy(model)
    wrapped = plugin.auto_wrap_policy.keywords["transformer_layer_cls"]
    assert {each.__name__ for each in wrapped} == {
        "Qwen2_5_VLDecoderLayer",
        "Qwen2_5_VLVisionBlock",
    }
