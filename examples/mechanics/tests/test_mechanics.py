"""What is simulated agrees with closed forms, and what is asked about it keeps its promises."""

import subprocess
import sys
from dataclasses import replace
from functools import cache
from math import sqrt
from pathlib import Path

import pytest
from PIL import ImageColor
from spatialevo_mechanics import balls, pucks, stacks
from spatialevo_mechanics.balls import Ball, BallsView, Drop, Plank
from spatialevo_mechanics.drawing import PIXELS
from spatialevo_mechanics.experiments import WORLDS, nudges, run
from spatialevo_mechanics.pucks import Puck, PucksView, Slide
from spatialevo_mechanics.simulation import GRAVITY_M_S2, STEP_S, simulate
from spatialevo_mechanics.stacks import Block, Stack, StackView

from spatialevo_core.engine import ask, judge
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_dataset, check_task
from spatialevo_parsers.grammar import GrammarParser

DOMAINS = {
    "falling_balls": (balls.TASK, BallsView),
    "block_stacks": (stacks.TASK, StackView),
    "sliding_pucks": (pucks.TASK, PucksView),
}


@cache
def registry():
    return load()


def dataset(name):
    return registry().dataset(name)


def outcome(task, view, text):
    verdict = ask(text, view, [task], [GrammarParser()], task)
    return verdict.answer.value if verdict.legal else verdict.codes[0]


# Closed forms


@pytest.mark.parametrize("height_m", [0.3, 1.0, 1.7])
def test_a_free_ball_lands_after_the_time_of_free_fall(height_m):
    motion = run(Drop("t/1", (Ball("red", 0.0, height_m),)))
    fallen_s = sqrt(2 * (height_m - balls.RADIUS_M) / GRAVITY_M_S2)
    assert balls.landing(motion, "red") == pytest.approx(fallen_s, abs=STEP_S)


@pytest.mark.parametrize("speed_m_s", [0.6, 1.2, 2.0])
def test_a_puck_slides_until_friction_has_taken_its_energy(speed_m_s):
    motion = run(Slide("t/1", (Puck("red", -0.9, 0.0, speed_m_s, 0.0),)))
    friction_m_s2 = pucks.FRICTION * GRAVITY_M_S2
    slid_m = motion.end("red")[0] - motion.at("red", 0)[0]
    assert slid_m == pytest.approx(speed_m_s**2 / (2 * friction_m_s2), rel=0.02)
    assert motion.first_at_rest("red") == pytest.approx(speed_m_s / friction_m_s2, rel=0.03)


def test_a_wall_sends_a_puck_back_slower():
    motion = run(Slide("t/1", (Puck("red", 0.8, 0.0, 2.0, 0.0),)))
    along_m_s = (motion.of("red")[1:, 0] - motion.of("red")[:-1, 0]) / STEP_S
    assert along_m_s.max() == pytest.approx(2.0, rel=0.02)
    assert -2.0 < along_m_s.min() < -0.5
    assert motion.of("red")[:, 0].max() == pytest.approx(1.0 - pucks.RADIUS_M, abs=0.03)


def stands(stack):
    """At no joint do the blocks above have their common centre of mass beyond the block below."""
    for at in range(1, len(stack.blocks)):
        above, below = stack.blocks[at:], stack.blocks[at - 1]
        masses = [each.width_m * each.height_m for each in above]
        center = sum(m * each.x_m for m, each in zip(masses, above, strict=True)) / sum(masses)
        lowest = above[0]
        left = max(below.x_m - below.width_m / 2, lowest.x_m - lowest.width_m / 2)
        right = min(below.x_m + below.width_m / 2, lowest.x_m + lowest.width_m / 2)
        if not left < center < right:
            return False
    return True


def test_every_stack_that_may_be_asked_about_obeys_the_law_of_the_lever():
    asked = {"yes": 0, "no": 0}
    for world_id in dataset("block_stacks").ids(None):
        stack = dataset("block_stacks").load(None, world_id)
        verdict = judge(stacks.TASK, StackView(stack), stacks.Falls())
        if verdict.legal:
            assert verdict.answer.value == ("no" if stands(stack) else "yes"), stack
            asked[verdict.answer.value] += 1
    assert min(asked.values()) >= 5


