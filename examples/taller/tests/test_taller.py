"""Heights of boxes are compared as their sizes say."""

import numpy as np
import pytest
from spatialevo_taller import TASK, Higher

from spatialevo_core.engine import ask, judge
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_task
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView
from spatialevo_parsers.grammar import GrammarParser

HEIGHTS_M = {  # bottom, top
    "desk": (0.0, 0.75),
    "lamp": (0.75, 1.20),
    "wardrobe": (0.0, 1.20),
    "shelf": (1.00, 1.44),
    "bench": (0.0, 0.45),
}


def box(bottom_m, top_m, turn_deg=0.0):
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    size = np.array([0.8, 0.3, top_m - bottom_m])
    center = np.array([0.0, 0.0, (bottom_m + top_m) / 2])
    return Box(center, size, np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]))


def room(turn_deg=0.0):
    things = [("chair", (0.0, 0.9)), ("chair", (0.0, 0.9)), *HEIGHTS_M.items()]
    return SceneView(
        Scene(
            key="test/heights",
            instances=tuple(
                Instance(at, label, box=box(*heights, turn_deg))
                for at, (label, heights) in enumerate(things)
            ),
        ),
        (),
    )


ASKED = {
    "Which is taller, the desk or the lamp?": "desk",
    "Is the desk or the lamp taller?": "desk",
    "Which is less tall, the desk or the lamp?": "lamp",
    "Which reaches higher, the desk or the lamp?": "lamp",
    "Whose top is lower above the floor, that of the desk or that of the shelf?": "desk",
    "Which is taller, the wardrobe or the shelf?": "wardrobe",
    "Which reaches higher, the shelf or the wardrobe?": "shelf",
    "Which reaches higher, the lamp or the wardrobe?": "answer.near_boundary",
    "Which is taller, the bench or the shelf?": "answer.near_boundary",
    "Which is taller, the bench or the piano?": "object.missing",
    "Which is taller, the bench or the bench?": "object.repeated",
    "Which is taller, the bench or the chair?": "object.ambiguous",
}


@pytest.mark.parametrize(("text", "expected"), ASKED.items())
def test_asked(text, expected):
    verdict = ask(text, room(), [TASK], [GrammarParser()], TASK)
    assert (verdict.answer.value if verdict.legal else verdict.codes[0]) == expected


def test_exchanging_the_objects_changes_nothing_else():
    for measure in ("tall", "high"):
        for sense in ("more", "less"):
            pair = (("desk", "shelf"), ("shelf", "desk"))
            told = {
                judge(
                    TASK, room(), Higher(first=a, second=b, measure=measure, sense=sense)
                ).answer.value
                for a, b in pair
            }
            assert len(told) == 1


@pytest.mark.parametrize("turn_deg", [10.0, 45.0, 90.0])
def test_turning_the_room_changes_no_height(turn_deg):
    query = Higher(first="desk", second="lamp")
    still, turned = (judge(TASK, each, query).answer.evidence for each in (room(), room(turn_deg)))
    assert still == turned
    assert (still.first.bottom_m, still.first.top_m) == pytest.approx((0.0, 0.75))
    assert still.lead_m == pytest.approx(0.75 - 0.45)


def test_it_keeps_the_promises_of_a_task_beside_all_others():
    registry = load()
    synthetic = registry.dataset("synthetic")
    views = [SceneView.of(synthetic.load(None, each)) for each in list(synthetic.ids(None))[:2]]
    task = registry.task("height_comparison")
    check_task(task, views, registry.parsers, tuple(registry.tasks.values())).require()
    assert {plugin.name for plugin in registry.plugins if task.name in plugin.tasks} == {task.name}


def test_it_is_offered_wherever_there_are_rooms():
    registry = load()
    assert TASK.name in {task.name for task in registry.tasks_on(registry.dataset("scannet"))}
