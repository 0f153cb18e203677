"""The promises that every dataset makes."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from spatialevo_core.engine import attempted
from spatialevo_core.errors import DataError
from spatialevo_core.testing.fingerprints import fingerprint
from spatialevo_core.testing.reports import Findings, Report
from spatialevo_core.worlds import Dataset, NamesFiles

WORLDS = 3
"""How many worlds are checked."""
VIEWS = 2
"""Views of each world and type."""
MOST_FILES = 20_000
"""In a larger folder nobody looks whether reading changes a file."""
BAD_IDS = ("", "no such world", "..", "../outside", "/etc", "a/../b", "x" * 300, "\0")

AnyDataset = Dataset[Any]


def check_dataset(
    dataset: AnyDataset,
    root: Path | None = None,
    view_types: Iterable[type] = (),
    worlds: int = WORLDS,
) -> Report:
    """Check the code of a dataset on the first worlds of a good folder.

    `view_types` are those that are made of what it loads, as `task.world` of `Registry.tasks_on`.
    It starts one more process, in which the dataset must work as it does here.
    """
    subject = _Subject(dataset, root, tuple(dict.fromkeys(view_types)), worlds)
    found, before = Findings(), _files_of(root)
    for promise, check in PROMISES:
        found.add(promise, check(subject))
    changed = [] if before == _files_of(root) else ["files were written, removed or touched"]
    found.add("reading leaves its folder as it is", changed)
    return Report(
        kind="dataset",
        name=dataset.name,
        looked_at=len(subject.ids),
        checks=found.all(),
        remarks=tuple(_remarks(subject)),
    )


@dataclass
class _Subject:
    """A dataset, and what it gave when it was asked first."""

    dataset: AnyDataset
    root: Path | None
    view_types: tuple[type, ...]
    worlds: int
    loaded: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def listed(self) -> list[str]:
        """All ids."""
        given = _listed(self.dataset.ids, self.root)
        return given if isinstance(given, list) else []

    @property
    def ids(self) -> list[str]:
        """Those that are checked."""
        return self.listed[: self.worlds]

    @cached_property
    def sources(self) -> Mapping[str, Any]:
        """The worlds that load, by id."""
        given = {each: attempted(self.load, each) for each in self.ids}
        right = self.dataset.source
        return {each: world for each, world in given.items() if isinstance(world, right)}

    def load(self, world_id: str) -> Any:
        return self.dataset.load(self.root, world_id)

    def views(self) -> Iterator[tuple[str, Any]]:
        """The first views of each world and type, with the world's id; may raise anything."""
        for world_id, source in self.sources.items():
            for kind in self.view_types:
                for view in islice(kind.propose(source, Random(0)), VIEWS):  # type: ignore[attr-defined]
                    yield world_id, view


def _lists(subject: _Subject) -> Iterator[str]:
    first, again = (_listed(subject.dataset.ids, subject.root) for _ in range(2))
    if isinstance(first, Exception):
        yield f"ids raised {_told(first)}"
        return
    if first != again:
        yield "ids gave another order the second time; sort them"
    odd = [each for each in first if not isinstance(each, str) or not each]
    if odd:
        yield f"{odd[0]!r} is no id; expected a string"
    elif not first:
        yield "there is no world; check it on a folder that has some"
    elif len(set(first)) < len(first):
        yield "an id is listed twice"


def _splits(subject: _Subject) -> Iterator[str]:
    given = _listed(subject.dataset.ids, subject.root, "no such split")
    if isinstance(given, list) and given:
        yield f"split 'no such split' has {len(given)} worlds; raise DataError, or list none"
    yield from _unless_data_error(given, "ids of split 'no such split'")


def _loads(subject: _Subject) -> Iterator[str]:
    for world_id in subject.ids:
        first, again = (attempted(subject.load, world_id) for _ in range(2))
        raised = [each for each in (first, again) if isinstance(each, Exception)]
        if raised:
            yield f"{world_id}: load raised {_told(raised[0])}"
        elif not isinstance(first, subject.dataset.source):
            kind = subject.dataset.source.__name__
            yield f"{world_id}: load gave {type(first).__name__}; `source` says {kind}"
        elif fingerprint(first) != fingerprint(again):
            yield f"{world_id}: two loads gave two worlds; draw from Random(world_id), sort files"


def _travels(subject: _Subject) -> Iterator[str]:
    """Workers of `prepare` and of the trainer are other processes, with other hashes of strings."""
    packed = attempted(pickle.dumps, (subject.dataset, subject.root, subject.ids))
    if isinstance(packed, Exception):
        yield f"it cannot be pickled: {_told(packed)}; make it a class of a module, of plain fields"
        return
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-m", "spatialevo_core.testing.elsewhere"]
    there = subprocess.run(  # noqa: S603  (our own module)
        command, input=packed, env=environment, capture_output=True, check=False
    )
    if there.returncode:
        told = there.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        yield f"in another process: {told}"
        return
    ids, prints = json.loads(there.stdout.splitlines()[-1])
    if ids != subject.listed:
        yield "another process lists other ids, or in another order; sort what comes from a set"
    for world_id, source in subject.sources.items():
        if prints[world_id] != fingerprint(source):
            yield f"{world_id}: another process loads another world; sort what comes from a set"


def _proposes(subject: _Subject) -> Iterator[str]:
    for kind in subject.view_types:
        for world_id, source in subject.sources.items():
            told = _listed(_of_kind, kind, source)
            if isinstance(told, Exception):
                yield f"{world_id}: {kind.__name__} raised {_told(told)}"
            else:
                yield from (f"{world_id}: {kind.__name__}: {each}" for each in told)
    keys = _listed(lambda: ((view.key, world_id) for world_id, view in subject.views()))
    owners: dict[str, str] = {}
    for key, world_id in () if isinstance(keys, Exception) else keys:
        if owners.setdefault(key, world_id) != world_id:
            yield f"'{key}' is the key of views of {owners[key]} and of {world_id}; name the world"


