"""What is wrong with a dataset's folder or cache, world by world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spatialevo_core.cache import ReadsCaches
from spatialevo_core.errors import DataError
from spatialevo_core.worlds import Examinable, Finding, Severity


@dataclass(frozen=True)
class Checked:
    """What was found in one world, or about the folder as a whole."""

    world: str | None
    """None: the folder."""
    findings: tuple[Finding, ...]


def check(
    dataset: ReadsCaches, root: Path | None, ids: Sequence[str], *, whole: bool
) -> Iterator[Checked]:
    """Load and examine the worlds, one after the other; then, if `whole`, the folder."""
    told: set[str] = set()
    for world_id in ids:
        checked = Checked(world_id, tuple(_of_world(dataset, root, world_id)))
        told.update(finding.means for finding in checked.findings)
        yield checked
    if whole:
        yield Checked(None, tuple(_of_folder(dataset, root, told)))


def _of_folder(dataset: ReadsCaches, root: Path | None, told: set[str]) -> Iterator[Finding]:
    """What the dataset itself says is missing, less what was told about some world before."""
    for complaint in dataset.missing(root):
        if complaint not in told:
            remedy = "complete the download, or leave out what it concerns"
            yield _error("folder.fault", "folder", complaint, remedy)


def _of_world(dataset: ReadsCaches, root: Path | None, world_id: str) -> Iterator[Finding]:
    outdated = list(dataset.outdated(root, world_id))
    for complaint in outdated:
        yield _error("cache.outdated", "cache", complaint, "prepare the dataset again")
    try:
        source = dataset.load(root, world_id)
        if isinstance(source, Examinable):
            yield from source.examine()
    except DataError as error:
        if str(error) not in outdated:
            remedy = "fetch the file again, or leave the world out"
            yield _error("world.unreadable", "files", str(error), remedy)


def _error(code: str, where: str, means: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, where=where, means=means, remedy=remedy)
