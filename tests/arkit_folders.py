"""A small ARKitScenes scan, file by file: one camera, four ways to hold it, three objects.

The camera stands at (0, 0, 1.5) and looks along +y, level. Upright, its image has +x to the right.
The scan is a floor at height 0 with a table of 1 x 2 x 0.8 m about (3, 0, 0.4) on it, a chair that
reaches under the table, and a cabinet that nobody scanned.
"""

import json
from math import pi, sqrt
from pathlib import Path

import numpy as np
from PIL import Image

ID = "40753679"
EYE = np.array([0.0, 0.0, 1.5])
FORWARD = (0, 1, 0)
SIDES = {
    0: ((1, 0, 0), (0, 0, -1)),
    1: ((0, 0, 1), (1, 0, 0)),
    2: ((-1, 0, 0), (0, 0, 1)),
    3: ((0, 0, -1), (-1, 0, 0)),
}
"""World directions of right and down in the stored image, by the turns that make it upright."""
ROTATIONS = {
    0: (pi / 2, 0, 0),
    1: (2 * pi / 3 / sqrt(3),) * 3,
    2: (0, pi / sqrt(2), pi / sqrt(2)),
    3: (2 * pi / 3 / sqrt(3), -2 * pi / 3 / sqrt(3), -2 * pi / 3 / sqrt(3)),
}
"""Axis-angles of the world-to-camera rotations, whose rows are right, down and forward."""
FX, FY, CX, CY, WIDTH, HEIGHT = 200.0, 220.0, 120.5, 100.5, 256, 192
PINCAM = f"{WIDTH} {HEIGHT} {FX} {FY} {CX} {CY}\n"
FLOOR = [(x / 10, y / 10, 0.0) for x in range(50) for y in range(-20, 20)]
TABLE = [(2.5 + x / 10, -1 + y / 10, 0.8) for x in range(11) for y in range(21)]
CHAIR = [(2.4 + x / 10, y / 10, 0.45) for x in range(5) for y in range(-2, 3)]
BESIDE = [(3.509, 0.5, 0.4), (3.511, 0.5, 0.4)]
"""0.9 and 1.1 cm outside the table's box."""
OBJECTS = [
    ("table", (3.0, 0.0, 0.4), (1.0, 2.0, 0.8), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
    ("build_in_cabinet", (0.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
    ("chair", (2.6, 0.0, 0.3), (0.5, 0.5, 0.6), (0, 1, 0, -1, 0, 0, 0, 0, 1)),
    ("cabinet ", (-3.0, 0.0, 1.0), (0.5, 1.0, 2.0), (0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1)),
]


def annotation(objects=OBJECTS, **more) -> str:
    data = [
        {
            "label": label,
            "objectId": 1,
            "segments": {
                "obbAligned": {"centroid": c, "axesLengths": size, "normalizedAxes": axes}
            },
        }
        for label, c, size, axes in objects
    ]
    return json.dumps({"data": data, "skipped": False} | more)


def mesh(points=(*FLOOR, *TABLE, *CHAIR, *BESIDE)) -> bytes:
    table = np.array(points, "<f4")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += ["element face 1", "property list uchar int vertex_indices", "end_header", ""]
    corners = b"\3" + np.array([0, 1, 40], "<i4").tobytes()
    return "\n".join(header).encode() + table.tobytes() + corners


def pose_line(seconds: str, turns: int, eye=EYE) -> str:
    """World-to-camera: what is at the eye is at the camera's origin."""
    rows = np.array([*SIDES[turns], FORWARD])
    return " ".join(map(str, (seconds, *ROTATIONS[turns], *-rows @ eye))) + "\n"


def write_image(recording: Path, seconds: str, mark=None, depth=True) -> None:
    """A green image, 1 m deep; the marked pixel is red, and 2 m deep."""
    colour = np.full((HEIGHT, WIDTH, 3), (0, 90, 0), np.uint8)
    depth_mm = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    if mark is not None:
        colour[mark[1], mark[0]], depth_mm[mark[1], mark[0]] = (255, 0, 0), 2000
    Image.fromarray(colour).save(recording / f"lowres_wide/{ID}_{seconds}.png")
    if depth:
        Image.fromarray(depth_mm).save(recording / f"lowres_depth/{ID}_{seconds}.png")
    (recording / f"lowres_wide_intrinsics/{ID}_{seconds}.pincam").write_text(PINCAM)


def write_scan(root: Path, layout="3dod", split="Training", turns=(0,), marks=None) -> Path:
    """One image for each of the turns, at 10.000 s, 10.100 s and so on; returns the folder."""
    folder = root / layout / split / ID
    recording = folder / f"{ID}_frames" if layout == "3dod" else folder
    for name in ("lowres_wide", "lowres_depth", "lowres_wide_intrinsics"):
        (recording / name).mkdir(parents=True)
    (folder / f"{ID}_3dod_annotation.json").write_text(annotation())
    (folder / f"{ID}_3dod_mesh.ply").write_bytes(mesh())
    lines = []
    for number, each in enumerate(turns):
        seconds = f"{10 + number / 10:.3f}"
        lines.append(pose_line(seconds, each))
        write_image(recording, seconds, None if marks is None else marks[number])
    (recording / "lowres_wide.traj").write_text("".join(lines))
    return folder
