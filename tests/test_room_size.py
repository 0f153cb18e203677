from dataclasses import replace

import numpy as np
import pytest

from builders import asked, boxed, camera, outcome, surface
from sceneries import plane
from spatialevo_core.engine import judge
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.room_size import TASK, RoomSize

FLOOR = plane((-3, -2, 0), (6, 0, 0), (0, 4, 0), 0.05)
BED = surface((0, 1.4, 0.4), (2, 1.2, 0.8))
CORNERS = (camera(0, (-2.9, -1.9, 2.6), 35, -40), camera(1, (2.9, 1.9, 2.6), 215, -40))
ROOM = Scene(
    key="test/floor",
    instances=(Instance(0, "bed", BED),),
    frames=(*CORNERS, camera(2, (0, 0, 1.5), 90, 60), camera(3, (2.5, 0, 1.2), 0, -60)),
    points=np.concatenate([FLOOR, BED]),
    floor=FLOOR,
)
VIEW = SceneView.of(ROOM, [0, 1])

ASKED = {
    "How large is this room, in square meters?": 24.0,
    "What is the size of this room (in square meters)? \nIf multiple rooms are shown, estimate "
    "the size of the combined space.": 24.0,
    "How many square feet does this room have?": 258,
    "What is the floor area of the room?": 24.0,
    "How large is the other room, in square meters?": "question.other_task",
    "How large is this room, in meters?": "question.unparseable",
    "How large is this table, in square meters?": "question.unparseable",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    found = outcome(asked(TASK, question, VIEW))
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected, rel=0.01))


def test_a_view_of_less_than_half_of_the_floor_is_not_enough():
    for frames in ([2], [3]):
        assert outcome(judge(TASK, SceneView.of(ROOM, frames), RoomSize())) == "floor.incomplete"
    assert judge(TASK, SceneView.of(ROOM, [0, 3]), RoomSize()).legal


def test_a_floor_of_which_less_than_half_was_scanned_is_not_enough():
    bed = surface((0, 0, 0.4), (6, 2.4, 0.8))
    for strip_m, legal in ((0.4, False), (0.8, False), (1.4, True)):
        floor = np.concatenate(
            [
                plane((-3, -1.2 - strip_m, 0), (6, 0, 0), (0, strip_m, 0), 0.05),
                plane((-3, 1.2, 0), (6, 0, 0), (0, strip_m, 0), 0.05),
            ]
        )
        room = Scene("test/strips", (Instance(0, "bed", bed),), floor=floor)
        verdict = judge(TASK, SceneView.of(room), RoomSize())
        assert verdict.legal == legal
        assert legal or verdict.codes == ("floor.incomplete",)


def test_without_a_floor_there_is_no_answer():
    room = boxed(("bed", (0, 0, 0.4), (2, 1, 0.8)))
    for definition in ("exact", "published"):
        task = TASK.under("exact", definition)
        assert outcome(judge(task, SceneView.of(room), RoomSize())) == "floor.incomplete"
    task = TASK.under("vsi-bench")
    assert outcome(judge(task, SceneView.of(room), RoomSize())) == "floor.incomplete"


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} == {"floor.incomplete"}


def test_a_stored_area_is_answered_under_the_benchmarks_profile_only():
    room = replace(boxed(("bed", (0, 0, 0.4), (2, 1, 0.8))), room_size_m2=26.43)
    answer = judge(TASK.under("vsi-bench"), SceneView.of(room), RoomSize()).answer
    assert (answer.value, answer.definition) == (26.4, "published")
    feet = judge(TASK.under("vsi-bench"), SceneView.of(room), RoomSize(unit="ft^2")).answer
    assert feet.value == round(26.43 / 0.3048**2)
    assert outcome(judge(TASK, SceneView.of(room), RoomSize())) == "floor.incomplete"


def test_under_the_benchmarks_profile_a_scan_is_measured():
    answer = judge(TASK.under("vsi-bench"), VIEW, RoomSize()).answer
    assert answer.value == pytest.approx(24, rel=0.01)


def test_there_are_eight_wordings_in_either_unit():
    for unit in ("m^2", "ft^2"):
        assert len(set(TASK.wordings(RoomSize(unit=unit)))) >= 8


def test_the_evidence_redraws_the_floor():
    answer = judge(TASK, VIEW, RoomSize()).answer
    evidence = answer.evidence
    assert evidence.cells == pytest.approx(24 / 0.05**2, rel=0.01)
    assert evidence.outline_m == pytest.approx(20, rel=0.02)
    assert evidence.floor_height_m == 0
    rows = [row for row in evidence.drawing if row.strip(".")]
    assert sum(row.count("#") + row.count("+") for row in rows) == pytest.approx(24 * 16, rel=0.05)


def test_a_reply_is_scored_by_plain_mra():
    answer = judge(TASK, VIEW, RoomSize()).answer
    assert TASK.score(answer.text, answer) == 1.0
    assert TASK.score("258 square feet", answer) == 1.0
    assert TASK.score("25.5 m^2", answer) == 0.9
    assert TASK.score("", answer) == 0.0


def test_surface_noise_stays_in_the_band():
    rng = np.random.default_rng(1)
    scene = rooms.build(rooms.room(1))
    view = SceneView.of(scene)
    quiet = judge(TASK, view, RoomSize()).answer
    for _ in range(4):
        noisy = replace(
            scene,
            floor=_noisy(scene.floor, rng),
            points=_noisy(scene.points, rng),
            instances=tuple(
                replace(each, points=_noisy(each.points + _step(rng), rng))
                for each in scene.instances
            ),
        )
        found = TASK.solve(SceneView.of(noisy, view.frames), RoomSize(), TASK.terms)
        assert abs(found.value - quiet.value) <= quiet.band


def _noisy(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (points + rng.normal(0, 0.005, points.shape)).astype(np.float32)


def _step(rng: np.random.Generator) -> np.ndarray:
    direction = rng.normal(size=3)
    return 0.02 * direction / np.linalg.norm(direction)


def test_lifting_and_turning_the_room_leaves_its_size():
    quiet = judge(TASK, VIEW, RoomSize()).answer.value
    turn = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])

    def moved(points):
        return (points @ turn + [1.5, 0.3, 2]).astype(np.float32)

    there = replace(
        ROOM,
        frames=(),
        floor=moved(FLOOR),
        points=moved(ROOM.points),
        instances=(Instance(0, "bed", moved(BED)),),
    )
    found = judge(TASK, SceneView.of(there), RoomSize()).answer.value
    assert found == pytest.approx(quiet, rel=0.01)
