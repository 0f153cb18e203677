"""Prepares worlds: what follows from each is computed once, and kept in a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spatialevo_core.cache import Cache, Manifest, SourceFile, sha256_of, storable
from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.engines import Done, Engine
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.worlds import Dataset, NamesFiles


def prepare(
    dataset: Dataset[Any],
    root: Path | None,
    out: Path,
    worlds: Sequence[str],
    *,
    engine: Engine[bool],
    jobs: int = 1,
) -> Iterator[Done[bool]]:
    """Prepare the worlds into the cache `out`, and yield for each whether that was to be done.

    A world whose files are those of its manifest is left as it is. Raises ConfigError if the
    dataset's worlds cannot be stored, or `out` holds anything else than a cache of it.
    """
    storable(dataset)
    if Cache.at(root) is not None:
        raise ConfigError(f"{root} is a cache itself; give the folder of the dataset")
    if dataset.needs_root and not isinstance(dataset, NamesFiles):
        told = "does not name the files of a world, so that a change of them would go unnoticed"
        raise ConfigError(f"dataset '{dataset.name}' {told}")
    home = None if root is None else root.resolve()
    writer = CacheWriter.at(out.resolve(), dataset.name)
    work: Callable[[str], bool] = partial(prepare_world, writer, dataset, home)
    writer.tidy()
    yield from engine(work, worlds, jobs)
    writer.tidy()


def prepare_world(
    writer: CacheWriter, dataset: Dataset[Any], root: Path | None, world_id: str
) -> bool:
    """Prepare one world unless it is prepared already; returns whether that was to be done.

    Raises DataError if the world cannot be loaded, or its files change meanwhile.
    """
    cache = writer.cache
    old = _old(cache, world_id)
    manifest = _manifest(dataset, root, world_id, old)
    fresh = not cache.data(manifest).is_dir()
    if fresh:
        source = dataset.load(root, world_id)
        with writer.folder(manifest) as folder:
            source.store(folder, root)
            _check_unchanged(manifest)
    if manifest != old:
        writer.put(manifest)
    return fresh


def _old(cache: Cache, world_id: str) -> Manifest | None:
    try:
        return cache.manifest(world_id)
    except DataError:
        return None


def _manifest(
    dataset: Dataset[Any], root: Path | None, world_id: str, old: Manifest | None
) -> Manifest:
    """What the world is to be made of; files that look untouched are not read again."""
    paths = dataset.files(root, world_id) if root and isinstance(dataset, NamesFiles) else ()
    known = {} if old is None else {old.path(name): file for name, file in old.files.items()}
    return Manifest(
        dataset=dataset.name,
        world=world_id,
        form=storable(dataset).stored_form(),
        root=None if root is None else str(root),
        files={_name(path, root): _described(path, known.get(path)) for path in paths},
    )


def _name(path: Path, root: Path | None) -> str:
    return path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)


def _described(path: Path, known: SourceFile | None) -> SourceFile:
    if not path.is_file():
        raise DataError(f"{path} is missing")
    if known is not None and known.untouched(path):
        return known
    found = path.stat()
    return SourceFile(found.st_size, found.st_mtime_ns, sha256_of(path))


def _check_unchanged(manifest: Manifest) -> None:
    for name, file in manifest.files.items():
        if not file.untouched(manifest.path(name)):
            raise DataError(f"{manifest.path(name)} changed while it was read; prepare it again")
