"""Plugins that do what none should: each is contained and said in a line, and the others work.

Every test loads a hostile plugin beside a good one, `jars` with the task `marbles`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jars import only_problem, tasks_hook, view_of
from spatialevo_core import containment, engine, task
from spatialevo_core.errors import TaskFault
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_task

GOOD = tasks_hook("marbles")


@pytest.fixture
def beside(install):
    """What is loaded of a hostile plugin beside a good one, which is unharmed."""

    def loaded(source, **options):
        points = install("hostile", source, **options) + install("jars", GOOD)
        registry = load(points)
        assert "marbles" in registry.tasks
        return registry

    return loaded


def hook(kind, body, arguments=""):
    return f"\n@hookimpl\ndef spatialevo_{kind}({arguments}):\n    {body}\n"


def state(registry):
    (card,) = (each for each in registry.plugins if each.name == "hostile")
    return card.state


AT_IMPORT = {
    "raise RuntimeError('no licence')": "RuntimeError: no licence",
    "import sys; sys.exit('bye')": "SystemExit: bye",
    "class Halt(BaseException): pass\nraise Halt('now')": "Halt: now",
    "def f(): f()\nf()": "RecursionError: maximum recursion depth exceeded",
    "import no_such_library.of_it": (
        "ModuleNotFoundError: No module named 'no_such_library'; "
        "install it, or install the plugin's distribution again"
    ),
    "from spatialevo_core.hooks import spatialevo_tsks": (
        "ImportError: cannot import name 'spatialevo_tsks'"
    ),
    "raise ValueError('first\\nsecond')": "ValueError: first",
    "import warnings; warnings.warn('old')": "UserWarning: old",
    "Task(name='empty')": "TypeError: Task.__init__() missing",
    "task('wordless', phrasings=())": (
        "task 'wordless' has no phrasings; a question needs a wording"
    ),
    "import spatialevo_core.engine as e\ne.judge = e.solve = lambda *a: None": (
        "replaced spatialevo_core.engine.judge, spatialevo_core.engine.solve, which was put back; "
        "add a task, rule or definition instead"
    ),
    "Task.feasible = lambda self, view: True": (
        "replaced spatialevo_core.task.Task.feasible, which was put back"
    ),
    "del Task.propose": "replaced spatialevo_core.task.Task.propose, which was put back",
}


@pytest.mark.parametrize(("source", "message"), AT_IMPORT.items())
def test_one_that_fails_at_import(beside, source, message):
    before = engine.judge, task.Task.propose, task.Task.feasible
    registry = beside(source + tasks_hook("pebbles"))
    problem = only_problem(registry)
    assert (problem.plugin, problem.stage, problem.tasks) == ("hostile", "import", None)
    assert problem.message.startswith(message)
    assert "Traceback" in problem.traceback
    assert state(registry) == "failed"
    assert "pebbles" not in registry.tasks, "nothing of it is used"
    assert (engine.judge, task.Task.propose, task.Task.feasible) == before


IN_A_HOOK = {
    hook("tasks", "raise SystemExit(3)"): "SystemExit: 3",
    hook("tasks", "import itertools; return (task(f'n{i}') for i in itertools.count())"): (
        "spatialevo_tasks returned more than 1000 items; it may never end"
    ),
    hook("tasks", "return [task('pebbles'), 3]"): "spatialevo_tasks gave int, expected a Task",
    hook("tasks", "print('half'); return {'pebbles': task}"): (
        "spatialevo_tasks gave str, expected a Task"
    ),
    hook("tasks", "pass"): "spatialevo_tasks returned NoneType, expected an iterable",
    hook("tasks", "return [task('pebbles', world=dict)]"): (
        "dict is no view; it lacks source, images, vocabulary, of, propose"
    ),
    hook("tasks", "return [task('pebbles', world=JarView())]"): (
        "task 'pebbles': world is JarView; name the view type"
    ),
    hook("tasks", "return [task('pebbles'), task('pebbles')]"): (
        "task 'pebbles' is already there, from plugin 'hostile'"
    ),
    hook("tasks", "Task.wordings = None; return [task('pebbles')]"): (
        "replaced spatialevo_core.task.Task.wordings, which was put back"
    ),
    hook("rules", "import itertools; return itertools.repeat(0)", "task"): (
        "spatialevo_rules gave int, expected a Rule"
    ),
    hook("rules", "return [rule('no', Stage.PREMISE)(solve)]", "task"): (
        "rule code 'no' is not of the form thing.fault"
    ),
    hook("rules", "return True", "task"): "spatialevo_rules returned bool, expected an iterable",
    hook("solvers", "return {'exact': solve}", "task"): (
        "task 'marbles' already has a definition 'exact'"
    ),
    hook("solvers", "return {'mine': 3}", "task"): "definition 'mine' of marbles is no function",
    "class Half:\n    name = summary = 'half'\n    source = Jar\n"
    + hook("datasets", "return [Half()]"): (
        "spatialevo_datasets gave Half, expected a Dataset; it lacks needs_root, ids, load, missing"
    ),
    "class Nameless:\n    name = None\n    def parse(self, *a): pass\n"
    + hook("parsers", "return [Nameless()]"): "parser name None is no single word",
    "class Shy:\n    parse = None\n    @property\n    def name(self): return 1 / 0\n"
    + hook("parsers", "return [Shy()]"): "ZeroDivisionError: division by zero",
    hook("judges", "pass"): "spatialevo_judges returned NoneType, expected an iterable",
    "class Mute:\n    name = 'mute'\n    def observation(self, *a): pass\n"
    + hook("judges", "return [Mute()]"): (
        "spatialevo_judges gave Mute, expected a Judge; it lacks explanation"
    ),
    hook("taks", "return []"): "'spatialevo_taks' is no hook; did you mean 'spatialevo_tasks'?",
}


@pytest.mark.parametrize(("source", "message"), IN_A_HOOK.items())
def test_one_that_fails_in_a_hook(beside, source, message):
    problem = only_problem(beside(source))
    assert problem.plugin == "hostile"
    assert problem.message.startswith(message)


def test_one_that_asks_for_the_registry_while_it_is_made(beside):
    asking = "from spatialevo_core.plugins import load; return load().tasks.values()"
    problem = only_problem(beside(hook("tasks", asking)))
    assert problem.stage == "spatialevo_tasks"
    assert problem.message == (
        "asked for the registry while it is made; ask when a task or a command is at work"
    )


def test_one_that_takes_a_name_gets_none_of_it(beside):
    registry = beside(tasks_hook("marbles", "pebbles"), distribution="zoo")
    problem = only_problem(registry)
    assert problem.message == "task 'marbles' is already there, from plugin 'jars' of jars"
    assert problem.tasks == {"marbles"}
    assert list(registry.tasks) == ["marbles", "pebbles"]


def test_one_for_another_version_is_not_imported(beside):
    registry = beside("raise SystemExit", group="spatialevo.v9")
    assert only_problem(registry).message == (
        "is written for spatialevo.v9, and this is spatialevo.v1; it was not imported"
    )
    assert state(registry) == "failed"


def test_one_that_is_disabled_is_listed_as_such(beside, monkeypatch):
    monkeypatch.setenv(containment.DISABLED, "hostile")
    registry = beside("raise SystemExit")
    assert not registry.problems
    assert state(registry) == "disabled"


def test_one_that_imports_itself_in_a_circle(tmp_path, beside, monkeypatch):
    (tmp_path / "round_one.py").write_text("from round_two import B\nA = 1\n")
    (tmp_path / "round_two.py").write_text("from round_one import A\nB = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    message = only_problem(beside("import round_one")).message
    assert message.startswith("ImportError: cannot import name 'A' from partially initialized")


def test_one_that_prints_leaves_the_results_alone(beside, capsys):
    beside("print('hello from import')" + hook("tasks", "yield task('pebbles'); print('and you')"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "hello from import\nand you\n"


def test_one_that_swaps_stdout_does_not_keep_it(beside):
    before = sys.stdout
    beside("import sys, io; sys.stdout = io.StringIO()")
    assert sys.stdout is before


def test_one_that_hangs_is_named_with_the_way_out(beside, monkeypatch, capsys):
    monkeypatch.setattr(containment, "PATIENCE_S", 0.05)
    registry = beside("import time; time.sleep(0.3)")
    assert not registry.problems, "slow is not wrong"
    assert capsys.readouterr().err == (
        "plugin 'hostile' has been at import for 0.05 s; "
        "to do without it, stop this and set SPATIALEVO_DISABLE_PLUGINS=hostile\n"
    )


def test_an_interrupt_by_the_user_is_none_of_a_plugins_faults(beside):
    with pytest.raises(KeyboardInterrupt):
        beside("raise KeyboardInterrupt")


WHILE_JUDGING = {
    "raise SystemExit(1)": "task 'pebbles' raised in solve: SystemExit: 1",
    "return 3": "task 'pebbles' raised in solve: TypeError: returned int, expected an Answer",
    "return solve.gone": "task 'pebbles' raised in solve: AttributeError: 'function' object has",
}


@pytest.mark.parametrize(("body", "message"), WHILE_JUDGING.items())
def test_one_that_fails_while_judging(beside, body, message):
    bad = f"\ndef bad(view, query, terms):\n    {body}\n"
    registry = beside(bad + hook("tasks", "return [task('pebbles', solve=bad)]"))
    view = view_of(registry, "pebbles")
    pebbles = registry.task("pebbles")
    with pytest.raises(TaskFault) as caught:
        engine.judge(pebbles, view, pebbles.query())
    assert str(caught.value).startswith(message)
    marbles = registry.task("marbles")
    assert engine.judge(marbles, view, marbles.query()).answer.value == 3


def test_one_whose_parser_leaves_is_a_fault(beside):
    parser = (
        "class Exit:\n    name = 'exit'\n"
        "    def parse(self, text, view, tasks, assigned=None):\n        raise SystemExit(1)\n"
    )
    registry = beside(parser + hook("parsers", "return [Exit()]"))
    with pytest.raises(TaskFault, match="parser 'exit' raised SystemExit: 1"):
        registry.ask("How many?", view_of(registry, "marbles"))


def test_one_that_changes_worlds_is_found_by_the_checks(beside):
    eager = """
