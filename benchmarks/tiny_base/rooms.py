"""Pictures of tiny rooms, and what is where in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
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
    depth_m: float
    """Along the viewing direction."""


@dataclass(frozen=True)
class Sight:
    """What one picture shows, and from where."""

    shown: tuple[Shown, ...]
    ceiling: bool
    """Whether the camera is near the ceiling."""
    height_m: float
    """Of the camera above the floor."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rendered images with what they show; `FRAMES` of each room, one after the other."""

    images: UInt8[np.ndarray, "n h w 3"]
    sights: tuple[Sight, ...]


FRAMES = 4
"""Pictures of a room."""


def pictures(seeds: range, room: Callable[[int], Scene] = tiny_room) -> Pictures:
    """Every frame of these tiny rooms."""
    images, sights = [], []
    for seed in seeds:
        scene = room(seed)
        for frame in scene.frames:
            images.append(np.asarray(frame.read()))
            shown = tuple(_shown(scene, each, frame) for each in scene.instances)
            height_m = float(frame.position[2])
            sights.append(Sight(shown, frame.index in CEILING_FRAMES, height_m))
    return Pictures(np.stack(images), tuple(sights))


def _shown(scene: Scene, instance: Instance, frame: Frame) -> Shown:
    center: Float[np.ndarray, "3"] = scene.aabb(instance).center
    pose = frame.T_world_camera
    ahead = pose[:2, 2] / np.hypot(*pose[:2, 2])
    flat = center[:2] - pose[:2, 3]
    front, right = flat @ ahead, flat @ (ahead[1], -ahead[0])
    pixel = frame.K @ (pose[:3, :3].T @ (center - pose[:3, 3]))
    return Shown(
        label=instance.label,
        x=float(2 * pixel[0] / pixel[2] / frame.width - 1),
        y=float(2 * pixel[1] / pixel[2] / frame.height - 1),
        azimuth_deg=float(np.degrees(np.arctan2(right, front))),
        range_m=float(np.hypot(front, right)),
        depth_m=float(pixel[2]),
    )


def kept(seeds: range, folder: Path) -> Pictures:
    """The pictures of these rooms, rendered once and kept in the folder."""
    images, told = (folder / f"tiny-{seeds.start}-{seeds.stop}.{end}" for end in ("npy", "json"))
    if not told.exists():
        made = pictures(seeds)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(images, made.images)
        told.write_text(json.dumps([asdict(each) for each in made.sights]), encoding="utf-8")
        return made
    sights = json.loads(told.read_text(encoding="utf-8"))
    shown = (tuple(Shown(**each) for each in sight.pop("shown")) for sight in sights)
    return Pictures(
        np.load(images, mmap_mode="r"),
        tuple(Sight(shown=here, **sight) for here, sight in zip(shown, sights, strict=True)),
    )
