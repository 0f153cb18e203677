"""The task on a room whose answers are known, and what it promises as every task does."""

import numpy as np
import pytest
from spatialevo_my_task import TASK

from spatialevo_core.engine import ask
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_task, sample_views
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView


def thing(number, label, width_m, depth_m):
    """A box of that footprint, 0.5 m high, on the floor."""
    size = np.array([width_m, depth_m, 0.5])
    return Instance(number, label, box=Box(np.array([number * 3.0, 0.0, 0.25]), size, np.eye(3)))


ROOM = Scene(
    key="test/room",
    instances=(
        thing(1, "sofa", 2.0, 1.0),
        thing(2, "table", 1.0, 1.0),
        thing(3, "desk", 1.5, 1.2),
        thing(4, "chair", 0.5, 0.5),
        thing(5, "chair", 0.5, 0.5),
    ),
)

ASKED = {
    "Which covers more floor, the sofa or the table?": "sofa",
    "Which covers more floor, the table or the sofa?": "sofa",
    "Of the table and the desk, which has the larger footprint?": "desk",
    "Which covers more floor, the sofa or the desk?": "answer.near_boundary",
    "Which covers more floor, the sofa or the piano?": "object.missing",
    "Which covers more floor, the sofa or the sofa?": "object.repeated",
    "Which covers more floor, the sofa or the chair?": "object.ambiguous",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_it_answers_or_says_why_not(question, expected):
    verdict = ask(question, SceneView.of(ROOM), [TASK], load().parsers)
    assert (verdict.answer.value if verdict.legal else verdict.codes[0]) == expected


def test_it_keeps_the_promises_of_every_task():
    registry = load()
    views = sample_views(registry, TASK)  # rooms of the datasets that need no folder
    check_task(TASK, views, registry.parsers, registry.tasks.values()).require()


def test_it_is_plugged_in():
    """If not: pip install --editable . and see spatialevo plugins."""
    assert "my_task" in load().tasks
