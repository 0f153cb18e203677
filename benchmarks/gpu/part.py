"""One arm in a process of its own: `python -m gpu.part SHAPE ARM MODEL OUT`; writes JSON to OUT."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "4")  # before anything imports torch
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch

from gpu.arms import ARMS, config_of
from gpu.shapes import SHAPES, build

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "spatialevo")


def run(shape_name: str, arm: str, model: Path, out: Path) -> dict[str, Any]:
    """Measure one arm; what is known so far is in `out` after every step."""
    shape, begun = SHAPES[shape_name], time.perf_counter()
    found: dict[str, Any] = {"shape": shape_name, "arm": arm, "steps": [], **machine()}

    def write() -> None:
        found["seconds"] = time.perf_counter() - begun
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def report(step: dict[str, Any]) -> None:
        found["steps"].append(step)
        write()
        wall_s, number = step["wall_s"], len(found["steps"])
        print(f"{shape_name}, {arm}: step {number} took {wall_s:.1f} s", flush=True)

    try:
        build(shape, model)
        found["built_s"] = time.perf_counter() - begun
        with tempfile.TemporaryDirectory() as folder:
            ARMS[arm](config_of(shape, model), Path(folder), report)
    except Exception as error:  # noqa: BLE001  (what was measured before it stays)
        traceback.print_exc()
        found["error"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    write()
    return found


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    gpu = torch.cuda.is_available()
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "device_gib": torch.cuda.get_device_properties(0).total_memory / 2**30 if gpu else 0.0,
        "versions": versions,
    }


if __name__ == "__main__":
    name, arm_name, model_folder, file = sys.argv[1:]
    sys.exit("error" in run(name, arm_name, Path(model_folder), Path(file)))
