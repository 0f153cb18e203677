"""Plugins are loaded one by one: what is wrong with one is a line in a list."""

import sys

import pytest

from jars import only_problem, tasks_hook, view_of
from spatialevo_core.errors import ConfigError
from spatialevo_core.plugins import commands, load
from spatialevo_trainer.config import Data
from spatialevo_trainer.stage import Stage


def test_a_plugin_brings_a_task_that_can_be_asked(install):
    registry = load(install("jars", tasks_hook("marbles")))
    (plugin,) = registry.plugins
    assert (plugin.name, plugin.distribution, plugin.version) == ("jars", "jars", "1.0")
    assert plugin.tasks == ("marbles",)
    verdict = load(install("jars", tasks_hook("marbles"))).ask("?", view_of(registry, "marbles"))
    assert verdict.codes == ("question.unparseable",)


ALONE = "\nTASK = task('marbles')\n"


def test_an_entry_point_may_name_a_task(install):
    registry = load(install("jars", ALONE, value=":TASK"))
    (plugin,) = registry.plugins
    assert (plugin.name, plugin.tasks) == ("jars", ("marbles",))
    assert registry.ask("?", view_of(registry, "marbles")).codes == ("question.unparseable",)


def test_a_task_that_is_named_is_held_to_what_one_that_is_returned_is(install):
    taken = install("aardvark", ALONE, value=":TASK")
    registry = load(taken + install("jars", tasks_hook("marbles"), distribution="spatialevo"))
    assert only_problem(registry).message == (
        "task 'marbles' is already there, from plugin 'jars' of spatialevo"
    )
    odd = load(install("odd", "\nTASK = task('Two Words')\n", value=":TASK"))
    assert only_problem(odd).message == "task name 'Two Words' is not in snake_case"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (":Task", "names the class Task, expected a module with hooks, or a Task"),
        (":task", "names function, expected a module with hooks, or a Task"),
        (":TASK.name", "names str, expected a module with hooks, or a Task"),
        (":MARBLES", "AttributeError: module"),
    ],
)
def test_an_entry_point_that_names_nothing_of_use_is_listed(install, value, message):
    registry = load(install("odd", ALONE, value=value) + install("jars", tasks_hook("pebbles")))
    problem = only_problem(registry)
    assert (problem.plugin, problem.stage) == ("odd", "import")
    assert problem.message.startswith(message)
    assert list(registry.tasks) == ["pebbles"]


def test_one_that_raises_at_import_leaves_the_others(install):
    points = install("broken", "raise RuntimeError('no licence\\nfound')") + install(
        "jars", tasks_hook("marbles")
    )
    registry = load(points)
    problem = only_problem(registry)
    assert (problem.plugin, problem.stage) == ("broken", "import")
    assert problem.message == "RuntimeError: no licence"
    assert "no licence\nfound" in problem.traceback
    assert problem.affects("marbles"), "it may have tightened any task"
    assert list(registry.tasks) == ["marbles"]


def test_one_that_exits_at_import_does_not_end_the_host(install):
    assert only_problem(load(install("quits", "raise SystemExit(3)"))).message == "SystemExit: 3"


def test_one_that_is_not_there_is_named(install):
    points = install("ghost", "")
    sys.path.pop(0)
    assert only_problem(load(points)).message.startswith("ModuleNotFoundError: No module named")


def test_one_that_raises_at_collection_leaves_the_others(install):
    raising = "\n@hookimpl\ndef spatialevo_tasks():\n    yield task('half')\n    1 / 0\n"
    registry = load(install("broken", raising) + install("jars", tasks_hook("marbles")))
    problem = only_problem(registry)
    assert (problem.plugin, problem.stage) == ("broken", "spatialevo_tasks")
    assert problem.message == "ZeroDivisionError: division by zero"
    assert "1 / 0" in problem.traceback
    assert list(registry.tasks) == ["marbles"], "nothing of a half-collected hook is kept"
    assert registry.affecting(["marbles"]) == ()
    assert registry.affecting() == registry.affecting(["marbles"], every=True) == (problem,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return ['marbles']", "spatialevo_tasks gave str, expected a Task"),
        ("return task", "spatialevo_tasks returned function, expected an iterable"),
        ("return None", "spatialevo_tasks returned NoneType, expected an iterable"),
        ("return [Task]", "spatialevo_tasks gave the class Task, expected a Task"),
        ("return [task('Two Words')]", "task name 'Two Words' is not in snake_case"),
    ],
)
def test_a_wrong_return_type_is_said(install, body, message):
    registry = load(install("odd", f"\n@hookimpl\ndef spatialevo_tasks():\n    {body}\n"))
    assert only_problem(registry).message == message
    assert not registry.tasks


