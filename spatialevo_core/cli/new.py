"""`spatialevo tasks new` and `spatialevo datasets new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spatialevo_core.cli.shared import registry

if TYPE_CHECKING:
    from spatialevo_core.scaffolding import Kind

NEXT = """wrote {folder}, which works as it is; next:
  pip install --editable {folder}
  pytest {folder}
  spatialevo {kind}s list
"""


def new_command(kind: Kind, what: str) -> click.Command:
    """The command that writes a new distribution with a plugin of that kind."""

    @click.command("new", help=f"Write a distribution with a new {kind} NAME: {what}.")
    @click.argument("name")
    @click.option(
        "--dir",
        "parent",
        type=click.Path(file_okay=False, path_type=Path),
        default=".",
        help="Where its folder, spatialevo-NAME, is to be; here if not given.",
    )
    def new(name: str, parent: Path) -> None:
        from spatialevo_core.scaffolding import write_new

        folder = write_new(kind, name, parent, registry())
        click.echo(NEXT.format(folder=folder, kind=kind), nl=False)

    return new
