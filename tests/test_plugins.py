"""Plugins are loaded one by one: what is wrong with one is a line in a list."""

import sys
from importlib.metadata import Distribution

import pytest

from spatialevo_core.errors import ConfigError, DataError, TaskFault, UnknownName
from spatialevo_core.plugins import commands, load
from spatialevo_trainer.config import Data
from spatialevo_trainer.stage import Stage

WORLD = """
from spatialevo_core.hooks import hookimpl
from spatialevo_core.names import Vocabulary
from spatialevo_core.phrasing import Phrasing
from spatialevo_core.question import Answer, Evidence, Query, Stage, Terms
from spatialevo_core.scoring import relative_accuracy
from spatialevo_core.task import Complaint, Profile, Rule, Task, rule


class Jar:
    pass


class JarView:
    source = Jar
    key = "jar"

    def images(self):
        return []

    def vocabulary(self):
        return Vocabulary(("marble",))

    @classmethod
    def of(cls, source, frames=None):
        return cls()

    @classmethod
    def propose(cls, source, rng):
        yield cls()


class HowMany(Query):
    pass


class Marbles(Evidence):
    marbles: int


class Limits(Terms):
    margin: float = 0.5


def solve(view, query, terms):
    return Answer(value=3, evidence=Marbles(marbles=3))


def task(name, **changes):
    fields = dict(
        name=name, summary="Marbles in a jar.", world=JarView, query=HowMany,
        phrasings=(Phrasing(f"How many marbles does {name} count?"),), rules=(), solve=solve,
        candidates=lambda view, rng: [HowMany()], score=relative_accuracy,
        answer_hint=lambda query: "a number", terms=Limits(),
    )
    return Task(**{**fields, **changes})
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A builder of distributions of one module, each with its entry points."""
    made = []

    def build(name, source, *, distribution=None, group="spatialevo.v1", world=True):
        folder = tmp_path / f"site{len(made)}"
        module = f"{name}_of_{tmp_path.name}_{len(made)}".replace("-", "_")
        info = folder / f"{distribution or name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: {distribution or name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
        (folder / f"{module}.py").write_text((WORLD if world else "") + source)
        monkeypatch.syspath_prepend(str(folder))
        made.append(module)
        return list(Distribution.at(info).entry_points)

    yield build
    for module in made:
        sys.modules.pop(module, None)


def tasks_hook(*names):
    listed = ", ".join(f"task({name!r})" for name in names)
    return f"\n@hookimpl\ndef spatialevo_tasks():\n    return [{listed}]\n"


def only_problem(registry):
    (problem,) = registry.problems
    return problem


def view_of(registry, name):
    return registry.task(name).world.of(None)


def test_a_plugin_brings_a_task_that_can_be_asked(install):
    registry = load(install("jars", tasks_hook("marbles")))
    (plugin,) = registry.plugins
    assert (plugin.name, plugin.distribution, plugin.version) == ("jars", "jars", "1.0")
    assert plugin.tasks == ("marbles",)
    verdict = load(install("jars", tasks_hook("marbles"))).ask("?", view_of(registry, "marbles"))
    assert verdict.codes == ("question.unparseable",)


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


def test_one_that_raises_while_judging_is_a_fault_of_its_task_alone(install):
    broken = (
        "\ndef bad(view, query, terms):\n    return {}['bed']\n"
        "\n@hookimpl\ndef spatialevo_tasks():\n    return [task('fragile', solve=bad)]\n"
    )
    parser = """
from spatialevo_core.engine import Parsed

class First:
    name = "first"
    def parse(self, text, view, tasks, assigned=None):
        return Parsed(task=tasks[0].name, query=HowMany())

@hookimpl
def spatialevo_parsers():
    return [First()]
"""
    registry = load(install("fragile", broken + parser))
    assert not registry.problems
    with pytest.raises(TaskFault, match="task 'fragile' raised in solve: KeyError: 'bed'"):
        registry.ask("How many?", view_of(registry, "fragile"))


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


RULES = """
@rule("marble.cracked", Stage.PREMISE)
def cracked(view, query, terms):
    return Complaint("a marble is cracked")

@hookimpl
def spatialevo_rules(task):
    return [cracked] if task.name == "marbles" else None
"""


def test_a_plugin_tightens_a_task_that_it_does_not_own(install):
    registry = load(install("jars", tasks_hook("marbles", "pebbles")) + install("lab", RULES))
    assert [each.code for each in registry.task("marbles").rules] == ["marble.cracked"]
    assert not registry.task("pebbles").rules
    assert registry.plugins[1].rules == ("marble.cracked on marbles",)


def test_a_rules_hook_that_raises_says_for_which_tasks(install):
    raising = "\n@hookimpl\ndef spatialevo_rules(task):\n    assert task.name == 'pebbles'\n"
    points = install("jars", tasks_hook("marbles", "pebbles", "stones")) + install("lab", raising)
    registry = load(points)
    problem = only_problem(registry)
    assert problem.tasks == {"marbles", "stones"}
    assert registry.affecting(["pebbles"]) == ()
    assert registry.affecting(["stones", "pebbles"]) == (problem,)


SOLVERS = """
@hookimpl
def spatialevo_solvers(task):
    return {"twice": lambda view, query, terms: Answer(value=6, evidence=Marbles(marbles=6))}
"""