def test_a_plank_sends_a_ball_to_the_side_that_it_goes_down_to():
    ends = {}
    for tilt_deg in (-30.0, 30.0):
        motion = run(Drop("t/1", (Ball("red", 0.0, 1.2, Plank(0.6, tilt_deg)),)))
        ends[tilt_deg] = motion.end("red")[0]
        assert balls.landing(motion, "red") > sqrt(2 * (1.2 - balls.RADIUS_M) / GRAVITY_M_S2)
    assert ends[30.0] > 0.2
    assert ends[-30.0] == pytest.approx(-ends[30.0], abs=0.01)


def test_balls_do_not_touch_each_other():
    high, low = Ball("red", 0.0, 1.5), Ball("blue", 0.0, 0.8)
    alone, both = run(Drop("t/1", (high,))), run(Drop("t/2", (high, low)))
    assert balls.landing(alone, "red") == pytest.approx(balls.landing(both, "red"), abs=1e-6)


# The same bytes


@pytest.mark.parametrize("name", DOMAINS)
def test_the_same_world_is_simulated_to_the_same_bytes(name):
    world = dataset(name).load(None, "3")
    again = dataset(name).load(None, "3")
    assert world == again
    assert nudges.__wrapped__(world, DOMAINS[name][0].terms) == nudges(
        again, DOMAINS[name][0].terms
    )
    first, second = (simulate.__wrapped__(each.mjcf(), each.seconds) for each in (world, again))
    assert first.centers_m.tobytes() == second.centers_m.tobytes()
    assert world.picture().tobytes() == again.picture().tobytes()


@pytest.mark.parametrize("name", DOMAINS)
def test_two_processes_write_the_same_questions(name, tmp_path):
    command = Path(sys.executable).parent / "spatialevo"
    paths = [tmp_path / f"{run}.jsonl" for run in (1, 2)]
    for path in paths:
        args = ("generate", "--dataset", name, "--scenes", "2", "--per-scene", "1", "--out", path)
        subprocess.run([command, *args], check=True, capture_output=True)
    first, second = (path.read_bytes() for path in paths)
    assert first == second != b""


# What is asked


@pytest.mark.parametrize("name", DOMAINS)
def test_its_task_keeps_the_promises_of_a_task(name):
    task, view = DOMAINS[name]
    views = [view(dataset(name).load(None, each)) for each in ("0", "1", "2")]
    others = tuple(registry().tasks.values())
    check_task(task, views, registry().parsers, others).require()


def test_its_datasets_keep_the_promises_of_a_dataset():
    (one,) = pucks.spatialevo_datasets()
    check_dataset(one, None, [PucksView], worlds=2).require()


@pytest.mark.parametrize("name", DOMAINS)
def test_its_task_is_offered_on_its_dataset_alone(name):
    offered = registry().tasks_on(dataset(name))
    assert [task.name for task in offered] == [DOMAINS[name][0].name]


DROP = Drop(
    "t/drop",
    (
        Ball("red", 0.0, 0.6),
        Ball("green", 0.7, 0.61),
        Ball("blue", 1.4, 1.5),
        Ball("yellow", 2.1, 1.0, Plank(0.5, 0.0)),
    ),
)
LANDINGS = {
    "Which ball lands first, the red or the blue one?": "red",
    "Which ball lands last, the red or the blue one?": "blue",
    "Of the blue and the green ball, which lands first?": "green",
    "Which ball lands first, the purple or the blue one?": "ball.missing",
    "Which ball lands first, the blue or the blue one?": "ball.repeated",
    "Which ball lands first, the yellow or the blue one?": "ball.never_lands",
    "Which ball lands first, the red or the green one?": "answer.tie",
}


@pytest.mark.parametrize(("text", "expected"), LANDINGS.items())
def test_landings(text, expected):
    assert outcome(balls.TASK, BallsView(DROP), text) == expected


def tower(*offsets_m):
    colours = ("red", "green", "blue")
    blocks = (Block(c, x, 0.1, 0.1) for c, x in zip(colours, offsets_m, strict=False))
    return Stack(f"t/{offsets_m}", tuple(blocks))


STACKS = {(0.0, 0.03): "no", (0.0, 0.07): "yes", (0.0, 0.03, 0.04): "no", (0.0, 0.04, 0.08): "yes"}
REFUSED_STACKS = {(0.0,): "stack.missing", (0.0, 0.0505): "answer.near_boundary"}


@pytest.mark.parametrize(("offsets_m", "expected"), [*STACKS.items(), *REFUSED_STACKS.items()])
def test_stacks(offsets_m, expected):
    assert outcome(stacks.TASK, StackView(tower(*offsets_m)), "Will the stack fall?") == expected


