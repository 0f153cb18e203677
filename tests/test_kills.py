"""A run that is killed and resumed is the undisturbed one, whatever it was doing."""

import subprocess
import sys
from pathlib import Path

import pytest

from same_runs import environment

FORKS = "import sys, json; from pathlib import Path; from same_runs import *; {call}"


def in_a_fresh_process(call: str, *given: str) -> str:
    """What a call of `same_runs` prints; in a process that never trained, since it will fork."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS.format(call=call), *given],
        env=environment(),
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_ten_kills_at_random_moments_of_forty_steps(tmp_path: Path):
    call = "kill_at_random_moments(config(40, 5), Path(sys.argv[1]), 10, seed=5)"
    said = in_a_fresh_process(call, str(tmp_path))
    assert said.count("the same") == 10
    assert said.count("ended with -9") >= 8


@pytest.mark.slow
def test_kills_while_files_are_written_and_removed(tmp_path: Path):
    call = "kill_at_accesses(config(4, 1, keep=1), Path(sys.argv[1]), 8, seed=5)"
    assert in_a_fresh_process(call, str(tmp_path)).count("the same") >= 10