from dataclasses import dataclass, field

@dataclass
class Open(JarView):
    seen: list = field(default_factory=list)

def nosy(view, query, terms):
    view.seen.append(1)
    return solve(view, query, terms)
"""
    registry = beside(eager + hook("tasks", "return [task('pebbles', world=Open, solve=nosy)]"))
    pebbles = registry.task("pebbles")
    with pytest.raises(AssertionError, match="worlds are not changed by asking: jar"):
        check_task(pebbles, [pebbles.world()]).require()


NOISY = "import sys\nprint('loading ...')\n" + GOOD + "\n@hookimpl\ndef spatialevo_taks(): pass\n"


def test_the_command_lists_every_state_and_prints_nothing_but_json(install, tmp_path, monkeypatch):
    """In a process of its own, found by its entry points, as an installed one is."""
    install("noisy", NOISY)
    install("broken", "1 / 0")
    install("unwanted", "raise SystemExit")
    path = ":".join(str(tmp_path / f"site{at}") for at in range(3))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv(containment.DISABLED, "unwanted,spatialevo")
    command = [Path(sys.executable).parent / "spatialevo", "plugins"]
    shown = subprocess.run([*command, "--strict"], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    rows = {row[0]: row for row in map(str.split, shown.stdout.splitlines())}
    assert rows["noisy"] == ["noisy", "noisy", "1.0", "problem", "task", "marbles"]
    assert rows["broken"] == ["broken", "broken", "1.0", "failed", "nothing"]
    assert rows["unwanted"] == ["unwanted", "unwanted", "1.0", "disabled", "nothing"]
    assert "problem: broken: import: ZeroDivisionError: division by zero" in shown.stdout
    assert "loading ..." in shown.stderr
    shown = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    states = {each["name"]: each["state"] for each in json.loads(shown.stdout)["plugins"]}
    assert (states["noisy"], states["broken"]) == ("loaded", "failed")
