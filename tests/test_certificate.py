"""The promise: noise changes no answer of an accepted question, and rules do not refuse everything.

Surface noise as large as it may be is what legality is made for. The table of the full certificate
is printed by `pytest -m slow -rP tests/test_certificate.py`, and by `benchmarks/certificate.py`.
"""

import numpy as np
import pytest

from certifying import DRAWS, PER_SCENE, ROOMS, Row, certify, credulous, synthetic, table
from noise import point_noise, surface_noise
from spatialevo_core.plugins import load

REGISTRY = load()
TASKS = [
    REGISTRY.task(name)
    for plugin in REGISTRY.plugins
    if plugin.distribution == "spatialevo"
    for name in plugin.tasks
]
NAMES = {task.name for task in TASKS}
METRIC = {"absolute_distance", "camera_object_distance", "object_size", "room_size"}
CATEGORICAL = NAMES - METRIC
EIGHT = "eight ways"
LEAST_ACCEPTED = {
    Row("relative_direction", EIGHT): 0.65,
    Row("single_image_relative_direction", EIGHT): 0.65,
    Row("camera_camera_position"): 0.65,
    Row("camera_object_position"): 0.65,
    Row("camera_region_position"): 0.65,
    Row("relative_distance"): 0.75,
    Row("attribute_measurement"): 0.80,
    Row("depth_ordering"): 0.80,
    Row("visibility_comparison"): 0.55,
    Row("camera_motion"): 0.50,
}
"""Of the sound questions; refusing all would keep every promise."""
TIED = {"depth_ordering", "visibility_comparison"}
"""Between a tie and a lead is a stretch without an answer, into which noise may move a tie."""


def flips(tallies):
    """The rows that have any, with what happened first."""
    return {row: tally.cases[:3] for row, tally in tallies.items() if tally.flips}


def by_task(tallies, count):
    """The sum of a count over the rows of each task."""
    totals = dict.fromkeys(NAMES, 0)
    for row, tally in tallies.items():
        totals[row.task] += getattr(tally, count)
    return totals


def test_no_answer_flips_in_a_few_rooms():
    tallies = certify(TASKS, synthetic([0]), surface_noise, draws=3, per_scene=15)
    assert not flips(tallies)
    assert all(by_task(tallies, "accepted").values())


def test_without_the_rules_about_noise_answers_flip():
    tasks = [credulous(task) for task in TASKS]
    found = by_task(certify(tasks, synthetic([0]), surface_noise, draws=3, per_scene=15), "flips")
    assert sum(found.values()) >= 3
    assert found["object_counting"] == 0


@pytest.mark.slow
def test_no_answer_flips_and_enough_questions_are_accepted():
    tallies = certify(TASKS, synthetic(ROOMS), surface_noise, DRAWS, PER_SCENE)
    print(table(tallies))
    assert not flips(tallies)
    assert {row.task for row, tally in tallies.items() if tally.crossed} <= TIED
    accepted = by_task(tallies, "accepted")
    assert min(accepted[name] for name in CATEGORICAL) >= 200
    assert sum(accepted[name] for name in CATEGORICAL) >= 5000
    assert all(tallies[row].share >= least for row, least in LEAST_ACCEPTED.items())


@pytest.mark.slow
def test_each_task_needs_its_rules_about_noise():
    tasks = [credulous(task) for task in TASKS if task.name in CATEGORICAL - {"object_counting"}]
    tallies = certify(tasks, synthetic(range(6)), surface_noise, draws=6, per_scene=40)
    print(table(tallies))
    found = by_task(tallies, "flips")
    assert all(found[task.name] for task in tasks)


@pytest.mark.slow
def test_two_centimetres_on_every_point_move_no_sector_median_or_ordering():
    tallies = certify(TASKS, synthetic(range(4)), point_noise, draws=6, per_scene=40)
    print(table(tallies))
    assert not {row: cases for row, cases in flips(tallies).items() if row.task in CATEGORICAL}
    bias = {row.task: np.mean(tally.errors) for row, tally in tallies.items() if tally.errors}
    # No definition by extremes survives: 6 to 13 cm less, 9 to 17 cm more, by the number of points.
    assert -0.13 < bias["absolute_distance"] < -0.05
    assert 0.08 < bias["object_size"] < 0.17
