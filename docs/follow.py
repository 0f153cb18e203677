"""Follow the tutorials to the letter, as a newcomer would, in an environment of their own.

    python docs/follow.py FOLDER

makes FOLDER/venv, installs this checkout as the first page says, and does what each page says in
FOLDER: every `$ ` line of a console block is run, and what it prints compared where the page shows
it; a code block with a title is written to that file, replaced by the first block that names it
and continued by the others. Prints the lines that were typed and the minutes that it took.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("index", "first-task", "new-domain")
FENCE = re.compile(r'^```(\w+)(?: title="(.*?)")?\n(.*?)^```', flags=re.DOTALL | re.MULTILINE)


@dataclass
class Account:
    """What following a page took."""

    page: str
    commands: int = 0
    lines: int = 0
    """Written into files; empty ones do not count."""
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.page}: {self.commands} commands, {self.lines} lines, "
            f"{self.seconds / 60:.1f} minutes"
        )


class Astray(Exception):
    """A page says something else than what happens."""


def follow(page: str, folder: Path, environment: dict[str, str]) -> Account:
    """Do what a page says in a folder; raises Astray at the first command that goes wrong."""
    account, begun, written = Account(page), time.monotonic(), set[Path]()
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for language, title, code in FENCE.findall(text):
        if title:
            path = folder / title
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") + "\n\n" if path in written else ""
            path.write_text(before + code, encoding="utf-8")
            written.add(path)
            account.lines += sum(bool(line.strip()) for line in code.splitlines())
        elif language == "console":
            for command, shown in said(code):
                run(command, shown, folder, environment)
                account.commands += 1
    account.seconds = time.monotonic() - begun
    return account


def said(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints, if the page shows that."""
    return re.findall(r"^\$ ([^\n]+)\n((?:(?!\$ )[^\n]*\n)*)", block, flags=re.MULTILINE)


def run(command: str, shown: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a command where its reader is; the checkout is where `pip install .` is said."""
    where = ROOT if re.match(r"pip install '?\.", command) else folder
    shell = ("bash", "-c", command)
    done = subprocess.run(
        shell, cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Astray(f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    if shown and done.stdout != shown:
        raise Astray(f"{command}\nprinted:\n{done.stdout}and not, as the page says:\n{shown}")


def environment_of(venv: Path) -> dict[str, str]:
    """The environment of a shell in which a virtual environment was activated."""
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(venv)}


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    environment = environment_of(folder.resolve() / "venv")
    for page in PAGES:
        print(follow(page, folder, environment), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
