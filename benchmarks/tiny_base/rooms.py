"""Pictures of tiny rooms, and what is where in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from spatialevo_datasets.scene import Frame, Instance, Scene
from spatialevo_datasets.synthetic.tiny import CEILING_FRAMES, tiny_room


@dataclass(frozen=True)
class Shown:
    """One object in one picture."""

    label: str
    x: float
    """Of its centre, in half-widths right of the image's centre."""
    y: float
    """The same, down."""
    azimuth_deg: float
    """Of its centre, right of where the camera looks."""
    range_m: float
    """From the camera, on the floor."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rendered images with what they show."""

    images: UInt8[np.ndarray, "n h w 3"]
    shown: tuple[tuple[Shown, ...], ...]
    ceiling: tuple[bool, ...]
    """Whether the camera is near the ceiling."""


def pictures(seeds: range) -> Pictures:
    """Every frame of these tiny rooms."""
    images, shown, ceiling = [], [], []
    for seed in seeds:
        scene = tiny_room(seed)
        for frame in scene.frames:
            images.append(np.asarray(frame.read()))
            shown.append(tuple(_shown(scene, each, frame) for each in scene.instances))
            ceiling.append(frame.index in CEILING_FRAMES)
    return Pictures(np.stack(images), tuple(shown), tuple(ceiling))


def _shown(scene: Scene, instance: Instance, frame: Frame) -> Shown:
    center: Float[np.ndarray, "3"] = scene.aabb(instance).center
    pose = frame.T_world_camera
    ahead = pose[:2, 2] / np.hypot(*pose[:2, 2])
    flat = center[:2] - pose[:2, 3]
    front, right = flat @ ahead, flat @ (ahead[1], -ahead[0])
    pixel = frame.K @ (pose[:3, :3].T @ (center - pose[:3, 3]))
    return Shown(
        label=instance.label,
        x=2 * pixel[0] / pixel[2] / frame.width - 1,
        y=2 * pixel[1] / pixel[2] / frame.height - 1,
        azimuth_deg=float(np.degrees(np.arctan2(right, front))),
        range_m=float(np.hypot(front, right)),
    )


def kept(seeds: range, folder: Path) -> Pictures:
    """The pictures of these rooms, rendered once and kept in the folder."""
    path = folder / f"tiny-{seeds.start}-{seeds.stop}.npz"
    if not path.exists():
        made = pictures(seeds)
        rows = [(i, *vars(each).values()) for i, line in enumerate(made.shown) for each in line]
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, images=made.images, shown=np.array(rows, object), ceiling=made.ceiling)
        return made
    with np.load(path, allow_pickle=True) as stored:
        shown: list[list[Shown]] = [[] for _ in stored["images"]]
        for picture, *values in stored["shown"]:
            shown[picture].append(Shown(*values))
        ceiling = tuple(stored["ceiling"].tolist())
        return Pictures(stored["images"], tuple(tuple(each) for each in shown), ceiling)
