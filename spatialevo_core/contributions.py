"""What a hook may return: checks of each kind of item, which give its name or raise ConfigError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spatialevo_core import engine
from spatialevo_core.errors import ConfigError
from spatialevo_core.judges import Judge
from spatialevo_core.task import EXACT, AnyTask, Rule, Task
from spatialevo_core.worlds import Dataset

SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")
"""What a task may be called."""
_ONE_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_OF_A_VIEW_TYPE = ("source", "images", "vocabulary", "of", "propose")
"""What a view type has itself; `key` and `frames` may come with its instances."""


def task_name(item: Any) -> str:
    """The name of a task that is asked about a whole view type."""
    task: AnyTask = _expect(item, Task, "spatialevo_tasks")
    if not SNAKE_CASE.fullmatch(task.name):
        raise ConfigError(f"task name '{task.name}' is not in snake_case")
    if not isinstance(task.world, type):
        raise ConfigError(f"task '{task.name}': world is {said(task.world)}; name the view type")
    lacking = [name for name in _OF_A_VIEW_TYPE if not hasattr(task.world, name)]
    if lacking:
        raise ConfigError(f"{task.world.__name__} is no view; it lacks {', '.join(lacking)}")
    if not isinstance(task.world.source, type):
        raise ConfigError(f"{task.world.__name__}.source is no type; name what a dataset loads")
    return task.name


def parser_name(item: Any) -> str:
    """The name of a parser."""
    return _one_word("parser", _expect(item, engine.Parser, "spatialevo_parsers").name)


def judge_name(item: Any) -> str:
    """The name of a judge."""
    return _one_word("judge", _expect(item, Judge, "spatialevo_judges").name)


def dataset_name(item: Any) -> str:
    """The name of a dataset that says what it loads."""
    dataset = _expect(item, Dataset, "spatialevo_datasets")
    name = _one_word("dataset", dataset.name)
    if not isinstance(dataset.source, type):
        raise ConfigError(f"dataset '{name}': source is no type; name what load returns")
    return name


def rule_code(item: Any) -> str:
    """The code of a rule."""
    return str(_expect(item, Rule, "spatialevo_rules").code)


def definitions(task: AnyTask, given: Any) -> Mapping[str, Any]:
    """Further definitions of a task; raises ConfigError if they are no functions by new names."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"spatialevo_solvers returned {type(given).__name__}, expected a mapping of functions"
        )
    for name, solve in given.items():
        if name == EXACT.name or name in task.definitions:
            raise ConfigError(f"task '{task.name}' already has a definition '{name}'")
        if not callable(solve):
            raise ConfigError(f"definition '{name}' of {task.name} is no function")
    return given


def said(item: Any) -> str:
    """What something is, in a word or three."""
    return f"the class {item.__name__}" if isinstance(item, type) else type(item).__name__


def _expect(item: Any, kind: type, hook: str) -> Any:
    if not isinstance(item, type) and isinstance(item, kind):
        return item
    public = [name for name in vars(kind) if not name.startswith("_")]
    lacking = [name for name in public if not hasattr(item, name)]
    partly = 0 < len(lacking) < len(public)
    told = f"; it lacks {', '.join(lacking)}" if partly else ""
    raise ConfigError(f"{hook} gave {said(item)}, expected a {kind.__name__}{told}")


def _one_word(kind: str, name: Any) -> str:
    if isinstance(name, str) and _ONE_WORD.fullmatch(name):
        return name
    raise ConfigError(f"{kind} name {name!r} is no single word")
