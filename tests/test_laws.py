"""Laws: how every task's answer must change when the world, the view or the question is changed.

The laws of the first part hold of every registered task about rooms, without knowing it: one that
is added is covered. Those of the second part are rows of tables, one for each task and change.
Answers under another frame of reference are equal but for the rounding of floats, which a rounded
measure may show as one step of its last decimal; more is given only where a table says so.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import camera, scanned
from mutants import fillings
from spatialevo_core.engine import judge, solve
from spatialevo_core.plugins import load
from spatialevo_core.question import Query, Verdict
from spatialevo_core.slots import ImageSlot
from spatialevo_core.task import AnyTask
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.frames import Depth, Frame
from spatialevo_datasets.labels import known
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import PairView, SceneView
from spatialevo_tasks.regions import among, ontology
from truths import METRES, MIRROR, OPPOSITE, STEP, built, changed

REGISTRY = load()
TASKS = {
    name: task for name, task in REGISTRY.tasks.items() if issubclass(Scene, task.world.source)
}

# --- the rooms


def small() -> Scene:
    """Boxes at places that can be worked out by hand, on a floor, seen by four cameras."""
    room = scanned(
        ("bed", (-2.2, 3.6, 0.3), (1.6, 2.0, 0.6)),
        ("pillow", (-2.2, 4.3, 0.7), (0.6, 0.4, 0.2)),
        ("desk", (1.9, 4.6, 0.4), (1.4, 0.7, 0.8)),
        ("monitor", (1.9, 4.7, 1.05), (0.6, 0.2, 0.5)),
        ("chair", (1.7, 3.6, 0.45), (0.5, 0.5, 0.9)),
        ("chair", (0.2, 2.7, 0.45), (0.5, 0.5, 0.9)),
        ("sofa", (0.0, 5.2, 0.4), (1.7, 0.8, 0.8)),
        ("lamp", (-0.9, 4.2, 0.8), (0.3, 0.3, 1.6)),
        frames=(
            camera(0, (0.0, 0.3, 1.6), 90, -12),
            camera(1, (0.9, 0.2, 1.1), 108, -8),
            camera(2, (-0.4, 0.1, 2.5), 84, -32),
            camera(3, (0.1, 1.1, 1.55), 92, -14),
        ),
    )
    x, y = np.meshgrid(np.arange(-2.0, 2.01, 0.04), np.arange(2.0, 5.41, 0.04))
    floor = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1).astype(np.float32)
    points = np.concatenate([floor, *(each.points for each in room.instances)])
    return replace(room, key="test/small", points=points, floor=floor)


@cache
def world(name: str) -> Scene:
    return small() if name == "small" else built(name)


WORLDS = ("small", "room-0")
"""A room in closed form, seen by its own points, and one with depth images, furnished by seed."""


@dataclass(frozen=True)
class Asked:
    """A query about some frames of a world, and what the task says of it there."""

    frames: tuple[int, ...]
    query: Query
    verdict: Verdict


@cache
def asked(name: str, task_name: str) -> tuple[Asked, ...]:
    """Legal queries, and random ones, most of which are refused."""
    scene, task, found = world(name), TASKS[task_name], []
    for view in islice(task.world.propose(scene, Random(5)), 3):
        legal = [query for query, _ in islice(task.propose(view, Random(6)), 6)]
        filled = islice(fillings(task, scene.labels, Random(view.key)), 4)
        found += [Asked(view.frames, q, judge(task, view, q)) for q in (*legal, *filled)]
    return tuple(found)


# --- what is done to them


def mapped(scene: Scene, A: np.ndarray, t: np.ndarray, factor: float = 1.0) -> Scene:
    """The room under `x -> factor A x + t`, A orthogonal, with all that was measured in it.

    If A mirrors, the images are mirrored left to right, so that cameras stay right-handed.
    """
    flip = np.diag([np.linalg.det(A), 1.0, 1.0])

    def cloud(points: np.ndarray | None) -> np.ndarray | None:
        if points is None:
            return None
        return (points.astype(np.float64) @ A.T * factor + t).astype(np.float32)

    def thing(each: Instance) -> Instance:
        box = each.box and Box(
            A @ each.box.center * factor + t, each.box.size * factor, each.box.axes @ A.T
        )
        return replace(each, points=cloud(each.points), box=box, scanned=cloud(each.scanned))

    def stand(frame: Frame) -> Frame:
        T = np.eye(4)
        T[:3, :3] = A @ frame.T_world_camera[:3, :3] @ flip
        T[:3, 3] = A @ frame.position * factor + t
        depth = frame.depth and replace(
            frame.depth,
            K=mirrored_intrinsics(frame.depth.K, frame.depth.width)
            if flip[0, 0] < 0
            else frame.depth.K,
            read=remade(frame.depth, factor, mirror=flip[0, 0] < 0),
        )
        K = mirrored_intrinsics(frame.K, frame.width) if flip[0, 0] < 0 else frame.K
        return replace(frame, T_world_camera=T, K=K, depth=depth)

    return replace(
        scene,
        instances=tuple(map(thing, scene.instances)),
        frames=tuple(map(stand, scene.frames)),
        points=cloud(scene.points),
        floor=cloud(scene.floor),
    )


def mirrored_intrinsics(K: np.ndarray, width: int) -> np.ndarray:
    found = K.copy()
    found[0, 2] = width - K[0, 2]
    return found


def remade(depth: Depth, factor: float, *, mirror: bool) -> Callable[[], np.ndarray]:
    step = -1 if mirror else 1
    return lambda: np.ascontiguousarray(depth.read()[:, ::step] * np.float32(factor))


def turn(degrees: float) -> np.ndarray:
    """About +z; quarter turns exactly."""
    c, s = (
        round(float(each), 15)
        for each in (np.cos(np.radians(degrees)), np.sin(np.radians(degrees)))
    )
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


@cache
def moved(name: str, degrees: float, shift: tuple[float, float, float]) -> Scene:
    return mapped(world(name), turn(degrees), np.array(shift))


@cache
def mirrored(name: str, degrees: float) -> Scene:
    """In an upright mirror."""
    return mapped(world(name), turn(degrees) @ np.diag([-1.0, 1.0, 1.0]), np.zeros(3))


@cache
def scaled(name: str, factor: float) -> Scene:
    return mapped(world(name), np.eye(3), np.zeros(3), factor)


@cache
def shuffled(name: str, seed: int) -> Scene:
    """Its points, objects and frames in another order."""
    scene, rng = world(name), np.random.default_rng(seed)
    order = rng.permutation(len(scene.points))
    things = [replace(each, points=rng.permutation(each.points)) for each in scene.instances]
    return replace(
        scene,
        instances=tuple(things[at] for at in rng.permutation(len(things))),
        frames=tuple(scene.frames[at] for at in rng.permutation(len(scene.frames))),
        points=scene.points[order],
        faces=None if scene.faces is None else np.argsort(order)[scene.faces].astype(np.int32),
        floor=rng.permutation(scene.floor),
    )


@cache
def renamed(name: str, kept: frozenset[str]) -> tuple[Scene, Mapping[str, str]]:
    """With every category under another name of a thing, but those to be kept; and the names."""
    scene, free = world(name), iter(NEW_NAMES)
    names = {label: label if label in kept else next(free) for label in scene.labels}
    own = {each.id: names[label] for label in scene.labels for each in scene.labelled(label)}
    things = tuple(replace(each, label=own[each.id]) for each in scene.instances)
    return replace(scene, instances=things), names


def _strange(labels: frozenset[str]) -> tuple[str, ...]:
    """Names of things that mean none of the labels, nothing in any region, and not each other."""
    words = known().lexicon
    regions = frozenset().union(*(each.everything for each in ontology().values()))
    found: list[str] = []
    for word in sorted(words):
        if not among(labels | regions | frozenset(found), word) and word.isalpha():
            found.append(word)
    return tuple(found)


# --- how an answer must change


def broken(
    task: AnyTask,
    name: str,
    scene: Scene,
    *,
    query: Callable[[Query], Query] = lambda query: query,
    frames: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda frames: frames,
    words: Mapping[str, str] = MappingProxyType({}),
    slack: Callable[[Verdict], float] = lambda verdict: 0.0,
) -> list[str]:
    """The questions of a world whose verdicts in the changed scene are not as they must be.

    The same codes, or the same answer: words replaced by others, a measure within one step of its
    last decimal and the slack.
    """
    found = []
    for each in asked(name, task.name):
        after = judge(task, task.world(scene, frames(each.frames)), query(each.query))
        if not agree(each.verdict, after, words, slack):
            found.append(f"{each.frames} {each.query!r}: {outcome(each.verdict)}, {outcome(after)}")
    return found


def agree(
    before: Verdict, after: Verdict, words: Mapping[str, str], slack: Callable[[Verdict], float]
) -> bool:
    if not before.legal or not after.legal:
        return before.codes == after.codes
    value, there = before.answer.value, after.answer.value
    if isinstance(value, float):
        return abs(there - value) <= STEP[before.answer.unit] * 1.001 + slack(before)
    if isinstance(value, str):
        return there == (words[value] if value in words else changed(value, words))
    return there == value


def outcome(verdict: Verdict) -> str:
    return verdict.answer.text if verdict.legal else ", ".join(verdict.codes)


def cells_along_the_outline(verdict: Verdict) -> float:
    """Floors are counted in cells of 5 cm of the world's axes; see `floors.complete`."""
    return 0.05 * verdict.answer.evidence.outline_m / METRES[verdict.answer.unit]


