"""The command line, on shelves: a world that is no room, plugged in for these tests alone."""

import json
import subprocess
import sys
import types
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner

from shelves import SHELF, TASK, Shelf, ShelfView, Shelves
from spatialevo_core.cli import COMMANDS, Command, main
from spatialevo_core.hooks import GROUP, hookimpl
from spatialevo_core.records import QuestionRecord, read_records
from spatialevo_core.task import Profile
from spatialevo_core.worlds import PublishedQuestion
from spatialevo_parsers.grammar import GrammarParser


@dataclass(frozen=True)
class Catalogue(Shelves):
    """Shelves in a folder, one weight a line, with published questions."""

    name: str = "shelf_catalogue"
    summary: str = "shelves in a folder"
    needs_root: bool = True

    def ids(self, root, split=None):
        return sorted(path.stem for path in root.glob(f"{split or ''}*.txt"))

    def load(self, root, world_id):
        rows = (line.split() for line in (root / f"{world_id}.txt").read_text().splitlines())
        return Shelf(world_id, {name: float(weight) for name, weight in rows})

    def missing(self, root):
        return [] if self.ids(root) else [f"{root} has no shelf, expected *.txt"]

    def questions(self, root):
        yield PublishedQuestion("1", "a", "weight", "Which is heavier, the cup or the pan?", "pan")
        yield PublishedQuestion("2", "a", "weight", "Which is heavier, a pan or a cup?", "cup")
        yield PublishedQuestion("3", "a", "weight", "Which is heavier, the cup or the cup?", "cup")
        yield PublishedQuestion("4", "a", "colour", "What colour is the pan?", "red")


def broken_solve(view, query, terms):
    return {}["weight"]


def plugged(monkeypatch, *tasks, name="shelves", **hooks):
    """The entry points of one plugin with these tasks and the shelf datasets."""
    module = types.ModuleType(name)

    @hookimpl
    def spatialevo_tasks():
        return tasks

    @hookimpl
    def spatialevo_datasets():
        return [Shelves(), Catalogue()]

    @hookimpl
    def spatialevo_parsers():
        return [GrammarParser()]

    vars(module).update(
        spatialevo_tasks=spatialevo_tasks,
        spatialevo_datasets=spatialevo_datasets,
        spatialevo_parsers=spatialevo_parsers,
        **{hook: hookimpl(function) for hook, function in hooks.items()},
    )
    monkeypatch.setitem(sys.modules, name, module)
    return [EntryPoint(name, name, GROUP)]


@pytest.fixture
def run(monkeypatch):
    """Run the command line with the shelf plugin, or with other entry points."""
    own = plugged(monkeypatch, TASK)

    def call(*args, points=own):
        return CliRunner().invoke(main, [str(arg) for arg in args], obj=points)

    return call


@pytest.fixture
def catalogue(tmp_path):
    (tmp_path / "a.txt").write_text("cup 0.2\npan 1.5\n")
    (tmp_path / "b.txt").write_text("cup 0.2\npan 0.3\nlamp 4\n")
    return tmp_path


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
    assert result.stdout.split() == ["heavier", "ok", "10", "questions"]


def test_a_task_that_breaks_a_promise_fails_the_check(run, monkeypatch):
    unfair = replace(TASK, score=lambda reply, answer: 0.5)
    result = run("tasks", "check", "heavier", points=plugged(monkeypatch, unfair))
    assert result.exit_code == 1
    assert "the truth scores 1 and silence 0: silence scores 0.5" in result.stdout


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
    assert (result.exit_code, result.stdout) == (1, f"{empty} has no shelf, expected *.txt\n")


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


def generate(run, out, *args, **kwargs):
    return run("generate", "--dataset", "shelves", "--out", out, *args, **kwargs)


def test_generated_questions_carry_answers_and_evidence(run, tmp_path):
    result = generate(run, tmp_path / "q.jsonl", "--per-scene", 5)
    assert result.exit_code == 0, result.output
    rows = list(read_records(tmp_path / "q.jsonl", QuestionRecord))
    assert rows
    for row in rows:
        first, second = row.query["first"], row.query["second"]
        weights = [SHELF.weights_kg[first], SHELF.weights_kg[second]]
        assert row.answer.evidence == {"weights_kg": weights}
        assert row.answer.value == (first if weights[0] > weights[1] else second)
        assert first in row.text
        assert second in row.text


