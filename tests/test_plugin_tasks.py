"""What plugins bring to tasks: rules, definitions, profiles; and how their tasks are asked."""

import pytest

from jars import only_problem, tasks_hook, view_of
from spatialevo_core.errors import ConfigError, DataError, TaskFault, UnknownName
from spatialevo_core.plugins import load

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


def test_a_task_is_not_asked_about_another_kind_of_view(install):
    registry = load(install("jars", tasks_hook("marbles")))
    with pytest.raises(ConfigError, match="asks about a JarView, not about a dict"):
        registry.ask("How many?", {}, task="marbles")


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
