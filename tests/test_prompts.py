import subprocess
import sys

import pytest

from spatialevo_core.plugins import load
from spatialevo_trainer.prompts import (
    ASKED_TWICE,
    FULL,
    SHORT,
    read_answer,
    read_question,
    write_answer,
    write_question,
)

QUESTIONS = {
    "<observation>a red box</observation><question>Where?</question>": 1.0,
    " <observation>a red box</observation>\n<question>Where?</question>\n": 1.0,
    "<question>Where?</question>": 0.5,
    "<observation> </observation><question>Where?</question>": 0.5,
    "<question>Where?</question><observation>a red box</observation>": 0.0,
    "<observation>a red box</observation>": 0.0,
    "<observation>a red box</observation><question> </question>": 0.0,
    "<observation>a</observation><observation>b</observation><question>Where?</question>": 0.0,
    "<observation>a</observation><question>Where?</question><answer>here</answer>": 0.0,
    "<think>hm</think><observation>a</observation><question>Where?</question>": 0.0,
    "<observation>a</observation><question>Where?": 0.0,
    "<observation>a<question>Where?</question>": 0.0,
    "<observation>a</observation><question>Where?<question>": -1.0,
    "<question>Where?<observation>a</observation>": 0.0,
    "<observation>a</observation><question>Left or right? Answer left or right.</question>": 1.0,
    "Where is the box?": 0.0,
    "": 0.0,
    "<question>Where?</question><question>When?</question>": -1.0,
    "<question>Where?</question><question>When?": -1.0,
    "<observation>a</observation><question>Where is a? Where is b?</question>": -1.0,
    "<observation>a<question>Where?</question></observation>": -1.0,
    "<question><question>Where?</question></question>": -1.0,
}
ANSWERS = {
    "<answer>left</answer>": ("left", 1.0),
    "The box is on the left. <answer> left </answer>\n": ("left", 1.0),
    "<answer>left</answer> or right": ("left", 0.0),
    "<think>left</think><answer>left</answer>": ("left", 0.0),
    "<answer>left</answer><answer>right</answer>": ("", 0.0),
    "<answer><answer>left</answer></answer>": ("", 0.0),
    "<answer></answer>": ("", 0.0),
    "<answer>left": ("", 0.0),
    "<answer>left <answer>right</answer>": ("", 0.0),
    "<think>hm <answer>left</answer>": ("left", 0.0),
    "left": ("", 0.0),
}


@pytest.mark.parametrize(("reply", "score"), QUESTIONS.items())
def test_a_questioner_is_scored_for_exactly_the_asked_tags(reply: str, score: float):
    assert read_question(reply).format == score


@pytest.mark.parametrize(("reply", "read"), ANSWERS.items())
def test_a_solver_is_scored_for_one_answer_at_the_end(reply: str, read: tuple[str, float]):
    answered = read_answer(reply)
    assert (answered.answer, answered.format) == read


def test_no_registered_wording_counts_as_several_questions():
    wordings = [phrasing.template for task in load().tasks.values() for phrasing in task.phrasings]
    assert len(wordings) > 16
    told = [each for each in wordings if read_question(write_question("a", each)).format != 1.0]
    assert told == []


def test_several_questions_or_nested_tags_score_minus_one():
    assert ASKED_TWICE == -1.0


def test_what_is_written_is_read_back():
    asked = read_question(write_question("a red box", "Where is the box?"))
    assert (asked.observation, asked.question) == ("a red box", "Where is the box?")
    assert read_answer(write_answer("2.5 m")).answer == "2.5 m"


@pytest.mark.parametrize("style", [SHORT, FULL])
def test_a_prompt_shows_every_image_before_the_text(style):
    (message,) = style.answer("Where is the {box}?", "left or right", 3)
    kinds = [part["type"] for part in message["content"]]
    assert kinds == ["image", "image", "image", "text"]
    assert "Where is the {box}?" in message["content"][-1]["text"]
    assert "left or right" in message["content"][-1]["text"]


def test_an_illegal_question_is_announced_as_such_without_its_hint():
    (message,) = SHORT.explain("Where is the unicorn?", 1)
    assert message["content"][-1]["text"] == "Where is the unicorn? Illegal. Why?"


def test_a_questioner_without_a_brief_gets_no_trailing_space():
    (message,) = SHORT.ask("Left or right.", "", 1)
    assert message["content"][-1]["text"] == "Ask: Left or right."


def test_reading_replies_needs_no_torch():
    code = "import spatialevo_trainer.prompts, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "False"
