"""Shelves on the command line: a plugin for one test, with a dataset that reads a folder."""

import sys
import types
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from shelves import Shelf, Shelves
from spatialevo_core.hooks import GROUP, hookimpl
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
