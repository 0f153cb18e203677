"""The smallest ScanNet++ scene: two objects, a floor, and a camera whose pose is known by hand.

The camera stands at (1, 2, 1.5) and looks north, along +y: right is +x, down is -z. What is 0.5 m
to the right, 0.25 m down and 2 m ahead is so at (1.5, 4, 1.25), and with f = 32 px about the middle
of 64 x 48 pixels at (32 + 8, 24 + 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spatialevo_datasets.synthetic.layouts import write_ply

POINT, PIXEL = (1.5, 4.0, 1.25), (40.0, 28.0)
CAMERA = [[1, 0, 0, 1], [0, 0, 1, 2], [0, -1, 0, 1.5], [0, 0, 0, 1]]
"""Camera to world, OpenCV: the columns are right, down, ahead and the position."""
COLMAP = "0.7071067811865476 0.7071067811865476 0 0 -1 1.5 -2"
"""World to camera: a quarter turn about x takes z to -y and y to z; the position becomes 0."""
NERFSTUDIO = [[0, 0, -1, 2], [1, 0, 0, 1], [0, -1, 0, -1.5], [0, 0, 0, 1]]
"""right, up and back, the first two world axes exchanged, and the third turned round."""
K = [[32, 0, 32], [0, 32, 24], [0, 0, 1]]
POINTS = [
    *(POINT, (1.55, 4, 1.25), (1.5, 4.05, 1.25), (1.55, 4.05, 1.3)),
    *((0, 0, 0), (3, 0, 0), (0, 4, 0)),
]
"""Small triangles above, and the floor, whose sides are 3, 4 and 5 m."""
SEGMENTS = [10, 11, 11, 12, 20, 20, 20]
GROUPS = [
    {"id": 1, "objectId": 1, "label": "table", "segments": [10, 11, 12]},
    {"id": 2, "objectId": 2, "label": " cup ", "segments": [12]},
    {"id": 3, "objectId": 3, "label": "floor", "segments": [20]},
]
DSLR, SCANS, IPHONE = (f"data/a1b2/{name}" for name in ("dslr", "scans", "iphone"))
TRANSFORMS, IMAGES = f"{DSLR}/nerfstudio/transforms_undistorted.json", f"{DSLR}/colmap/images.txt"
CAMERAS, POSES = f"{DSLR}/colmap/cameras.txt", f"{IPHONE}/pose_intrinsic_imu.json"
ANNOTATION, SEGMENTS_FILE = f"{SCANS}/segments_anno.json", f"{SCANS}/segments.json"


def listed(name: str, **more: Any) -> dict[str, Any]:
    """An entry of `frames` in nerfstudio's file."""
    return {"file_path": name, "transform_matrix": NERFSTUDIO, "is_bad": False} | more


def registered(number: int, name: str) -> str:
    """An entry of `images.txt`: two lines, without points."""
    return f"{number} {COLMAP} 1 {name}\n\n"


def write(root: Path) -> Path:
    """Scene `a1b2`, with one image of each recording; returns `root`."""
    for name in (
        SCANS,
        f"{DSLR}/colmap",
        f"{DSLR}/nerfstudio",
        f"{DSLR}/resized_undistorted_images",
        f"{IPHONE}/rgb",
        f"{IPHONE}/depth",
        "splits",
    ):
        (root / name).mkdir(parents=True)
    points = np.array(POINTS, dtype=np.float32)
    triangles = np.array([(0, 1, 2), (1, 2, 3), (4, 5, 6)], dtype=np.int32)
    color = np.zeros((len(points), 3), dtype=np.uint8)
    write_ply(root / SCANS / "mesh_aligned_0.05.ply", points, color, triangles)
    save(root / SEGMENTS_FILE, {"segIndices": SEGMENTS})
    save(root / ANNOTATION, {"segGroups": GROUPS})
    camera = {"camera_model": "PINHOLE", "fl_x": 32, "fl_y": 32, "cx": 32, "cy": 24}
    camera |= {"w": 64, "h": 48, "k1": 0, "k2": 0, "k3": 0, "k4": 0}
    save(root / TRANSFORMS, camera | {"frames": [listed("DSC00007.JPG")], "test_frames": []})
    (root / CAMERAS).write_text("# cameras\n1 OPENCV_FISHEYE 64 48 20 20 32 24 0.1 0 0 0\n")
    (root / IMAGES).write_text("# images\n" + registered(1, "DSC00007.JPG"))
    frame = {"aligned_pose": CAMERA, "pose": np.eye(4).tolist(), "intrinsic": K, "timestamp": 0}
    save(root / POSES, {"frame_000007": frame})
    grey(root / f"{DSLR}/resized_undistorted_images/DSC00007.JPG")
    grey(root / f"{IPHONE}/rgb/frame_000007.jpg")
    depth_mm = np.full((12, 16), 2000, dtype=np.uint16)
    Image.fromarray(depth_mm).save(root / f"{IPHONE}/depth/frame_000007.png")
    (root / "splits/nvs_sem_train.txt").write_text("a1b2\nffff\n")
    return root


def grey(path: Path, size: tuple[int, int] = (64, 48)) -> None:
    """An image of one colour."""
    Image.new("RGB", size, "grey").save(path, format="JPEG")


def save(path: Path, content: Any) -> None:
    """A JSON file."""
    path.write_text(json.dumps(content))


def change(path: Path, edit: Callable[[Any], object]) -> None:
    """Edit a JSON file in place."""
    content = json.loads(path.read_text())
    edit(content)
    save(path, content)
