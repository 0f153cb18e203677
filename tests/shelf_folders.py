"""Datasets that read shelves from a folder: a good one, and some that break promises."""

import os
from dataclasses import dataclass

from shelves import Shelf
from spatialevo_core.errors import DataError


@dataclass(frozen=True)
class Weights:
    """A good dataset: shelves in a folder, one weight a line."""

    name: str = "weights"
    summary: str = "shelves in a folder"
    source: type = Shelf
    needs_root: bool = True

    def ids(self, root, split=None):
        if split is not None or root is None or not root.is_dir():
            raise DataError(f"{root} has no shelves")
        return sorted(path.stem for path in root.glob("*.txt"))

    def load(self, root, world_id):
        if world_id not in self.ids(root):
            raise DataError(f"{root} has no shelf {world_id!r}")
        rows = (line.split() for line in (root / f"{world_id}.txt").read_text().splitlines())
        return Shelf(f"{self.name}/{world_id}", {name: float(weight) for name, weight in rows})

    def missing(self, root):
        try:
            return [] if self.ids(root) else [f"{root} has no shelf"]
        except DataError as error:
            return [str(error)]

    def files(self, root, world_id):
        return [root / f"{world_id}.txt"]


class Hashed(Weights):
    """Lists in the order of a set, which is another one in every process."""

    def ids(self, root, split=None):
        return list({*super().ids(root, split), *(f"x{each}" for each in range(50))})

    def load(self, root, world_id):
        if world_id not in self.ids(root):
            raise DataError("no such shelf")
        return Shelf(world_id, {name: float(at) for at, name in enumerate(self.ids(root))})


class Careless(Weights):
    """Loads something new each time, touches files, lists twice, and more."""

    count = iter(range(1000))

    def ids(self, root, split=None):
        return [each for each in super().ids(root, split) for _ in range(2)]

    def load(self, root, world_id):
        super().load(root, world_id)
        os.utime(root / "a.txt", (1, 1))
        return Shelf(world_id, {"book": float(next(self.count))})

    def files(self, root, world_id):
        return [root / "b.txt", root / "a.txt", root / "gone.txt"]

    def missing(self, root):
        return ["the README"]


class Trusting(Weights):
    """Believes whatever it is told, and gives every shelf one key."""

    def ids(self, root, split=None):
        return sorted(path.stem for path in root.glob("*.txt")) if root else ["a"]

    def load(self, root, world_id):
        return Shelf("shelf", {world_id: 1.0})

    def missing(self, root):
        return []


class Raising(Weights):
    """Lets through what the file system raises, and loads one shelf as another type."""

    def load(self, root, world_id):
        text = (root / f"{world_id}.txt").read_text()
        return text if world_id == "b" else Shelf(world_id, {"book": float(text)})