SHELF = """
class Shelf:
    name, summary, source, needs_root = "shelf", "Jars.", Jar, False
    def ids(self, root, split=None): return ["a"]
    def load(self, root, world_id): return Jar()
    def missing(self, root): return []

@hookimpl
def spatialevo_datasets():
    return [Shelf()]
"""


def test_training_on_all_tasks_refuses_to_start_where_some_were_lost(install):
    raising = "\n@hookimpl\ndef spatialevo_tasks():\n    1 / 0\n"
    jars = install("jars", tasks_hook("marbles") + SHELF)
    data = [Data(dataset="shelf")]
    assert [task.name for task in Stage(load(jars), data, []).tasks] == ["marbles"]
    registry = load(jars + install("broken", raising))
    assert [task.name for task in Stage(registry, data, ["marbles"]).tasks] == ["marbles"]
    with pytest.raises(ConfigError, match="plugin 'broken' failed in spatialevo_tasks"):
        Stage(registry, data, [])
    registry = load(jars + install("tomorrow", "", group="spatialevo.v2"))
    with pytest.raises(ConfigError, match="plugin 'tomorrow' failed in version"):
        Stage(registry, data, ["marbles"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "@hookimpl\ndef spatialevo_taks():\n    return []\n",
            "'spatialevo_taks' is no hook; did you mean 'spatialevo_tasks'?",
        ),
        (
            "def spatialevo_tasks():\n    return []\n",
            "'spatialevo_tasks' lacks @hookimpl and is never called",
        ),
        (
            "def spatialevo_taks():\n    return []\n",
            "'spatialevo_taks' is no hook; did you mean 'spatialevo_tasks'?",
        ),
    ],
)
def test_a_misspelt_hook_is_seen_and_the_rest_kept(install, source, message):
    registry = load(install("jars", source + SHELF))
    assert only_problem(registry).message == message
    assert list(registry.datasets) == ["shelf"]


def test_a_hook_with_an_unknown_argument_is_refused(install):
    registry = load(install("odd", "@hookimpl\ndef spatialevo_tasks(world):\n    return []\n"))
    problem = only_problem(registry)
    assert problem.stage == "import"
    assert problem.message.startswith("PluginValidationError")


def test_a_name_that_first_party_has_is_refused_however_early_the_other_sorts(install):
    points = install("aardvark", tasks_hook("marbles", "pebbles")) + install(
        "marbles", tasks_hook("marbles"), distribution="spatialevo"
    )
    for order in (points, points[::-1]):
        registry = load(order)
        problem = only_problem(registry)
        assert problem.plugin == "aardvark"
        assert problem.message == (
            "task 'marbles' is already there, from plugin 'marbles' of spatialevo"
        )
        assert problem.affects("marbles")
        assert not problem.affects("pebbles")
        assert registry.affecting(["pebbles"], every=True) == ()
        assert {plugin.name: plugin.tasks for plugin in registry.plugins} == {
            "marbles": ("marbles",),
            "aardvark": ("pebbles",),
        }


def test_two_plugins_of_the_same_name_are_both_loaded(install):
    points = install("jars", tasks_hook("one"), distribution="lab-a") + install(
        "jars", tasks_hook("two"), distribution="lab-b"
    )
    registry = load(points)
    assert list(registry.tasks) == ["one", "two"]
    assert not registry.problems


def test_a_plugin_for_another_version_of_the_hooks_is_never_imported(install):
    registry = load(install("tomorrow", "raise SystemExit", group="spatialevo.v2"))
    problem = only_problem(registry)
    assert problem.stage == "version"
    assert problem.affects("marbles"), "it may have tightened any task"
    assert "written for spatialevo.v2" in problem.message
    assert not any(name.startswith("tomorrow_of_") for name in sys.modules)


def test_entry_points_of_other_programs_are_none_of_ours(install):
    registry = load(install("other", "raise SystemExit", group="pytest11"))
    assert registry.problems == registry.plugins == ()


def test_a_disabled_plugin_is_left_alone(install, monkeypatch):
    points = install("broken", "1 / 0") + install("jars", tasks_hook("marbles"))
    monkeypatch.setenv("SPATIALEVO_DISABLE_PLUGINS", "broken, other")
    registry = load(points)
    assert not registry.problems
    assert list(registry.tasks) == ["marbles"]


def test_a_commands_hook_that_raises_is_contained(install):
    adding = "\n@hookimpl\ndef spatialevo_commands(cli):\n    cli.append('weigh')\n"
    raising = "\n@hookimpl\ndef spatialevo_commands(cli):\n    cli.nonsense()\n"
    filled, problems = commands(list, install("a", adding) + install("b", raising))
    assert [(plugin.name, group) for plugin, group in filled] == [("a", ["weigh"])]
    assert [(each.plugin, each.stage) for each in problems] == [("b", "spatialevo_commands")]