def _of_kind(kind: Any, source: Any) -> Iterator[str]:
    first, again = (list(islice(kind.propose(source, Random(0)), VIEWS)) for _ in range(2))
    if [each.key for each in first] != [each.key for each in again]:
        yield "the same generator gave other views"
    for view in first:
        frames = tuple(view.frames)
        if frames and (told := kind.of(source, frames).key) != view.key:
            yield f"the view of frames {frames} is '{told}', and was proposed as '{view.key}'"


def _shows(subject: _Subject) -> Iterator[str]:
    views = _listed(subject.views)
    for _, view in () if isinstance(views, Exception) else views:
        images = _listed(view.images)
        if isinstance(images, Exception):
            yield f"{view.key}: images raised {_told(images)}"
            continue
        if len(view.frames) not in (0, len(images)):
            yield f"{view.key} has {len(images)} images of {len(view.frames)} frames"
        modes = {getattr(each, "mode", type(each).__name__) for each in images} - {"RGB"}
        if modes:
            yield f"{view.key}: an image is {modes.pop()}; convert it to RGB"


def _refuses(subject: _Subject) -> Iterator[str]:
    for world_id in (each for each in BAD_IDS if each not in subject.listed):
        given = attempted(subject.load, world_id)
        if not isinstance(given, Exception):
            yield f"load gave a world for {world_id[:20]!r}, which is no id; raise DataError"
        yield from _unless_data_error(given, f"load of {world_id[:20]!r}")


def _is_content(subject: _Subject) -> Iterator[str]:
    told = _listed(subject.dataset.missing, subject.root)
    if isinstance(told, Exception):
        yield f"missing raised {_told(told)}; yield what is wrong"
    else:
        yield from (f"missing says of it: {each}" for each in told)


def _sees_nothing(subject: _Subject) -> Iterator[str]:
    """An empty folder, and one that is not there."""
    if not subject.dataset.needs_root:
        return
    with TemporaryDirectory() as empty:
        for what, root in (("an empty folder", Path(empty)), ("no folder", Path(empty, "gone"))):
            ids = _listed(subject.dataset.ids, root)
            if isinstance(ids, list) and ids:
                yield f"ids lists {len(ids)} worlds in {what}"
            yield from _unless_data_error(ids, f"ids of {what}")
            told = _listed(subject.dataset.missing, root)
            if isinstance(told, Exception):
                yield f"missing raised {_told(told)} on {what}; yield what is wrong"
            elif not told:
                yield f"missing says nothing of {what}"


def _names_files(subject: _Subject) -> Iterator[str]:
    dataset, root = subject.dataset, subject.root
    if not isinstance(dataset, NamesFiles) or root is None:
        return
    for world_id in subject.ids:
        named = _listed(dataset.files, root, world_id)
        if isinstance(named, Exception):
            yield f"{world_id}: files raised {_told(named)}"
            continue
        if named != sorted(set(named)):
            yield f"{world_id}: files are not sorted, or one is named twice"
        gone = [each for each in named if not each.is_file()]
        if gone:
            yield f"{world_id}: {gone[0]} is named and is no file"
        if not named:
            yield f"{world_id}: no file is named; a cache would never know that it is old"


PROMISES: tuple[tuple[str, Callable[[_Subject], Iterator[str]]], ...] = (
    ("its ids are strings, each once, in a stable order", _lists),
    ("a split that is not there has no worlds", _splits),
    ("a world loads as the same twice, of the type it says", _loads),
    ("it works in another process as here", _travels),
    ("views are proposed alike, and a key names one of them", _proposes),
    ("images are RGB, one for each frame", _shows),
    ("an id that is none is a DataError", _refuses),
    ("a good folder is not complained of", _is_content),
    ("a folder without worlds is complained of, not raised on", _sees_nothing),
    ("the files that it names are there, sorted", _names_files),
)


def _remarks(subject: _Subject) -> Iterator[str]:
    kinds = subject.view_types
    if not kinds:
        yield f"no view type of {subject.dataset.source.__name__} was given; no view was looked at"
    views = _listed(subject.views)
    proposed = () if isinstance(views, Exception) else {type(view) for _, view in views}
    for kind in kinds:
        if not isinstance(views, Exception) and kind not in proposed:
            yield f"none of the worlds proposes a {kind.__name__}; its tasks have no questions here"
    if subject.root is not None and not isinstance(subject.dataset, NamesFiles):
        yield "it has no `files`, so that its worlds cannot be prepared"


def _unless_data_error(given: Any, what: str) -> Iterator[str]:
    if isinstance(given, Exception) and not isinstance(given, DataError):
        yield f"{what} raised {_told(given)}; raise DataError"


def _listed(function: Callable[..., Iterable[Any]], *args: Any) -> list[Any] | Exception:
    """All that the call yields, or what it raises."""
    return attempted(lambda: list(function(*args)))


def _told(error: Any) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _files_of(root: Path | None) -> Sequence[tuple[str, int, int]]:
    """Names, sizes and times of the files of a folder, if they are not too many."""
    if root is None or not root.is_dir():
        return ()
    paths = list(islice((each for each in root.rglob("*") if each.is_file()), MOST_FILES))
    if len(paths) == MOST_FILES:
        return ()
    found = ((str(each), each.stat()) for each in sorted(paths))
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]
