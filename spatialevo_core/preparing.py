"""Prepares worlds: what follows from each is computed once, and kept in a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from spatialevo_core.cache import Cache, Manifest, SourceFile, StoredFile, sha256_of, storable
from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.engines import Done, Engine
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.worlds import Dataset, NamesFiles


class Outcome(StrEnum):
    """What became of a world that is to be prepared."""

    PREPARED = "prepared"
    REPAIRED = "damaged and prepared anew"
    KEPT = "already there"
    ELSEWHERE = "left to another run"


def prepare(
    dataset: Dataset[Any],
    root: Path | None,
    out: Path,
    worlds: Sequence[str],
    *,
    engine: Engine[Outcome],
    jobs: int = 1,
) -> Iterator[Done[Outcome]]:
    """Prepare the worlds into the cache `out`, and yield what became of each.

    A world whose files are those of its manifest is left as it is, unless what is stored of it is
    damaged; one that fails is removed, since what was prepared of it before is no longer true.
    Raises ConfigError if the dataset's worlds cannot be stored, `root` is a cache, or `out` holds
    anything else than a cache of the dataset.
    """
    storable(dataset)
    check_root(root)
    if dataset.needs_root and not isinstance(dataset, NamesFiles):
        told = "does not name the files of a world, so that a change of them would go unnoticed"
        raise ConfigError(f"dataset '{dataset.name}' {told}")
    home = None if root is None else root.resolve()
    writer = CacheWriter.at(out.resolve(), dataset.name)
    work: Callable[[str], Outcome] = partial(prepare_world, writer, dataset, home)
    writer.tidy()
    for done in engine(work, worlds, jobs):
        if done.fault is not None and writer.drop(done.item):
            yield replace(done, fault=f"{done.fault}; what was prepared of it before is removed")
        else:
            yield done
    writer.tidy()


def check_root(root: Path | None) -> None:
    """Raise ConfigError if worlds are to be read from a cache."""
    if Cache.at(root) is not None:
        told = "is a cache already; give the folder of the dataset that it was prepared from"
        raise ConfigError(f"{root} {told}")


def prepare_world(
    writer: CacheWriter, dataset: Dataset[Any], root: Path | None, world_id: str
) -> Outcome:
    """Prepare one world unless it is prepared already, and whole.

    Raises DataError if the world cannot be loaded, or its files change meanwhile.
    """
    with writer.alone(world_id) as alone:
        return _prepare_world(writer, dataset, root, world_id) if alone else Outcome.ELSEWHERE


def _prepare_world(
    writer: CacheWriter, dataset: Dataset[Any], root: Path | None, world_id: str
) -> Outcome:
    old = writer.old(world_id)
    manifest = _manifest(dataset, root, world_id, old)
    same = old if old is not None and old.digest == manifest.digest else None
    if same is not None and not any(writer.cache.damage(same)):
        manifest = manifest.model_copy(update={"stored": same.stored})
        if manifest != same:
            writer.put(manifest)
        return Outcome.KEPT
    source = dataset.load(root, world_id)
    with writer.folder(manifest) as folder:
        source.store(folder, root)
        _check_unchanged(manifest)
        stored = {_name(path, folder): StoredFile.of(path) for path in _files(folder)}
    writer.put(manifest.model_copy(update={"stored": stored}))
    return Outcome.PREPARED if same is None else Outcome.REPAIRED


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


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
        stored={},
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
