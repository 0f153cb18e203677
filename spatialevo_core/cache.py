"""A folder of prepared worlds: which are in it, what each was made of, and how they are opened.

::

    CACHE/spatialevo-cache.json   what makes the folder a cache, and of which dataset
    CACHE/worlds/<id>.json        the manifest of a world: what it was made of, what is stored of it
    CACHE/data/<digest>/          what the source stored
    CACHE/partial/                what is being written
    CACHE/failures.jsonl          the worlds that the last run could not prepare

A digest follows from the contents of the files that a world is read from, its id, and the version
of the software, since another version may compute other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

from spatialevo_core._version import __version__
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.records import Record
from spatialevo_core.worlds import Benchmark, Dataset, PublishedQuestion, Storable

MARKER = "spatialevo-cache.json"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Marker(Record):
    """Makes a folder a cache."""

    schema_id: ClassVar[str] = "spatialevo.cache/1"

    dataset: str


class SourceFile(NamedTuple):
    """What a file was when a world was made of it."""

    size: int
    mtime_ns: int
    sha256: str

    def untouched(self, path: Path) -> bool:
        """Whether size and time are still those; then nobody need read the file."""
        found = path.stat()
        return (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns)


class StoredFile(NamedTuple):
    """What a file of a prepared world was when it had been written."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """What the file is now."""
        return cls(path.stat().st_size, sha256_of(path))

    def fault(self, path: Path, *, whole: bool) -> str | None:
        """Why the file is another, by its size, or by its contents, too, if `whole`."""
        if not path.is_file():
            return f"{path} is missing"
        size = path.stat().st_size
        if size != self.size:
            return f"{path} is damaged: {size} bytes, expected {self.size}"
        if whole and sha256_of(path) != self.sha256:
            return f"{path} is damaged: its contents are not those that were stored"
        return None


class Manifest(Record):
    """What a prepared world was made of, and what is stored of it."""

    schema_id: ClassVar[str] = "spatialevo.prepared/2"

    dataset: str
    world: str
    form: str
    """`stored_form` of its source type."""
    version: str = __version__
    """Of the software that prepared it."""
    root: str | None
    """The folder that it was read from, absolute; None for a generated world."""
    files: dict[str, SourceFile]
    """By path, relative to the root where it is inside."""
    stored: dict[str, StoredFile]
    """By path, relative to the folder that the world is stored in."""

    @cached_property
    def digest(self) -> str:
        """Under which the world is stored; it follows from contents, not from places or times."""
        parts = [self.schema_id, self.dataset, self.world, self.form, self.version]
        parts += [f"{name}\0{file.sha256}" for name, file in sorted(self.files.items())]
        return sha256("\0\0".join(parts).encode()).hexdigest()

    @property
    def folder(self) -> Path | None:
        """The root as a path."""
        return None if self.root is None else Path(self.root)

    def path(self, name: str) -> Path:
        """Where the file of that name is."""
        return Path(self.root or "", name)


@dataclass(frozen=True)
class Cache:
    """The prepared worlds of one dataset."""

    folder: Path
    dataset: str

    @classmethod
    def at(cls, folder: Path | None) -> Self | None:
        """The cache in a folder; None if it is none, DataError if it is one we cannot read."""
        if folder is None or not (folder / MARKER).is_file():
            return None
        try:
            marker = Marker.of_line((folder / MARKER).read_text("utf-8"))
        except ValueError as error:
            told = f"{folder / MARKER}: {error}; prepare the dataset anew, into another folder"
            raise DataError(told) from None
        return cls(folder, marker.dataset)

    @property
    def remedy(self) -> str:
        """What to do about a world that is old or missing."""
        return f"run 'spatialevo datasets prepare {self.dataset} ROOT --out {self.folder}'"

    def ids(self) -> list[str]:
        """The ids of the prepared worlds, sorted."""
        return sorted(path.stem for path in (self.folder / "worlds").glob("*.json"))

    def manifest_path(self, world_id: str) -> Path:
        """Where a world's manifest is; DataError if the id cannot name a file."""
        if not _PLAIN.fullmatch(world_id):
            expected = "expected letters, digits, '.', '_' and '-'"
            raise DataError(f"{self.dataset}: {world_id!r} cannot name a file; {expected}")
        return self.folder / "worlds" / f"{world_id}.json"

    def manifest(self, world_id: str) -> Manifest | None:
        """Of a prepared world; None if there is none, DataError if it cannot be read."""
        path = self.manifest_path(world_id)
        try:
            return Manifest.of_line(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DataError(f"{path}: {error}; {self.remedy}") from None

    def data(self, manifest: Manifest) -> Path:
        """Where the world of a manifest is stored."""
        return self.folder / "data" / manifest.digest

    def open(self, world_id: str, source: type[Storable]) -> Storable:
        """One world; DataError if it is not there, is damaged, or was prepared by other software.

        Of what is stored, the sizes are compared, and the contents of JSON, which is little: to
        read every array would take longer than to open the world. `damage` does that.
        """
        manifest = self._known(world_id)
        if (manifest.version, manifest.form) != (__version__, source.stored_form()):
            raise DataError(
                f"{self.folder}: {world_id} was prepared by version {manifest.version} as "
                f"{manifest.form}; this is {__version__} with {source.stored_form()}; {self.remedy}"
            )
        for fault in self.damage(manifest, read=".json"):
            raise DataError(f"{fault}; {self.remedy}")
        return source.open(self.data(manifest), manifest.folder)

    def damage(self, manifest: Manifest, read: str = "") -> Iterator[str]:
        """Which stored files are of another size, or, where their names end in `read`, contents."""
        folder = self.data(manifest)
        for name, was in manifest.stored.items():
            fault = was.fault(folder / name, whole=name.endswith(read))
            if fault is not None:
                yield fault

    def sources(self) -> Path | None:
        """The folder that the worlds were read from, as the first of them says."""
        return next((self._known(each).folder for each in self.ids()), None)

    def faults(self, world_id: str, source: type[Storable]) -> Iterator[str]:
        """Why a world cannot be opened, and which files changed since it was prepared."""
        try:
            self.open(world_id, source)
            manifest = self._known(world_id)
        except DataError as error:
            yield str(error)
            return
        for name, was in manifest.files.items():
            path = manifest.path(name)
            if not path.is_file():
                yield f"{path} is gone; {world_id} was prepared from it"
            elif not was.untouched(path) and sha256_of(path) != was.sha256:
                yield f"{path} changed since {world_id} was prepared; {self.remedy}"

    def flaws(self, world_id: str, source: type[Storable]) -> Iterator[str]:
        """As `faults`, and which stored files are damaged where only their contents say so."""
        found = list(self.faults(world_id, source))
        yield from found
        with suppress(DataError):
            for fault in self.damage(self._known(world_id)):
                told = f"{fault}; {self.remedy}"
                if told not in found:
                    yield told

    def _known(self, world_id: str) -> Manifest:
        manifest = self.manifest(world_id)
        if manifest is None:
            raise DataError(f"{self.folder} has no prepared world '{world_id}'; {self.remedy}")
        return manifest


@dataclass(frozen=True)
class ReadsCaches:
    """A dataset that reads its own folders, and as well a cache that was prepared from one."""

    own: Dataset[Any]

    @property
    def name(self) -> str:
        """The dataset's own; as are the summary, the source, and whether it needs a folder."""
        return self.own.name

    @property
    def summary(self) -> str:
        """One line for `datasets list`."""
        return self.own.summary

    @property
    def source(self) -> type[Any]:
        """What `load` returns."""
        return self.own.source

    @property
    def needs_root(self) -> bool:
        """Whether the user must point at a folder."""
        return self.own.needs_root

    def ids(self, root: Path | None, split: str | None = None) -> Iterable[str]:
        """The ids of the worlds under `root`; of a split, those of its worlds that are prepared."""
        cache = self._cache(root)
        if cache is None:
            return self.own.ids(root, split)
        prepared = cache.ids()
        if split is None:
            return prepared
        among = set(self.own.ids(cache.sources(), split))
        return [each for each in prepared if each in among]

    def load(self, root: Path | None, world_id: str) -> Any:
        """One world, read or opened."""
        cache = self._cache(root)
        if cache is None:
            return self.own.load(root, world_id)
        return cache.open(world_id, storable(self.own))

    def missing(self, root: Path | None) -> Iterable[str]:
        """What is wrong with the folder; for a cache, also what is older than its sources."""
        try:
            cache = self._cache(root)
        except DataError as error:
            return [str(error)]
        if cache is None:
            return self.own.missing(root)
        source = storable(self.own)
        return (fault for each in cache.ids() for fault in cache.faults(each, source))

    def outdated(self, root: Path | None, world_id: str) -> Iterable[str]:
        """Of a prepared world, why it cannot be opened, and which files changed or are damaged."""
        cache = self._cache(root)
        return () if cache is None else cache.flaws(world_id, storable(self.own))

    def _cache(self, root: Path | None) -> Cache | None:
        cache = Cache.at(root)
        if cache is not None and cache.dataset != self.name:
            raise DataError(f"{root} is a cache of '{cache.dataset}', not of '{self.name}'")
        return cache


@dataclass(frozen=True)
class BenchmarkReadsCaches(ReadsCaches):
    """A benchmark that does; its questions stay with the folder that a cache was prepared from."""

    own: Any

    def questions(self, root: Path) -> Iterable[PublishedQuestion]:
        """The published questions, in file order."""
        cache = self._cache(root)
        questions: Iterable[PublishedQuestion] = self.own.questions(
            root if cache is None else cache.sources()
        )
        return questions


def reading_caches(dataset: Dataset[Any]) -> ReadsCaches:
    """The dataset, so that a cache will do wherever its own folder does."""
    reads = BenchmarkReadsCaches if isinstance(dataset, Benchmark) else ReadsCaches
    return reads(dataset)


def storable(dataset: Dataset[Any]) -> type[Storable]:
    """The type of its worlds; ConfigError if they cannot be stored."""
    source: type[Any] = dataset.source
    if not issubclass(source, Storable):
        raise ConfigError(
            f"a {source.__name__} of dataset '{dataset.name}' cannot be stored; "
            "its type has no store, open and stored_form"
        )
    return source


def sha256_of(path: Path) -> str:
    """The digest of a file's contents, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
