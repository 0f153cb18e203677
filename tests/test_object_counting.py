import pytest

from builders import asked, boxed, camera, moved, outcome, scanned
from spatialevo_core.engine import judge
from spatialevo_datasets.views import SceneView
from spatialevo_tasks.object_counting import TASK, Category

SMALL = (0.4, 0.4, 0.8)
ROOM = scanned(
    ("chair", (-1.5, 4, 0.4), SMALL),
    ("chair", (0, 5, 0.4), SMALL),
    ("chair", (1.5, 4, 0.4), SMALL),
    ("table", (-0.6, 3, 0.4), SMALL),
    ("lamp", (0.6, 3, 0.4), SMALL),
    ("lamp", (0.6, -3, 0.4), SMALL),
    ("bed", (-1, -3, 0.4), SMALL),
    frames=(camera(0, (0, 0, 2.2), pitch_deg=-15), camera(1, (0, 0, 2.2), -90, pitch_deg=-15)),
)
NORTH = SceneView.of(ROOM, [0])
BOTH = SceneView.of(ROOM, [0, 1])

ASKED = {
    "How many chairs are in this room?": 3,
    "How many chair(s) are in this room?": 3,
    "How many chairs are there in the room?": 3,
    "Count the tables in this room.": 1,
    "How many lamps are in this room?": "objects.unseen_member",
    "How many beds are in this room?": "objects.unseen_member",
    "How many pianos are in this room?": "answer.empty",
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, NORTH)) == expected


def test_members_in_frames_that_share_nothing_may_be_counted_twice():
    assert outcome(asked(TASK, "How many lamps are in this room?", BOTH)) == "view.no_overlap"
    assert outcome(asked(TASK, "How many chairs are in this room?", BOTH)) == 3


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "view.no_overlap"}


def test_the_evidence_names_the_members_and_where_they_are():
    evidence = judge(TASK, NORTH, Category(category="chair")).answer.evidence
    assert evidence.ids == (0, 1, 2)
    assert evidence.centers_m[1] == pytest.approx((0, 5, 0.4), abs=1e-4)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("3", 1.0),
        ("three chairs", 1.0),
        ("There are 3.", 1.0),
        ("2", 0.3),
        ("four", 0.3),
        ("5", 0.1),
        ("1", 0.1),
        ("6", 0.0),
        ("several", 0.0),
        ("", 0.0),
    ],
)
def test_the_count_ladder(reply, score):
    answer = judge(TASK, NORTH, Category(category="chair")).answer
    assert TASK.score(reply, answer) == score


def test_counts_are_reported_as_benchmarks_do():
    answer = judge(TASK, NORTH, Category(category="chair")).answer
    assert answer.value == 3
    assert [TASK.report(reply, answer) for reply in ("3", "4", "2", "")] == [1, 0.4, 0.4, 0]


def test_a_single_object_teaches_half():
    assert TASK.worth(judge(TASK, NORTH, Category(category="table")).answer) == 0.5
    assert TASK.worth(judge(TASK, NORTH, Category(category="chair")).answer) == 1.0


@pytest.mark.parametrize("profile", ["exact", "paper", "vsi-bench"])
def test_boxes_are_counted_alike_under_every_profile(profile):
    room = boxed(*(("stool", (x, 0, 0), SMALL) for x in range(5)))
    task = TASK.under(profile)
    verdict = asked(task, "How many stool(s) are in this room?", SceneView.of(room))
    assert verdict.answer.value == 5
    assert verdict.profile == profile


def test_moving_the_room_leaves_the_count():
    q = Category(category="chair")
    there = SceneView.of(moved(ROOM, 33, (5, -2, 1)), [0])
    assert judge(TASK, there, q).answer.value == judge(TASK, NORTH, q).answer.value


def test_a_questioner_is_told_what_can_be_seen_and_not_how_often():
    assert TASK.brief(NORTH) == "Objects to be seen: chair, lamp, table."
