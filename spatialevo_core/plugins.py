"""Loads plugins one by one, so that a broken one is a line in a list and never a crash.

A plugin is what an entry point names: a module, or any object, with hooks; or a `Task`, which comes
in as it is. What may happen to one, each reported as a `Problem`: it raises when imported, when a
hook is called or when what it returned is looked at; it is an object without hooks; a hook is
misspelt or lacks `@hookimpl`; it returns something else than the hook promises, or never ends; it
brings a name that is taken; it replaces a part of the core; it was written for another version of
the hooks, and is then never imported.
"""

from __future__ import annotations

import inspect
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

import pluggy
from pydantic import ValidationError

from spatialevo_core import contributions, engine, hooks
from spatialevo_core.containment import DISABLED, Intact, not_within, quiet
from spatialevo_core.errors import ConfigError, SpatialEvoError
from spatialevo_core.judges import Judge
from spatialevo_core.registry import (
    AnyDataset,
    Plugin,
    Problem,
    Registry,
    State,
    named,
    same_name,
)
from spatialevo_core.task import EXACT, AnyTask, Task

__all__ = ["DISABLED", "FIRST_PARTY", "Plugin", "Problem", "Registry", "commands", "load"]

T = TypeVar("T")

FIRST_PARTY = "spatialevo"
"""The distribution whose names win."""
MOST_ITEMS = 1000
"""That a hook may return; what yields more may never end."""

_HOOKS = tuple(name for name in vars(hooks) if name.startswith("spatialevo_"))
_MUST_RETURN = frozenset(
    f"spatialevo_{kind}" for kind in ("tasks", "parsers", "judges", "datasets")
)
"""Hooks for which None is a forgotten `return`."""
_VERSIONED = re.compile(r"spatialevo\.v\d+")


def load(
    points: Iterable[EntryPoint] | None = None,
    *,
    profile: str = EXACT.name,
    definitions: Mapping[str, str] | None = None,
) -> Registry:
    """Everything that the entry points bring; those of the environment if none are given.

    `definitions` chooses definitions by task name over the profile's. Raises UnknownName and
    ConfigError for what the caller asked; whatever is wrong with a plugin is in `problems`.
    """
    loading = _Loading(points)
    tasks = loading.tasks()
    parsers, judges, datasets = loading.parsers(), loading.judges(), loading.datasets()
    tasks = {name: loading.extended(task) for name, task in tasks.items()}
    chosen = {named("task", name, tasks).name: value for name, value in (definitions or {}).items()}
    profile = _known_profile(profile, tasks)
    return Registry(
        tasks=MappingProxyType(
            {name: _bound(task, profile, chosen.get(name)) for name, task in tasks.items()}
        ),
        parsers=parsers,
        datasets=MappingProxyType(datasets),
        plugins=loading.cards(),
        problems=tuple(loading.problems),
        profile=profile,
        judges=MappingProxyType(judges),
    )


def commands(
    new_group: Callable[[], T], points: Iterable[EntryPoint] | None = None
) -> tuple[tuple[tuple[Plugin, T], ...], tuple[Problem, ...]]:
    """Each plugin with a group of its own to which it has added its commands."""
    loading, hook = _Loading(points), "spatialevo_commands"
    filled: list[tuple[Plugin, T]] = []
    for source in loading.sources:
        with loading.contained(source.card.name, hook):
            if hook in source.callers:
                group = new_group()
                source.call(hook, cli=group)
                filled.append((source.card, group))
    return tuple(filled), tuple(loading.problems)


@dataclass
class _Source:
    """The code of one plugin."""

    card: Plugin
    intact: Intact
    callers: Mapping[str, pluggy.HookCaller] = field(default_factory=dict)

    def call(self, hook: str, **arguments: Any) -> Any:
        """What the plugin's hook returned."""
        with self.foreign(hook):
            answers = self.callers[hook](**arguments)
        return answers[0] if answers else None

    def items(
        self, hook: str, check: Callable[[Any], str], **arguments: Any
    ) -> list[tuple[str, Any]]:
        """What an iterable hook returned, each with its name; raises ConfigError if it is no such.

        The plugin's code may run until the last item is there.
        """
        given = self.call(hook, **arguments)
        if given is None and hook not in _MUST_RETURN:
            return []
        if not isinstance(given, Iterable):
            raise ConfigError(f"{hook} returned {type(given).__name__}, expected an iterable")
        with self.foreign(hook):
            some = [(check(item), item) for item in islice(given, MOST_ITEMS + 1)]
        if len(some) > MOST_ITEMS:
            raise ConfigError(f"{hook} returned more than {MOST_ITEMS} items; it may never end")
        return some

    @contextmanager
    def foreign(self, doing: str) -> Iterator[None]:
        """The plugin's code runs inside; raises ConfigError if it replaced a part of the core."""
        try:
            with quiet(self.card.name, doing):
                yield
        finally:
            self.intact.restore()

    def note(self, **brought: Iterable[str]) -> None:
        """Write on the card what the plugin brought."""
        kept: dict[str, Any] = {k: (*vars(self.card)[k], *new) for k, new in brought.items()}
        self.card = replace(self.card, **kept)

    def note_state(self, state: State) -> None:
        """Write on the card what became of the plugin."""
        self.card = replace(self.card, state=state)