NOTHING = lambda verdict: 0.0  # noqa: E731
SLACK = {"room_size": cells_along_the_outline}
"""What a task may be off under another frame of reference, beyond rounding."""
FEW = settings(max_examples=2)
TURNS, SHIFT = st.floats(-180, 180), st.tuples(*[st.floats(-5, 5)] * 3)

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
every_world = pytest.mark.parametrize("name", WORLDS)
each_world = pytest.mark.parametrize(
    "name", ["small", pytest.param("room-0", marks=pytest.mark.slow)]
)
"""For laws that are tried on several changed rooms."""


@every_world
@every_task
def test_there_is_something_to_hold_the_laws_against(task, name):
    verdicts = [each.verdict.legal for each in asked(name, task.name)]
    assert any(verdicts)


@each_world
@every_task
@FEW
@given(degrees=TURNS, shift=SHIFT)
def test_moving_and_turning_the_room_with_its_cameras_changes_nothing(task, name, degrees, shift):
    there = moved(name, degrees, shift)
    assert not broken(task, name, there, slack=SLACK.get(task.name, NOTHING))


@each_world
@every_task
@FEW
@given(degrees=TURNS)
def test_in_a_mirror_left_is_right_and_nothing_else_changes(task, name, degrees):
    there = mirrored(name, degrees)
    assert not broken(task, name, there, words=MIRROR, slack=SLACK.get(task.name, NOTHING))


