"""What all tasks about rooms have in common."""

from dataclasses import replace
from importlib import import_module
from itertools import islice
from random import Random

import numpy as np
import pytest

from builders import asked, boxed, camera, outcome, scanned
from noise import surface_noise
from spatialevo_core.engine import judge
from spatialevo_core.plugins import load
from spatialevo_core.question import Answer, Evidence
from spatialevo_core.testing import check_task
from spatialevo_datasets.frames import Depth
from spatialevo_datasets.views import FrameView, PairView, SceneView
from spatialevo_parsers.grammar import GrammarParser

NAMES = (
    "absolute_distance",
    "camera_camera_position",
    "camera_motion",
    "depth_ordering",
    "object_counting",
    "relative_direction",
    "single_image_relative_direction",
)
"""The tasks that the small room below allows; the others have rooms of their own."""
TASKS = tuple(import_module(f"spatialevo_tasks.{name}").TASK for name in NAMES)
REGISTRY = load()
EVERY = {
    name: REGISTRY.task(name)
    for plugin in REGISTRY.plugins
    if plugin.distribution == "spatialevo"
    for name in plugin.tasks
}

SMALL = (0.5, 0.5, 0.8)
ROOM = scanned(
    ("cabinet", (0, 6, 1.2), (5, 0.4, 2.4)),
    ("night stand", (-2.2, 3.2, 0.4), SMALL),
    ("tv", (2.0, 3.0, 0.4), SMALL),
    ("sofa", (0.1, 4.4, 0.4), SMALL),
    ("trash can", (-0.7, 2.6, 0.4), SMALL),
    ("chair", (1.1, 5.0, 0.4), SMALL),
    ("chair", (-1.6, 5.0, 0.4), SMALL),
    frames=(
        camera(0, (0, 0, 1.6)),
        camera(1, (0.9, -0.3, 1.6), heading_deg=112, pitch_deg=-8),
        camera(2, (0.05, 0.02, 1.6), heading_deg=66),
        camera(3, (0.1, 1.3, 1.5), heading_deg=92),
    ),
)
VIEWS = {
    SceneView: [SceneView.of(ROOM, [0, 1])],
    FrameView: [FrameView.of(ROOM, [0]), FrameView.of(ROOM, [1])],
    PairView: [PairView.of(ROOM, pair) for pair in ([0, 1], [1, 0], [0, 2], [0, 3])],
}


@pytest.mark.parametrize("task", TASKS, ids=NAMES)
def test_a_task_keeps_its_promises_and_its_wordings_to_itself(task):
    others = [other for other in TASKS if other is not task]
    check_task(task, VIEWS[task.world], [GrammarParser()], others).require()


def test_the_sixteen_tasks_are_there():
    assert len(EVERY) == 16


@pytest.mark.parametrize("name", EVERY)
def test_in_a_furnished_room_every_task_keeps_its_promises_among_all_others(name, room):
    task = EVERY[name]
    views = list(islice(task.world.propose(room, Random(2)), 2))
    check_task(task, views, [GrammarParser()], tuple(EVERY.values())).require()


WANTED = {"exact": ("exact",), "paper": ("aabb",), "vsi-bench": ("obb", "published")}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("profile", WANTED)
def test_every_answer_names_a_definition_of_the_profile(name, profile):
    offered = [each for each in WANTED[profile] if each in EVERY[name].definitions]
    assert EVERY[name].under(profile).definition == (offered[0] if offered else "exact")


def test_the_benchmark_profile_waives_seeing_density_ambiguity_and_margins_only():
    kept = {rule.code for task in EVERY.values() for rule in task.under("vsi-bench").rules}
    assert kept == {
        "answer.empty",
        "camera.no_heading",
        "floor.incomplete",
        "frame.missing",
        "object.missing",
        "object.repeated",
        "region.missing",
        "region.scattered",
    }


@pytest.mark.parametrize("task", EVERY.values(), ids=EVERY)
def test_rules_say_how_people_give_them_as_a_reason(task):
    assert all(len(rule.said) >= 3 for rule in task.rules)
    assert len({rule.code for rule in task.rules}) == len(task.rules)


