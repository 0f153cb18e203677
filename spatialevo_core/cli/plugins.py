"""`spatialevo plugins`, and the commands that plugins bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import EntryPoint
from typing import NamedTuple

import click

from spatialevo_core.cli import COMMANDS
from spatialevo_core.cli.shared import json_option, show_json, show_rows
from spatialevo_core.registry import Plugin, Problem


class PluginCommands(NamedTuple):
    """What plugins add to the command line."""

    commands: dict[str, click.Command]
    owners: dict[str, Plugin]
    problems: tuple[Problem, ...]


def plugin_commands(points: Iterable[EntryPoint] | None = None) -> PluginCommands:
    """Every plugin's commands; a name that is taken is refused."""
    from spatialevo_core.plugins import commands

    filled, found = commands(click.Group, points)
    problems = list(found)
    kept: dict[str, click.Command] = {}
    owners: dict[str, Plugin] = {}
    for plugin, group in filled:
        for name, command in group.commands.items():
            if name in COMMANDS or name in kept:
                told = f"command '{name}' is already there"
                problems.append(Problem(plugin.name, "spatialevo_commands", told))
                continue
            kept[name], owners[name] = command, plugin
    return PluginCommands(kept, owners, tuple(problems))


@click.command()
@click.option("--strict", is_flag=True, help="Exit with status 1 if there is any problem.")
@click.option("--traceback", "tracebacks", is_flag=True, help="Print what a plugin raised.")
@json_option
def plugins(strict: bool, tracebacks: bool, as_json: bool) -> None:
    """Show what is plugged in, and what went wrong."""
    from spatialevo_core.plugins import load

    points = click.get_current_context().find_root().obj
    points = None if points is None else list(points)
    loaded, added = load(points), plugin_commands(points)
    both = (*loaded.problems, *added.problems)
    problems = list({(each.plugin, each.stage, each.message): each for each in both}.values())
    if as_json:
        show_json(
            {
                "plugins": [
                    asdict(each) | {"commands": _commands(each, added)} for each in loaded.plugins
                ],
                "problems": [
                    asdict(each) | {"tasks": None if each.tasks is None else sorted(each.tasks)}
                    for each in problems
                ],
            }
        )
    else:
        troubled = {each.plugin for each in problems}
        show_rows(_row(each, _commands(each, added), troubled) for each in loaded.plugins)
        for problem in problems:
            click.echo(f"problem: {problem}")
            if tracebacks and problem.traceback:
                click.echo(problem.traceback)
    if strict and problems:
        raise SystemExit(1)


def _commands(plugin: Plugin, added: PluginCommands) -> list[str]:
    one = (plugin.name, plugin.distribution)
    return [name for name, by in added.owners.items() if (by.name, by.distribution) == one]


def _row(plugin: Plugin, commands: list[str], troubled: set[str]) -> tuple[str, ...]:
    """Name, distribution and version, state, and what the plugin adds."""
    brings = {
        "task": plugin.tasks,
        "parser": plugin.parsers,
        "judge": plugin.judges,
        "dataset": plugin.datasets,
        "rule": plugin.rules,
        "definition": plugin.definitions,
        "command": commands,
    }
    said = [f"{kind} {name}" for kind, names in brings.items() for name in names]
    by = f"{plugin.distribution} {plugin.version}".strip() or "no distribution"
    state = "problem" if plugin.state == "loaded" and plugin.name in troubled else plugin.state
    return plugin.name, by, state, ", ".join(said) or "nothing"