@each_world
@every_task
@FEW
@given(seed=st.integers(0, 999))
def test_the_order_of_points_objects_and_frames_changes_no_byte(task, name, seed):
    there = shuffled(name, seed)
    for each in asked(name, task.name):
        again = judge(task, task.world(there, each.frames), each.query)
        assert again.model_dump_json() == each.verdict.model_dump_json()


@every_world
@every_task
def test_the_order_in_which_a_room_is_shown_changes_no_answer(task, name):
    if task.world is not SceneView:
        pytest.skip("the images of a pair have numbers")
    assert not broken(task, name, world(name), frames=lambda frames: frames[::-1])


@every_world
@every_task
def test_names_are_only_names(task, name):
    """Under other names for all things, but those of which the task knows what they are."""
    there, names = renamed(name, KNOWN_KINDS if task.name in KNOWING else frozenset())

    def query(q: Query) -> Query:
        return q.model_validate({f: _called(v, names) for f, v in q.model_dump().items()})

    assert not broken(task, name, there, query=query, words=names)
    for each in asked(name, task.name)[:6]:
        view, told = task.world(there, each.frames), query(each.query)
        assert {REGISTRY.ask(text, view, task.name).query for text in task.wordings(told)} == {told}


def _called(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, tuple | list):
        return tuple(names.get(each, each) for each in value)
    return names.get(value, value) if isinstance(value, str) else value


KNOWN_KINDS = frozenset(
    label
    for name in WORLDS
    for label in world(name).labels
    if any(among(each.everything, label) for each in ontology().values())
)
KNOWING = {"camera_region_position": "a region is made of beds, or of stoves, and not of pianos"}
NEW_NAMES = _strange(frozenset(label for name in WORLDS for label in world(name).labels))


@each_world
@every_task
@FEW
@given(factor=st.floats(0.7, 1.5))
def test_in_a_larger_room_measures_are_larger_and_all_else_is_the_same(task, name, factor):
    """Margins are in metres, so what is legal may change, and only legal answers are compared."""
    if task.name in ABSOLUTE:
        pytest.skip(ABSOLUTE[task.name])
    there, compared = scaled(name, factor), 0
    for each in asked(name, task.name):
        after = judge(task, task.world(there, each.frames), each.query)
        if not (each.verdict.legal and after.legal):
            continue
        compared += 1
        value, now = each.verdict.answer.value, after.answer.value
        if isinstance(value, float):
            step = STEP[after.answer.unit]
            assert now == pytest.approx(value * factor, abs=step / 2 * (1 + factor) * 1.001)
        else:
            assert now == value
    assert compared


