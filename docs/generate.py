"""Write what follows from the code: docs/cli.md, docs/tasks.md, and pieces of other pages.

In the pages of `PAGES` every `$ spatialevo ...` of a console block that is in `RUN` is followed by
what it prints, and a code block after `<!-- from FILE: NAMES -->` is cut from that file.

Run by 'make docs'; a test compares.
"""

import ast
import inspect
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from functools import cache, partial
from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import click
from click.testing import CliRunner

from spatialevo_core.cli import main
from spatialevo_core.hooks import GROUP
from spatialevo_core.plugins import FIRST_PARTY, load
from spatialevo_core.task import AnyTask

WIDTH = 88
MOST_WORDINGS = 10
ROOT = Path(__file__).parent.parent
IMPORTS = "imports"
RUN = (
    "ask",
    "tasks list",
    "tasks show",
    "datasets list",
    "datasets ids",
    "parsers list",
    "train --preset qwen2.5-vl-7b --plan",
)
"""Commands whose output pages show."""
PAGES = {
    "README.md": (),
    "docs/index.md": (),
    "docs/concepts.md": (),
    "docs/first-task.md": ("taller",),
    "docs/new-domain.md": ("pendulums",),
    "docs/new-dataset.md": (),
    "docs/new-parser.md": (),
    "docs/plan.md": (),
    "docs/reward.md": (),
    "docs/training.md": (),
    "docs/troubleshooting.md": (),
}
"""What is completed in place, and the examples that are installed where their commands run."""


def cli_page() -> str:
    sections = "\n".join(help_sections(main, None, "spatialevo"))
    return f"# Command line\n\nGenerated from the commands by `make docs`.\n\n{sections}"


def help_sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    shape = {"terminal_width": WIDTH, "max_content_width": WIDTH, "show_default": None}
    # the settings say -h; and click remembers the help option that it made first, wherever that was
    command._help_option = None
    context = click.Context(command, parent, name, **shape, **command.context_settings)
    path = context.command_path
    yield f"## {path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from help_sections(found, context, each)


def tasks_page() -> str:
    registry = load(points())
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


def completed(page: str, examples: tuple[str, ...]) -> str:
    """The page with its pieces of code as they are, and what its commands print."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(
        r"(<!-- from (\S+): ([^\n]+) -->\n```\w+[^\n]*\n).*?(?=```)",
        lambda block: block[1] + cut(ROOT / block[2], block[3].split()),
        text,
        flags=re.S,
    )
    show = partial(printed, examples=examples)
    return re.sub(r"(?<=```console\n).*?(?=```)", lambda block: show(block[0]), text, flags=re.S)


def cut(path: Path, names: list[str]) -> str:
    """What a file defines by these names, or the paragraphs with them; its imports; `*` is all."""
    text = path.read_text(encoding="utf-8")
    if names == ["*"]:
        return text
    if path.suffix != ".py":
        found = {n: part for n in names for part in text.strip().split("\n\n") if n in part}
        return "\n\n".join(found[name] for name in names) + "\n"
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        name = defined(node)
        start = found[name][0] if name == IMPORTS and name in found else first
        found[name] = start, node.end_lineno
    cuts = ["\n".join(lines[first - 1 : last]) for first, last in map(found.get, names)]
    return "\n\n\n".join(cuts) + "\n"


def defined(node: ast.stmt) -> str | None:
    """The name that a statement gives a value; all imports together have one."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return IMPORTS
    target = node.targets[0] if isinstance(node, ast.Assign) else node
    return getattr(target, "id", None) or getattr(target, "name", None)


def printed(block: str, examples: tuple[str, ...]) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    if not any(map(is_run, commands)):
        return block
    return "".join(f"{line}\n{output(line, examples) if is_run(line) else ''}" for line in commands)


def is_run(line: str) -> bool:
    return line.startswith(tuple(f"$ spatialevo {each} " for each in RUN)) or line[13:] in RUN


@cache
def output(line: str, examples: tuple[str, ...]) -> str:
    command = shlex.split(line, comments=True)[2:]
    return CliRunner().invoke(main, command, obj=points(*examples), catch_exceptions=False).stdout


def points(*examples: str) -> list[EntryPoint]:
    """The entry points of this distribution, and of these examples as if they were installed."""
    found = [*distribution(FIRST_PARTY).entry_points.select(group=GROUP)]
    for name in examples:
        folder = ROOT / "examples" / name
        sys.path.append(str(folder))
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        named = project["entry-points"][GROUP]
        found += [EntryPoint(each, value, GROUP) for each, value in named.items()]
    return found


def made() -> Iterator[tuple[Path, str]]:
    """Every page that follows from the code, as it would be."""
    yield ROOT / "docs" / "cli.md", cli_page()
    yield ROOT / "docs" / "tasks.md", tasks_page()
    for page, examples in PAGES.items():
        yield ROOT / page, completed(page, examples)


def stale() -> list[str]:
    """The pages that are not as the code is."""
    return [
        str(path.relative_to(ROOT))
        for path, text in made()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


if __name__ == "__main__":
    for path, text in made():
        path.write_text(text, encoding="utf-8")
