"""Writing into a cache: whole folders and files appear by renaming, and nothing else does.

So a reader sees a world whole or not at all, also after a loss of power. A world is written by one
program at a time. What is being written is in `partial`, under a lock that ends with its program:
what a killed one left there is told from what another one is writing, and removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import ClassVar

from spatialevo_core.cache import MARKER, Cache, Manifest, Marker
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.records import Record
from spatialevo_core.writing import flush, locked, writing


class FailureRecord(Record):
    """A world that could not be prepared."""

    schema_id: ClassVar[str] = "spatialevo.unprepared/1"

    world: str
    message: str


@dataclass(frozen=True)
class CacheWriter:
    """Adds worlds to a cache."""

    cache: Cache

    @classmethod
    def at(cls, folder: Path, dataset: str) -> CacheWriter:
        """Of the cache in a folder, made if that is new or empty; ConfigError if it is no cache."""
        cache = Cache.at(folder)
        if cache is None:
            if folder.is_dir() and set(os.listdir(folder)) - {"partial"}:
                raise ConfigError(f"{folder} holds other files; give a new folder, or a cache")
            cache = Cache(folder, dataset)
            cls(cache)._write(folder / MARKER, Marker(dataset=dataset))
        if cache.dataset != dataset:
            raise ConfigError(f"{folder} is a cache of '{cache.dataset}', not of '{dataset}'")
        return cls(cache)

    @contextmanager
    def folder(self, manifest: Manifest) -> Iterator[Path]:
        """An empty folder, which becomes the world's when the block ends without an error.

        It takes the place of what is there: what is damaged, or what a killed program left.
        """
        with self._partial() as part:
            yield part
            goal = self.cache.data(manifest)
            goal.parent.mkdir(exist_ok=True)
            flush(*part.rglob("*"), part)
            if goal.exists():
                shutil.rmtree(goal)
            part.rename(goal)
            flush(goal.parent)

    def old(self, world_id: str) -> Manifest | None:
        """The manifest of a world; None if there is none that can be read."""
        with suppress(DataError):
            return self.cache.manifest(world_id)
        return None

    def put(self, manifest: Manifest) -> None:
        """Make this the world's manifest; what an older one named is removed after that."""
        old = self.old(manifest.world)
        self._write(self.cache.manifest_path(manifest.world), manifest)
        if old is not None and old.digest != manifest.digest:
            shutil.rmtree(self.cache.data(old), ignore_errors=True)

    def drop(self, world_id: str) -> bool:
        """Forget a world; returns whether it was there."""
        path = self.cache.folder / "worlds" / f"{world_id}.json"
        if world_id not in self.cache.ids():
            return False
        old = self.old(world_id)
        path.unlink()
        if old is not None:
            shutil.rmtree(self.cache.data(old), ignore_errors=True)
        return True

    @contextmanager
    def alone(self, world_id: str) -> Iterator[bool]:
        """Whether this program, and no other, is at work on the world until the block ends."""
        self.cache.manifest_path(world_id)
        parent = self._parent()
        with locked(parent / f"world-{world_id}.lock", wait=False) as mine:
            yield mine

    def report(self, failures: Sequence[FailureRecord]) -> Path:
        """The file of what this run could not prepare; there is none if that is nothing."""
        path = self.cache.folder / "failures.jsonl"
        if failures:
            self._write(path, *failures)
        else:
            path.unlink(missing_ok=True)
        return path

    def tidy(self) -> None:
        """Remove what killed programs left unfinished; what others are writing stays."""
        for lock in (self.cache.folder / "partial").glob("*.lock"):
            with suppress(FileNotFoundError), lock.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)

    def _write(self, path: Path, *rows: Record) -> None:
        """Write a file that is never seen half written."""
        with self._partial() as part:
            file = part / path.name
            with writing(path):
                file.write_text("".join(row.line() for row in rows), encoding="utf-8")
            path.parent.mkdir(exist_ok=True)
            flush(file)
            file.replace(path)
            flush(path.parent)

    def _parent(self) -> Path:
        parent = self.cache.folder / "partial"
        parent.mkdir(parents=True, exist_ok=True)
        return parent

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        """An empty folder under a lock, removed in the end unless it was renamed."""
        part = self._parent() / token_hex(8)
        with locked(part.with_suffix(".lock"), wait=True):
            part.mkdir()
            try:
                yield part
            finally:
                shutil.rmtree(part, ignore_errors=True)
