"""A small scene in ScanNet's layout, written by hand."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

ID = "scene0000_00"
VERTICES = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 1], [2, 1, 1], [2, 2, 1], [3, 3, 2]], dtype=np.float32
)
SEGMENTS = [7, 7, 7, 40, 40, 55, 3]
GROUPS = [
    {"id": 0, "objectId": 4, "label": "floor", "segments": [7]},
    {"id": 1, "objectId": 2, "label": "office chair", "segments": [40, 55]},
]
TURN = [0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1]
"""A quarter turn to the left, then a shift."""
POSE = [[1, 0, 0, 0.5], [0, 0, 1, 1.5], [0, -1, 0, 1.2], [0, 0, 0, 1]]
COLOUR_K = [[50, 0, 32, 0], [0, 50, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
DEPTH_K = [[25, 0, 16, 0], [0, 25, 12, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def ply(vertices: np.ndarray, *, faces: int = 1) -> bytes:
    table = np.zeros(len(vertices), dtype=[("xyz", "<f4", 3), ("rgba", "u1", 4)])
    table["xyz"] = vertices
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {channel}" for channel in ("red", "green", "blue", "alpha")]
    header += [f"element face {faces}", "property list uchar int vertex_indices", "end_header", ""]
    corners = np.array([0, 1, 2], dtype="<i4").tobytes()
    return "\n".join(header).encode() + table.tobytes() + (b"\3" + corners) * faces


def matrix(rows: object) -> str:
    return "\n".join(" ".join(map(str, row)) for row in rows)


def written(root: Path, frames: int = 3) -> Path:
    """A scene of seven vertices in the official layout; the pose of frame 1 is lost."""
    folder = root / "scans" / ID
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    (folder / f"{ID}_vh_clean_2.ply").write_bytes(ply(VERTICES))
    (folder / f"{ID}_vh_clean_2.0.010000.segs.json").write_text(
        json.dumps({"sceneId": ID, "segIndices": SEGMENTS})
    )
    (folder / f"{ID}.aggregation.json").write_text(json.dumps({"segGroups": GROUPS}))
    (folder / f"{ID}.txt").write_text(f"axisAlignment = {' '.join(map(str, TURN))}\nfx_color = 1\n")
    (folder / "intrinsic" / "intrinsic_color.txt").write_text(matrix(COLOUR_K))
    (folder / "intrinsic" / "intrinsic_depth.txt").write_text(matrix(DEPTH_K))
    for at in range(frames):
        Image.new("RGB", (64, 48), (200, 10, 10)).save(folder / "color" / f"{at}.jpg")
        millimetres = np.full((24, 32), 1500, dtype=np.uint16)
        millimetres[0, 0] = 0
        Image.fromarray(millimetres).save(folder / "depth" / f"{at}.png")
        lost = [["-inf"] * 4] * 4
        (folder / "pose" / f"{at}.txt").write_text(matrix(lost if at == 1 else POSE))
    return folder


MESH, SEGS = f"{ID}_vh_clean_2.ply", f"{ID}_vh_clean_2.0.010000.segs.json"
AGGREGATION, TEXT = f"{ID}.aggregation.json", f"{ID}.txt"


def grouped(**changes: object) -> str:
    """The aggregation with another second group."""
    group = {key: each for key, each in (GROUPS[1] | changes).items() if each is not None}
    return json.dumps({"segGroups": [GROUPS[0], group]})
