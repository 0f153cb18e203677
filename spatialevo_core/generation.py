"""Draws legal questions from worlds, the same ones for the same seed.

Every task has its own stream of questions in every world, drawn from `(seed, world, task)`; the
streams are taken in turn. What one task offers, or that it fails, changes nothing in another's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar, NamedTuple

from pydantic import ValidationError

from spatialevo_core._version import __version__
from spatialevo_core.engine import guarded
from spatialevo_core.errors import ConfigError, RecordError, TaskFault
from spatialevo_core.question import Frozen, Query, Verdict
from spatialevo_core.records import (
    QuestionRecord,
    R,
    Record,
    read_records,
    repair_records,
    write_records,
)
from spatialevo_core.task import AnyTask

VIEWS_PER_WORLD = 40
"""Views that a task's stream looks at before it ends."""
QUESTIONS_PER_VIEW = 2
"""Few, so that the questions of a world spread over its views."""


class FaultRecord(Record):
    """A task's code raised: the question is neither legal nor illegal."""

    schema_id: ClassVar[str] = "spatialevo.fault/1"

    dataset: str
    world: str
    task: str
    message: str


class WorldRecord(Record):
    """A world of which the file has everything."""

    schema_id: ClassVar[str] = "spatialevo.world/1"

    world: str
    questions: int
    faults: int


class Settings(Frozen):
    """What the questions of a world follow from, besides the world itself."""

    dataset: str
    root: str | None = None
    """As given: the same ids under another folder are other worlds."""
    tasks: tuple[str, ...]
    per_scene: int
    seed: int = 0
    profile: str = "exact"
    definitions: tuple[str, ...] = ()
    version: str = __version__


class Written(NamedTuple):
    """What one call of `generate_file` did."""

    worlds: int
    """Asked about in this call."""
    questions: int
    """Added in this call."""
    faults: int
    """In the file of faults, those of earlier calls included."""


@dataclass(frozen=True)
class Files:
    """The file of questions and what stands beside it."""

    questions: Path

    @property
    def settings(self) -> Path:
        """What the questions follow from, and the problems of the plugins that were there."""
        return self.questions.with_suffix(".settings.json")

    @property
    def faults(self) -> Path:
        """Rows of `FaultRecord`."""
        return self.questions.with_suffix(".faults.jsonl")

    @property
    def worlds(self) -> Path:
        """Rows of `WorldRecord`."""
        return self.questions.with_suffix(".worlds.jsonl")


@dataclass(frozen=True)
class WorldQuestions:
    """What one world gave."""

    questions: tuple[QuestionRecord, ...]
    faults: tuple[FaultRecord, ...]


def generate_file(
    out: Path,
    tasks: Sequence[AnyTask],
    worlds: Iterable[str],
    load: Callable[[str], Any],
    settings: Settings,
    *,
    problems: Sequence[str] = (),
) -> Written:
    """Append the questions of every world that the file does not have yet.

    Beside `q.jsonl` stand `q.settings.json` (with `problems`, those of the plugins),
    `q.faults.jsonl` and `q.worlds.jsonl`, which lists the finished worlds. Raises ConfigError if
    the file was written under other settings, RecordError if one of them is damaged.
    """
    files = Files(out)
    _claim(files, settings, problems)
    rows, old_faults = _rows(out, QuestionRecord), _rows(files.faults, FaultRecord)
    have, known = {row.id for row in rows}, Counter(old_faults)
    listed = _rows(files.worlds, WorldRecord)
    complete = _complete(listed, rows, old_faults)
    asked = added = 0
    faults = len(old_faults)
    for world_id in worlds:
        if world_id in complete:
            continue
        made = questions(tasks, load(world_id), world_id, settings)
        added += write_records(out, (row for row in made.questions if row.id not in have))
        fresh = _beyond(made.faults, known)
        faults += write_records(files.faults, fresh) if fresh else 0
        done = WorldRecord(world=world_id, questions=len(made.questions), faults=len(made.faults))
        if done not in listed:
            write_records(files.worlds, [done])
        complete.add(world_id)
        asked += 1
    return Written(asked, added, faults)


def questions(
    tasks: Sequence[AnyTask], source: Any, world_id: str, settings: Settings
) -> WorldQuestions:
    """Up to `settings.per_scene` legal questions about one world, the tasks taken in turn."""
    streams = {task.name: _stream(task, source, world_id, settings) for task in tasks}
    rows: list[QuestionRecord] = []
    faults: list[FaultRecord] = []
    while streams and len(rows) < settings.per_scene:
        for name, stream in list(streams.items()):
            row = next(stream, None)
            while isinstance(row, FaultRecord):
                faults.append(row)
                row = next(stream, None)
            if row is None:
                del streams[name]
            elif len(rows) < settings.per_scene:
                rows.append(row)
    return WorldQuestions(tuple(rows), tuple(faults))


