"""What the recordings of all datasets consist of: frames, and the cameras that took them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from spatialevo_datasets.frames import Frame


@dataclass(frozen=True, eq=False)
class Recording:
    """The frames whose pose is known, and the number of the others."""

    frames: tuple[Frame, ...] = ()
    dropped_poses: int = 0


@dataclass(frozen=True, eq=False)
class Camera:
    """Intrinsics without distortion, and the size of the image that they belong to."""

    K: Float[np.ndarray, "3 3"]
    width: int
    height: int

    def turned(self, turns: int) -> Camera:
        """Of the image after so many anticlockwise quarter turns."""
        camera = self
        for _ in range(turns % 4):
            (fx, _, cx), (_, fy, cy), _ = camera.K
            K = np.array([[fy, 0, cy], [0, fx, camera.width - cx], [0, 0, 1]])
            camera = Camera(K, camera.height, camera.width)
        return camera
