"""The command `spatialevo`: a table of commands, each imported when it is used.

Listing the commands imports none of them and no plugin. Results go to stdout, remarks and progress
to stderr. Exit status: 0 fine, 1 something is wrong, 2 the command line was not understood, 130 or
143 if it was interrupted, as shells expect.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

from spatialevo_core._version import __version__
from spatialevo_core.errors import SpatialEvoError


class Command(NamedTuple):
    """A command that is not imported yet."""

    target: str
    """`module:object`."""
    summary: str
    extra: str = ""
    """The optional dependencies that it needs."""


_HERE = "spatialevo_core.cli"
INTERRUPTED = 130
"""Exit status after Ctrl-C."""

COMMANDS = {
    "tasks": Command(f"{_HERE}.tasks:tasks", "List, show, check and write tasks."),
    "datasets": Command(f"{_HERE}.datasets:datasets", "List, check and prepare datasets."),
    "parsers": Command(f"{_HERE}.parsers:parsers", "List and check parsers."),
    "plugins": Command(f"{_HERE}.plugins:plugins", "Show what is plugged in, and what went wrong."),
    "ask": Command(f"{_HERE}.ask:ask", "Answer one question about one world, or say why not."),
    "generate": Command(f"{_HERE}.generate:generate", "Write questions with answers and evidence."),
    "agree": Command(f"{_HERE}.agree:agree", "Compare our answers with published ones."),
    "train": Command(
        "spatialevo_trainer.cli:train", "Train a model by asking and answering.", "train"
    ),
    "eval": Command(
        "spatialevo_trainer.cli_eval:evaluate", "Score a model's answers to generated questions."
    ),
    "compare": Command(
        "spatialevo_trainer.cli_compare:compare", "Compare training runs, seed by seed.", "train"
    ),
    "merge": Command(
        "spatialevo_trainer.cli_merge:merge", "Write a trained model as one checkpoint.", "train"
    ),
    "demo": Command(
        "spatialevo_trainer.demo:demo",
        "See everything, on synthetic worlds.",
        "train",
    ),
}


class LazyGroup(click.Group):
    """Commands from the table; any other name is looked for among the plugins' commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names in the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None if nobody has it."""
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].target.partition(":")
            try:
                command: click.Command = getattr(import_module(module), name)
            except ModuleNotFoundError as error:
                raise _explained(error, cmd_name) from error
            return command
        from spatialevo_core.cli.plugins import plugin_commands

        return plugin_commands(ctx.find_root().obj).commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for an unknown name."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            close = get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command '{name}'; {hint}")
        return name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table's summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what we raise on purpose, or a file, is one line and exit status 1."""
        try:
            return super().invoke(ctx)
        except SpatialEvoError as error:
            told = click.ClickException(str(error))
            told.exit_code = error.exit_status  # type: ignore[misc]  # click reads it so
            raise told from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.filename is None or error.strerror is None:
                raise
            cause = f"{error.filename}: {error.strerror.lower()}"
            raise click.ClickException(cause) from error
        except ModuleNotFoundError as error:
            raise _explained(error, ctx.invoked_subcommand) from error


def _explained(error: ModuleNotFoundError, name: str | None) -> Exception:
    """How to install what a command needs, if it is part of an extra; else the error itself."""
    extra = COMMANDS[name].extra if name in COMMANDS else ""
    if not extra or (error.name or "").startswith("spatialevo"):
        return error
    told = f"'{name}' needs {error.name}; install it with: pip install 'spatialevo[{extra}]'"
    return click.ClickException(told)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="spatialevo")
def main() -> None:
    """Judge spatial questions by computing the answer, and train models on them."""
