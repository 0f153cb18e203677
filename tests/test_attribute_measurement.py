from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, boxed, camera, moved, outcome, scaled, scanned, with_points
from noise import surface_noise
from spatialevo_core.engine import judge
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.views import PairView
from spatialevo_tasks.attribute_measurement import TASK, Comparison

SMALL = (0.4, 0.4, 0.8)
ROOM = with_points(
    scanned(
        ("cabinet", (0, 6, 1.2), (5, 0.4, 2.4)),
        ("table", (-1, 4, 0.4), (1.5, 0.6, 0.8)),
        ("sofa", (1, 4, 0.4), (0.5, 1.2, 0.5)),
        ("bench", (0, 4.5, 0.3), (1.16, 0.4, 0.5)),
        ("desk", (1.7, 3.2, 0.4), (1.0, 0.4, 0.8)),
        ("cup", (0, 3.4, 0.4), SMALL),
        ("chair", (-2, 5, 0.4), SMALL),
        ("chair", (2.2, 5, 0.4), SMALL),
        ("bed", (0, -3, 0.4), SMALL),
        frames=(
            camera(0, (0, 0, 2.2), pitch_deg=-15),
            camera(1, (0.4, 0, 2.2), pitch_deg=-15),
            camera(2, (0, 0, 2.2), -90, pitch_deg=-15),
        ),
    ),
    "cup",
    20,
)
PAIR = PairView.of(ROOM, [0, 1])
APART = PairView.of(ROOM, [0, 2])

ASKED = {
    "Which is longer in its longest dimension, the table or the sofa?": "table",
    "Which is longer in its longest dimension, the sofa or the table?": "table",
    "Which is shorter in its longest dimension, the table or the sofa?": "sofa",
    "Which has the smaller longest dimension, the table or the sofa?": "sofa",
    "Which is larger in its longest dimension, the table or the sofa?": "table",
    "Is the table or the sofa less long in its longest dimension?": "sofa",
    "Comparing longest sides, which is longer, the desk or the table?": "table",
    "Which is longer in its longest dimension, the table or the piano?": "object.missing",
    "Which is longer in its longest dimension, the table or the table?": "object.repeated",
    "Which is longer in its longest dimension, the table or the chair?": "object.ambiguous",
    "Which is longer in its longest dimension, the table or the bed?": "object.unseen",
    "Which is longer in its longest dimension, the table or the cup?": "object.sparse",
    "Which is longer in its longest dimension, the bench or the sofa?": "answer.near_boundary",
    "Which is taller, the table or the sofa?": "question.other_task",
    "Which is not longer in its longest dimension, the table or the sofa?": "question.unparseable",
    "Which is longer in its longest dimension, the table, the desk or the sofa?": (
        "question.unparseable"
    ),
}


@pytest.mark.parametrize(("question", "expected"), ASKED.items())
def test_asked(question, expected):
    assert outcome(asked(TASK, question, PAIR)) == expected


def test_images_that_share_nothing_relate_nothing():
    question = "Which is longer in its longest dimension, the table or the bed?"
    assert outcome(asked(TASK, question, APART)) == "view.no_overlap"


def pair(room: Scene) -> PairView:
    """Two images taken side by side of what stands about the origin."""
    frames = (camera(0, (0, -9, 1)), camera(1, (0.3, -9, 1)))
    return PairView.of(room if room.frames else replace(room, frames=frames), [0, 1])


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= {*ASKED.values(), "view.no_overlap"}


@pytest.mark.parametrize("sense", ["longer", "shorter"])
def test_each_sense_has_eight_wordings(sense):
    assert len(set(TASK.wordings(Comparison(first="table", second="sofa", sense=sense)))) >= 8


@pytest.mark.parametrize(("second_m", "legal"), [(0.44, False), (0.46, True)])
def test_small_things_must_differ_by_five_centimetres(second_m, legal):
    room = boxed(("box", (0, 0, 0), (0.4, 0.1, 0.1)), ("cup", (2, 0, 0), (second_m, 0.1, 0.1)))
    assert judge(TASK, pair(room), Comparison(first="box", second="cup")).legal == legal


@pytest.mark.parametrize(("second_m", "legal"), [(2.2, False), (2.25, True)])
def test_large_things_must_differ_by_ten_percent(second_m, legal):
    room = boxed(("sofa", (0, 0, 0), (2, 1, 1)), ("bed", (4, 0, 0), (second_m, 1, 1)))
    assert judge(TASK, pair(room), Comparison(first="sofa", second="bed")).legal == legal


def test_profiles_compare_their_boxes():
    # A square of 1.3 m turned by 45 degrees is 1.84 m wide along the axes; the table is 1.5 m long.
    table = boxed(("table", (0, 0, 0), (1.5, 0.5, 0.5)), turn_deg=90).instances[0]
    square = boxed(("cup", (9, 9, 9), SMALL), ("sofa", (3, 0, 0), (1.3, 1.3, 0.5)), turn_deg=45)
    room = Scene("test/both", (table, square.instances[1]))
    q = Comparison(first="table", second="sofa")
    for profile, longer in {"exact": "table", "paper": "sofa", "vsi-bench": "table"}.items():
        assert outcome(judge(TASK.under(profile), pair(room), q)) == longer


SIDES = st.tuples(*[st.floats(0.2, 2)] * 3)


@settings(max_examples=25, deadline=None)
@given(SIDES, SIDES, st.floats(-180, 180), st.floats(1, 2), st.integers(0, 10_000))
def test_orders_and_senses_turn_the_question_and_noise_does_not(a, b, turn, factor, seed):
    room = pair(scanned(("table", (-2, 0, 0), a), ("sofa", (2, 0, 0), b))).scene
    q = Comparison(first="table", second="sofa")
    verdict = judge(TASK, pair(room), q)
    longer = "table" if max(a) > max(b) else "sofa"
    if verdict.legal:
        swapped = Comparison(first="sofa", second="table")
        shorter = q.model_copy(update={"sense": "shorter"})
        assert verdict.answer.value == longer
        assert outcome(judge(TASK, pair(room), swapped)) == longer
        assert {longer, outcome(judge(TASK, pair(room), shorter))} == {"table", "sofa"}
        for changed in (
            moved(room, turn, (1, 2, 3)),
            scaled(room, factor),
            surface_noise(room, seed),
        ):
            assert judge(TASK, pair(changed), q).answer.value == longer
