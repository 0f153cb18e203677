"""A third party's distribution, about a world that is no room, comes in by being installed."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shelf_school import tiny_model

EXAMPLE = Path(__file__).parent.parent / "examples" / "pendulums"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder beside the environment into which pip has installed a copy of the example."""
    folder = tmp_path_factory.mktemp("door")
    shutil.copytree(EXAMPLE, folder / "source")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--target", folder / "site", folder / "source"],
        check=True,
        capture_output=True,
    )
    return folder / "site"


def spatialevo(site, *args):
    """Run the installed command with the third party's distribution in reach."""
    return subprocess.run(
        [Path(sys.executable).parent / "spatialevo", *map(str, args)],
        env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_installed_plugin_is_listed_as_its_own(site):
    told = json.loads(spatialevo(site, "plugins", "--json").stdout)
    (plugin,) = (each for each in told["plugins"] if each["name"] == "pendulums")
    assert plugin["distribution"] == "spatialevo-pendulums"
    assert plugin["tasks"] == ["faster_pendulum"]
    assert plugin["datasets"] == ["pendulums"]
    assert not told["problems"]


def test_its_task_is_offered_on_its_dataset_and_on_no_other(site):
    offered = {
        each["name"]: each["tasks"]
        for each in json.loads(spatialevo(site, "datasets", "list", "--json").stdout)
    }
    assert offered.pop("pendulums") == ["faster_pendulum"]
    assert offered
    assert not any("faster_pendulum" in tasks for tasks in offered.values())


def test_it_is_asked_and_answers_with_its_evidence(site, tmp_path):
    out = tmp_path / "questions.jsonl"
    args = ("--dataset", "pendulums", "--out", out, "--per-scene", 2, "--scenes", 5)
    spatialevo(site, "generate", *args)
    rows = rows_of(out)
    assert rows
    row = rows[0]
    asked = ("ask", row["text"], "--dataset", "pendulums", "--scene", row["world"])
    told = json.loads(spatialevo(site, *asked, "--json").stdout)
    first, second = told["answer"]["evidence"]["periods_s"]
    faster = "first" if first < second else "second"
    assert told["answer"]["value"] == row["answer"]["value"] == told["query"][faster]
    assert 2 * math.pi * math.sqrt(0.1 / 9.81) <= min(first, second)


def test_it_refuses_what_is_not_there(site):
    ask = ("ask", "--dataset", "pendulums", "--scene", "rack-0")
    told = spatialevo(site, *ask, "Which pendulum swings faster, the pink or the purple one?")
    assert told.stdout == "refused: pendulum.missing: no pendulum is pink or purple\n"


def test_it_keeps_the_promises_of_a_task(site):
    assert " ok " in spatialevo(site, "tasks", "check", "faster-pendulum").stdout


TRAINING = """
model = "{model}"
steps = 2
scenes = 2
n = 2
questioner_tokens = 6
solver_tokens = 4

[[data]]
dataset = "pendulums"
"""


def test_the_trainer_accepts_it_for_two_steps(site, tmp_path):
    settings = tmp_path / "pendulums.toml"
    settings.write_text(TRAINING.format(model=tiny_model()))
    spatialevo(site, "train", settings, "--out", tmp_path / "run")
    asked = rows_of(tmp_path / "run" / "questions.jsonl")
    assert {row["task"] for row in asked} == {"faster_pendulum"}
    steps = rows_of(tmp_path / "run" / "metrics.jsonl")
    assert [row["step"] for row in steps] == [1, 2]
    assert list((tmp_path / "run" / "adapter").glob("*.safetensors"))


def test_it_is_gone_where_it_is_not_installed(tmp_path):
    listed = json.loads(spatialevo(tmp_path, "tasks", "list", "--json").stdout)
    assert "faster_pendulum" not in [each["name"] for each in listed]
