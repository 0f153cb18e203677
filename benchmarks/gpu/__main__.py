"""`python -m gpu` in `benchmarks/`: one table, and JSON with every step.

Each arm runs in a process of its own, so that one that fails or runs out of memory leaves the
others alone and peaks of memory are its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import click

HERE = Path(__file__).parent.parent
PARTS = (
    ("tiny", "spatialevo"),
    ("3b", "spatialevo"),
    ("3b", "trl"),
    ("7b", "spatialevo"),
    ("7b", "trl"),
    ("3b", "trl, images once"),
    ("tiny", "trl"),
)
"""In the order of their importance: what there is time for is run, unless the first one fails."""
LEAST_S = 45
"""No part is started with less time left."""
RATED = ("rows", "completion_tokens")
HEADINGS = (
    "model",
    "trainer",
    "step s",
    "generation s",
    "oracle s",
    "update s",
    "rows",
    "rows/s",
    "tokens/s",
    "peak GiB (generation, update)",
    "held GiB",
)


@click.command()
@click.option("--tiny", is_flag=True, help="Only the tiny model; so it is without a GPU, too.")
@click.option("--only", multiple=True, metavar="MODEL", help="tiny, 3b or 7b; may be repeated.")
@click.option("--seconds", default=540.0, show_default=True, help="Time for all parts together.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("OUT", ".")) / "gpu.json",
    show_default="gpu.json in $OUT or here",
    help="JSON with every step of every part.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the random models in this folder; by default they are removed at the end.",
)
def main(
    *, tiny: bool, only: tuple[str, ...], seconds: float, out: Path, work: Path | None
) -> None:
    """Measure our trainer and plain TRL on the same rows."""
    if not only and (tiny or not has_gpu()):
        only = ("tiny",)
    parts = [part for part in PARTS if not only or part[0] in only]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = run_all(parts, seconds, out, work or Path(scratch), Path(scratch))
    click.echo(table(found))
    sys.exit(any("error" in each for each in found))


def run_all(
    parts: Sequence[tuple[str, str]], seconds: float, out: Path, models: Path, scratch: Path
) -> list[dict[str, Any]]:
    """Run the parts while there is time, and write what is known after each."""
    end = time.monotonic() + seconds
    found: list[dict[str, Any]] = []
    for number, (shape, arm) in enumerate(parts, start=1):
        left_s = end - time.monotonic()
        skipped = f"only {left_s:.0f} s were left" if left_s < LEAST_S else ""
        if found and "error" in found[0]:
            skipped = "the first part failed"
        if skipped:
            result: dict[str, Any] = {"shape": shape, "arm": arm, "steps": [], "skipped": skipped}
        else:
            click.echo(f"part {number}/{len(parts)}: {shape}, {arm} ({left_s:.0f} s left)")
            result = run_part(shape, arm, models / shape, scratch / f"{number}.json", left_s)
        found.append(result)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def run_part(shape: str, arm: str, model: Path, file: Path, left_s: float) -> dict[str, Any]:
    """One arm in a process of its own; what it wrote, and why it ended if not well."""
    command = [sys.executable, "-m", "gpu.part", shape, arm, str(model), str(file)]
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    error = ""
    try:
        ended = subprocess.run(
            command, check=False, timeout=left_s, env={**os.environ, "PYTHONPATH": path}
        )
        error = f"ended with status {ended.returncode}" if ended.returncode else ""
    except subprocess.TimeoutExpired:
        error = f"stopped after {left_s:.0f} s"
    known = {"shape": shape, "arm": arm, "steps": []}
    if file.exists():
        known = json.loads(file.read_text(encoding="utf-8"))
    return known | ({"error": known.get("error", error)} if error else {})


def has_gpu() -> bool:
    """Asked in another process: one that has touched the GPU takes memory from the parts."""
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def table(found: Sequence[dict[str, Any]]) -> str:
    """One line for each part: medians over its steps, without the first where there are more."""
    lines = [" | ".join(HEADINGS), " | ".join("---" for _ in HEADINGS)]
    devices = sorted({each["device"] for each in found if "device" in each})
    for each in found:
        name = [each["shape"], each["arm"]]
        note = each.get("error") or each.get("skipped")
        steps = each["steps"][1:] or each["steps"]
        lines.append(" | ".join([*name, *(_cells(steps) if steps else [])]))
        if note:
            lines[-1] += f" | {note}"
    lines = [f"| {line} |" for line in lines]
    heading = f"on {', '.join(devices)}" if devices else "nothing ran"
    return "\n".join([heading, "", *lines, "", alike(found)])


def alike(found: Sequence[dict[str, Any]]) -> str:
    """Whether both sides had the same work, step by step, as far as they came."""
    compared = 0
    for ours, theirs in combinations(found, 2):
        if ours["shape"] != theirs["shape"]:
            continue
        steps = list(zip(ours["steps"], theirs["steps"], strict=False))
        compared += len(steps)
        for number, (one, other) in enumerate(steps, start=1):
            for key in ("rows", "images", "patches", "prompt_tokens"):
                if one[key] != other[key]:
                    sides = f"{ours['arm']} and {theirs['arm']} of {ours['shape']}"
                    return f"NOT COMPARABLE: {sides} differ in {key} of step {number}"
    return f"{compared} pairs of steps compared: rows, images and prompt tokens are the same"


def _cells(steps: Sequence[dict[str, Any]]) -> list[str]:
    def middle(key: str) -> float:
        return median(step[key] for step in steps)

    def most(part: str, kind: str) -> float:
        return max(step[f"{part}_gib"][kind] for step in steps)

    peaks = f"{most('generation', 'allocated'):.1f}, {most('update', 'allocated'):.1f}"
    held = max(most("generation", "reserved"), most("update", "reserved"))
    rates = [median(step[key] / step["wall_s"] for step in steps) for key in RATED]
    times = [f"{middle(key):.2f}" for key in ("wall_s", "generation_s", "oracle_s", "update_s")]
    per_second = [f"{rate:.2f}" for rate in rates]
    return [*times, f"{middle('rows'):.0f}", *per_second, peaks, f"{held:.1f}"]


if __name__ == "__main__":
    main()
