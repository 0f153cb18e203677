import subprocess
import sys
from dataclasses import replace

import pytest

from shelves import TASK, VIEW, Heavier, Shelf, ShelfView
from spatialevo_core.engine import judge
from spatialevo_core.errors import TaskFault
from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Verdict
from spatialevo_core.worlds import Claim, Grounding
from spatialevo_trainer.explanations import explanation
from spatialevo_trainer.observations import observation
from spatialevo_trainer.prompts import (
    read_answer,
    read_question,
    write_answer,
    write_question,
)
from spatialevo_trainer.rewards import (
    Terms,
    accuracy,
    answer_score,
    novel,
    question_score,
    worth,
)

QUESTION = "Which is heavier, the book or the vase?"
GOOD = "On the shelf, a red book leans left against a tall vase"


def verdict(first: str = "book", second: str = "vase") -> Verdict:
    return judge(TASK, VIEW, Heavier(first=first, second=second))


def test_a_questioner_earns_its_format_and_the_product_of_validity_and_observation():
    task = replace(TASK, worth=lambda answer: 0.5)
    asked = read_question(write_question(GOOD, QUESTION))
    score = question_score(asked, verdict(), VIEW, task)
    assert score.observed == 1.0
    assert score.reward == pytest.approx(0.1 * 1 + 0.9 * 0.5 * 1.0)


def test_validity_gates_the_observation_and_the_observation_validity():
    illegal = question_score(
        read_question(write_question(GOOD, QUESTION)), verdict("lamp"), VIEW, TASK
    )
    assert illegal.reward == pytest.approx(0.1)
    blind = question_score(read_question(write_question("nice", QUESTION)), verdict(), VIEW, TASK)
    assert blind.reward == pytest.approx(0.1)


def test_a_question_without_observation_earns_half_its_format():
    asked = read_question(f"<question>{QUESTION}</question>")
    assert question_score(asked, verdict(), VIEW, TASK).reward == pytest.approx(0.05)


def test_several_questions_cost_one_whatever_else_they_earn():
    asked = read_question(write_question(GOOD, QUESTION) + f"<question>{QUESTION}</question>")
    assert question_score(asked, verdict(), VIEW, TASK).reward == -1.0


def test_a_solver_earns_its_format_and_its_accuracy():
    right, wrong = (read_answer(write_answer(word)) for word in ("the vase", "the book"))
    assert answer_score(right, verdict(), VIEW, TASK).reward == pytest.approx(1.0)
    assert answer_score(wrong, verdict(), VIEW, TASK).reward == pytest.approx(0.1)
    late = read_answer("<answer>vase</answer> I think")
    assert answer_score(late, verdict(), VIEW, TASK).reward == pytest.approx(0.9)
    untagged = read_answer("vase")
    assert answer_score(untagged, verdict(), VIEW, TASK).reward == 0.0


def test_a_solver_earns_its_explanation_of_an_illegal_question():
    told = read_answer(write_answer("the lamp is not there"))
    score = answer_score(told, verdict("lamp"), VIEW, TASK)
    assert (score.accuracy, score.explained) == (None, 1.0)
    assert score.reward == pytest.approx(1.0)


def test_each_part_can_be_switched_off():
    asked = read_question(write_question("nice", QUESTION))
    assert question_score(
        asked, verdict(), VIEW, TASK, Terms(observation=False)
    ).reward == pytest.approx(1.0)
    asked = read_question(write_question(GOOD, QUESTION))
    assert question_score(
        asked, verdict("lamp"), VIEW, TASK, Terms(validity=False)
    ).reward == pytest.approx(1.0)
    told = read_answer(write_answer("the lamp is not there"))
    assert answer_score(
        told, verdict("lamp"), VIEW, TASK, Terms(explanation=False)
    ).reward == pytest.approx(0.1)


def test_a_broken_task_is_a_fault_and_never_a_score():
    def broken(*_: object) -> float:
        raise KeyError("bed")

    with pytest.raises(TaskFault, match=r"raised in score: KeyError: 'bed'"):
        accuracy(replace(TASK, score=broken), "vase", verdict())
    with pytest.raises(TaskFault, match=r"raised in worth: KeyError: 'bed'"):
        worth(replace(TASK, worth=broken), verdict())


def test_what_is_no_number_from_0_to_1_is_a_fault_too():
    for wrong, told in ((1.5, "returned 1.5, expected a number from 0 to 1"), (None, "TypeError")):
        task = replace(
            TASK, score=lambda *_, value=wrong: value, worth=lambda _, value=wrong: value
        )
        with pytest.raises(TaskFault, match=f"raised in score: .*{told}"):
            accuracy(task, "vase", verdict())
        with pytest.raises(TaskFault, match=f"raised in worth: .*{told}"):
            worth(task, verdict())
    with pytest.raises(TaskFault, match="returned nan"):
        accuracy(replace(TASK, score=lambda *_: float("nan")), "vase", verdict())


class Blind(ShelfView):
    """A view whose names cannot be read."""

    def vocabulary(self) -> Vocabulary:
        raise OSError("torn")


