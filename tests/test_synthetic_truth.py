"""Answers about synthetic rooms against truths worked out from the rooms' plans alone."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from spatialevo_core.plugins import load
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.synthetic.scannet_writer import write_scannet
from truths import TRUTHS, built, contradicted, plan

REGISTRY = load()
ROOMS = ("room-0", "lroom-1")


def asked(task, name, views=3, queries=20):
    scene = built(name)
    for view in islice(task.world.propose(scene, Random(7)), views):
        for query, verdict in islice(task.propose(view, Random(8)), queries):
            yield view, query, verdict.answer


@pytest.mark.parametrize("name", ROOMS)
@pytest.mark.parametrize("task_name", TRUTHS)
def test_every_accepted_answer_is_the_plan_s_own(task_name, name):
    task, known = REGISTRY.task(task_name), 0
    for view, query, answer in asked(task, name):
        known += TRUTHS[task_name](name, view, query) is not None
        assert contradicted(task_name, name, view, query, answer) is None
    assert known


def test_five_hundred_questions_have_the_same_verdict_in_scannets_layout(tmp_path):
    name = "room-0"
    write_scannet(plan(name), tmp_path, pictures=False)
    again = ScanNet().load(tmp_path, name)
    compared = 0
    for task in REGISTRY.tasks.values():
        for view in islice(task.world.propose(built(name), Random(3)), 4):
            other = task.world.of(again, view.frames)
            # candidates, not proposals: what is refused must be refused alike
            for query in islice(task.candidates(view, Random(4)), 12):
                text = task.wordings(query)[0]
                ours, theirs = (REGISTRY.ask(text, v, task.name) for v in (view, other))
                assert ours.model_dump_json() == theirs.model_dump_json()
                compared += 1
    assert compared >= 500
