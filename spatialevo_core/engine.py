"""The oracle: judge a query, or a text, about a view. Dispatches on nothing and keeps no state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from spatialevo_core.errors import ParserFault, TaskFault
from spatialevo_core.question import Answer, Evidence, Frozen, Query, Reason, Stage, Verdict
from spatialevo_core.task import AnyTask, Complaint, Rule

T = TypeVar("T")


class Parsed(Frozen):
    """What a parser made of a text: a task and its query, or the reasons why not."""

    task: str | None = None
    query: Any = None
    reasons: tuple[Reason, ...] = ()


@runtime_checkable
class Parser(Protocol):
    """Reads a text as a query of one of the tasks; never guesses."""

    @property
    def name(self) -> str:
        """As listed and recorded."""

    def parse(
        self, text: str, view: Any, tasks: Sequence[AnyTask], assigned: AnyTask | None = None
    ) -> Parsed:
        """The query, or reasons with stage READ: `question.unparseable`, `question.other_task`."""


UNPARSEABLE = "question.unparseable"
OTHER_TASK = "question.other_task"
SAID_UNPARSEABLE = (
    "can not be understood",
    "not understandable",
    "not a question",
    "not a proper question",
    "unclear what is asked",
    "unclear question",
    "question is unclear",
    "does not make sense",
    "makes no sense",
    "nonsense",
    "ill formed",
    "garbled",
)


def judge(task: AnyTask, view: Any, query: Query) -> Verdict:
    """The verdict on a query; raises TaskFault if the task's own code fails.

    All objections of the first objecting stage are reported. Rules of the stage DEGENERATE run on
    the answer of the definition in force, so a rule and the answer never use different numbers.
    """
    for stage in (Stage.PREMISE, Stage.SOLVABLE):
        reasons = _objections(task, stage, view, query, task.terms)
        if reasons:
            return Verdict(task=task.name, profile=task.profile, query=query, reasons=reasons)
    answer = solve(task, view, query)
    reasons = _objections(task, Stage.DEGENERATE, view, query, answer, task.terms)
    return Verdict(
        task=task.name, profile=task.profile, query=query, answer=answer, reasons=reasons
    )


def solve(
    task: AnyTask, view: Any, query: Query, definition: str | None = None
) -> Answer[Evidence]:
    """The answer of one definition, without asking the rules; raises TaskFault."""
    name = definition or task.definition
    answer = guarded(task, "solve", task.solver(name), view, query, task.terms)
    if not isinstance(answer, Answer):
        cause = TypeError(f"returned {type(answer).__name__}, expected an Answer")
        raise TaskFault(task.name, "solve", cause)
    return answer if answer.definition == name else answer.model_copy(update={"definition": name})


def ask(
    text: str,
    view: Any,
    tasks: Sequence[AnyTask],
    parsers: Sequence[Parser],
    assigned: AnyTask | None = None,
) -> Verdict:
    """The verdict on a text: the first parser that reads it, or refuses it knowingly, decides.

    Raises TaskFault if a task's code or a parser's fails.
    """
    parsed, by = Parsed(), None
    for parser in parsers:
        parsed, by = read(parser, text, view, tasks, assigned), parser.name
        if parsed.query is not None or OTHER_TASK in (r.code for r in parsed.reasons):
            break
    if parsed.query is None:
        reasons = parsed.reasons or (unparseable("no parser understands the question"),)
        name = assigned.name if assigned else parsed.task
        return Verdict(task=name, reasons=reasons, text=text, parser=by)
    task = next(each for each in tasks if each.name == parsed.task)
    verdict = judge(task, view, parsed.query)
    return verdict.model_copy(update={"text": text, "parser": by})


def unparseable(message: str) -> Reason:
    """The reason that a text was not understood."""
    return Reason(code=UNPARSEABLE, stage=Stage.READ, message=message, said=SAID_UNPARSEABLE)


def read(
    parser: Parser,
    text: str,
    view: Any,
    tasks: Sequence[AnyTask],
    assigned: AnyTask | None = None,
) -> Parsed:
    """What the parser made of the text; raises ParserFault unless a task can judge it."""
    name = assigned.name if assigned else ""
    try:
        parsed: object = parser.parse(text, view, tasks, assigned)
        if not isinstance(parsed, Parsed):
            raise TypeError(f"returned {type(parsed).__name__}, expected a Parsed")
        if parsed.query is not None:
            able = tasks if assigned is None else (assigned,)
            task = next((each for each in able if each.name == parsed.task), None)
            if task is None or not isinstance(parsed.query, task.query):
                raise TypeError(f"gave {parsed.query!r} as a query of '{parsed.task}'")
    except (Exception, SystemExit) as cause:
        raise ParserFault(parser.name, name, cause) from cause
    return parsed


def _objections(task: AnyTask, stage: Stage, *judged: Any) -> tuple[Reason, ...]:
    complaints = (
        (each, _complaint(task, each, judged)) for each in task.rules if each.stage is stage
    )
    return tuple(each.reason(complaint) for each, complaint in complaints if complaint is not None)


def _complaint(task: AnyTask, rule: Rule, judged: tuple[Any, ...]) -> Complaint | None:
    complaint = guarded(task, f"rule {rule.code}", rule.check, *judged)
    if complaint is None or isinstance(complaint, Complaint):
        return complaint
    cause = TypeError(f"returned {type(complaint).__name__}, expected a Complaint or None")
    raise TaskFault(task.name, f"rule {rule.code}", cause)


def guarded(task: AnyTask, where: str, function: Callable[..., Any], *args: Any) -> Any:
    """Every call into a task's code goes through here; whatever it raises becomes a TaskFault."""
    try:
        return function(*args)
    except TaskFault:
        raise
    except (Exception, SystemExit) as cause:
        raise TaskFault(task.name, where, cause) from cause


def attempted(function: Callable[..., T], *args: Any) -> T | Exception:
    """What the call gives, or what it raises: for checks of code that promises to raise nothing."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001  (it may be anybody's code)
        return error
    except SystemExit as error:
        return RuntimeError(f"SystemExit: {error}")
