"""The shorter pendulum swings faster, and what cannot be told is refused."""

import math

import pytest
from spatialevo_pendulums import TASK, Rack, Racks, RackView

from spatialevo_core.engine import ask
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_dataset, check_task
from spatialevo_parsers.grammar import GrammarParser

VIEW = RackView(Rack("test/rack", {"red": 0.25, "green": 1.0, "blue": 0.26}))
ASKED = {
    "Which pendulum swings faster, the red or the green one?": "red",
    "Of the green and the blue pendulum, which has the shorter period?": "blue",
    "Which pendulum swings faster, the red or the yellow one?": "pendulum.missing",
    "Which pendulum swings faster, the red or the red one?": "pendulum.repeated",
    "Which pendulum swings faster, the red or the blue one?": "answer.near_boundary",
}


@pytest.mark.parametrize(("text", "expected"), ASKED.items())
def test_asked(text, expected):
    verdict = ask(text, VIEW, [TASK], [GrammarParser()], TASK)
    assert (verdict.answer.value if verdict.legal else verdict.codes[0]) == expected


def test_a_pendulum_of_four_times_the_length_swings_half_as_fast():
    verdict = ask(next(iter(ASKED)), VIEW, [TASK], [GrammarParser()], TASK)
    red_s, green_s = verdict.answer.evidence.periods_s
    assert green_s == pytest.approx(2 * red_s, abs=0.002)
    assert green_s == pytest.approx(2 * math.pi / math.sqrt(9.81), abs=0.001)


def test_task_and_dataset_keep_their_promises():
    registry = load()
    racks = registry.dataset("pendulums")
    views = [RackView(racks.load(None, each)) for each in list(racks.ids(None))[:3]]
    check_task(registry.task("faster_pendulum"), views, registry.parsers).require()
    check_dataset(Racks(), None, [RackView]).require()
