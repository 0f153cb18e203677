"""The world of the built-in tasks: one scanned or simulated room.

Conventions: metres, right-handed, **+z up** (gravity). Cameras are OpenCV (+x right, +y down,
+z forward); `T_world_camera` maps camera to world coordinates. Pixels: K refers to the stated
image size; the centre of the top-left pixel is (0, 0) + 0.5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int32

from spatialevo_core.errors import ConfigError
from spatialevo_core.names import Vocabulary
from spatialevo_core.worlds import Finding, Tally
from spatialevo_datasets import boxes, floors, instances, labels, visibility
from spatialevo_datasets.boxes import Box, Rectangles
from spatialevo_datasets.coverage import Shares, covering
from spatialevo_datasets.distances import Gap
from spatialevo_datasets.floors import Floor
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.instances import Instance, Points
from spatialevo_datasets.memo import Memo
from spatialevo_datasets.steadiness import ShareRange, share_range
from spatialevo_datasets.visibility import Cloud, Mesh, Owned, Shown, Sight

__all__ = ["Box", "Depth", "Frame", "Gap", "Instance", "Points", "Scene", "Sight"]

SAMPLE = 20_000
"""Scene points by which the overlap of frames is measured."""
RIVAL_FROM_M = 0.01
"""Between centres of boxes; nearer ones count as the same."""
MOST_DRAWN = 64
"""Frames of a recording among which views are looked for."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A room, immutable; what is derived from it is computed when first asked for, and kept."""

    key: str
    """`dataset/world_id`, unique."""
    instances: tuple[Instance, ...]
    """Objects only: walls, floor and ceiling are none."""
    frames: tuple[Frame, ...] = ()
    points: Points | None = None
    """Everything that was scanned, structure included; None where there are boxes only."""
    faces: Int32[np.ndarray, "f 3"] | None = None
    """The triangles of the scan, as indices of `points`; they tell the depth of frames without a
    depth image. None where the scan is known by its points alone."""
    floor: Points | None = None
    """The points labelled as floor."""
    dropped_poses: int = 0
    """Frames left out for want of a pose: it is not finite, or the tracker had stopped."""
    unlabelled_share: float | None = None
    """Of the scanned points, those that the dataset says nothing about; None where it labels no
    points."""
    left_out: tuple[str, ...] = ()
    """What is annotated and yet no object here, each with the reason."""
    room_size_m2: float | None = None
    """A published floor area, where the dataset stores one."""
    derived: Memo = field(default_factory=lambda: Memo(4096), init=False, repr=False)
    """What tasks derive from the room and want kept; the first part of a key is what it is."""
    _boxes: Memo = field(default_factory=lambda: Memo(4096), init=False, repr=False)
    _gaps: Memo = field(default_factory=lambda: Memo(8192), init=False, repr=False)
    _looks: Memo = field(default_factory=lambda: Memo(512), init=False, repr=False)
    _overlaps: Memo = field(default_factory=lambda: Memo(8192), init=False, repr=False)
    _ranges: Memo = field(default_factory=lambda: Memo(8192), init=False, repr=False)
    _choices: Memo = field(default_factory=lambda: Memo(512), init=False, repr=False)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the categories, sorted: one for labels that mean exactly the same."""
        return tuple(sorted(self._by_name))

    def labelled(self, label: str) -> tuple[Instance, ...]:
        """The objects of the category that has this name, or this label in it, by id."""
        return self._by_name.get(self._names.get(label, label), ())

    @property
    def viewable(self) -> bool:
        """Whether there are frames, and points that they might show."""
        return bool(self.frames) and len(self._scan) > 0

    @cached_property
    def drawn(self) -> tuple[Frame, ...]:
        """The frames that views are proposed of: all, or 64 spread over a longer recording."""
        last = len(self.frames) - 1
        if last < MOST_DRAWN:
            return self.frames
        return tuple(self.frames[at * last // (MOST_DRAWN - 1)] for at in range(MOST_DRAWN))

    def vocabulary(self) -> Vocabulary:
        """The names that texts may use for the objects of this room."""
        return self._vocabulary

    def frame(self, index: int) -> Frame:
        """The frame of that number; raises ConfigError naming those there are."""
        if index not in self._by_index:
            known = sorted(self._by_index)
            there = f"it has {known[0]} to {known[-1]}" if known else "it has no frames"
            raise ConfigError(f"{self.key} has no frame {index}; {there}")
        return self._by_index[index]

    def aabb(self, instance: Instance) -> Box:
        """The axis-aligned box of the object's points, or of its annotated box.

        Its sides follow the axes of the world, so only quarter turns of the room leave it, and the
        answers of every definition `aabb`, as they are.
        """
        return self._boxes.get(("aabb", instance.id), lambda: self._aabb(instance))

    def obb(self, instance: Instance) -> Box:
        """The gravity-aligned box fitted to the points; without points, the annotated box."""
        return self._boxes.get(("obb", instance.id), lambda: self._obb(instance))

    def footprint(self, instance: Instance) -> Rectangles | None:
        """The rectangles along the hull of the object's points; None for an annotated box."""
        points = instance.points
        if points is None:
            return None
        key = ("rectangles", instance.id)
        return self._boxes.get(key, lambda: boxes.rectangles(points[:, :2]))

    def rival_centers(self, instance: Instance) -> Float[np.ndarray, "n 3"]:
        """Where the centre of the fitted box may also be, for all that a noisy scan tells.

        Of the rectangles that rival the fitted one, those centres that are farther than 1 cm from
        its; hardly any object has some.
        """
        return self._boxes.get(("rivals", instance.id), lambda: self._rival_centers(instance))

    def gap(self, a: Instance, b: Instance) -> Gap:
        """The nearest distance between the geometries of two objects; exactly symmetric."""
        first, second = (a, b) if a.id <= b.id else (b, a)
        found = self._gaps.get((first.id, second.id), lambda: self._gap(first, second))
        return found if first is a else found.turned

    def nearest(self, instance: Instance, point: Float[np.ndarray, "3"]) -> Gap:
        """From a point of the world frame to the nearest point of the object's geometry."""
        key = (instance.id, *point.tolist())
        return self._gaps.get(key, lambda: instances.nearest(instance, point))

    def sight(self, instance: Instance, frame_index: int) -> Sight | None:
        """How a frame shows the object.

        None if the room has no frames, the object no points to be seen by, or fewer than half of
        those that decide are of known depth.
        """
        if not self.frames or instance.seen_by is None:
            return None
        return self._sight(instance, frame_index)

    def share_range(self, instance: Instance, frame_index: int) -> ShareRange | None:
        """How far the share in `sight` hangs on errors of pose; None where there is no sight."""
        sight = self.sight(instance, frame_index)
        if sight is None:
            return None
        key = instance.id, frame_index
        return self._ranges.get(key, lambda: self._share_range(instance, frame_index, sight))

    def overlap(self, frame_a: int, frame_b: int) -> float | None:
        """The share of what one frame shows of the room that the other shows, the smaller way.

        Measured on at most 20,000 points of the scan; None if unknown.
        """
        if not self.viewable:
            return None
        one, two = sorted((frame_a, frame_b))
        return self._overlaps.get((one, two), lambda: self._overlap(one, two))

    def covering(self, start: int) -> tuple[int, ...]:
        """4 to 8 of the drawn frames that begin with one and cover the objects, rising indices."""
        return self._choices.get(start, lambda: self._covering(start))

    def shares(self, frame_index: int) -> Shares:
        """How much the frame shows of each object."""
        key = ("shares", frame_index)
        return self._choices.get(key, lambda: Shares.of(self, frame_index))

    @cached_property
    def whole_floor(self) -> Floor | None:
        """The floor with what stands on it, its gaps closed; None where none was scanned.

        Scanned are the points labelled as floor, else those about the lowest horizontal plane.
        """
        floor = self.floor
        if (floor is None or not len(floor)) and self.points is not None:
            floor = floors.lowest_plane(self.points)
        if floor is None or not len(floor):
            return None
        return floors.complete(
            floor, [instances.filled(each) for each in self.instances], self.points
        )

    def floor_seen(self, frames: Sequence[int]) -> float | None:
        """The share of the whole floor, or of what stands there, that some of the frames show.

        None if the room has no frames, or no floor.
        """
        floor = self.whole_floor
        if floor is None or not self.frames:
            return None
        shown = [self.floor_shown(index) for index in frames]
        return float(np.count_nonzero(np.any(shown, axis=0))) / floor.cells

    def floor_shown(self, frame_index: int) -> Bool[np.ndarray, " m"]:
        """Which of the tops of the whole floor the frame shows; none where there is no floor."""
        return self._looks.get(("floor", frame_index), lambda: self._floor_shown(frame_index))

    def tally(self) -> Tally:
        """How many objects and frames there are, and how many objects have each name."""
        frames = {"frames": len(self.frames), "frames without pose": self.dropped_poses}
        names = {name: len(group) for name, group in self._by_name.items()}
        return Tally(counts={"objects": len(self.instances), **frames}, names=names)

    def examine(self) -> Iterator[Finding]:
        """What is odd about the room; see `doctor`."""
        from spatialevo_datasets.doctor import examined  # noqa: PLC0415  (it knows scenes)

        return examined(self)

    @classmethod
    def stored_form(cls) -> str:
        """What `store` writes, and its version."""
        return "scene/2"

    def store(self, folder: Path, root: Path | None) -> None:
        """Keep the room, and what is derived from it, in an empty folder; see `prepared`."""
        from spatialevo_datasets.storing import store_scene  # noqa: PLC0415  (it knows scenes)

        store_scene(self, folder, root)

    @classmethod
    def open(cls, folder: Path, root: Path | None) -> Scene:
        """The room that was stored in a folder, with the same answers; see `prepared`."""
        from spatialevo_datasets.prepared import opened  # noqa: PLC0415  (it knows scenes)

        return opened(folder, root)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return labels.own_names(each.label for each in self.instances)

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Instance, ...]]:
        groups: defaultdict[str, list[Instance]] = defaultdict(list)
        for instance in sorted(self.instances, key=lambda each: each.id):
            groups[self._names[instance.label]].append(instance)
        return {name: tuple(group) for name, group in groups.items()}

    @cached_property
    def _by_index(self) -> Mapping[int, Frame]:
        return {frame.index: frame for frame in self.frames}

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return labels.vocabulary(self.labels)

    @cached_property
    def _objects(self) -> Owned:
        return Owned.of({each.id: each.seen_by for each in self.instances})

    # What is computed once for each of the measures above; a prepared room knows some of it.

    def _aabb(self, instance: Instance) -> Box:
        if instance.points is None:
            return boxes.bounds(instances.obb(instance))
        return boxes.aabb(instance.points)

    def _obb(self, instance: Instance) -> Box:
        return instances.obb(instance)

    def _rival_centers(self, instance: Instance) -> Float[np.ndarray, "n 3"]:
        center, found = self.obb(instance).center, self.footprint(instance)
        if found is None:
            return np.zeros((0, 3))
        rivals = found.center[found.rivals]
        rivals = rivals[np.linalg.norm(rivals - center[:2], axis=1) > RIVAL_FROM_M]
        return np.column_stack([rivals, np.full(len(rivals), center[2])])

    def _gap(self, first: Instance, second: Instance) -> Gap:
        return instances.gap(first, second)

    def _sight(self, instance: Instance, frame_index: int) -> Sight | None:
        return self._looked(frame_index).sights[instance.id]

    def _share_range(self, instance: Instance, frame_index: int, sight: Sight) -> ShareRange | None:
        frame, points = self.frame(frame_index), instance.seen_by
        return None if points is None else share_range(frame, points, sight.share)

    def _overlap(self, one: int, two: int) -> float | None:
        return visibility.overlap(self._looked(one).room, self._looked(two).room)

    def _covering(self, start: int) -> tuple[int, ...]:
        return covering(self, start, [frame.index for frame in self.drawn])

    def _floor_shown(self, frame_index: int) -> Bool[np.ndarray, " m"]:
        floor, frame = self.whole_floor, self.frame(frame_index)
        tops = np.zeros((0, 3), dtype=np.float32) if floor is None else floor.tops
        surface = self._surface if frame.depth is None else None
        return visibility.look(frame, tops, surface).visible

    @property
    def _scan(self) -> Points:
        return self._objects.points if self.points is None else self.points

    @cached_property
    def _sample(self) -> Points:
        return visibility.sample(self._scan, SAMPLE)

    @cached_property
    def _surface(self) -> Mesh | Cloud | None:
        if self.points is not None and self.faces is not None and len(self.faces):
            return Mesh(self.points, self.faces)
        return Cloud.of(self._scan) if len(self._scan) else None

    def _looked(self, frame_index: int) -> _Looked:
        return self._looks.get(frame_index, lambda: self._look(self.frame(frame_index)))

    def _look(self, frame: Frame) -> _Looked:
        """One pass over the points of all objects and of the room's sample."""
        objects = self._objects
        points = np.concatenate([objects.points, self._sample])
        seen = visibility.look(frame, points, self._surface if frame.depth is None else None)
        split = len(objects.points)
        found = visibility.sights(seen, objects.owner, len(objects.ids), frame)
        # Copies, so that what is kept does not hold on to the whole.
        room = Shown(seen.visible[split:].copy(), seen.known[split:].copy())
        return _Looked(dict(zip(objects.ids, found, strict=True)), room)


@dataclass(frozen=True, eq=False)
class _Looked:
    sights: Mapping[int, Sight | None]
    room: Shown
