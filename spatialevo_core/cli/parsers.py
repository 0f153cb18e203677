"""`spatialevo parsers`: list."""

from __future__ import annotations

import inspect

import click

from spatialevo_core.cli.shared import json_option, registry, show_json, show_rows


@click.group()
def parsers() -> None:
    """List parsers."""


@parsers.command("list")
@json_option
def list_parsers(as_json: bool) -> None:
    """The registered parsers, in the order in which they are asked."""
    cards = [
        {"name": each.name, "summary": (inspect.getdoc(type(each)) or "").partition("\n")[0]}
        for each in registry().parsers
    ]
    if as_json:
        show_json(cards)
    else:
        show_rows((card["name"], card["summary"]) for card in cards)
