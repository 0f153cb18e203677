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


def thing(number, label, bottom_m, top_m):
    """A box of 0.5 m by 0.5 m between two heights."""
    center = np.array([float(number), 0.0, (bottom_m + top_m) / 2])
    size = np.array([0.5, 0.5, top_m - bottom_m])
    return Instance(number, label, box=Box(center, size, np.eye(3)))


ROOM = Scene(
    key="test/room",
    instances=(
        thing(1, "sofa", 0.0, 0.80),
        thing(2, "table", 0.0, 0.75),
        thing(3, "mirror", 1.00, 1.60),
        thing(4, "chair", 0.0, 1.00),
        thing(5, "chair", 0.0, 1.10),
    ),
)

ASKED = {
    "Which reaches higher, the sofa or the mirror?": "mirror",
    "Which reaches higher, the mirror or the table?": "mirror",
    "Of the sofa and the mirror, which has its top higher up?": "mirror",
    "Which reaches higher, the sofa or the table?": "answer.near_boundary",
    "Which reaches higher, the sofa or the piano?": "object.missing",
    "Which reaches higher, the sofa or the sofa?": "object.repeated",
    "Which reaches higher, the sofa or the chair?": "object.ambiguous",
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