@pytest.mark.parametrize("task", TASKS, ids=NAMES)
def test_hints_and_briefs_do_not_single_out_the_truth(task):
    for view in VIEWS[task.world]:
        for query, verdict in task.propose(view, Random(0)):
            assert task.answer_hint(query)
            assert task.answer_hint(query) != verdict.answer.text


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("task", TASKS, ids=NAMES)
def test_surface_noise_changes_no_accepted_answer(task, seed):
    noisy = surface_noise(ROOM, seed)
    for view in VIEWS[task.world]:
        there = type(view)(noisy, view.frames)
        for query, verdict in task.propose(view, Random(seed)):
            found = judge(task, there, query)
            if not found.legal:
                continue
            if isinstance(verdict.answer.value, float):
                # Both values are rounded to a centimetre.
                assert abs(found.answer.value - verdict.answer.value) <= verdict.answer.band + 0.01
            else:
                assert found.answer.value == verdict.answer.value


SPLIT = scanned(
    ("sofa", (-1.5, 4, 0.4), SMALL),
    ("couch", (0, 5, 0.4), SMALL),
    ("Chair", (1.5, 4, 0.4), SMALL),
    ("chair ", (1.0, 3, 0.4), SMALL),
    ("curtains", (-0.6, 3, 0.4), SMALL),
    ("lamp", (0.2, 3, 0.4), SMALL),
    frames=(camera(0, (0, 0, 2.2), pitch_deg=-15), camera(1, (0.4, 0, 2.2), pitch_deg=-15)),
)
"""One category may be written in several ways."""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("object_counting", "How many sofas are in this room?", 2),
        ("object_counting", "How many couches are in this room?", 2),
        ("object_counting", "How many chairs are in this room?", 2),
        ("object_counting", "How many curtains are in this room?", 1),
        (
            "depth_ordering",
            "Which is closer to the camera: the sofa or the lamp?",
            "object.ambiguous",
        ),
        (
            "depth_ordering",
            "Which is closer to the camera: the chair or the lamp?",
            "object.ambiguous",
        ),
    ],
)
def test_one_category_in_several_spellings_is_one(name, text, expected):
    task = EVERY[name]
    assert outcome(asked(task, text, task.world.of(SPLIT, [0]))) == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_of_odd_labels_is_read_back(name):
    task = EVERY[name]
    view = task.world.of(SPLIT, (0, 1) if task.world is PairView else (0,))
    for query, _ in task.propose(view, Random(0)):
        for text in task.grammar.write(query):
            assert GrammarParser().parse(text, view, [task]).query == query


BLANK = lambda: np.zeros((480, 640), dtype=np.float32)  # noqa: E731
DARK = replace(
    ROOM,
    frames=tuple(replace(f, depth=Depth(f.K, 640, 480, BLANK)) for f in ROOM.frames),
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("camera_camera_position", "Seen from the camera of Image 1, where was Image 2 taken?"),
        ("camera_motion", "From Image 1 to Image 2, which way did the camera turn?"),
        (
            "camera_camera_elevation",
            "Compared with Image 1, was the camera of Image 2 higher or lower?",
        ),
    ],
)
def test_images_that_may_share_nothing_are_refused_unless_nothing_can_be_seen(name, text):
    task = EVERY[name]
    dark = asked(task, text, PairView(DARK, (0, 1)))
    assert outcome(dark) == "view.no_overlap"
    assert "unknown part" in dark.reasons[0].message
    bare = replace(boxed(("lamp", (0, 4, 1), SMALL)), frames=ROOM.frames)
    assert outcome(asked(task, text, PairView(bare, (0, 1)))) != "view.no_overlap"


@pytest.mark.parametrize("name", ["relative_distance", "attribute_measurement", "depth_ordering"])
@pytest.mark.parametrize(
    ("reply", "truth", "score"),
    [
        ("television", "tv", 1),
        ("The TV.", "tv", 1),
        ("couch", "sofa", 1),
        ("sofas", "sofa", 1),
        ("the trash bin", "trash can", 1),
        ("monitor", "tv", 0),
        ("armchair", "sofa", 0),
        ("sofa or tv", "tv", 0),
        ("", "tv", 0),
    ],
)
def test_an_object_may_be_called_by_any_word_that_means_the_same(name, reply, truth, score):
    assert EVERY[name].score(reply, Answer(value=truth, evidence=Evidence())) == score


def test_what_a_view_allows_is_no_matter_of_luck():
    """Two objects of which one wording's question is legal: every generator finds it."""
    pair = scanned(
        ("sofa", (0.15, 4.0, 0.4), SMALL),
        ("tv", (-1.2, 4.0, 0.4), SMALL),
        frames=(camera(0, (0, 0, 1.6)),),
    )
    view = FrameView.of(pair, [0])
    for name in ("single_image_relative_direction", "depth_ordering"):
        found = [
            {query.model_dump_json() for query, _ in EVERY[name].propose(view, Random(seed))}
            for seed in range(8)
        ]
        assert found[0]
        assert all(each == found[0] for each in found)
