import json
import re
from dataclasses import replace
from io import StringIO
from random import Random

import pytest
from click.testing import CliRunner
from rich.console import Console

from spatialevo_core.engine import unparseable
from spatialevo_core.errors import ConfigError
from spatialevo_core.plugins import Problem, load
from spatialevo_core.question import Verdict
from spatialevo_core.records import QuestionRecord, read_records
from spatialevo_trainer.demo import _show_plugins, demo, live
from spatialevo_trainer.demo_plan import shipped_plan
from spatialevo_trainer.demo_report import summary_rows, write_report
from spatialevo_trainer.demo_run import RECORDS, RESULT, RUN, JudgedQuestion, run_demo
from spatialevo_trainer.held_out import held_out_places
from spatialevo_trainer.narrowing import narrowed
from spatialevo_trainer.prompts import SHORT


@pytest.fixture(scope="module")
def registry():
    return load()


@pytest.fixture(scope="module")
def narrow(registry):
    return shipped_plan().narrowed(registry)


def small_plan():
    """The shipped plan on two held-out worlds, judging in a tiny one."""
    plan = shipped_plan()
    worlds = plan.held_out[0].worlds.model_copy(update={"count": 2})
    judged = plan.judged[0].model_copy(
        update={"world": "tiny-0", "questions": ("How many elephants are in this room?", "Why?")}
    )
    return plan.model_copy(
        update={
            "judged": (judged,),
            "held_out": tuple(each.model_copy(update={"worlds": worlds}) for each in plan.held_out),
            "train": {**plan.train, "scenes": 2, "save_every": 1, "examine_every": 1},
        }
    )


def test_two_steps_leave_a_report_with_figures_pictures_and_records(tmp_path, registry):
    told = StringIO()
    show = live(Console(file=told, width=200))
    report = run_demo(tmp_path, registry, steps=2, plan=small_plan(), show=show)
    markdown, page = write_report(report, registry, tmp_path)
    assert [mark.step for mark in report.curve] == [0, 1, 2]
    assert json.loads((tmp_path / RESULT).read_text())["steps"] == 2
    assert len((tmp_path / RUN / "metrics.jsonl").read_text().splitlines()) == 2
    judged = list(read_records(tmp_path / RECORDS, QuestionRecord))
    assert [each.text for each in judged][-2:] == ["How many elephants are in this room?", "Why?"]
    assert any(each.answer for each in judged)
    text = markdown.read_text()
    for _, before, after in summary_rows(report):
        assert before in text
        assert after in text
    for name in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (tmp_path / name).is_file()
    for line in ("illegal Why?", "question.unparseable", "legal", "2/2", "held out, after 2 steps"):
        assert line in told.getvalue()
    for words in ("planted", "never trained on", "no evidence", "question.unparseable"):
        assert words in text
    assert page.read_text().count("data:image/png;base64,") == text.count("![") == 4


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path):
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / "metrics.jsonl").write_text("{}\n")
    found = CliRunner().invoke(demo, ["--out", str(tmp_path)])
    assert found.exit_code == 1
    assert "already holds a run" in found.output
    assert (tmp_path / RUN / "metrics.jsonl").read_text() == "{}\n"


def test_square_brackets_are_shown_as_they_are(registry):
    told = StringIO()
    console = Console(file=told, width=200)
    problem = Problem("odd", "import", "expected [/] or [bold]")
    _show_plugins(console, replace(registry, problems=(problem,)))
    show = live(console)
    show.line("a [red] line [/]")
    text = "How many [bold] chairs [/]?"
    verdict = Verdict(task=None, text=text, reasons=(unparseable("it fits no wording"),))
    show.judged(JudgedQuestion(world="tiny-0", text=text, verdict=verdict))
    for text in (problem.message, "a [red] line [/]", "illegal How many [bold] chairs [/]?"):
        assert text in told.getvalue()


WORDINGS = {
    "side": "Is the {target} left or right of the {reference}?",
    "depth": (
        "Which is at smaller depth along the viewing direction, the {first} or the {second}?"
    ),
    "elevation": (
        "Compared with Image {reference}, was the camera of Image {target} higher or lower?"
    ),
}


def test_the_base_is_asked_in_the_words_that_it_was_taught(narrow):
    plan = small_plan()
    places = held_out_places(narrow, plan.config("unused", seed=0, steps=1))
    assert list(places) == [each.name for each in plan.held_out]
    kinds = {each.task: each for each in plan.questions}
    seen = set()
    for place in (place for group in places.values() for place in group):
        query, _ = next(place.task.propose(place.view, Random(0)))
        kind = kinds[place.task.name]
        seen.add(kind.name)
        said = WORDINGS[kind.name].format(**query.model_dump())
        assert place.task.wordings(query) == (said,)
        told = SHORT.ask(place.task.summary, place.brief, 1)[0]["content"][-1]["text"]
        names = ", ".join(sorted(place.view.scene.labels))
        brief = "" if kind.name == "elevation" else f" Objects to be seen: {names}."
        assert told == f"Ask: {kind.summary}{brief}"
    assert seen == set(WORDINGS)


def test_narrowing_changes_what_is_asked_and_never_what_is_true(registry, narrow):
    name = shipped_plan().questions[0].task
    scene = registry.dataset("synthetic").load(None, "tiny-1")
    for text in (
        "Is the table left or right of the sofa?",
        "In this image, which side of the lamp is the plant on, left or right?",
        "If front is where the camera looks, in which direction from the chair is the lamp?",
    ):
        wide = registry.ask_about(text, scene, [0], name).verdict
        assert narrow.ask_about(text, scene, [0], name).verdict == wide


def test_values_that_no_wording_fixes_are_refused(registry):
    with pytest.raises(ConfigError, match="no wording of task"):
        narrowed(
            registry, shipped_plan().questions[0].task, summary="", fixed={"offer": "up or down"}
        )


def test_training_and_held_out_worlds_differ():
    plan = shipped_plan()
    for each in plan.held_out:
        assert not set(plan.training.worlds.ids) & set(each.worlds.ids)