def test_a_plugin_adds_a_definition_that_is_chosen_by_name(install):
    points = install("jars", tasks_hook("marbles")) + install("lab", SOLVERS)
    assert load(points).task("marbles").definition == "exact"
    registry = load(points, definitions={"marbles": "twice"})
    assert registry.task("marbles").definition == "twice"
    with pytest.raises(UnknownName, match="did you mean 'twice'"):
        load(points, definitions={"marbles": "twic"})
    with pytest.raises(UnknownName, match="did you mean 'marbles'"):
        load(points, definitions={"marble": "twice"})


def test_a_definition_that_is_already_there_is_refused(install):
    points = install("jars", tasks_hook("marbles"))
    registry = load(points + install("lab-a", SOLVERS) + install("lab-b", SOLVERS))
    problem = only_problem(registry)
    assert (problem.plugin, problem.tasks) == ("lab-b", {"marbles"})
    assert problem.message == "task 'marbles' already has a definition 'twice'"


def profile(settings):
    made = f"(Profile(name='coarse-grain', settings={settings}),)"
    return tasks_hook("marbles").replace("'marbles'", f"'marbles', profiles={made}")


def test_a_profile_travels_with_its_task(install):
    points = install("jars", profile({"margin": 2.0}))
    assert load(points).task("marbles").terms.margin == 0.5
    registry = load(points, profile="coarse_grain")
    assert registry.profile == registry.task("marbles").profile == "coarse-grain"
    assert registry.task("marbles").terms.margin == 2.0


def test_an_unknown_profile_gets_a_suggestion(install):
    with pytest.raises(UnknownName, match="no profile 'coarse'; did you mean 'coarse-grain'"):
        load(install("jars", profile({})), profile="coarse")


def test_a_setting_that_no_task_has_is_refused(install):
    with pytest.raises(ConfigError, match="sets margins, which no task has; known: margin"):
        load(install("jars", profile({"margins": 2.0})), profile="coarse-grain")


def test_a_setting_of_the_wrong_type_is_refused(install):
    with pytest.raises(ConfigError, match="sets margin of task 'marbles': Input should be"):
        load(install("jars", profile({"margin": "wide"})), profile="coarse-grain")


def test_names_are_the_same_with_either_dash(install):
    registry = load(install("jars", tasks_hook("glass_marbles")))
    assert registry.task("glass-marbles").name == "glass_marbles"
    with pytest.raises(UnknownName, match="no task 'glas_marble'; did you mean 'glass_marbles'"):
        registry.task("glas_marble")


def test_a_task_is_not_asked_about_another_kind_of_view(install):
    registry = load(install("jars", tasks_hook("marbles")))
    with pytest.raises(ConfigError, match="asks about a JarView, not about a dict"):
        registry.ask("How many?", {}, task="marbles")


def test_a_commands_hook_that_raises_is_contained(install):
    adding = "\n@hookimpl\ndef spatialevo_commands(cli):\n    cli.append('weigh')\n"
    raising = "\n@hookimpl\ndef spatialevo_commands(cli):\n    cli.nonsense()\n"
    filled, problems = commands(list, install("a", adding) + install("b", raising))
    assert [(plugin.name, group) for plugin, group in filled] == [("a", ["weigh"])]
    assert [(each.plugin, each.stage) for each in problems] == [("b", "spatialevo_commands")]


OTHER_VIEW = """
class LidView(JarView):
    key = "lid"

    def vocabulary(self):
        return Vocabulary(("lid",))


class Lid(Query):
    pass


def lids(**changes):
    asked = (Phrasing("How many lids does the jar have?"),)
    return task("lids", world=LidView, query=Lid, phrasings=asked, **changes)


@hookimpl
def spatialevo_parsers():
    from spatialevo_parsers.grammar import GrammarParser
    return [GrammarParser()]


@hookimpl
def spatialevo_tasks():
    return [task("marbles"), lids()]
"""


def test_a_question_about_another_kind_of_view_is_another_tasks(install):
    registry = load(install("jars", OTHER_VIEW))
    view = view_of(registry, "marbles")
    lids = "How many lids does the jar have?"
    assert registry.ask(lids, view, "marbles").codes == ("question.other_task",)
    assert registry.ask_about(lids, view.source(), task="marbles").verdict.codes == (
        "question.other_task",
    )
    assert registry.ask_about(lids, view.source()).verdict.task == "lids"
    assert registry.ask("Why?", view, "marbles").codes == ("question.unparseable",)


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (
            "OSError('no such picture')",
            TaskFault,
            "task 'marbles' raised in view: OSError: no",
        ),
        ("ConfigError('there is no frame 9')", ConfigError, "^there is no frame 9$"),
        ("DataError('a.txt is cut')", DataError, "^a.txt is cut$"),
    ],
)
def test_a_view_that_cannot_be_made_is_a_fault_or_says_why(install, raised, kind, message):
    broken = f"""
from spatialevo_core.errors import ConfigError, DataError

class TornView(JarView):
    @classmethod
    def of(cls, source, frames=None):
        raise {raised}

@hookimpl
def spatialevo_tasks():
    return [task("marbles", world=TornView)]
"""
    registry = load(install("torn", broken))
    source = registry.task("marbles").world.source()
    with pytest.raises(kind, match=message):
        registry.ask_about("How many marbles does marbles count?", source)
