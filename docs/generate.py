"""Write what follows from the code: docs/cli.md, docs/tasks.md, and the outputs in README.md.

Run by 'make docs'. With `--check` nothing is written, and the exit status is 1 if a page is stale.
"""

import inspect
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from spatialevo_core.cli import main
from spatialevo_core.plugins import FIRST_PARTY, load
from spatialevo_core.task import AnyTask

WIDTH = 88
MOST_WORDINGS = 10
ROOT = Path(__file__).parent.parent


def cli_page() -> str:
    sections = "\n".join(help_sections(main, None, "spatialevo"))
    return f"# Command line\n\nGenerated from the commands by `make docs`.\n\n{sections}"


def help_sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(
        command, parent, name, terminal_width=WIDTH, max_content_width=WIDTH, show_default=None
    )
    path = context.command_path
    yield f"## {path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from help_sections(found, context, each)


def tasks_page() -> str:
    registry = load()
    own = [name for p in registry.plugins if p.distribution == FIRST_PARTY for name in p.tasks]
    sections = "\n".join(task_section(registry.tasks[name]) for name in own)
    return f"# Tasks\n\nGenerated from the registered tasks by `make docs`.\n\n{sections}"


def task_section(task: AnyTask) -> str:
    lines = [f"## {task.name}", "", task.summary, ""]
    told = inspect.getdoc(inspect.getmodule(task.solve))
    lines += [*(told or "").splitlines(), ""]
    lines += [
        f"Asked about: `{task.world.__name__}`. Names: {ticked(task.query.model_fields)}.",
        "",
    ]
    lines += [f"Definitions: {ticked(['exact', *task.definitions])}.", ""]
    lines += ["| refuses with | stage |", "|---|---|"]
    lines += [f"| `{rule.code}` | {rule.stage.name.lower()} |" for rule in task.rules]
    lines += ["", "| setting | exact |", "|---|---|"]
    lines += [f"| `{key}` | {value} |" for key, value in task.terms.model_dump().items()]
    for profile in task.profiles:
        waived = f"; waives {ticked(sorted(profile.waived))}" if profile.waived else ""
        lines += ["", f"Profile `{profile.name}`: {profile.summary}{waived}."]
    written = [phrasing.template for phrasing in task.phrasings if not phrasing.read_only]
    shown = written[:MOST_WORDINGS]
    lines += ["", f"Wordings, {len(shown)} of the {len(written)} that are written:", ""]
    lines += [f"- {template}" for template in shown]
    return "\n".join(lines) + "\n"


def ticked(names) -> str:  # type: ignore[no-untyped-def]
    return ", ".join(f"`{name}`" for name in names) or "none"


def readme() -> str:
    """README.md with every `$ spatialevo ...` in a console block followed by what it prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(?<=```console\n).*?(?=```)", lambda block: printed(block[0]), text, flags=re.S)


def printed(block: str) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{output(shlex.split(line, comments=True)[1:])}" for line in commands)


def output(command: list[str]) -> str:
    if command[:2] not in (["spatialevo", "ask"], ["spatialevo", "tasks"]):
        return ""
    return CliRunner().invoke(main, command[1:], catch_exceptions=False).stdout


wrong = []
pages = {"docs/cli.md": cli_page, "docs/tasks.md": tasks_page, "README.md": readme}
for name, page in pages.items():
    path, text = ROOT / name, page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        wrong.append(name)
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
if wrong and "--check" in sys.argv:
    sys.exit(f"{', '.join(wrong)} not as the code is; run 'make docs'")