def test_a_view_that_breaks_is_a_fault_and_never_a_score():
    blind = Blind(VIEW.shelf)
    asked = read_question(write_question(GOOD, QUESTION))
    with pytest.raises(TaskFault, match="raised in view: OSError: torn"):
        question_score(asked, verdict(), blind, TASK)
    with pytest.raises(TaskFault, match="raised in view: OSError: torn"):
        answer_score(read_answer(write_answer("no lamp")), verdict("lamp"), blind, TASK)


def test_a_repeated_question_shares_its_reward():
    assert novel([1.0, 0.5, None, -1.0, 0.6], ["a", "a", "b", "a", "c"]) == [
        pytest.approx(1 / 3),
        pytest.approx(0.5 / 3),
        None,
        -1.0,
        0.6,
    ]


OBSERVATIONS = {
    GOOD: (1.0, 1.0),
    "A tall radio stands behind a vase and beside a book": (1.0, 1.0),
    "": (0.0, 0.0),
    "Everything looks lovely and bright": (0.0, 0.0),
    "book": (0.0, 0.0),
    "book, vase, radio, flower pot": (0.0, 0.0),
    "There is a book and a vase and a radio and a flower pot": (0.0, 0.0),
    "heavier, the book or the vase": (0.0, 0.0),
    QUESTION: (0.0, 0.0),
    "A tall radio stands behind": (0.2, 0.4),
    "A tall clock stands behind a small lamp": (0.0, 0.0),
    "A tall clock stands left of a red book near a vase": (0.3, 0.4),
    "zxq book wvu vase qqq": (0.0, 0.0),
    "A red book leans left against a tall vase": (0.8, 0.9),
}


@pytest.mark.parametrize(("text", "bounds"), OBSERVATIONS.items())
def test_an_observation_is_graded_by_what_is_there(text: str, bounds: tuple[float, float]):
    low, high = bounds
    assert low <= observation(text, QUESTION, VIEW).score <= high


def test_naming_ever_more_things_costs():
    things = dict.fromkeys(
        ["book", "vase", "radio", "clock", "lamp", "box", "cup", "pen", "jar", "dice"], 1.0
    )
    view = ShelfView(Shelf("full", things))
    text = "; ".join(f"a {name} looking unlike {i} others" for i, name in enumerate(things))
    assert observation(text, QUESTION, view).score < 0.6


class Seer:
    """A view that checks claims."""

    def __init__(self, found: Grounding) -> None:
        self._found = found

    def ground(self, text: str) -> Grounding:
        return self._found


def test_what_a_view_grounds_counts_claims_too():
    true, untold = Claim(text="1", about=("book",), holds=True), Claim(text="2", about=("book",))
    false = Claim(text="3", about=("book",), holds=False)
    for claims, truth, substance in (
        ((true,), 1.0, 1.0),
        ((true, false), 0.0, 1.0),
        ((true, true.model_copy(update={"text": "4"}), false), 1 / 3, 1.0),
        ((untold,), 1.0, 0.1),
        ((true.model_copy(update={"common": 0.9}),), 1.0, 0.2),
        ((), 0.0, 0.0),
    ):
        view = Seer(Grounding(first="book", seen=("book",), claims=claims))
        graded = observation("a red book", "Is it?", view)
        assert graded.truth == pytest.approx(truth)
        assert graded.substance == pytest.approx(substance)


EXPLANATIONS = {
    "the lamp is not there": 1.0,
    "no such thing: lamp": 1.0,
    "it is not there": 0.3,
    "the lamp is not there, but a radio is": 0.6,
    "the lamp": 0.3,
    "the lamp is not there, or it is the same thing": 0.3,
    "not there, same thing, too close to call, cannot be understood, lamp": 0.0,
    "the lamp, the book, the vase, the radio": 0.0,
    "too close to call": 0.0,
    "because": 0.0,
    "": 0.0,
}


@pytest.mark.parametrize(("text", "grade"), EXPLANATIONS.items())
def test_an_explanation_is_graded_by_the_oracles_reason(text: str, grade: float):
    assert explanation(text, verdict("lamp"), VIEW, TASK).score == grade


def test_an_explanation_may_call_a_thing_by_its_other_name():
    twice = verdict("vase", "vase")
    assert explanation("the urn is the same thing", twice, VIEW, TASK).entities == ("vase",)
    assert explanation("the urn is the same thing", twice, VIEW, TASK).score == 1.0
    without_book = ShelfView(Shelf("bare", {"vase": 3.0}))
    missing = judge(TASK, without_book, Heavier(first="volume", second="vase"))
    assert explanation("the book is not there", missing, without_book, TASK).score == 1.0


def test_the_report_says_what_was_named():
    report = explanation("the lamp is the same thing as a radio", verdict("lamp"), VIEW, TASK)
    assert report.wrong_reasons == ("thing.repeated",)
    assert (report.entities, report.wrong_entities) == (("lamp",), ("radio",))


def test_rewards_need_no_torch():
    code = "import spatialevo_trainer.rewards, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "False"
