"""The command line, on shelves: a world that is no room, plugged in for these tests alone."""

import json
import subprocess
import sys
import types
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint

import click
import pytest

from shelf_plugin import broken_solve, plugged
from shelves import TASK
from spatialevo_core.cli import COMMANDS, Command, main
from spatialevo_core.hooks import GROUP
from spatialevo_core.task import Profile

ASK = ("ask", "--dataset", "shelves", "--scene", "shelf-0")


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = (
        "import sys\nfrom spatialevo_core.cli import main\n"
        "main(['--help'], standalone_mode=False)\nprint(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    loaded = {name.partition(".")[0] for name in shown.splitlines()[-1].split()}
    assert "spatialevo_core" in loaded
    assert not loaded & {"numpy", "torch", "inflect", "rich", "spatialevo_parsers"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name):
    command = main.get_command(click.Context(main), name)
    assert f"{command.get_short_help_str(200).rstrip('.')}." == COMMANDS[name].summary


def test_an_unknown_command_gets_a_suggestion(run):
    result = run("tsks", "list")
    assert result.exit_code == 2
    assert "there is no command 'tsks'; did you mean 'tasks'?" in result.stderr


def test_a_missing_extra_says_how_to_install_it(run, monkeypatch):
    needy = types.ModuleType("needy")
    needy.command = click.Command("needy", callback=lambda: import_module("no_such_library"))
    monkeypatch.setitem(sys.modules, "needy", needy)
    for module in ("needy", "no_such_library"):
        monkeypatch.setitem(COMMANDS, "fly", Command(f"{module}:command", "", "wings"))
        result = run("fly")
        assert result.exit_code == 1
        assert result.stderr == (
            "Error: 'fly' needs no_such_library; install it with: pip install 'spatialevo[wings]'\n"
        )


def test_tasks_are_listed(run):
    assert (
        run("tasks", "list").stdout == "heavier  ShelfView  The heavier of two things on a shelf.\n"
    )
    (card,) = json.loads(run("tasks", "list", "--json").stdout)
    assert card["name"] == "heavier"
    assert card["rules"] == [
        {"code": "thing.missing", "stage": "premise"},
        {"code": "thing.repeated", "stage": "premise"},
        {"code": "answer.near_boundary", "stage": "degenerate"},
    ]
    assert card["settings"] == {"margin_kg": 0.5}


def test_a_task_is_shown_under_a_profile(run):
    shown = run("tasks", "show", "heavier").stdout
    assert "Which is heavier, the {first} or the {second}?" in shown
    assert "thing.repeated" in shown
    shown = run("tasks", "show", "heavier", "--profile", "lenient").stdout
    assert "thing.repeated" not in shown
    assert "margin_kg  0.0" in shown


def test_unknown_names_are_one_line_with_a_suggestion(run):
    for args, line in {
        ("tasks", "show", "heavyer"): "there is no task 'heavyer'; did you mean 'heavier'?",
        ("datasets", "ids", "shelfs"): "there is no dataset 'shelfs'; did you mean 'shelves'?",
        (*ASK, "Q?", "--profile", "lenint"): (
            "there is no profile 'lenint'; did you mean 'lenient'?"
        ),
        (*ASK, "Q?", "--definition", "heavier=exct"): (
            "there is no definition of heavier 'exct'; did you mean 'exact'?"
        ),
    }.items():
        result = run(*args)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr == f"Error: {line}\n"


def test_tasks_are_checked_on_the_datasets_that_need_no_folder(run):
    result = run("tasks", "check")
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[:4] == ["heavier", "ok", "10", "questions"]


def test_a_task_that_breaks_a_promise_fails_the_check(run, monkeypatch):
    unfair = replace(TASK, score=lambda reply, answer: 0.5)
    result = run("tasks", "check", "heavier", points=plugged(monkeypatch, unfair))
    assert result.exit_code == 1
    assert "the truth scores 1 and silence 0: the truth" in result.stdout


def test_datasets_are_listed_with_their_tasks(run):
    first, second = json.loads(run("datasets", "list", "--json").stdout)
    assert (first["name"], first["needs_root"], first["tasks"]) == ("shelves", False, ["heavier"])
    assert (second["name"], second["needs_root"]) == ("shelf_catalogue", True)


def test_a_folder_is_checked_and_its_ids_listed(run, catalogue, tmp_path):
    assert run("datasets", "check", "shelf-catalogue", catalogue).exit_code == 0
    assert run("datasets", "ids", "shelf_catalogue", catalogue).stdout == "a\nb\n"
    assert run("datasets", "ids", "shelf_catalogue", catalogue, "--split", "b").stdout == "b\n"
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("datasets", "check", "shelf_catalogue", empty)
    assert result.exit_code == 1
    assert f"error: folder.fault: folder: {empty} has no shelf, expected *.txt; " in result.stdout


def test_a_folder_without_worlds_says_what_is_missing(run, catalogue, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    told = f"Error: {empty} has no shelf, expected *.txt\n"
    write = ("generate", "--dataset", "shelf_catalogue", "--out", tmp_path / "q.jsonl", "--root")
    for args in (("datasets", "ids", "shelf_catalogue", empty), (*write, empty)):
        result = run(*args)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", told)
    result = run("datasets", "ids", "shelf_catalogue", catalogue, "--split", "z")
    assert result.stderr == "Error: dataset 'shelf_catalogue' has no worlds in split 'z'\n"
    result = run(*write, catalogue, "--ids", "")
    assert result.exit_code == 2
    assert "'' is not a list of ids such as a,b" in result.stderr


def test_a_dataset_that_reads_a_folder_asks_for_it(run):
    result = run("datasets", "ids", "shelf_catalogue")
    assert result.exit_code == 2
    assert "dataset 'shelf_catalogue' reads a folder; say which" in result.stderr


def test_parsers_are_listed(run):
    (card,) = json.loads(run("parsers", "list", "--json").stdout)
    assert card["name"] == "grammar"


def test_a_question_is_answered(run):
    result = run(*ASK, "Which is heavier, a book or a vase?")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "vase\n", "")


def test_an_illegal_question_is_a_result_with_its_reason(run):
    result = run(*ASK, "Which is heavier, the vase or the clock?")
    assert result.exit_code == 0
    assert result.stdout == "refused: thing.missing: the shelf has no clock\n"


def test_why_shows_the_reading_and_the_evidence(run, monkeypatch):
    lab = replace(
        TASK,
        definitions={
            "reversed": lambda v, q, t: TASK.solve(v, q, t).model_copy(update={"value": q.first})
        },
    )
    shown = run(
        *ASK, "Which is heavier, the book or the vase?", "--why", points=plugged(monkeypatch, lab)
    ).stdout.splitlines()
    rows = dict(line.strip().split("  ", 1) for line in shown[1:])
    assert {key: value.strip() for key, value in rows.items()} == {
        "view": "shelf-0",
        "task": "heavier(first=book, second=vase, sense=heavier)",
        "read by": "grammar",
        "profile": "exact",
        "definition": "exact",
        "weights_kg": "[1.0, 3.0]",
        "by reversed": "book",
    }


def test_a_refusal_on_the_answer_shows_the_answer_it_refused(run):
    shown = run(*ASK, "Which is heavier, the vase or the flower pot?", "--why").stdout
    assert shown.startswith("refused: answer.near_boundary: ")
    assert "[3.0, 3.2]" in shown


def test_ask_prints_the_verdict_as_json(run):
    told = json.loads(
        run(*ASK, "Which is heavier, the book or the vase?", "--json", "--why").stdout
    )
    assert told["legal"] is True
    assert told["view"] == "shelf-0"
    assert told["answer"]["evidence"] == {"weights_kg": [1.0, 3.0]}
    assert told["definitions"] == {"exact": "vase"}


def test_a_task_that_raises_is_one_line_and_status_1(run, monkeypatch):
    points = plugged(monkeypatch, replace(TASK, solve=broken_solve))
    result = run(*ASK, "Which is heavier, the book or the vase?", points=points)
    assert result.exit_code == 1
    assert result.stderr == "Error: task 'heavier' raised in solve: KeyError: 'weight'\n"


def test_the_frames_are_numbers(run):
    result = run(*ASK, "Q?", "--frames", "3,x")
    assert result.exit_code == 2
    assert "'3,x' is not a list of numbers such as 3,7" in result.stderr


def test_published_answers_are_compared(run, catalogue):
    weight, colour = json.loads(run("agree", "shelf-catalogue", catalogue, "--json").stdout)
    assert (weight["questions"], weight["parsed"], weight["answered"]) == (3, 3, 2)
    assert weight["refused"] == {"thing.repeated": 1}
    assert weight["score"] == 0.5, "the second published answer is wrong"
    assert weight["legal_under_exact"] == 2
    assert (colour["questions"], colour["parsed"], colour["covered"]) == (1, 0, False)


def test_the_profile_named_like_the_benchmark_is_the_default(run, catalogue, monkeypatch):
    profile = Profile(name="shelf-catalogue", waived=frozenset({"thing.repeated"}))
    points = plugged(monkeypatch, replace(TASK, profiles=(profile,)))
    assert (
        "under shelf-catalogue" in run("agree", "shelf_catalogue", catalogue, points=points).stdout
    )


def test_disagreements_are_listed(run, catalogue):
    args = ("agree", "shelf_catalogue", catalogue, "--profile", "lenient", "--disagreements")
    shown = run(*args).stdout
    assert "answered under lenient" in shown
    assert "66.7 % exact (2)" in shown
    assert "weight 2: Which is heavier, a pan or a cup? published cup, ours pan" in shown
    assert "not covered by any registered task: colour (1)" in shown


def test_a_dataset_without_published_answers_says_so(run, tmp_path):
    result = run("agree", "shelves", tmp_path)
    assert result.exit_code == 1
    assert "brings no published answers; those that do: shelf_catalogue" in result.stderr


def test_a_broken_plugin_is_a_remark_where_it_does_not_matter(run, monkeypatch):
    points = [*plugged(monkeypatch, TASK), EntryPoint("ghost", "no_such_module", GROUP)]
    result = run("tasks", "list", points=points)
    assert result.exit_code == 0
    assert result.stdout.startswith("heavier")
    assert result.stderr == "1 problem with a plugin; see 'spatialevo plugins'\n"
    assert run("plugins", points=points).exit_code == 0
    shown = run("plugins", "--strict", "--traceback", points=points)
    assert shown.exit_code == 1
    assert "problem: ghost: import: ModuleNotFoundError: No module named" in shown.stdout
    assert "Traceback" in shown.stdout


def test_plugins_are_listed_with_what_they_bring(run):
    told = json.loads(run("plugins", "--json").stdout)
    (plugin,) = told["plugins"]
    assert plugin["tasks"] == ["heavier"]
    assert plugin["datasets"] == ["shelves", "shelf_catalogue"]
    assert told["problems"] == []


def weigh_commands(cli):
    @cli.command()
    def weigh():
        click.echo("1 kg")

    @cli.command("tasks")
    def other_tasks():
        click.echo("never")


def test_plugins_add_commands_but_take_none(run, monkeypatch):
    points = plugged(monkeypatch, TASK, spatialevo_commands=weigh_commands)
    assert run("weigh", points=points).stdout == "1 kg\n"
    assert run("tasks", "list", points=points).stdout.startswith("heavier")
    shown = run("plugins", points=points).stdout
    assert "command weigh" in shown
    assert "problem: shelves: spatialevo_commands: command 'tasks' is already there" in shown
