"""How long a room takes to prepare and to open, and how that grows with points and frames.

`python benchmarks/prepare.py [--out FOLDER]` writes rooms of 37 objects in ScanNet's layout (24
frames, depth of 640 x 480) into a temporary folder, prepares each in a process of its own on one
core, and writes `prepare.json` and `prepare.png` into FOLDER. Times are those of the processor, so
that other processes matter little.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
from PIL import Image

from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.preparing import prepare_world
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic import rooms, viewpoints
from spatialevo_datasets.synthetic.layouts import (
    groups_of,
    segments_of,
    write_json,
    write_matrix,
    write_ply,
    write_segments,
)
from spatialevo_datasets.synthetic.rooms import Blueprint
from spatialevo_datasets.synthetic.solids import depth_image

SIZE, FOCAL = (640, 480), 424.0
"""Of the depth images: the field of view of the synthetic ones."""
USUAL_POINTS, USUAL_FRAMES = 200_000, 24
POINTS = (50_000, 100_000, 200_000, 400_000)
FRAMES = (8, 16, 32, 48, 64, 128, 256)
SEED = 83
"""Of a room of 37 objects."""
OPENINGS = 20


def plan(frames: int) -> Blueprint:
    """The room, and a walk through it that sees all of its objects."""
    room = rooms.lroom(SEED)
    walk = viewpoints.cameras(room.outline, room.pieces, Random(0), frames)
    return replace(room, cameras=(walk * (1 + frames // len(walk)))[:frames])


def write_room(root: Path, points: int, frames: int) -> str:
    """The id of a room that is written under `root` with about so many points."""
    blueprint = plan(frames)
    depths = rooms.depth_maps(blueprint)
    usual = len(rooms.mesh_of(blueprint, depths).points)
    mesh = rooms.mesh_of(blueprint, depths, detail=float(np.sqrt(points / usual)))
    folder = root / "scans" / blueprint.name
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    start = f"{folder / blueprint.name}"
    write_ply(Path(f"{start}_vh_clean_2.ply"), mesh.points, mesh.color, mesh.triangles)
    write_segments(Path(f"{start}_vh_clean_2.0.010000.segs.json"), "", segments_of(mesh))
    write_json(Path(f"{start}.aggregation.json"), {"segGroups": groups_of(blueprint, mesh)})
    Path(f"{start}.txt").write_text("", "utf-8")
    K = rooms.intrinsics(SIZE, FOCAL)
    for name in ("color", "depth"):
        write_matrix(folder / f"intrinsic/intrinsic_{name}.txt", np.pad(K, (0, 1)))
    for index, camera in enumerate(blueprint.cameras):
        depth = depth_image(blueprint.solids, K, *SIZE, camera.T_world_camera)
        Image.fromarray(np.rint(depth * 1000).astype(np.uint16)).save(folder / f"depth/{index}.png")
        Image.new("RGB", SIZE).save(folder / f"color/{index}.jpg")
        write_matrix(folder / f"pose/{index}.txt", camera.T_world_camera)
    return blueprint.name


def measured(points: int, frames: int) -> dict[str, float]:
    """What preparing and opening one room take, in a process that does nothing else."""
    with TemporaryDirectory() as folder:
        world_id = write_room(Path(folder, "source"), points, frames)
        command = [sys.executable, __file__, "--alone", folder, world_id]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def alone(folder: Path, world_id: str) -> dict[str, float]:
    """As `measured`, in this process."""
    root, cache = folder / "source", folder / "cache"
    writer = CacheWriter.at(cache, "scannet")
    begun_mb = peak_mb()
    start = process_time()
    prepare_world(writer, ScanNet(), root, world_id)
    prepared_s, used_mb = process_time() - start, peak_mb()
    openings = [timed_opening(writer, world_id) for _ in range(OPENINGS)]
    scene = writer.cache.open(world_id, Scene)
    assert isinstance(scene, Scene)
    assert scene.points is not None
    return {
        "points": len(scene.points),
        "frames": len(scene.frames),
        "objects": len(scene.instances),
        "prepare_s": round(prepared_s, 3),
        "peak_mb": round(used_mb),
        "idle_mb": round(begun_mb),
        "first_opening_ms": round(1000 * openings[0], 1),
        "opening_ms": round(1000 * sorted(openings)[OPENINGS // 2], 1),
        "stored_mb": round(sum(f.stat().st_size for f in cache.rglob("*") if f.is_file()) / 1e6, 1),
    }


def timed_opening(writer: CacheWriter, world_id: str) -> float:
    """Seconds."""
    start = process_time()
    writer.cache.open(world_id, Scene)
    return process_time() - start


def peak_mb() -> float:
    """The most memory that this process has held, as the system counts it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def draw(rows: list[dict[str, float]], path: Path) -> None:
    """Seconds over points, and over frames."""
    import matplotlib  # noqa: PLC0415

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    chosen = (
        ("points", [row for row in rows if row["frames"] == USUAL_FRAMES]),
        ("frames", [row for row in rows if row["varied"] == "frames"]),
    )
    for axis, (what, own) in zip(axes, chosen, strict=True):
        own = sorted(own, key=lambda row: row[what])  # noqa: PLW2901
        axis.plot([row[what] for row in own], [row["prepare_s"] for row in own], "o-")
        axis.set(xlabel=what, ylabel="prepare, s", xlim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1.1 * max(row["prepare_s"] for row in rows))
    figure.suptitle(f"{own[-1]['objects']:.0f} objects, depth {SIZE[0]} x {SIZE[1]}, one core")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """All sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="the usual room only")
    given = parser.parse_args()
    if given.alone:
        print(json.dumps(alone(Path(given.alone[0]), given.alone[1])))
        return
    sizes = [("points", points, USUAL_FRAMES) for points in POINTS]
    sizes += [("frames", USUAL_POINTS, frames) for frames in FRAMES]
    rows = []
    for varied, points, frames in (
        [("points", USUAL_POINTS, USUAL_FRAMES)] if given.quick else sizes
    ):
        rows.append({"varied": varied, **measured(points, frames)})
        print(json.dumps(rows[-1]), flush=True)
    if not given.quick:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "prepare.json").write_text(json.dumps(rows, indent=2) + "\n")
        draw(rows, given.out / "prepare.png")


main()
