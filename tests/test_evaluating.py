"""Replies to generated questions: how they are scored, and what is told where files do not fit."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from shelf_plugin import Catalogue, plugged
from shelf_school import LOAD, school, settings
from shelves import TASK
from spatialevo_core.cli import main
from spatialevo_core.errors import ConfigError, RecordError
from spatialevo_core.question import Answer, Evidence
from spatialevo_core.records import QuestionRecord, read_records, write_records
from spatialevo_trainer.evaluation import ScoreRecord, evaluate
from spatialevo_trainer.prompts import write_answer
from spatialevo_trainer.question_worlds import Worlds, trained_on
from spatialevo_trainer.replies import ReplyRecord, read_questions, read_replies

PAGE = Path(__file__).parent.parent / "docs" / "evaluating.md"


def questions(registry=None):
    """Two of every school task in each of three shelves."""
    registry = registry or school()
    dataset = registry.dataset("school")
    rows = []
    for world in list(dataset.ids(None))[:3]:
        for task in registry.tasks.values():
            view = task.world.of(dataset.load(None, world))
            for number, (query, verdict) in enumerate(task.propose(view, Random(world))):
                if number < 2:
                    row = QuestionRecord.of(
                        verdict,
                        id=f"{world}/{task.name}/{number}",
                        dataset="school",
                        world=world,
                        text=task.wordings(query)[0],
                        hint=task.answer_hint(query),
                    )
                    rows.append(row)
    return tuple(rows)


def replies(said):
    return {id_: ReplyRecord(id=id_, reply=text) for id_, text in said.items()}


def truth(row, factor=1.0):
    value = row.answer.value
    return write_answer(value if isinstance(value, str) else f"{value * factor} {row.answer.unit}")


def test_the_truth_scores_1_and_silence_0():
    rows = questions()
    report, scores = evaluate(rows, replies({row.id: truth(row) for row in rows}), school())
    assert [(each.task, each.score.n, each.score.mean) for each in report.tasks] == [
        ("heavier", 6, 1.0),
        ("load", 3, 1.0),
    ]
    assert report.overall.score.mean == report.mean_of_tasks == 1
    assert report.overall.score.low == pytest.approx(9 / (9 + 1.959964**2)), "Wilson, 9 of 9"
    assert [each.id for each in scores] == [row.id for row in rows]
    report, _ = evaluate(rows, replies({row.id: "" for row in rows}), school())
    assert report.overall.score.mean == 0
    assert report.overall.unread == 1


def test_all_questions_count_alike_and_all_tasks_count_alike():
    rows = questions()
    said = {row.id: truth(row) if row.task == "load" else "hm" for row in rows}
    report, _ = evaluate(rows, replies(said), school())
    assert report.overall.score.mean == pytest.approx(3 / 9)
    assert report.mean_of_tasks == 0.5
    assert [each.metric for each in (*report.tasks, report.overall)] == ["score", "MRA", "mixed"]


def test_a_noise_band_pays_for_nothing():
    rows = [row for row in questions() if row.task == "load"]
    banded = [
        row.model_copy(update={"answer": row.answer.model_copy(update={"band": 1.0})})
        for row in rows
    ]
    said = replies({row.id: truth(row, 1.12) for row in rows})
    answer = Answer(value=6.0, unit="kg", band=1.0, evidence=Evidence())
    assert LOAD.score("6.72 kg", answer) == 1, "as a reward it does"
    report, _ = evaluate(banded, said, school())
    assert report.tasks[0].score.mean == pytest.approx(0.8), "12 % off meets 15 %, ... 50 %"


def test_a_task_may_be_reported_otherwise_than_it_is_rewarded():
    def generous(reply, answer):
        return 1.0 if reply == answer.value else 0.1

    rows = questions()
    said = replies({row.id: write_answer("anvil") for row in rows})
    task = replace(TASK, score=generous)
    report, _ = evaluate(rows, said, school(task, LOAD))
    assert report.tasks[0].score.mean == pytest.approx(0.1)
    report, _ = evaluate(rows, said, school(replace(task, report=TASK.score), LOAD))
    assert report.tasks[0].score.mean == 0


def test_what_was_not_answered_in_the_form_asked_for_is_unread():
    rows = [row for row in questions() if row.task == "load"]
    texts = ("6 kg", write_answer("a lot"), write_answer("6 kg"))
    said = replies(dict(zip([row.id for row in rows], texts, strict=True)))
    report, scores = evaluate(rows, said, school())
    assert [each.unread for each in scores] == [True, True, False]
    assert [each.score for each in scores] == [0, 0, 1]
    assert report.remarks == ()
    _, scores = evaluate(rows, replies({rows[0].id: "6 kg"}), school(), bare=True)
    assert [each.score for each in scores] == [1, 0, 0]


def test_replies_that_are_all_bare_are_remarked_on():
    rows = questions()
    report, _ = evaluate(rows, replies({row.id: "vase" for row in rows}), school())
    assert report.remarks == (
        "no reply has an <answer> tag; use --bare if replies are nothing but answers",
    )


def test_always_the_same_answer_is_what_words_are_measured_against():
    rows = questions()
    report, _ = evaluate(rows, replies({rows[0].id: truth(rows[0])}), school())
    words, numbers = report.tasks
    values = [row.answer.value for row in rows if row.task == "heavier"]
    assert words.commonest == min(values, key=lambda each: (-values.count(each), each))
    assert words.chance == values.count(words.commonest) / len(values)
    assert numbers.chance is None


def test_missing_extra_and_refused_are_told():
    rows = questions()
    refused = rows[0].model_copy(update={"id": "refused", "answer": None})
    said = replies({row.id: truth(row) for row in rows[1:]} | {"zz": "", "aa": ""})
    report, scores = evaluate([*rows, refused], said, school())
    assert report.missing == (rows[0].id,)
    assert report.extra == ("aa", "zz")
    assert report.remarks == ("questions without an answer, left out: 1",)
    assert (scores[0].score, scores[0].unread) == (0, True)
    assert len(scores) == len(rows)
    with pytest.raises(ConfigError, match="none of the 1 replies has the id of a question"):
        evaluate(rows, replies({"zz": ""}), school())


def test_a_fault_is_no_0():
    def broken(reply, answer):
        raise KeyError(reply)

    rows = questions()
    said = replies({row.id: truth(row) for row in rows})
    said[rows[0].id] = ReplyRecord(id=rows[0].id, reply=None, fault="no such view")
    report, scores = evaluate(rows, said, school(TASK, replace(LOAD, score=broken)))
    assert {each.score for each in scores} == {1.0}
    assert len(scores) == 5
    assert report.faults[0].message == "no such view"
    assert report.faults[1].message.startswith("task 'load' raised in score: KeyError")
    assert [each.task for each in report.tasks] == ["heavier"]
    report, _ = evaluate(rows, said, school(TASK))
    assert "there is no task 'load'" in report.faults[1].message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"id": "a", "reply": "x"}\n{"id": "a", "reply": "y"}\n', r":2: 'a' is also .* line 1"),
        ('{"id": "a"}\n', r":1: expected the texts 'id' and 'reply'"),
        ('{"id": 3, "reply": "x"}\n', r":1: expected the texts 'id' and 'reply'"),
        ('["a", "x"]\n', r":1: expected the texts 'id' and 'reply'"),
        ('{"id": "a", "reply": "x"}\n\n{oops\n', r":3: not JSON"),
    ],
)
def test_replies_that_cannot_be_read_are_refused_by_line(tmp_path, text, complaint):
    (path := tmp_path / "r.jsonl").write_text(text)
    with pytest.raises(RecordError, match=complaint):
        read_replies(path)


def test_what_others_write_beside_a_reply_is_ignored(tmp_path):
    (path := tmp_path / "r.jsonl").write_text('{"model": "m", "id": "a", "reply": "x"}\n')
    assert read_replies(path) == {"a": ReplyRecord(id="a", reply="x")}
    path.write_bytes(b"\xff")
    with pytest.raises(RecordError, match="is no text"):
        read_replies(path)
    with pytest.raises(RecordError, match="gone is missing; expected rows of JSON"):
        read_replies(tmp_path / "gone")


def test_questions_are_there_once(tmp_path):
    row = questions()[0]
    write_records(tmp_path / "q.jsonl", [row, row])
    with pytest.raises(RecordError, match=rf"q.jsonl:2: '{row.id}' is also in line 1"):
        read_questions(tmp_path / "q.jsonl")
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(RecordError, match="has no questions"):
        read_questions(tmp_path / "none.jsonl")


def test_worlds_that_a_run_was_trained_on_are_named(tmp_path):
    rows, registry = questions(), school()
    (tmp_path / "config.toml").write_text(
        settings(data=[{"dataset": "school", "ids": ["shelf-1", "shelf-7"]}]).toml()
    )
    assert trained_on(tmp_path, rows, registry) == ("school/shelf-1",)
    (tmp_path / "config.toml").write_text(settings(data=[{"dataset": "school"}]).toml())
    assert len(trained_on(tmp_path, rows, registry)) == 3


def test_worlds_are_loaded_where_the_dataset_is():
    row = questions()[0].model_copy(update={"dataset": "shelf_catalogue"})
    registry = replace(school(), datasets={"shelf_catalogue": Catalogue()})
    with pytest.raises(ConfigError, match="'shelf_catalogue' reads a folder; say which with"):
        Worlds(registry, None).view(row)


# On the command line


@pytest.fixture
def generated(run, catalogue, tmp_path):
    """Questions about two shelves in files, and replies to them, half of which are right."""
    (catalogue / "c.txt").write_text("cup 0.2\npan 9\n")
    out = tmp_path / "out" / "q.jsonl"
    made = run("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert made.exit_code == 0, made.output
    rows = read_questions(out)
    with (said := tmp_path / "replies.jsonl").open("w") as file:
        for number, row in enumerate(rows):
            text = truth(row) if number % 2 else "hm"
            file.write(json.dumps({"id": row.id, "reply": text}) + "\n")
    return out, said, rows


def test_replies_of_anybody_are_scored(run, generated, tmp_path):
    file, said, rows = generated
    done = run("eval", file, "--replies", said, "--out", tmp_path / "scored")
    assert done.exit_code == 0, done.output
    share = f"{100 * (len(rows) // 2) / len(rows):.1f} %"
    assert f"heavier        {len(rows)}" in done.stdout
    assert done.stdout.count(share) >= 3
    scores = list(read_records(tmp_path / "scored" / "scores.jsonl", ScoreRecord))
    assert [each.score for each in scores] == [float(n % 2) for n in range(len(rows))]
    shown = json.loads(run("eval", file, "--replies", said, "--json").stdout)
    assert shown == json.loads((tmp_path / "scored" / "evaluation.json").read_text())
    again = run("eval", file, "--replies", said, "--out", tmp_path / "scored")
    assert again.stdout == done.stdout
    assert len(list(read_records(tmp_path / "scored" / "scores.jsonl", ScoreRecord))) == len(rows)


def test_a_truth_that_has_changed_is_found_and_left_out(run, generated, catalogue):
    file, said, rows = generated
    fresh = run("eval", file, "--replies", said, "--verify", "--json")
    assert json.loads(fresh.stdout)["changed"] == []
    (catalogue / "c.txt").write_text("cup 9\npan 0.2\n")
    (catalogue / "a.txt").write_text("cup 0.2\n")
    report = json.loads(run("eval", file, "--replies", said, "--verify", "--json").stdout)
    old = {row.id: row for row in rows if row.world in "ac"}
    assert {each["id"] for each in report["changed"]} == set(old)
    for each in report["changed"]:
        now = "refused: thing.missing" if old[each["id"]].world == "a" else None
        other = {"cup": "pan", "pan": "cup"}[each["then"]]
        assert each["now"] == (now or other)
    assert report["overall"]["score"]["n"] == len(rows) - len(old)
    told = run("eval", file, "--replies", said, "--verify").stderr
    assert f"questions that have another truth now, left out: {len(old)}" in told


def test_questions_of_another_version_ask_to_be_verified(run, generated):
    file, said, _ = generated
    file.write_text(file.read_text().replace('"version": "', '"version": "0.0.'))
    told = run("eval", file, "--replies", said).stderr
    assert "--verify judges them again" in told
    assert "judged by version" not in run("eval", file, "--replies", said, "--verify").stderr


def test_faults_set_the_exit_status(run, generated, monkeypatch):
    file, said, rows = generated

    def broken(reply, answer):
        raise KeyError(reply)

    points = plugged(monkeypatch, replace(TASK, score=broken), name="cracked")
    done = run("eval", file, "--replies", said, points=points)
    assert done.exit_code == 1
    assert f"faults, left out: {len(rows)} (" in done.stderr
    more = run("eval", file, "--replies", said, "--max-faults", len(rows), points=points)
    assert more.exit_code == 0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([], "give either --replies or a model"),
        (["--replies", "r", "--model", "m"], "give either --replies or a model"),
        (["--model", "m", "--merged"], "--merged needs an --adapter"),
    ],
)
def test_what_does_not_go_together_is_refused(run, given, complaint):
    done = run("eval", "q.jsonl", *given)
    assert done.exit_code == 2
    assert complaint in done.stderr


# On the page


def play(heading, folder):
    """Write the files of a section and run its commands; each with what it prints and should."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    for title, code in re.findall(r'```\w+(?: title="(.*?)")?\n(.*?)```', section, re.DOTALL):
        if title:
            (folder / title).write_text(code)
        for block in code.split("$ spatialevo ")[1:]:
            command, _, due = block.partition("\n")
            done = CliRunner().invoke(main, shlex.split(command), catch_exceptions=False)
            assert done.exit_code == 0, done.output
            yield done.stdout, due


def test_the_page_shows_what_scoring_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    *_, (printed, due) = play("Anybody's answers", tmp_path)
    assert printed == due
    assert "mean of tasks" in due


@pytest.mark.slow
def test_the_page_shows_what_comparing_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with as_file(files("spatialevo_trainer") / "data" / "tiny_base") as base:
        shutil.copytree(base, tmp_path / "base")
    *_, (printed, due) = play("Runs beside each other", tmp_path)
    figure = re.compile(r"[-+]?\d+\.\d+| +")  # they depend on the processor
    lines = {figure.sub("", line) for line in printed.splitlines()}
    shown = [line for line in due.splitlines() if line not in ("", "...")]
    assert len(shown) > 8
    assert {figure.sub("", line) for line in shown} <= lines


def test_comparing_and_scoring_need_no_torch():
    names = ("comparing_report", "comparing", "cli_compare", "answering", "cli_eval", "cli_merge")
    code = "import sys\n" + "\n".join(f"import spatialevo_trainer.{name}" for name in names)
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    assert shown.stdout.strip() == "False"