ABSOLUTE = {
    "room_size": "gaps up to 0.25 m are closed, holes below 4 m^2 filled, whatever the room's size",
    "camera_region_position": "what stands within 1.5 m belongs together, whatever its size",
}
"""Tasks that scaling changes by definition."""


@every_world
@every_task
def test_images_exchanged_with_their_numbers_leave_the_answer(task, name):
    if task.world is not PairView:
        pytest.skip("only the images of a pair have numbers")
    numbered = [f for f, slot in task.grammar.slots.items() if isinstance(slot, ImageSlot)]
    if not numbered:
        pytest.skip("names no images")

    def query(q: Query) -> Query:
        return q.model_copy(update={field: 3 - getattr(q, field) for field in numbered})

    told = {"image1": "image2", "image2": "image1"}
    there, found = world(name), []
    for each in asked(name, task.name):
        if "frame.missing" not in each.verdict.codes:
            after = judge(task, PairView(there, each.frames[::-1]), query(each.query))
            found.append(agree(each.verdict, after, told, NOTHING))
    assert found
    assert all(found)


# --- laws of single tasks


@dataclass(frozen=True)
class Law:
    """How a task's question may be changed, and what that does to its answer."""

    task: str
    query: Callable[[Any], Query]
    value: Callable[[Any, Any], Any] = lambda query, value: value
    """From the query and its answer to the answer of the changed query."""
    of: Callable[[Any], bool] = lambda query: True
    """Which queries it is about."""
    backwards: bool = False
    """Whether the images are exchanged, too."""


def swap(one: str, other: str) -> Callable[[Any], Query]:
    return lambda q: q.model_copy(update={one: getattr(q, other), other: getattr(q, one)})


def put(field: str, words: Mapping[str, str]) -> Callable[[Any], Query]:
    return lambda q: q.model_copy(update={field: words[getattr(q, field)]})


def flipped(one: str, other: str) -> Mapping[str, str]:
    return {one: other, other: one}


def opposite(query: Any, value: str) -> str:
    return changed(value, OPPOSITE)


def in_mirror(query: Any, value: str) -> str:
    return changed(value, MIRROR)


def other_name(query: Any, value: str) -> str:
    return {query.first: query.second, query.second: query.first}.get(value, value)


