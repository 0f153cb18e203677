"""Worlds that can be stored: pantries, one file each, whose contents may misbehave."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from spatialevo_core.errors import DataError
from spatialevo_core.worlds import PublishedQuestion


@dataclass(frozen=True)
class Pantry:
    """What is in it; sorted when it is stored."""

    goods: tuple[str, ...]
    opened_from: Path | None = None

    @classmethod
    def stored_form(cls):
        return "pantry/1"

    def store(self, folder, root):
        for number, each in enumerate(sorted(self.goods)):
            (folder / f"{number}.txt").write_text(each)
            if each == "honey":
                time.sleep(0.02)

    @classmethod
    def open(cls, folder, root):
        return cls(tuple(path.read_text() for path in sorted(folder.glob("*.txt"))), root)


@dataclass(frozen=True)
class Pantries:
    """`<id>.txt`, one thing a line; a `bomb` ends the process, a `bug` raises, dust is refused."""

    name: str = "pantries"
    summary: str = "pantries in a folder"
    source: type = Pantry
    needs_root: bool = True

    def ids(self, root, split=None):
        return sorted(path.stem for path in root.glob(f"{split or ''}*.txt"))

    def files(self, root, world_id):
        return [root / f"{world_id}.txt"]

    def load(self, root, world_id):
        goods = (root / f"{world_id}.txt").read_text().split()
        if "bomb" in goods:
            os._exit(7)
        if "bug" in goods:
            raise KeyError("bug")
        if "dust" in goods:
            raise DataError(f"{world_id} holds dust; expected goods")
        return Pantry(tuple(goods))

    def missing(self, root):
        return []

    def questions(self, root):
        yield PublishedQuestion("1", "a", "kind", (root / "a.txt").read_text(), "yes")


@dataclass(frozen=True)
class Hidden(Pantries):
    """Pantries that name no files."""

    files = None


@dataclass(frozen=True)
class Unstorable(Pantries):
    """Pantries that are mere text."""

    source: type = str


def filled(root, **contents):
    """A folder of pantries by id."""
    root.mkdir(exist_ok=True)
    for world_id, goods in contents.items():
        (root / f"{world_id}.txt").write_text(goods)
    return root


def tree(folder):
    """The bytes of every file, and every folder, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def pid_of(item):
    """The process that works on an item."""
    return os.getpid()
