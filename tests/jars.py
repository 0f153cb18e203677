"""Jars of marbles: distributions of one module that a test puts together and installs."""

import sys
from importlib.metadata import Distribution

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
    frames = ()

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


def installer(tmp_path, monkeypatch):
    """Builds distributions of one module, each with the entry point that names `value` in it."""
    made = []

    def build(name, source, *, value="", distribution=None, group="spatialevo.v1"):
        folder = tmp_path / f"site{len(made)}"
        module = f"{name}_of_{tmp_path.name}_{len(made)}".replace("-", "_")
        info = folder / f"{distribution or name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: {distribution or name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}{value}\n")
        (folder / f"{module}.py").write_text(WORLD + source)
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
