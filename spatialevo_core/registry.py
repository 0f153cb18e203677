"""What is plugged in: the registry, the plugins it came from, and what went wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from spatialevo_core import engine
from spatialevo_core.cache import ReadsCaches, reading_caches
from spatialevo_core.errors import ConfigError, SpatialEvoError, TaskFault, UnknownName
from spatialevo_core.judges import Judge
from spatialevo_core.question import Verdict
from spatialevo_core.task import EXACT, AnyTask
from spatialevo_core.worlds import Dataset

T = TypeVar("T")

AnyDataset = Dataset[Any]


@dataclass(frozen=True)
class Problem:
    """What went wrong with one plugin, contained."""

    plugin: str
    stage: str
    """'version', 'import', 'hooks', or the hook that was called."""
    message: str
    """One line."""
    tasks: frozenset[str] | None = frozenset()
    """The tasks whose truth may differ for it; None: nobody can tell, so any."""
    traceback: str = ""
    """Empty where the plugin raised nothing."""

    def __str__(self) -> str:
        return f"{self.plugin}: {self.stage}: {self.message}"

    @property
    def lost_tasks(self) -> bool:
        """Whether tasks, nobody knows which, are missing for it."""
        return self.stage == "spatialevo_tasks" and not self.tasks

    def affects(self, task: str) -> bool:
        """Whether the task's verdicts may not be what an intact plugin would make them."""
        return self.tasks is None or task in self.tasks


State = Literal["loaded", "failed", "disabled"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found, and the names of what it brought."""

    name: str
    """Of its entry point."""
    distribution: str
    version: str
    module: str
    tasks: tuple[str, ...] = ()
    parsers: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """As `code on task`."""
    definitions: tuple[str, ...] = ()
    """As `name of task`."""
    state: State = "loaded"
    """`loaded` ones may have problems, too; the others brought nothing."""


class Asked(NamedTuple):
    """A question as it was put."""

    view: Any
    verdict: Verdict


@dataclass(frozen=True)
class Registry:
    """Everything that is plugged in, with one profile bound to the tasks."""

    tasks: Mapping[str, AnyTask]
    parsers: tuple[engine.Parser, ...]
    datasets: Mapping[str, AnyDataset]
    plugins: tuple[Plugin, ...] = ()
    problems: tuple[Problem, ...] = ()
    profile: str = EXACT.name
    judges: Mapping[str, Judge] = field(default_factory=dict)

    def task(self, name: str) -> AnyTask:
        """The task of that name ('-' and '_' are equal); raises UnknownName with a suggestion."""
        return named("task", name, self.tasks)

    def dataset(self, name: str) -> ReadsCaches:
        """The dataset of that name, as `task`; for its folder, a cache prepared from it will do."""
        return reading_caches(named("dataset", name, self.datasets))

    def judge(self, name: str) -> Judge:
        """The judge of that name, as `task`."""
        return named("judge", name, self.judges)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of all profiles, `exact` first."""
        declared = (each.name for task in self.tasks.values() for each in task.profiles)
        return tuple(dict.fromkeys((EXACT.name, *declared)))

    def tasks_on(self, dataset: AnyDataset) -> tuple[AnyTask, ...]:
        """The tasks whose views are made of what the dataset loads."""
        return tuple(t for t in self.tasks.values() if issubclass(dataset.source, t.world.source))

    def tasks_of(self, view: Any) -> tuple[AnyTask, ...]:
        """The tasks that can be asked about this view."""
        return tuple(task for task in self.tasks.values() if isinstance(view, task.world))

    def ask(self, text: str, view: Any, task: str | None = None) -> Verdict:
        """The verdict on a text about a view, of one task if it is named; raises TaskFault.

        What another task asks, also about another kind of view of the same source, is not the
        assigned task's.
        """
        if task is None:
            return engine.ask(text, view, self.tasks_of(view), self.parsers)
        assigned = self.task(task)
        if not isinstance(view, assigned.world):
            raise ConfigError(
                f"task '{assigned.name}' asks about a {assigned.world.__name__}, "
                f"not about a {type(view).__name__}"
            )
        source = assigned.world.source
        tasks = tuple(each for each in self.tasks.values() if each.world.source is source)
        return engine.ask(text, view, tasks, self.parsers, assigned)

    def ask_about(
        self,
        text: str,
        source: Any,
        frames: Sequence[int] | None = None,
        task: str | None = None,
    ) -> Asked:
        """The verdict on a text about what a dataset loaded, of these frames or a default choice.

        The view is of the first type that can be made of the frames and in which the text reads as
        a query. Raises ConfigError if no view can be made, UnknownName and TaskFault.
        """
        tasks = self.tasks.values() if task is None else (self.task(task),)
        askers: dict[type, AnyTask] = {}
        for each in tasks:
            if isinstance(source, each.world.source):
                askers.setdefault(each.world, each)
        refused: list[Asked] = []
        unmade: list[ConfigError] = []
        for asker in askers.values():
            try:
                view = _view(asker, source, frames)
            except ConfigError as error:
                unmade.append(error)
                continue
            asked = Asked(view, self.ask(text, view, task))
            if asked.verdict.query is not None:
                return asked
            refused.append(asked)
        if not refused:
            raise ConfigError(str(unmade[0]) if unmade else self._unasked(source, task))
        knowing = (asked for asked in refused if engine.OTHER_TASK in asked.verdict.codes)
        return next(knowing, refused[0])

    def _unasked(self, source: Any, task: str | None) -> str:
        what = "no task asks" if task is None else f"task '{task}' does not ask"
        return f"{what} about a {type(source).__name__}; 'spatialevo tasks list' shows what does"

    def affecting(self, tasks: Iterable[str] = (), *, every: bool = False) -> tuple[Problem, ...]:
        """The problems for which the truth of these tasks may differ, or of all if none is named.

        `every`: they are meant to be all that there are, so that tasks that are missing count.
        """
        names = tuple(tasks)
        if not names:
            names, every = tuple(self.tasks), True
        return tuple(
            each
            for each in self.problems
            if any(map(each.affects, names)) or (every and each.lost_tasks)
        )


def _view(task: AnyTask, source: Any, frames: Sequence[int] | None) -> Any:
    """The task's view of these frames; what it refuses on purpose is raised as it is."""
    try:
        return engine.guarded(task, "view", task.world.of, source, frames)
    except TaskFault as fault:
        if isinstance(fault.__cause__, SpatialEvoError):
            raise fault.__cause__ from None
        raise


def named(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The value of that name ('-' and '_' are equal); raises UnknownName with a suggestion."""
    if name in known:
        return known[name]
    for own, value in known.items():
        if same_name(own) == same_name(name):
            return value
    raise UnknownName(kind, name, known)


def same_name(name: str) -> str:
    """Names that count as one give one string."""
    return name.replace("-", "_").lower()
