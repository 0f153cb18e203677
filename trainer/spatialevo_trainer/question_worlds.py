"""The worlds of generated questions: loaded again, judged again, and compared with training's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from spatialevo_core.engine import guarded, judge
from spatialevo_core.errors import ConfigError, SpatialEvoError, TaskFault
from spatialevo_core.question import Frozen, Verdict
from spatialevo_core.records import QuestionRecord
from spatialevo_core.registry import Registry, same_name
from spatialevo_core.task import AnyTask
from spatialevo_trainer.config import load_config
from spatialevo_trainer.run_folder import CONFIG

KEPT: Final = 4
"""Loaded worlds in memory; the questions of a world stand together in a file."""


class Worlds:
    """The views of questions, made again from their dataset."""

    def __init__(self, registry: Registry, root: Path | None) -> None:
        self._registry, self._root = registry, root
        self._source = lru_cache(maxsize=KEPT)(self._load)

    def view(self, row: QuestionRecord) -> Any:
        """What the question was asked about; raises DataError, ConfigError, TaskFault."""
        task = self._registry.task(row.task or "")
        source = self._source(row.dataset, row.world)
        return guarded(task, "view", task.world.of, source, row.frames or None)

    def images(self, row: QuestionRecord) -> tuple[Any, ...]:
        """What a model is shown; raises as `view`."""
        view = self.view(row)
        task = self._registry.task(row.task or "")
        return guarded(task, "view", lambda: tuple(view.images()))  # type: ignore[no-any-return]

    def judged(self, row: QuestionRecord) -> Verdict:
        """Today's verdict under the question's own profile and definition; raises as `view`."""
        task: AnyTask = self._registry.task(row.task or "")
        definition = row.answer.definition if row.answer else None
        task = task.under(row.profile, definition)
        try:
            query = task.query.model_validate(row.query)
        except ValidationError as error:
            raise TaskFault(task.name, "query", error) from None
        return judge(task, self.view(row), query)

    def _load(self, dataset: str, world: str) -> Any:
        known = self._registry.dataset(dataset)
        if known.needs_root and self._root is None:
            raise ConfigError(f"dataset '{known.name}' reads a folder; say which with --root")
        return known.load(self._root, world)


class Changed(Frozen):
    """A question whose truth is not what it was when it was generated."""

    id: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.id}: was {self.then}, is {self.now}"


def changed_truths(questions: Iterable[QuestionRecord], worlds: Worlds) -> Iterator[Changed | None]:
    """For each question None, or how its truth has changed; a task that breaks now has none."""
    for row in questions:
        then = "refused" if row.answer is None else f"{row.answer.value} {row.answer.unit}".strip()
        try:
            verdict = worlds.judged(row)
        except TaskFault as fault:
            yield Changed(id=row.id, then=then, now=str(fault))
            continue
        if verdict.answer is None or not verdict.legal:
            now = "refused" if row.answer is None else f"refused: {', '.join(verdict.codes)}"
        else:
            now = verdict.answer.text
        yield None if now == then else Changed(id=row.id, then=then, now=now)


def trained_on(
    run: Path, questions: Sequence[QuestionRecord], registry: Registry
) -> tuple[str, ...]:
    """The worlds of the questions that a run was trained on, as `dataset/id`, sorted.

    The folders of the data are not compared: a world of the same name is taken for the same.
    Raises SpatialEvoError where the run's settings or its data cannot be read.
    """
    asked = {(row.dataset, row.world) for row in questions}
    seen: set[tuple[str, str]] = set()
    for data in load_config(run / CONFIG).data:
        ids = set(data.ids or registry.dataset(data.dataset).ids(data.root, data.split))
        seen |= {
            (dataset, world)
            for dataset, world in asked
            if world in ids and same_name(dataset) == same_name(data.dataset)
        }
    return tuple(sorted(f"{dataset}/{world}" for dataset, world in seen))


def training_remark(
    run: Path, questions: Sequence[QuestionRecord], registry: Registry
) -> str | None:
    """A warning if the questions are about worlds of the run's training; None if they are not."""
    try:
        seen = trained_on(run, questions, registry)
    except SpatialEvoError as error:
        return f"whether {run} was trained on these worlds could not be told: {error}"
    if not seen:
        return None
    worlds = {(row.dataset, row.world) for row in questions}
    more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
    return (
        f"not held out: {run} was trained on {len(seen)} of these {len(worlds)} worlds: "
        f"{', '.join(seen[:3])}{more}"
    )