@dataclass(frozen=True)
class _Alone:
    """The plugin of an entry point that names a task instead of a module."""

    task: AnyTask

    @hooks.hookimpl
    def spatialevo_tasks(self) -> Iterable[AnyTask]:
        return [self.task]


class _Loading:
    """The plugins of one call, and what went wrong so far."""

    def __init__(self, points: Iterable[EntryPoint] | None) -> None:
        not_within()
        self.problems: list[Problem] = []
        self.sources: list[_Source] = []
        self._found: list[_Source] = []
        self._intact = Intact()
        listed = os.environ.get(DISABLED, "").split(",")
        disabled = {name.strip() for name in listed} - {""}
        found = _installed() if points is None else points
        for point in sorted((p for p in found if _VERSIONED.fullmatch(p.group)), key=_order):
            version = point.dist.version if point.dist else ""
            card = Plugin(point.name, _distribution(point), version, point.value)
            self._found.append(_Source(card, self._intact))
            if disabled.isdisjoint({point.name, _distribution(point)}):
                self._import(point, self._found[-1])
            else:
                self._found[-1].note_state("disabled")

    def cards(self) -> tuple[Plugin, ...]:
        """All plugins that were found, those included that were not imported."""
        return tuple(source.card for source in self._found)

    @contextmanager
    def contained(
        self, plugin: str, stage: str, tasks: frozenset[str] | None = frozenset()
    ) -> Iterator[None]:
        """Whatever is raised inside becomes a Problem."""
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (a plugin may raise anything)
            self._add(Problem(plugin, stage, _told(error), tasks, traceback.format_exc()))

    def tasks(self) -> dict[str, AnyTask]:
        """Every task, unbound, by name."""
        return self._collect("tasks", contributions.task_name)

    def parsers(self) -> tuple[engine.Parser, ...]:
        """Every parser, in the order in which they are asked."""
        return tuple(self._collect("parsers", contributions.parser_name, affected=None).values())

    def judges(self) -> dict[str, Judge]:
        """Every judge, by name; no truth depends on one."""
        return self._collect("judges", contributions.judge_name)

    def datasets(self) -> dict[str, AnyDataset]:
        """Every dataset, by name."""
        return self._collect("datasets", contributions.dataset_name)

    def extended(self, task: AnyTask) -> AnyTask:
        """The task with the rules and definitions that all plugins add to it."""
        for source in self.sources:
            task = self._with_rules(source, task)
            task = self._with_definitions(source, task)
        return task

    def _import(self, point: EntryPoint, source: _Source) -> None:
        source.note_state("failed")
        if point.group != hooks.GROUP:
            told = f"is written for {point.group}, and this is {hooks.GROUP}; it was not imported"
            self._add(Problem(point.name, "version", told, None))
            return
        with self.contained(point.name, "import", None):
            with source.foreign("import"):
                plugin = point.load()
            if isinstance(plugin, Task):
                plugin = _Alone(plugin)
            manager = pluggy.PluginManager("spatialevo")
            manager.add_hookspecs(hooks)
            for told in _misspelt(manager, plugin):
                self._add(Problem(point.name, "hooks", told, None))
            manager.register(plugin, point.name)
            callers = {each.name: each for each in manager.get_hookcallers(plugin) or ()}
            if not callers and not isinstance(plugin, ModuleType):
                raise ConfigError(
                    f"names {contributions.said(plugin)}, expected a module with hooks, or a Task"
                )
            source.callers = callers
            source.note_state("loaded")
            self.sources.append(source)

    def _collect(
        self, kind: str, check: Callable[[Any], str], affected: frozenset[str] | None = frozenset()
    ) -> dict[str, Any]:
        """What the plugins' hooks of one kind return, by name; the first to use a name keeps it."""
        hook, kept, owners = f"spatialevo_{kind}", dict[str, Any](), dict[str, Plugin]()
        for source in self._implementing(hook):
            with self.contained(source.card.name, hook, affected):
                for name, item in source.items(hook, check):
                    owner = owners.setdefault(same_name(name), source.card)
                    if owner is not source.card or name in kept:
                        told = f"{kind[:-1]} '{name}' is already there, from {_whose(owner)}"
                        clash = frozenset({name}) if kind == "tasks" else affected
                        self._add(Problem(source.card.name, hook, told, clash))
                        continue
                    kept[name] = item
                    source.note(**{kind: (name,)})
        return kept

    def _with_rules(self, source: _Source, task: AnyTask) -> AnyTask:
        hook = "spatialevo_rules"
        with self.contained(source.card.name, hook, frozenset({task.name})):
            if hook in source.callers:
                rules = tuple(
                    each for _, each in source.items(hook, contributions.rule_code, task=task)
                )
                task = replace(task, rules=(*task.rules, *rules))
                source.note(rules=(f"{each.code} on {task.name}" for each in rules))
        return task

    def _with_definitions(self, source: _Source, task: AnyTask) -> AnyTask:
        hook = "spatialevo_solvers"
        with self.contained(source.card.name, hook, frozenset({task.name})):
            if hook in source.callers:
                given = contributions.definitions(task, source.call(hook, task=task))
                task = replace(task, definitions={**task.definitions, **given})
                source.note(definitions=(f"{name} of {task.name}" for name in given))
        return task

    def _implementing(self, hook: str) -> tuple[_Source, ...]:
        return tuple(source for source in self.sources if hook in source.callers)

    def _add(self, problem: Problem) -> None:
        """Note a problem; one that is the same for several tasks is one problem."""
        for at, old in enumerate(self.problems):
            same = replace(old, tasks=problem.tasks, traceback=problem.traceback) == problem
            if same and old.tasks is not None and problem.tasks is not None:
                self.problems[at] = replace(old, tasks=old.tasks | problem.tasks)
                return
        self.problems.append(problem)