def at_rest_at(x_m):
    """A puck that starts at the left wall and stops there, by the closed form."""
    slid_m = x_m + 0.9
    return Puck("red", -0.9, 0.0, sqrt(2 * pucks.FRICTION * GRAVITY_M_S2 * slid_m), 0.0)


@pytest.mark.parametrize(
    ("x_m", "expected"),
    [(-0.7, "yellow"), (-0.25, "lightgreen"), (0.25, "orange"), (0.0, "answer.near_boundary")],
)
def test_pucks(x_m, expected):
    view = PucksView(Slide(f"t/{x_m}", (at_rest_at(x_m),)))
    assert outcome(pucks.TASK, view, "On which stripe does the red puck stop?") == expected


def test_a_puck_that_is_not_there_does_not_stop():
    view = PucksView(Slide("t/1", (at_rest_at(0.25),)))
    assert outcome(pucks.TASK, view, "On which stripe does the blue puck stop?") == "puck.missing"


class Glance(Slide):
    seconds = 0.3


class Blink(Stack):
    seconds = 0.2


def test_what_still_moves_has_not_ended():
    glance = PucksView(Glance("t/1", (at_rest_at(0.5),)))
    text = "On which stripe does the red puck stop?"
    assert outcome(pucks.TASK, glance, text) == "motion.unfinished"
    blink = StackView(Blink("t/2", tower(0.0, 0.08).blocks))
    assert outcome(stacks.TASK, blink, "Will the stack fall?") == "motion.unfinished"


def test_noise_decides_what_is_too_close_to_a_boundary():
    edge = StackView(tower(0.0, 0.045))
    assert judge(stacks.TASK, edge, stacks.Falls()).codes == ("answer.near_boundary",)
    exact = replace(stacks.TASK, terms=stacks.TASK.terms.model_copy(update={"place_m": 0.0}))
    assert judge(exact, edge, stacks.Falls()).answer.value == "no"
    assert judge(exact, edge, stacks.Falls()).legal


def test_a_green_stripe_may_be_called_green():
    view = PucksView(Slide("t/1", (at_rest_at(-0.25),)))
    answer = judge(pucks.TASK, view, pucks.Stop(puck="red")).answer
    said = {reply: pucks.TASK.score(reply, answer) for reply in ("green", "light green", "pink")}
    assert said == {"green": 1.0, "light green": 1.0, "pink": 0.0}


def test_the_evidence_tells_times_and_places():
    landings = judge(balls.TASK, BallsView(DROP), balls.Landing(one="red", other="blue")).answer
    expected = tuple(sqrt(2 * (h - balls.RADIUS_M) / GRAVITY_M_S2) for h in (0.6, 1.5))
    assert landings.evidence.landings_s == pytest.approx(expected, abs=STEP_S)
    assert landings.evidence.starts_m == ((0.0, 0.0, 0.6), (1.4, 0.0, 1.5))
    assert landings.evidence.nudged == ("red",) * 6
    stop = judge(pucks.TASK, PucksView(Slide("t/1", (at_rest_at(0.25),))), pucks.Stop(puck="red"))
    assert stop.answer.evidence.stop_m[:2] == pytest.approx((0.25, 0.0), abs=0.03)


# Pictures and worlds


def test_a_ball_is_drawn_where_it_is():
    picture = DROP.picture()
    side_m, low_m = balls.LANE_M * 4, (-balls.LANE_M / 2, -0.1)
    for ball in DROP.balls:
        right = (ball.x_m - low_m[0]) / side_m * PIXELS
        down = (1 - (ball.height_m - low_m[1]) / side_m) * PIXELS
        assert picture.getpixel((round(right), round(down))) == ImageColor.getrgb(ball.colour)


@pytest.mark.parametrize("name", DOMAINS)
def test_splits_halve_the_worlds(name):
    train, test = (set(dataset(name).ids(None, split)) for split in ("train", "test"))
    assert not train & test
    assert len(train | test) == WORLDS
    with pytest.raises(DataError, match="has no split 'val'; known: test, train"):
        dataset(name).ids(None, "val")
    with pytest.raises(DataError, match="it has 0 to 39"):
        dataset(name).load(None, "40")


def test_one_picture_has_no_frames_to_choose():
    with pytest.raises(ConfigError, match="has no frames to choose"):
        BallsView.of(DROP, [1])