LAWS = {
    "absolute_distance: either way": Law("absolute_distance", swap("first", "second")),
    "attribute_measurement: in either order": Law("attribute_measurement", swap("first", "second")),
    "attribute_measurement: the shorter is not the longer": Law(
        "attribute_measurement", put("sense", flipped("longer", "shorter")), other_name
    ),
    "camera_camera_elevation: higher one way is lower the other": Law(
        "camera_camera_elevation", swap("reference", "target"), opposite
    ),
    "camera_motion: a turn back is the other way": Law(
        "camera_motion", lambda q: q, opposite, lambda q: q.kind == "turn", backwards=True
    ),
    "depth_ordering: in either order": Law("depth_ordering", swap("first", "second")),
    "depth_ordering: at larger depth is the other": Law(
        "depth_ordering",
        put("wanted", flipped("smaller", "larger")),
        other_name,
        lambda q: q.sense == "depth",
    ),
    "relative_direction: facing what was asked for": Law(
        "relative_direction", swap("facing", "query"), in_mirror
    ),
    "relative_distance: in any order": Law(
        "relative_distance", lambda q: q.model_copy(update={"candidates": q.candidates[::-1]})
    ),
    "relative_distance: of two, the farther is the other": Law(
        "relative_distance",
        put("sense", flipped("closest", "farthest")),
        lambda q, value: q.candidates[q.candidates[0] == value],
        lambda q: len(q.candidates) == 2,
    ),
    "single_image_relative_direction: from the other it is the opposite": Law(
        "single_image_relative_direction", swap("target", "reference"), opposite
    ),
    "visibility_comparison: named in either order": Law(
        "visibility_comparison", swap("first", "second")
    ),
    "visibility_comparison: less is in the other image": Law(
        "visibility_comparison", put("sense", flipped("more", "less")), opposite
    ),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_question_changed_has_its_answer_changed(law):
    task, checked = TASKS[law.task], 0
    for name in WORLDS:
        for each in asked(name, task.name):
            if law.of(each.query) and "frame.missing" not in each.verdict.codes:
                frames = each.frames[::-1] if law.backwards else each.frames
                after = judge(task, task.world(world(name), frames), law.query(each.query))
                assert after.codes == each.verdict.codes
                if each.verdict.legal:
                    checked += 1
                    expected = law.value(each.query, each.verdict.answer.value)
                    assert after.answer.value == expected, each
    assert checked


@every_world
@every_task
def test_every_unit_tells_the_same_measure(task, name):
    slot = task.grammar.slots.get("unit")
    if slot is None:
        pytest.skip("measures nothing")
    for each in asked(name, task.name):
        for unit in slot.words:
            view = task.world(world(name), each.frames)
            after = judge(task, view, each.query.model_copy(update={"unit": unit}))
            assert after.codes == each.verdict.codes
            if each.verdict.legal:
                ours, theirs = (
                    (x.answer.value, x.answer.band, x.answer.unit) for x in (each.verdict, after)
                )
                rounding = sum(STEP[u] * METRES[u] / 2 for u in (ours[2], unit))
                measures = [x[0] * METRES[x[2]] for x in (ours, theirs)]
                assert measures[1] == pytest.approx(measures[0], abs=rounding * 1.001)
                bands = [x[1] * METRES[x[2]] for x in (ours, theirs)]
                assert bands[1] == pytest.approx(bands[0])


@every_world
@pytest.mark.parametrize("name_of", ["camera_camera_position", "camera_object_position"])
def test_a_place_seen_from_a_camera_is_found_again_from_the_evidence(name_of, name):
    """The words of two cameras about one place follow no law; what they tell of it is one place."""
    task, places = TASKS[name_of], {}
    for each in asked(name, task.name):
        if each.verdict.legal:
            seen, q = each.verdict.answer.evidence, each.query.model_dump()
            h = np.radians(seen.heading_deg)
            forward, right = np.array([np.cos(h), np.sin(h)]), np.array([np.sin(h), -np.cos(h)])
            place = np.array(seen.camera_m[:2]) + seen.front_m * forward + seen.right_m * right
            assert place == pytest.approx(seen.target_m[:2], abs=1e-3)
            target = q.get("object") or each.frames[q["target"] - 1]
            assert places.setdefault(target, place) == pytest.approx(place, abs=1e-3)
    assert places


# --- definitions by other boxes

DEFINED = [(name, other) for name, task in TASKS.items() for other in task.definitions]


@every_world
@pytest.mark.parametrize(("task_name", "definition"), DEFINED)
def test_definitions_obey_the_same_laws_of_motion(task_name, definition, name):
    """Axis-aligned boxes only under quarter turns, as `Scene.aabb` says."""
    task, there = TASKS[task_name], moved(name, 90.0 if definition == "aabb" else 37.0, (1, -2, 3))
    slack = SLACK.get(task_name, NOTHING)
    compared = 0
    for each in asked(name, task_name):
        if not each.verdict.legal or not same_boxes(world(name), there, each.query):
            continue
        before, after = (
            solve(task, task.world(scene, each.frames), each.query, definition)
            for scene in (world(name), there)
        )
        compared += 1
        if isinstance(before.value, float):
            step = STEP[before.unit] * 1.001 + slack(each.verdict)
            assert after.value == pytest.approx(before.value, abs=step)
        elif steady(before):
            assert after.value == before.value
    assert compared


def same_boxes(one: Scene, other: Scene, query: Query) -> bool:
    """Whether the things that a query names have the same fitted boxes in both, up to a motion.

    A round thing has many rectangles of the least area; of those, `boxes.fit` goes by world x.
    """
    values = query.model_dump().values()
    names = {name for value in values if isinstance(value, str | tuple) for name in _listed(value)}
    pairs = (p for n in names for p in zip(one.labelled(n), other.labelled(n), strict=True))
    return all(np.allclose(one.obb(a).size[:2], other.obb(b).size[:2], atol=1e-4) for a, b in pairs)


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def steady(answer: Any) -> bool:
    """Whether no angle or lead that decided is within rounding of a boundary."""
    decisions = getattr(answer.evidence, "decisions", ())
    return all(each.clearance_deg > 1e-3 for each in decisions)


def test_an_axis_aligned_box_follows_other_turns_and_says_so():
    task = TASKS["object_size"].under("paper")
    desk = task.query(object="desk")
    straight, askew = (
        solve(task, SceneView(scene, (0, 1, 2, 3)), desk).value
        for scene in (world("small"), moved("small", 45.0, (0.0, 0.0, 0.0)))
    )
    assert straight == 140
    assert askew == round(100 * (1.4 + 0.7) / 2**0.5)
    assert "quarter turns" in inspect.getdoc(Scene.aabb)
