"""Draws legal questions from worlds, the same ones for the same seed.

Every task has its own stream of questions in every world, drawn from `(seed, world, task)`; the
streams are taken in turn. What one task offers, or that it fails, changes nothing in another's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar, NamedTuple

from spatialevo_core._version import __version__
from spatialevo_core.engine import guarded
from spatialevo_core.errors import ConfigError, TaskFault
from spatialevo_core.question import Frozen, Query, Verdict
from spatialevo_core.records import (
    QuestionRecord,
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


class Settings(Frozen):
    """What the questions of a world follow from, besides the world itself."""

    dataset: str
    tasks: tuple[str, ...]
    per_scene: int
    seed: int = 0
    profile: str = "exact"
    definitions: tuple[str, ...] = ()
    version: str = __version__


class Written(NamedTuple):
    """What one call of `generate_file` added."""

    worlds: int
    questions: int
    faults: int


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
) -> Written:
    """Append the questions of every world that the file does not have yet.

    The settings stand beside the file as `.settings.json`; faults go to `faults.jsonl`. Raises
    ConfigError if the file was written under other settings.
    """
    _claim(out, settings)
    repair_records(out)
    old = list(read_records(out, QuestionRecord)) if out.exists() else []
    have = {row.id for row in old}
    complete = {row.world for row in old} - {row.world for row in old[-1:]}
    asked = added = faults = 0
    for world_id in worlds:
        if world_id in complete:
            continue
        made = questions(tasks, load(world_id), world_id, settings)
        added += write_records(out, (row for row in made.questions if row.id not in have))
        faults += write_records(out.with_name("faults.jsonl"), made.faults) if made.faults else 0
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


def _claim(out: Path, settings: Settings) -> None:
    """Write the settings beside a new file; compare them with those of an existing one."""
    beside = out.with_suffix(".settings.json")
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return
    if not beside.exists():
        raise ConfigError(f"{out} is there, but no {beside.name}; write to another file")
    before = json.loads(beside.read_text(encoding="utf-8"))
    for key, value in settings.model_dump(mode="json").items():
        if before.get(key) != value:
            raise ConfigError(
                f"{out} was written with {key} {before.get(key)!r}, not {value!r}; "
                "write to another file"
            )


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
