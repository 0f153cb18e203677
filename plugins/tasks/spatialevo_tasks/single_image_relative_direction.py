"""In this image, where is the lamp relative to the bed (front = the way the camera looks)?

The vector from the reference to the target, centre to centre, in the level frame of the camera.
Rising or falling by more than half of its horizontal length it is `up-` or `down-` with the
dominant of left, right, front and back; plainly `up` or `down` over less than 0.10 m horizontally
and at least 0.20 m of height; else one of eight ways. Where a horizontal word is decided, the
horizontal length must be 0.20 m, else the length in space. Wordings that offer only left or right
ask which way the camera would turn from the reference to the target, by 5 degrees at least; what a
tilted or rolled camera shows the other way round is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from typing import Literal

import numpy as np
from jaxtyping import Float

from spatialevo_core.question import Answer, Query
from spatialevo_core.slots import Name
from spatialevo_core.task import Solve
from spatialevo_datasets.frames import in_camera
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import FrameView
from spatialevo_tasks import geometry, proposals, rules
from spatialevo_tasks.cameras import camera_frame, wrap_deg
from spatialevo_tasks.directions import EIGHT, direction, direction_in_part
from spatialevo_tasks.geometry import Between, BoxOf, Decision, Found, Point, Triple
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.rules import SpatialTerms
from spatialevo_tasks.wordings import others, written

NAMED = ("target", "reference")
LEAST_APART_DEG = 5.0
PlacementOffer = Literal["eight ways", "left or right"]
OFFERS: tuple[PlacementOffer, ...] = ("eight ways", "left or right")


class Placement(Query):
    """Where the target is, from the reference."""

    target: Name
    reference: Name
    offer: PlacementOffer = "eight ways"


class PlacementEvidence(Between):
    """The vector from reference to target in the camera's level frame, metres.

    For left or right, the azimuth is that of the target for who looks at the reference.
    """

    camera_m: Triple
    heading_deg: float
    """From world +x, counter-clockwise."""
    front_m: float
    right_m: float
    up_m: float


def by(box: BoxOf) -> Solve:
    """The answer with every object at the centre of its box."""

    def solve(view: FrameView, q: Placement, terms: SpatialTerms) -> Answer[PlacementEvidence]:
        level = camera_frame(view.frame.T_world_camera)
        placed = geometry.places(view, (q.target, q.reference), box, terms)
        target, reference = placed.centers
        vector = level.vector(target - reference)

        def find(target: Point, reference: Point) -> Found:
            if q.offer == "left or right":
                return _side(view, q, (target, reference), terms)
            ray = f"{q.reference} to {q.target}"
            return geometry.in_space(ray, level.vector(target - reference), terms)

        found = placed.found(find)
        evidence = PlacementEvidence(
            camera_m=geometry.rounded(level.origin),
            heading_deg=level.heading_deg,
            front_m=vector.front,
            right_m=vector.right,
            up_m=vector.up,
            **placed.told,
            **found.bearing,
        )
        return Answer(value=found.word, evidence=evidence)

    return solve


def _side(
    view: FrameView, q: Placement, centers: Sequence[Float[np.ndarray, "3"]], terms: SpatialTerms
) -> Found:
    level = camera_frame(view.frame.T_world_camera)
    target, reference = map(level.point, centers)
    rays = {
        f"camera to {q.reference}": reference.horizontal,
        f"camera to {q.target}": target.horizontal,
    }
    azimuth = wrap_deg(target.azimuth_deg - reference.azimuth_deg)
    found = geometry.on_the_floor("left or right", azimuth, rays, terms)
    (turned,) = found.decisions
    (x, _, z), (x_reference, _, z_reference) = in_camera(view.frame, np.array(centers))
    columns = wrap_deg(degrees(atan2(x, z) - atan2(x_reference, z_reference)))
    agreeing = columns if found.word == "right" else -columns
    pictured = Decision(
        between="left, right in the picture",
        clearance_deg=max(0.0, min(agreeing, 180 - agreeing)),
        margin_deg=turned.margin_deg,
    )
    far = max(LEAST_APART_DEG, turned.margin_deg)
    apart_m = float(np.linalg.norm(np.subtract(*centers)))
    return found._replace(
        rays_m={**rays, f"{q.reference} to {q.target}": apart_m},
        decisions=(turned.model_copy(update={"margin_deg": far}), pictured),
    )


def answer_hint(q: Placement) -> str:
    """The words on offer."""
    if q.offer == "left or right":
        return "left or right"
    return f"one of {', '.join(EIGHT.words)}, up, down, or up or down with one of the four sides"


TASK = SpatialTask(
    name="single_image_relative_direction",
    summary="Where one object is from another, for who looks as the camera does.",
    world=FrameView,
    query=Placement,
    phrasings=(
        *written(
            "In this image, where is the {target} relative to the {reference}",
            "In this image, in which direction from the {reference} is the {target}",
            "In this image, in which direction is the {target} from the {reference}",
            "In this image, what is the direction of the {target} from the {reference}",
            "In this image, which way is it from the {reference} to the {target}",
            "In this image, starting at the {reference}, in which direction does the {target} lie",
            "Where does the {target} lie relative to the {reference} in this image",
            "Where is the {target} with respect to the {reference} in this image",
            end=" (front = the way the camera looks)?",
        ),
        *written(
            "Is the {target} left or right of the {reference}",
            "In this image, is the {target} to the left or to the right of the {reference}",
            "In this image, on which side of the {reference} is the {target}, left or right",
            "In this image, which side of the {reference} is the {target} on, left or right",
            "In this image, does the {target} appear left or right of the {reference}",
            "As the camera sees them, is the {target} left or right of the {reference}",
            "Seen from the camera, is the {target} to the left or to the right of the {reference}",
            "Compared with the {reference}, is the {target} farther left or farther right",
            offer="left or right",
        ),
        *others("single_image_relative_direction"),
    ),
    rules=(
        *rules.named(*NAMED),
        rules.headed(),
        geometry.far_enough(),
        rules.decisive(geometry.unsettled),
    ),
    candidates=proposals.about(Placement, *NAMED, offer=OFFERS),
    solve=by(Scene.obb),
    definitions={"aabb": by(Scene.aabb)},
    score=direction_in_part,
    report=direction,
    answer_hint=answer_hint,
    brief=proposals.told_objects,
)
