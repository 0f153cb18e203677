"""What the laboratory adds is in force, and nothing else is changed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spatialevo_core.plugins import load
from spatialevo_core.testing import check_task
from spatialevo_datasets.boxes import Box
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import SceneView

DISTANCE = "How far apart are the {} and the {} at their closest points, in meters?"


def room(*places):
    """Unit cubes with these labels and centres."""
    things = (
        Instance(at, label, box=Box(np.array(center, float), np.ones(3), np.eye(3)))
        for at, (label, center) in enumerate(places)
    )
    return SceneView(Scene(key="test/cubes", instances=tuple(things)), ())


ROOM = room(("bed", (0, 0, 0)), ("desk", (3, 4, 0)), ("otherfurniture", (6, 0, 0)))


def outcome(text, view=ROOM, **definitions):
    verdict = load(definitions=definitions).ask(text, view)
    return verdict.answer.value if verdict.legal else verdict.codes[0]


def test_middles_of_objects_are_a_definition_of_their_distance():
    text = DISTANCE.format("bed", "desk")
    assert outcome(text, absolute_distance="centers") == pytest.approx(5.0)
    assert outcome(text) == pytest.approx(np.hypot(2, 3), abs=0.005)


def test_vague_names_are_refused_in_every_task_about_rooms():
    assert outcome(DISTANCE.format("bed", "otherfurniture")) == "object.vague"
    registry = load()
    for task in registry.tasks.values():
        codes = [each.code for each in task.rules]
        assert codes.count("object.vague") == (1 if task.world.source is Scene else 0), task.name


def test_a_vague_name_in_a_query_is_refused():
    task = load().task("absolute_distance")
    (precise,) = (each for each in task.rules if each.code == "object.vague")
    query = task.query(first="bed", second="Object")
    assert precise.check(ROOM, query, task.terms).entities == ("Object",)
    assert precise.check(ROOM, task.query(first="bed", second="desk"), task.terms) is None


@pytest.mark.parametrize(("count", "expected"), [(8, 8), (9, "count.tiring")])
def test_nobody_counts_more_than_eight(count, expected):
    view = room(*(("chair", (2 * at, 0, 0)) for at in range(count)))
    assert outcome("How many chairs are in this room?", view) == expected


def test_the_tasks_that_it_adds_to_keep_their_promises():
    registry = load(definitions={"absolute_distance": "centers"})
    synthetic = registry.dataset("synthetic")
    views = [SceneView.of(synthetic.load(None, "room-0"))]
    for name in ("absolute_distance", "object_counting"):
        check_task(registry.task(name), views, registry.parsers).require()


def test_a_judge_likes_short_words():
    judge = load().judge("plain_words")
    assert judge.observation("a sofa near the refrigerator", "?", ROOM).score == 0.8
    assert judge.observation("", "?", ROOM) is None
    assert judge.explanation("no sofa", (), "?") is None


def spatialevo(*args):
    command = [Path(sys.executable).parent / "spatialevo", *map(str, args)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_balance_tells_how_often_the_commonest_answer_is_right(tmp_path):
    questions, told = tmp_path / "q.jsonl", spatialevo("balance", tmp_path / "none.jsonl")
    assert told.returncode == 2
    rows = [("sides", "left")] * 3 + [("sides", "right")] + [("counts", 2)] * 2
    evidence = {"unit": "", "band": 0.0, "definition": "exact", "evidence": {}}
    questions.write_text(
        "".join(
            json.dumps(
                {
                    "schema": "spatialevo.question/1",
                    "id": str(at),
                    "dataset": "d",
                    "world": "w",
                    "task": task,
                    "text": "?",
                    "answer": {"value": value, **evidence},
                }
            )
            + "\n"
            for at, (task, value) in enumerate(rows)
        )
    )
    told = spatialevo("balance", questions)
    assert told.returncode == 0, told.stderr
    assert [line.split() for line in told.stdout.splitlines()] == [
        ["task", "questions", "answers", "commonest", "share"],
        ["counts", "2", "1", "2", "100%"],
        ["sides", "4", "2", "left", "75%"],
    ]


def test_balance_names_a_damaged_row(tmp_path):
    questions = tmp_path / "q.jsonl"
    questions.write_text("{}\n")
    told = spatialevo("balance", questions)
    assert told.returncode == 1
    assert "q.jsonl:1: schema is None" in told.stderr


def test_it_is_listed_with_all_that_it_brings():
    told = json.loads(spatialevo("plugins", "--json").stdout)
    (plugin,) = (each for each in told["plugins"] if each["name"] == "laboratory")
    assert plugin["commands"] == ["balance"]
    assert plugin["judges"] == ["plain_words"]
    assert plugin["definitions"] == ["centers of absolute_distance"]
    assert "count.tiring on object_counting" in plugin["rules"]
    assert told["problems"] == []
