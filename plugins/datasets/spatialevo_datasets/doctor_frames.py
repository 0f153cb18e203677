"""What is odd about the frames of a room: images, poses, depth, and what they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from jaxtyping import Float

from spatialevo_core.errors import DataError
from spatialevo_core.worlds import Finding, Severity
from spatialevo_datasets.frames import Frame, inside, project
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.visibility import Cloud, Mesh

SHOWN = 8
"""Frames or objects that a finding lists by name."""
MANY_DROPPED = 0.10
"""Of the frames; fewer are usual."""
SAME_POSE = 6
"""Decimals in which equal poses agree: datasets write no more."""
COMPARED = 5
"""Images of one pose that are compared."""
THUMB = (32, 24)
DIFFERS = 4.0
"""Grey levels of 256 by which thumbnails differ on average when a camera has moved."""
ONE_COLOUR = 1.0
"""Standard deviation in grey levels of an image that shows nothing."""
OUTSIDE_M = 5.0
"""Farther from a scan of one room nobody held a camera."""
DEPTHS = 12
"""Depth images that are compared with the scan."""
FEWEST_PIXELS = 300
KNOWN_DEPTH = 0.10
"""A depth image with less known can tell nothing."""
SCALE, WRONG_SCALE = 1.05, 1.10
"""Depth sensors and fused scans agree to about 1 %, and to 4 % where points are off by 2 cm."""
AGREES = 1.10
"""Between a measured and a rendered depth of the same surface."""
LEAST_AGREEING = 0.5
"""Of the pixels of a frame that stands where its pose says."""
LEAST_AROUND = 0.1
"""How far cameras must look around to tell what is level: the second of three spreads, squared."""


def examined(scene: Scene) -> Iterator[Finding]:
    """The findings about the frames of a room."""
    yield from _dropped(scene)
    if not scene.frames:
        if scene.points is not None:
            yield Finding(
                code="frames.none",
                severity=Severity.WARNING,
                where="frames",
                means="there are no images with a pose, so only the room as a whole can be asked "
                "about",
                remedy="fetch or extract the recording",
            )
        return
    unfit = [frame for frame in scene.frames if not _rigid(frame.T_world_camera)]
    if unfit:
        yield Finding(
            code="pose.not_rigid",
            severity=Severity.ERROR,
            where=_frames(unfit),
            means="its pose is no rotation and shift of finite numbers",
            remedy="leave the frame out",
        )
        return
    images = _Images.of(scene.drawn)
    yield from images.findings()
    yield from _frozen(scene.frames)
    yield from _outside(scene)
    if not images.broken:
        yield from _depth(scene)
        yield from _sights(scene)


def listed(words: Sequence[str], what: str = "") -> str:
    """The first few of them, and how many there are beyond."""
    shown = f"{what} {', '.join(words[:SHOWN])}".strip()
    more = len(words) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def level_axis(frames: Sequence[Frame]) -> Float[np.ndarray, "3"] | None:
    """The direction, unit and of either sign, about which cameras that are held level turn.

    It is across all of their right hands. None where they look around too little to tell, are
    rolled, or stand on their sides.
    """
    if len(frames) < 3:
        return None
    turns = np.array([frame.T_world_camera[:3, :3] for frame in frames])
    spreads, axes = np.linalg.eigh(np.einsum("nx,ny->xy", *[turns[:, :, 0]] * 2) / len(frames))
    axis: Float[np.ndarray, "3"] = axes[:, 0]
    sideways = abs(float(np.mean(turns[:, :, 1] @ axis))) < 0.5
    if sideways or spreads[1] < LEAST_AROUND or spreads[0] > LEAST_AROUND / 2:
        return None
    return axis


def _dropped(scene: Scene) -> Iterator[Finding]:
    total = scene.dropped_poses + len(scene.frames)
    if scene.dropped_poses:
        many = scene.dropped_poses > MANY_DROPPED * total
        yield Finding(
            code="pose.dropped",
            severity=Severity.WARNING if many else Severity.NOTE,
            where="frames",
            means=f"{scene.dropped_poses} of {total} have no usable pose (none, not finite, the "
            "tracker had stopped, or marked as bad), and are left out",
            remedy="nothing to do"
            if not many
            else "look whether the poses are those of this recording",
        )


def _rigid(pose: Float[np.ndarray, "4 4"]) -> bool:
    if not np.isfinite(pose).all():
        return False
    rotation = pose[:3, :3]
    return bool(np.allclose(rotation @ rotation.T, np.eye(3), atol=2e-2))


@dataclass(frozen=True)
class _Images:
    """Whether the images of some frames can be read, and whether they show anything."""

    broken: Mapping[int, str]
    """What is wrong with an image, by index of its frame."""
    blank: tuple[Frame, ...]

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> _Images:
        broken: dict[int, str] = {}
        blank: list[Frame] = []
        for frame in frames:
            try:
                if _thumbnail(frame).std() < ONE_COLOUR:
                    blank.append(frame)
                if frame.depth is not None:
                    frame.depth.read()
            except DataError as error:
                broken[frame.index] = str(error)
        return cls(broken, tuple(blank))

    def findings(self) -> Iterator[Finding]:
        for index, told in self.broken.items():
            yield Finding(
                code="image.unreadable",
                severity=Severity.ERROR,
                where=f"frame {index}",
                means=told,
                remedy="fetch or extract the image again",
            )
        if self.blank:
            yield Finding(
                code="image.blank",
                severity=Severity.WARNING,
                where=_frames(self.blank),
                means="the image is of one colour, so nobody can recognise anything in it",
                remedy="extract the images again, or leave the frame out",
            )


def _frozen(frames: Sequence[Frame]) -> Iterator[Finding]:
    """Frames of one pose whose images differ: the camera went on, the tracker did not."""
    poses = np.round([frame.T_world_camera for frame in frames], SAME_POSE).reshape(-1, 16)
    _, group, many = np.unique(poses, axis=0, return_inverse=True, return_counts=True)
    stuck: list[Frame] = []
    for number in np.flatnonzero(many > 1).tolist():
        own = [frames[at] for at in np.flatnonzero(group == number).tolist()]
        if _differ(own):
            stuck += own
    if stuck:
        yield Finding(
            code="pose.frozen",
            severity=Severity.ERROR,
            where=_frames(sorted(stuck, key=lambda frame: frame.index)),
            means="their pose is that of another frame, but their images differ; "
            "where these cameras were is not known",
            remedy="leave the frames, or the scan, out",
        )


def _differ(frames: Sequence[Frame]) -> bool:
    """Whether some of the images differ from the first; one that cannot be read does not count."""
    last = len(frames) - 1
    spread = sorted({at * last // (COMPARED - 1) for at in range(COMPARED)})
    try:
        first, *others = (_thumbnail(frames[at]) for at in spread)
    except DataError:
        return False
    return any(np.abs(each - first).mean() > DIFFERS for each in others)


def _thumbnail(frame: Frame) -> Float[np.ndarray, "h w"]:
    return np.asarray(frame.read().convert("L").resize(THUMB), dtype=np.float64)


def _outside(scene: Scene) -> Iterator[Finding]:
    points = scene.points
    if points is None or not len(points):
        return
    low, high = points.min(axis=0) - OUTSIDE_M, points.max(axis=0) + OUTSIDE_M
    lost = [f for f in scene.frames if not ((f.position >= low) & (f.position <= high)).all()]
    if lost:
        yield Finding(
            code="pose.outside",
            severity=Severity.WARNING,
            where=_frames(lost),
            means=f"the camera is more than {OUTSIDE_M:g} m outside the scan",
            remedy="look whether poses and mesh are in the same frame and unit",
        )


def _depth(scene: Scene) -> Iterator[Finding]:
    """Measured depth against that of the scan as the pose has it."""
    comparison = _Comparison.of(scene)
    if comparison.unknown:
        yield Finding(
            code="depth.unknown",
            severity=Severity.WARNING,
            where=_frames(comparison.unknown),
            means=f"less than {KNOWN_DEPTH:.0%} of the depth image is known, so nobody knows what "
            "the frame shows",
            remedy="extract the depth images again, or leave the frame out",
        )
    scale = comparison.scale
    if scale is not None and abs(log(scale)) > log(SCALE):
        wrong = abs(log(scale)) > log(WRONG_SCALE)
        yield Finding(
            code="depth.scale",
            severity=Severity.ERROR if wrong else Severity.WARNING,
            where="depth images",
            means=f"they measure {scale:.3g} times what the scan has there (median), so what is "
            "hidden is judged wrongly",
            remedy="look for the units of depth images, scan and poses: metres are expected",
        )
    if comparison.misplaced:
        yield Finding(
            code="pose.disagrees",
            severity=Severity.WARNING,
            where=_frames(comparison.misplaced),
            means=f"less than {LEAST_AGREEING:.0%} of the measured depth is within 10 % of that of "
            "the scan where the pose says the camera was",
            remedy="look whether pose and image belong together; else leave the frame out",
        )


@dataclass(frozen=True, eq=False)
class _Comparison:
    """The depth images of some frames, compared with the scan."""

    ratios: Mapping[int, Float[np.ndarray, " n"]]
    """Measured to rendered depth in each pixel that has both, by index of the frame."""
    frames: tuple[Frame, ...]
    unknown: tuple[Frame, ...]

    @classmethod
    def of(cls, scene: Scene) -> _Comparison:
        measured = [frame for frame in scene.drawn if frame.depth is not None]
        points = scene.points
        if points is None or not len(points) or not measured:
            return cls({}, (), ())
        last = len(measured) - 1
        chosen = [measured[at] for at in sorted({n * last // (DEPTHS - 1) for n in range(DEPTHS)})]
        faces = scene.faces
        surface = Cloud.of(points) if faces is None or not len(faces) else Mesh(points, faces)
        ratios = {frame.index: _ratios(frame, surface) for frame in chosen}
        unknown = tuple(frame for frame in chosen if _known(frame) < KNOWN_DEPTH)
        return cls(ratios, tuple(chosen), unknown)

    @cached_property
    def scale(self) -> float | None:
        """The median over frames of the median ratio; None where nothing can be compared."""
        medians = [float(np.median(each)) for each in self.ratios.values() if _enough(each)]
        return float(np.median(medians)) if medians else None

    @property
    def misplaced(self) -> tuple[Frame, ...]:
        """Frames of which too few pixels agree with the others."""
        return tuple(
            frame
            for frame in self.frames
            if _enough(self.ratios[frame.index])
            and self._agreeing(self.ratios[frame.index]) < LEAST_AGREEING
        )

    def _agreeing(self, ratios: Float[np.ndarray, " n"]) -> float:
        return float(np.mean(np.abs(np.log(ratios / (self.scale or 1.0))) <= log(AGREES)))


def _enough(ratios: Float[np.ndarray, " n"]) -> bool:
    return len(ratios) >= FEWEST_PIXELS


def _known(frame: Frame) -> float:
    return 0.0 if frame.depth is None else float(np.mean(frame.depth.read() > 0))


def _ratios(frame: Frame, surface: Mesh | Cloud) -> Float[np.ndarray, " n"]:
    """Measured to rendered depth, in the pixels of the rendered image that have both."""
    if frame.depth is None:
        return np.zeros(0)
    rendered = surface.depth_map(frame)
    rows, columns = np.nonzero(np.isfinite(rendered.depth_m) & (rendered.depth_m > 0))
    pixels = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))], axis=1)
    rays = pixels @ np.linalg.inv(rendered.K).T
    there = project(frame.depth.K, rays)
    within = inside(there, frame.depth.width, frame.depth.height)
    u, v = there[within].astype(np.intp).T
    measured = frame.depth.read()[v, u].astype(np.float64)
    scanned = rendered.depth_m[rows[within], columns[within]]
    ratios: Float[np.ndarray, " n"] = measured[measured > 0] / scanned[measured > 0]
    return ratios


def _sights(scene: Scene) -> Iterator[Finding]:
    """Frames that show no object, and objects that no frame shows."""
    if not scene.viewable or not scene.instances:
        return
    shown = {frame.index: scene.shares(frame.index).visible for frame in scene.drawn}
    empty = [frame for frame in scene.drawn if not shown[frame.index]]
    if empty:
        most = 2 * len(empty) >= len(scene.drawn)
        yield Finding(
            code="frame.sees_nothing",
            severity=Severity.WARNING if most else Severity.NOTE,
            where=_frames(empty),
            means=f"no object is to be seen; so in {len(empty)} of {len(scene.drawn)} frames that "
            "views are made of",
            remedy="look whether poses and mesh belong together" if most else "nothing to do",
        )
    seen = frozenset[int]().union(*shown.values())
    unseen = [f"{each.id} '{each.label}'" for each in scene.instances if each.id not in seen]
    if unseen:
        yield Finding(
            code="object.unseen",
            severity=Severity.NOTE,
            where=listed(unseen, "objects"),
            means="no frame that views are made of shows it clearly, so it is not asked about in "
            "images",
            remedy="nothing, unless it is large",
        )


def _frames(frames: Sequence[Frame]) -> str:
    return listed([str(frame.index) for frame in frames], "frames")
