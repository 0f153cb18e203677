"""How far a run is, for people and for log files."""

import io

import pytest
from rich.console import Console

from spatialevo_trainer import progress
from spatialevo_trainer.progress import Pace, duration, shown

ROW = {"solver/accuracy": 0.456, "questioner/legal": 0.3, "loss": 1.0}


def test_rate_and_time_left_come_with_the_second_step_and_leave_earlier_ones_out():
    pace = Pace()
    assert pace.told(31, 40, ROW, 100.0) == "accuracy 0.46, legal questions 0.30"
    told = pace.told(33, 40, {**ROW, "faults/x": 2.0, "faults/y": 1.0}, 101.0)
    assert told == "0.5 s a step, 4 s left, accuracy 0.46, legal questions 0.30, 3 faults"


def test_the_rate_is_that_of_the_last_steps():
    pace = Pace()
    for step in range(1, 11):
        pace.told(step, 100, {}, 1000.0 * step)
    for step in range(11, 40):
        told = pace.told(step, 100, {}, 10_000.0 + 2 * (step - 10))
    assert told == "2 s a step, 2 min 02 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3660, "1 h 01 min"),
        (86400, "24 h 00 min"),
    ],
)
def test_durations_are_read_at_a_glance(seconds: float, words: str):
    assert duration(seconds) == words


def test_a_log_file_gets_plain_lines_now_and_then(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    file = io.StringIO()
    with shown(Console(file=file)) as (step, remark):
        for number in range(1, 9):
            step(number, 8, ROW)
        remark("task 'heavier' raised in score: KeyError: [bed]")
    figures = "accuracy 0.46, legal questions 0.30"
    assert file.getvalue().splitlines() == [
        f"step 1 of 8: {figures}",
        f"step 4 of 8: 10 s a step, 40 s left, {figures}",
        f"step 7 of 8: 10 s a step, 10 s left, {figures}",
        f"step 8 of 8: 10 s a step, 0 s left, {figures}",
        "task 'heavier' raised in score: KeyError: [bed]",
    ]
    assert "\x1b" not in file.getvalue()


def test_a_terminal_gets_a_bar():
    file = io.StringIO()
    with shown(Console(file=file, force_terminal=True, width=120)) as (step, remark):
        step(1, 8, ROW)
        step(2, 8, ROW)
        remark("something to know")
    assert "2/8" in file.getvalue()
    assert "left, accuracy 0.46, legal questions 0.30" in file.getvalue()
    assert "something to know" in file.getvalue()
