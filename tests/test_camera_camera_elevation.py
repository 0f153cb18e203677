import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import asked, camera, moved, outcome, surface
from spatialevo_core.engine import judge, solve
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import PairView
from spatialevo_tasks.camera_camera_elevation import TASK, Elevation


def room(*frames):
    """A cupboard seen by cameras south of it."""
    points = surface((0, 5, 1), (2, 0.5, 2))
    return Scene(key="test/pair", instances=(Instance(0, "cupboard", points),), frames=frames)


ROOM = room(
    camera(0, (0, 0, 1.5)),
    camera(1, (0.5, 0, 1.9), pitch_deg=-10),
    camera(2, (0.5, 0.4, 1.6)),
    camera(3, (0, 0, 0.5), heading_deg=-90),
)
HIGHER = PairView.of(ROOM, [0, 1])
"""The camera of Image 2 is 0.4 m above that of Image 1."""

# (frames shown, question) -> answer or code
ASKED = {
    ((0, 1), "Compared with Image 1, was the camera of Image 2 higher or lower?"): "higher",
    ((1, 0), "Compared with Image 1, was the camera of Image 2 higher or lower?"): "lower",
    ((0, 1), "Compared with Image 2, was the camera of Image 1 higher or lower?"): "lower",
    ((0, 1), "Compared to Image 2, was the camera in Image 1 lower or higher?"): "lower",
    ((0, 1), "Compared with Image 1, was the camera of Image 3 higher or lower?"): "frame.missing",
    ((0, 1), "Compared with Image 2, was the camera of Image 2 higher or lower?"): "frame.missing",
    ((0, 3), "Compared with Image 1, was the camera of Image 2 higher?"): "question.unparseable",
    ((0, 3), "Compared with Image 1, was the camera of Image 2 higher or higher?"): (
        "question.unparseable"
    ),
    ((0, 3), "Was the camera of Image 2 lower or lower than the camera of Image 1?"): (
        "question.unparseable"
    ),
    ((0, 3), "Was the camera of Image 2 higher or lower than the camera of Image 1?"): (
        "view.no_overlap"
    ),
    ((0, 2), "Was the camera of Image 2 higher or lower than the camera of Image 1?"): (
        "answer.empty"
    ),
}


@pytest.mark.parametrize(("frames", "question", "expected"), [(*k, v) for k, v in ASKED.items()])
def test_asked(frames, question, expected):
    assert outcome(asked(TASK, question, PairView.of(ROOM, frames))) == expected


def test_every_rule_is_exercised():
    assert {rule.code for rule in TASK.rules} <= set(ASKED.values())


REVERSED = {
    "Compared with Image 2, was the camera of Image 1 higher or lower?": "lower",
    "Was the camera of Image 1 higher or lower than the camera of Image 2?": "lower",
    "Was Image 1 taken from a higher or a lower position than Image 2?": "lower",
    "Was the camera higher or lower in Image 1 than in Image 2?": "lower",
    "Was the camera higher or lower in the second image than in the first image?": "higher",
    "Was the camera of Image 2 positioned lower or higher compared to that of Image 1?": "higher",
    "Compared with Image 2, was Image 1 taken from a higher or lower position?": "lower",
    "Was Image 1 taken from higher up or lower down than Image 2?": "lower",
}


@pytest.mark.parametrize(("question", "expected"), REVERSED.items())
def test_what_is_compared_with_is_the_reference_wherever_it_stands(question, expected):
    assert asked(TASK, question, HIGHER).answer.value == expected


@pytest.mark.parametrize("reference", [1, 2])
def test_every_wording_asks_about_the_target(reference):
    q = Elevation(reference=reference, target=3 - reference)
    answers = {asked(TASK, text, HIGHER).answer.value for text in TASK.wordings(q)}
    assert answers == {"higher" if reference == 1 else "lower"}


def test_the_evidence_redraws_the_rise():
    evidence = judge(TASK, HIGHER, Elevation(reference=1, target=2)).answer.evidence
    assert evidence.reference_m == (0, 0, 1.5)
    assert evidence.target_m == (0.5, 0, 1.9)
    assert evidence.rise_m == pytest.approx(0.4)


@settings(max_examples=20)
@given(rise=st.floats(-1.2, 1.2).filter(lambda rise: abs(abs(rise) - 0.15) > 1e-9))
def test_fifteen_centimetres_decide_and_less_is_empty(rise):
    view = PairView.of(room(camera(0, (0, 0, 1.5)), camera(1, (0.3, 0, 1.5 + rise))), [0, 1])
    found = outcome(judge(TASK, view, Elevation(reference=1, target=2)))
    level = abs(rise) < 0.15
    assert found == ("answer.empty" if level else "higher" if rise > 0 else "lower")


@settings(max_examples=20)
@given(
    turn=st.floats(-180, 180),
    shift=st.tuples(*[st.floats(-5, 5)] * 3),
    rise=st.floats(0.2, 2),
)
def test_moving_the_room_keeps_and_exchanging_the_images_inverts_the_answer(turn, shift, rise):
    here = room(camera(0, (0, 0, 1.5)), camera(1, (0.3, 0, 1.5 + rise)))
    there = moved(here, turn, shift)
    q, other = Elevation(reference=1, target=2), Elevation(reference=2, target=1)
    for scene in (here, there):
        assert solve(TASK, PairView.of(scene, [0, 1]), q).value == "higher"
        assert solve(TASK, PairView.of(scene, [1, 0]), q).value == "lower"
        assert solve(TASK, PairView.of(scene, [0, 1]), other).value == "lower"


@pytest.mark.parametrize(
    ("reply", "score"),
    [("higher", 1), ("Higher.", 1), ("above", 1), ("lower", 0), ("higher or lower", 0), ("", 0)],
)
def test_the_label_is_scored_exactly(reply, score):
    answer = judge(TASK, HIGHER, Elevation(reference=1, target=2)).answer
    assert TASK.score(reply, answer) == score


def test_it_has_eight_wordings():
    assert len(set(TASK.wordings(Elevation(reference=2, target=1)))) >= 8
