import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spatialevo_core.question import Answer, Evidence
from spatialevo_tasks.directions import (
    EIGHT,
    SECTORS,
    SIDES,
    direction,
    direction_and_verb,
    direction_in_part,
    parts,
)

AZIMUTH = st.floats(-180, 180, exclude_min=True)
ALL = {**SECTORS, "sides": SIDES}
MIRRORED = {"left": "right", "right": "left"}


def truth(value):
    return Answer(value=value, evidence=Evidence())


SECTOR_TABLE = [
    ("eight ways", 0, "front"),
    ("eight ways", 22, "front"),
    ("eight ways", 23, "front-right"),
    ("eight ways", 90, "right"),
    ("eight ways", 112.5, "back-right"),
    ("eight ways", 157, "back-right"),
    ("eight ways", 158, "back"),
    ("eight ways", 180, "back"),
    ("eight ways", -170, "back"),
    ("eight ways", -150, "back-left"),
    ("eight ways", -90, "left"),
    ("eight ways", -45, "front-left"),
    ("quadrants", 1, "front-right"),
    ("quadrants", 91, "back-right"),
    ("quadrants", 180, "back-left"),
    ("quadrants", -179, "back-left"),
    ("quadrants", -1, "front-left"),
    ("left or right", 179, "right"),
    ("left or right", -1, "left"),
    ("left, right or back", 134, "right"),
    ("left, right or back", 135, "back"),
    ("left, right or back", -135, "back"),
    ("left, right or back", -134, "left"),
    ("left, right or back", 180, "back"),
    ("sides", 44, "front"),
    ("sides", 46, "right"),
    ("sides", -136, "back"),
]


@pytest.mark.parametrize(("offer", "azimuth", "word"), SECTOR_TABLE)
def test_sectors(offer, azimuth, word):
    assert ALL[offer].word(azimuth) == word


@pytest.mark.parametrize("offer", ALL)
@given(azimuth=AZIMUTH)
def test_a_mirror_swaps_left_and_right(offer, azimuth):
    assume(0 < abs(azimuth) < 180)
    there = "-".join(MIRRORED.get(each, each) for each in ALL[offer].word(azimuth).split("-"))
    assert ALL[offer].word(-azimuth) == there


@pytest.mark.parametrize("offer", ALL)
@given(azimuth=st.floats(-170, 170), turn=st.floats(-9, 9))
def test_a_turn_within_the_clearance_changes_no_word(offer, azimuth, turn):
    assume(abs(turn) < ALL[offer].clearance_deg(azimuth))
    assert ALL[offer].word(azimuth + turn) == ALL[offer].word(azimuth)


def test_clearance_counts_through_the_back():
    assert ALL["left or right"].clearance_deg(-179) == pytest.approx(1)
    assert ALL["left, right or back"].clearance_deg(180) == pytest.approx(45)
    assert EIGHT.clearance_deg(-180) == pytest.approx(22.5)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("front-left", {"front", "left"}),
        ("Left, in front", {"front", "left"}),
        ("forward and to the left", {"front", "left"}),
        ("behind you", {"back"}),
        ("straight ahead", {"front"}),
        ("the upper left", {"up", "left"}),
        ("above", {"up"}),
        ("clockwise", {"right"}),
        ("counter-clockwise", {"left"}),
        ("anticlockwise", {"left"}),
        ("LEFT-HAND side", {"left"}),
        ("back_right", {"back", "right"}),
        ("behind the backpack", {"back"}),
        ("left or right", set()),
        ("left and right", set()),
        ("not left", set()),
        ("it isn't right", set()),
        ("front or left", set()),
        ("north", set()),
        ("", set()),
    ],
)
def test_parts_of_a_reply(text, named):
    assert parts(text) == named


@pytest.mark.parametrize(
    ("reply", "value", "whole", "partly"),
    [
        ("front-left", "front-left", 1, 1),
        ("left front", "front-left", 1, 1),
        ("front", "front-left", 0, 0.1),
        ("front-right", "front-left", 0, 0.1),
        ("back-right", "front-left", 0, 0),
        ("front-left", "front", 0, 0),
        ("up left front", "front-left", 0, 0),
        ("left or right", "left", 0, 0),
        ("nothing", "left", 0, 0),
    ],
)
def test_scores_of_replies(reply, value, whole, partly):
    assert direction(reply, truth(value)) == whole
    assert direction_in_part(reply, truth(value)) == partly


@pytest.mark.parametrize(
    ("reply", "value", "score"),
    [
        ("It mainly turned to the left.", "turn left", 1),
        ("rotated counterclockwise", "turn left", 1),
        ("left", "turn left", 0),
        ("moved left", "turn left", 0),
        ("turned and moved left", "turn left", 0),
        ("it moved forward and left", "move forward-left", 1),
        ("left", "left", 1),
        ("turned left", "left", 1),
    ],
)
def test_an_answer_with_a_verb_wants_that_verb(reply, value, score):
    assert direction_and_verb(reply, truth(value)) == score