def settings_of(questions: Path) -> Settings | None:
    """What a file of questions was generated under; None where nothing stands beside it.

    Raises RecordError if the file beside it is damaged.
    """
    path = Files(questions).settings
    if not path.is_file():
        return None
    found = _settings(path)
    found.pop("problems", None)
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        raise RecordError(f"{path} is damaged: {error.errors()[0]['msg'].lower()}") from None


def _claim(files: Files, settings: Settings, problems: Sequence[str]) -> None:
    """Write the settings beside a new file; compare them with those of an existing one."""
    out, now = files.questions, settings.model_dump(mode="json")
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        for left_over in (files.faults, files.worlds):
            left_over.unlink(missing_ok=True)
        _write_whole(files.settings, now | {"problems": list(problems)})
        return
    if not files.settings.exists():
        raise ConfigError(f"{out} is there, but no {files.settings.name}; write to another file")
    before = _settings(files.settings)
    for key, value in now.items():
        if before.get(key) != value:
            raise ConfigError(
                f"{out} was written with {key} {before.get(key)!r}, not {value!r}; "
                "write to another file"
            )
    seen = list(dict.fromkeys([*before.get("problems", ()), *problems]))
    if seen != before.get("problems"):
        _write_whole(files.settings, now | {"problems": seen})


def _settings(path: Path) -> dict[str, Any]:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"{path} is damaged: {error}; write to another file") from None
    if not isinstance(before, dict):
        raise RecordError(f"{path} is damaged: it holds no object; write to another file")
    return before


def _write_whole(path: Path, value: dict[str, Any]) -> None:
    """Write a file of JSON that is never seen half written."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def _rows(path: Path, kind: type[R]) -> list[R]:
    """The whole rows of a file; none where it is not there yet."""
    repair_records(path)
    return list(read_records(path, kind)) if path.exists() else []


def _complete(
    listed: Sequence[WorldRecord], rows: Sequence[QuestionRecord], faults: Sequence[FaultRecord]
) -> set[str]:
    """The worlds that are listed as finished and of which nothing was lost since."""
    questions_of, faults_of = Counter(r.world for r in rows), Counter(f.world for f in faults)
    return {
        done.world
        for done in listed
        if (questions_of[done.world], faults_of[done.world]) == (done.questions, done.faults)
    }


def _beyond(faults: Sequence[FaultRecord], old: Counter[FaultRecord]) -> list[FaultRecord]:
    """The faults that are not among the old ones, each of which accounts for one."""
    fresh = Counter(faults) - old
    return list(fresh.elements())


def _stream(
    task: AnyTask, source: Any, world_id: str, settings: Settings
) -> Iterator[QuestionRecord | FaultRecord]:
    """One task's questions about one world, none twice."""
    rng = Random(f"{settings.seed}/{settings.dataset}/{world_id}/{task.name}")
    asked: set[tuple[str, str]] = set()
    views = proposed_views(task, source, rng)
    for _ in range(VIEWS_PER_WORLD):
        try:
            view = next(views, None)
            if view is None:
                return
            for query, verdict in _proposed(task, view, rng):
                known = (view.key, query.model_dump_json())
                if known in asked:
                    continue
                asked.add(known)
                yield QuestionRecord.of(
                    verdict,
                    id=f"{settings.dataset}/{world_id}/{task.name}/{settings.seed}-{len(asked)}",
                    dataset=settings.dataset,
                    world=world_id,
                    frames=view.frames,
                    text=rng.choice(guarded(task, "wordings", task.wordings, query)),
                    hint=guarded(task, "answer_hint", task.answer_hint, query),
                )
        except TaskFault as fault:
            yield FaultRecord(
                dataset=settings.dataset, world=world_id, task=task.name, message=str(fault)
            )


def proposed_views(task: AnyTask, source: Any, rng: Random) -> Iterator[Any]:
    """The views that the task's world proposes, one by one; raises TaskFault, and ends there."""
    views = guarded(task, "view", task.world.propose, source, rng)
    while (view := guarded(task, "view", next, views, None)) is not None:
        yield view


def _proposed(task: AnyTask, view: Any, rng: Random) -> Iterator[tuple[Query, Verdict]]:
    proposals = task.propose(view, rng)
    for _ in range(QUESTIONS_PER_VIEW):
        proposal = guarded(task, "candidates", next, proposals, None)
        if proposal is None:
            return
        yield proposal
