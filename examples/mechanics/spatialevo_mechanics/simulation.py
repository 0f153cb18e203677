"""What happens: MuJoCo runs a model, and every step is kept.

The same model gives the same bytes on one machine and one version of MuJoCo: nothing is drawn at
random and one thread computes. Other processors may differ in the last bits, which is why answers
are rounded, and refused where the smallest nudge would change them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import dist

import mujoco
import numpy as np
from numpy.typing import NDArray

STEP_S = 0.002
REST_M_S = 0.01
"""What moves no faster than this is at rest."""
GRAVITY_M_S2 = 9.81


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the centre of every body was after each step, and how the experiment ended."""

    bodies: tuple[str, ...]
    times_s: NDArray[np.float64]
    """Shape (t,), from 0."""
    centers_m: NDArray[np.float32]
    """Shape (t, bodies, 3)."""

    def of(self, body: str) -> NDArray[np.float32]:
        """The path of one body, shape (t, 3)."""
        path: NDArray[np.float32] = self.centers_m[:, self.bodies.index(body)]
        return path

    def end(self, body: str) -> tuple[float, float, float]:
        """Where it was last, to a tenth of a millimetre."""
        return self.at(body, len(self.times_s) - 1)

    def at(self, body: str, step: int) -> tuple[float, float, float]:
        """Where it was after so many steps, to a tenth of a millimetre."""
        x, y, z = (round(float(each), 4) for each in self.of(body)[step])
        return x, y, z

    def speed(self, body: str) -> float:
        """Its mean speed over the last 20 steps, m/s."""
        path = self.of(body)
        return dist(path[-1], path[-21]) / (20 * STEP_S)

    def first_below(self, body: str, height_m: float) -> float | None:
        """When its centre first came down to a height, between steps; None if it never did."""
        heights = self.of(body)[:, 2]
        below = np.flatnonzero(heights <= height_m)
        if not len(below):
            return None
        at = int(below[0])
        if at == 0:
            return 0.0
        before, after = float(heights[at - 1]), float(heights[at])
        return float(self.times_s[at]) - STEP_S * (height_m - after) / (before - after)

    def first_at_rest(self, body: str) -> float | None:
        """Since when it has not moved faster than at rest; None if it still does."""
        steps = np.linalg.norm(np.diff(self.of(body), axis=0), axis=1) / STEP_S
        moving = np.flatnonzero(steps > REST_M_S)
        if not len(moving):
            return 0.0
        last = int(moving[-1]) + 1
        return None if last >= len(steps) else float(self.times_s[last])


@lru_cache(maxsize=1200)  # 100 MB at most
def simulate(mjcf: str, seconds: float) -> Motion:
    """Run a model of MuJoCo's XML, from its keyframe if it has one; its bodies have names."""
    model = mujoco.MjModel.from_xml_string(mjcf)
    data = mujoco.MjData(model)
    if model.nkey:
        mujoco.mj_resetDataKeyframe(model, data, 0)
    numbers = [at for at in range(model.nbody) if model.body(at).name not in ("", "world")]
    steps = round(seconds / STEP_S)
    centers_m = np.empty((steps + 1, len(numbers), 3), dtype=np.float32)
    for step in range(steps + 1):
        mujoco.mj_step(model, data)
        centers_m[step] = data.xpos[numbers]  # of the state before the step
    return Motion(
        bodies=tuple(model.body(at).name for at in numbers),
        times_s=np.arange(steps + 1, dtype=np.float64) * STEP_S,
        centers_m=centers_m,
    )


def model(
    parts: Iterable[str],
    defaults: str = "",
    velocities_m_s: Iterable[tuple[float, float]] = (),
) -> str:
    """The XML of a model: parts on a floor at z = 0, under gravity.

    `velocities_m_s` are those with which free bodies begin, along x and y, in their order.
    """
    begin = " ".join(f"{v_x} {v_y} 0 0 0 0" for v_x, v_y in velocities_m_s)
    key = f'<keyframe><key qvel="{begin}"/></keyframe>' if begin else ""
    return f"""<mujoco>
  <option timestep="{STEP_S}" gravity="0 0 -{GRAVITY_M_S2}" cone="elliptic" impratio="10"/>
  <default>{defaults}</default>
  <worldbody>
    <geom name="floor" type="plane" size="10 10 0.1"/>
    {" ".join(parts)}
  </worldbody>
  {key}
</mujoco>"""