def _installed() -> Iterator[EntryPoint]:
    found = entry_points()
    for group in found.groups:
        yield from found.select(group=group)


def _order(point: EntryPoint) -> tuple[bool, str, str, str, str]:
    """First party first, then by name: nothing depends on how things were installed."""
    owner = _distribution(point)
    return (owner != FIRST_PARTY, owner, point.name, point.value, point.group)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""


def _misspelt(manager: pluggy.PluginManager, plugin: Any) -> Iterator[str]:
    """Functions that look like hooks and would never be called."""
    for name, _ in inspect.getmembers(plugin, inspect.isroutine):
        marked = manager.parse_hookimpl_opts(plugin, name)
        if marked is None and not name.startswith("spatialevo_"):
            continue
        hook = (marked["specname"] if marked else None) or name
        if hook not in _HOOKS:
            close = get_close_matches(hook, _HOOKS, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(_HOOKS)}"
            yield f"'{hook}' is no hook; {hint}"
        elif marked is None:
            yield f"'{name}' lacks @hookimpl and is never called"


def _known_profile(name: str, tasks: Mapping[str, AnyTask]) -> str:
    """The profile's own spelling; raises UnknownName, ConfigError for a setting nobody reads."""
    declared = [(task, each) for task in tasks.values() for each in task.profiles]
    names = {EXACT.name: EXACT.name} | {each.name: each.name for _, each in declared}
    own = named("profile", name, names)
    read = {term for task in tasks.values() for term in type(task.terms).model_fields}
    for task, each in declared:
        unread = sorted(set(each.settings) - read) if each.name == own else []
        if unread:
            raise ConfigError(
                f"profile '{own}' of task '{task.name}' sets {', '.join(unread)}, "
                f"which no task has; known: {', '.join(sorted(read)) or 'none'}"
            )
    return own


def _bound(task: AnyTask, profile: str, definition: str | None) -> AnyTask:
    try:
        return task.under(profile, definition)
    except ValidationError as error:
        told = error.errors()[0]
        where = ".".join(str(part) for part in told["loc"])
        raise ConfigError(
            f"profile '{profile}' sets {where} of task '{task.name}': {told['msg']}"
        ) from error


def _whose(plugin: Plugin) -> str:
    by = f" of {plugin.distribution}" if plugin.distribution else ""
    return f"plugin '{plugin.name}'{by}"


def _told(error: BaseException) -> str:
    """What was raised, on one line, and what to do where that is known."""
    if isinstance(error, SpatialEvoError):
        return _line(str(error))
    told = _line(f"{type(error).__name__}: {error}")
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{told}; install it, or install the plugin's distribution again"
    return told


def _line(text: str) -> str:
    return text.strip().partition("\n")[0]