def test_generating_twice_gives_the_same_bytes_and_another_seed_others(run, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert generate(run, tmp_path / f"{name}.jsonl", "--seed", seed).exit_code == 0
    a, b, c = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert a == b != c


def test_an_interrupted_file_is_completed_to_the_same_bytes(run, catalogue, tmp_path):
    out = tmp_path / "out" / "q.jsonl"
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert run(*args).exit_code == 0
    whole = out.read_bytes()
    assert whole.count(b"\n") >= 3
    for kept in (len(whole) // 3, len(whole) // 2, len(whole) - 5, whole.index(b"\n") + 1):
        out.write_bytes(whole[:kept])
        assert run(*args).exit_code == 0
        assert out.read_bytes() == whole
    assert "q.jsonl: 0, faults: 0" in run(*args).stderr.replace("\n", "")


def test_a_file_of_other_settings_is_left_alone(run, tmp_path):
    out = tmp_path / "q.jsonl"
    generate(run, out)
    before = out.read_bytes()
    result = generate(run, out, "--seed", 4)
    assert result.exit_code == 1
    assert "was written with seed 0, not 4; write to another file" in result.stderr
    assert out.read_bytes() == before


def test_faults_are_set_aside_and_counted(run, tmp_path, monkeypatch):
    broken = replace(TASK, name="broken", solve=broken_solve)
    points = plugged(monkeypatch, TASK, broken)
    out = tmp_path / "q.jsonl"
    result = generate(run, out, points=points)
    assert result.exit_code == 1
    (fault,) = map(json.loads, (tmp_path / "q.faults.jsonl").read_text().splitlines())
    assert fault["task"] == "broken"
    assert generate(run, out, points=points).exit_code == 1, "they count until they are gone"
    assert (tmp_path / "q.faults.jsonl").read_text().count("\n") == 1
    assert fault["message"] == "task 'broken' raised in solve: KeyError: 'weight'"
    assert {row.task for row in read_records(out, QuestionRecord)} == {"heavier"}
    assert generate(run, tmp_path / "r.jsonl", "--max-faults", 1, points=points).exit_code == 0


def test_faults_are_neither_lost_nor_doubled_by_an_interruption(
    run, catalogue, tmp_path, monkeypatch
):
    (catalogue / "c.txt").write_text("")
    loaded = []
    monkeypatch.setattr(
        Catalogue, "load", lambda *args, own=Catalogue.load: loaded.append(args[2]) or own(*args)
    )
    broken = replace(TASK, name="broken", solve=broken_solve)
    points = plugged(monkeypatch, TASK, broken, name="cracked")
    out = tmp_path / "out" / "q.jsonl"
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert "faults: 2" in run(*args, points=points).stderr
    whole, faults = out.read_bytes(), out.with_name("q.faults.jsonl")
    told = faults.read_text().splitlines(keepends=True)
    assert loaded == ["a", "b", "c"]
    assert run(*args, points=points).exit_code == 1
    assert loaded == ["a", "b", "c"], "c has no questions and is finished all the same"
    for kept in (told, told[:1], []):
        faults.write_text("".join(kept))
        result = run(*args, "--max-faults", 1, points=points)
        assert result.exit_code == 1
        assert "faults: 2" in result.stderr
        assert sorted(faults.read_text().splitlines(keepends=True)) == sorted(told)
        assert out.read_bytes() == whole
    assert out.with_name("q.worlds.jsonl").read_text().count("\n") == 3
    assert run(*args[:-1], tmp_path / "out" / "r.jsonl").exit_code == 0
    assert sorted(each.name for each in out.parent.glob("*.faults.jsonl")) == ["q.faults.jsonl"]
    out.unlink()
    assert run(*args, "--max-faults", 2, points=points).exit_code == 0, "it starts anew"
    assert out.read_bytes() == whole


def test_problems_of_plugins_are_told_and_kept_with_the_settings(run, tmp_path, monkeypatch):
    out = tmp_path / "q.jsonl"
    points = [*plugged(monkeypatch, TASK), EntryPoint("ghost", "no_such_module", GROUP)]
    told = "ghost: import: ModuleNotFoundError: No module named 'no_such_module'"
    for listed in ([], [told]):
        result = generate(run, out, points=points if listed else points[:1])
        assert result.exit_code == 0
        assert (f"problem: {told}\n" in result.stderr) == bool(listed)
        assert json.loads((tmp_path / "q.settings.json").read_text())["problems"] == listed


def test_another_folder_is_another_setting(run, catalogue, tmp_path):
    args = ("generate", "--dataset", "shelf_catalogue", "--out", tmp_path / "out" / "q.jsonl")
    assert run(*args, "--root", catalogue).exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("cup 3\npan 1\n")
    result = run(*args, "--root", other)
    assert result.exit_code == 1
    assert f"was written with root '{catalogue}', not '{other}'" in result.stderr


@pytest.mark.parametrize("text", ['{"seed": ', "[]", "\xff"])
def test_damaged_settings_are_named(run, tmp_path, text):
    assert generate(run, tmp_path / "q.jsonl").exit_code == 0
    beside = tmp_path / "q.settings.json"
    beside.write_bytes(text.encode("latin-1"))
    result = generate(run, tmp_path / "q.jsonl")
    assert result.exit_code == 1
    assert f"Error: {beside} is damaged" in result.stderr


def test_a_file_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    result = generate(run, tmp_path / "file" / "q.jsonl")
    assert result.exit_code == 1
    assert result.stderr.strip() == f"Error: {tmp_path / 'file'}: file exists"


class TornView(ShelfView):
    """A view that breaks after the first that it proposes."""

    @classmethod
    def propose(cls, source, rng):
        yield cls(source)
        raise KeyError("frame")


def test_views_that_cannot_be_proposed_are_faults_of_the_task(run, tmp_path, monkeypatch):
    points = plugged(monkeypatch, TASK, replace(TASK, name="torn", world=TornView))
    out = tmp_path / "q.jsonl"
    result = generate(run, out, points=points)
    assert result.exit_code == 1
    (fault,) = map(json.loads, (tmp_path / "q.faults.jsonl").read_text().splitlines())
    assert fault["message"] == "task 'torn' raised in view: KeyError: 'frame'"
    assert {row.task for row in read_records(out, QuestionRecord)} == {"heavier", "torn"}
    checked = run("tasks", "check", "torn", points=points)
    assert (checked.exit_code, checked.stderr.strip()) == (
        1,
        "Error: task 'torn' raised in view: KeyError: 'frame'",
    )


def test_worlds_are_chosen_by_id_or_by_number(run, catalogue, tmp_path):
    args = ("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out")
    for name, choice in {"ids": ("--ids", "b"), "first": ("--scenes", 1)}.items():
        out = tmp_path / "out" / f"{name}.jsonl"
        assert run(*args, out, *choice).exit_code == 0
        worlds = {row.world for row in read_records(out, QuestionRecord)}
        assert worlds == ({"b"} if name == "ids" else {"a"})


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
