"""The promises that every task makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

from spatialevo_core.engine import OTHER_TASK, Parsed, Parser, guarded, judge, read
from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Query, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_core.testing.fingerprints import fingerprint
from spatialevo_core.testing.probes import silent_rules
from spatialevo_core.testing.reports import Findings, Report
from spatialevo_core.text import sentence

QUERIES_PER_VIEW = 12
"""How many legal queries of each view are checked."""
SLOW_MS = 100.0
"""A question that takes longer to judge keeps a training step waiting."""
_OTHERS_QUERIES = 2
"""Legal queries of every other task, whose wordings this one must leave alone."""


class Asked(NamedTuple):
    """A legal query on a view, and its verdict."""

    view: Any
    query: Query
    verdict: Verdict


def check_task(
    task: AnyTask,
    views: Iterable[Any],
    parsers: Sequence[Parser] = (),
    others: Iterable[AnyTask] = (),
) -> Report:
    """Check a task on views of its world; with parsers, its wordings also against other tasks.

    Remarks name the rules that never objected, and how to provoke them.
    """
    views = list(views)
    same = [each for each in others if each.name != task.name and each.world is task.world]
    prints = [[fingerprint(view) for view in views]]
    found = Findings()
    asked = found.listed(each for view in views for each in _asked(task, view))
    if found.raised:  # every other check would say the same again
        return Report(kind="task", name=task.name, looked_at=0, checks=found.all())
    prints.append([fingerprint(view) for view in views])
    for promise, check in PROMISES:
        found.add(promise, check(task, asked))
    found.add(AGREES, _disagrees(task, views, asked))
    found.add(READABLE, _misread(task, asked, parsers, same))
    if views and parsers:
        found.add(MODEST, _taken(task, views[0], parsers, same))
    silent = found.listed(silent_rules(task, views))
    prints.append([fingerprint(view) for view in views])
    changed = [view.key for view, *seen in zip(views, *prints, strict=True) if len({*seen}) > 1]
    found.add("worlds are not changed by asking", changed)
    speed = _ms_each(task, asked) if asked else None
    return Report(
        kind="task",
        name=task.name,
        looked_at=len(asked),
        checks=found.all(),
        remarks=(*_provoke(task, silent), *_slow(speed)),
        ms_each=speed,
    )


def _asked(task: AnyTask, view: Any) -> Iterator[Asked]:
    for query, verdict in islice(task.propose(view, Random(1)), QUERIES_PER_VIEW):
        yield Asked(view, query, verdict)


def _answers_something(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    if not asked:
        yield (
            f"none of the views allows a legal question of {task.name}; see with engine.judge "
            "which rule refuses what `candidates` yields, or check it on other views"
        )


def _proposes_legal(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view, query, _ in asked:
        refused = judge(task, view, query).reasons
        if refused:
            yield f"{query!r} was proposed and is refused: {refused[0].code}"


def _proposes_once(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view in dict.fromkeys(id(each.view) for each in asked):
        rows = [each for each in asked if id(each.view) == view]
        again = [query for _, query, _ in _asked(task, rows[0].view)]
        if again != [each.query for each in rows]:
            yield (
                f"{rows[0].view.key}: the same generator gave other proposals; draw from the "
                "generator that `candidates` is given, and sort what has no order"
            )
        twice = [each.query for at, each in enumerate(rows) if each.query in again[:at]]
        if twice:
            yield f"{rows[0].view.key}: {twice[0]!r} was proposed twice; yield each query once"


def _reads_back(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view, query, _ in asked:
        names = view.vocabulary()
        wordings = task.wordings(query)
        if not wordings:
            yield f"no phrasing writes {query!r}; add one that says all its fields"
        for text in wordings:
            found = list(_read(task, text, names))
            if query not in found:
                yield f"'{text}' was written for {query!r} and reads as {found or 'nothing'}"


def _read(task: AnyTask, text: str, names: Vocabulary) -> Iterator[Query]:
    for reading in task.grammar.readings(text):
        try:
            yield task.grammar.build(reading, lambda raw: names.find(raw) or raw)
        except ValueError:
            continue


def _repeats(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for view, query, verdict in asked:
        if judge(task, view, query).model_dump_json() != verdict.model_dump_json():
            yield (
                f"{query!r} was judged twice with two outcomes; solve and rules may depend on "
                "view, query and terms alone"
            )


def _rewards_truth(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        if verdict.answer is None:
            continue
        for scored, where in ((task.score, "score"), (task.report, "report")):
            if scored is None:
                continue
            for reply, due in ((verdict.answer.text, 1.0), ("", 0.0)):
                score = guarded(task, where, scored, reply, verdict.answer)
                if score != due:
                    what = f"the truth '{reply}' of {query!r}" if due else f"on {query!r} silence"
                    yield f"{what} scores {score}{' in reports' if where == 'report' else ''}"


def _worth_is_a_share(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        worth = guarded(task, "worth", task.worth, verdict.answer)
        if not 0 <= worth <= 1:
            yield f"{query!r} is worth {worth}, outside [0, 1]"


def _hints(task: AnyTask, asked: Sequence[Asked]) -> Iterator[str]:
    for _, query, verdict in asked:
        hint = guarded(task, "answer_hint", task.answer_hint, query)
        truth = str(verdict.answer.value) if verdict.answer else ""
        if hint.strip().lower() == truth.strip().lower():
            yield f"the hint '{hint}' of {query!r} is the answer"


AGREES = "it is feasible exactly where it proposes something"
READABLE = "no parser takes its wordings for anything else"
MODEST = "it takes no wording away from another task"

PROMISES: tuple[tuple[str, Callable[[AnyTask, Sequence[Asked]], Iterator[str]]], ...] = (
    ("it can answer something", _answers_something),
    ("it proposes legal questions only", _proposes_legal),
    ("it proposes the same for the same generator, each question once", _proposes_once),
    ("it reads every wording that it writes", _reads_back),
    ("the same question gives the same verdict", _repeats),
    ("the truth scores 1 and silence 0", _rewards_truth),
    ("worth is in [0, 1]", _worth_is_a_share),
    ("hints do not give the answer away", _hints),
)


def _disagrees(task: AnyTask, views: Sequence[Any], asked: Sequence[Asked]) -> Iterator[str]:
    proposed = {id(each.view) for each in asked}
    for view in views:
        says, does = task.feasible(view), id(view) in proposed
        if says != does:
            gives = "some" if does else "none"
            yield f"{view.key}: feasible says {says}, and propose gives {gives}"


def _misread(
    task: AnyTask, asked: Sequence[Asked], parsers: Sequence[Parser], others: Sequence[AnyTask]
) -> Iterator[str]:
    for view, query, _ in asked:
        yield from _read_otherwise(task, query, view, parsers, [task, *others])


def _taken(
    task: AnyTask, view: Any, parsers: Sequence[Parser], others: Sequence[AnyTask]
) -> Iterator[str]:
    """Wordings of others that are read as they are meant without this task, and not with it."""
    for other in others:
        for query, _ in islice(other.propose(view, Random(1)), _OTHERS_QUERIES):
            if not any(_read_otherwise(other, query, view, parsers, others)):
                yield from _read_otherwise(other, query, view, parsers, [task, *others])


def _read_otherwise(
    task: AnyTask, query: Query, view: Any, parsers: Sequence[Parser], tasks: Sequence[AnyTask]
) -> Iterator[str]:
    """What parsers make of the wordings; one that does not understand leaves them to the others."""
    for text in task.wordings(query):
        all_parsed = [(parser, read(parser, text, view, tasks)) for parser in parsers]
        decided = [each for each in all_parsed if _decides(each[1])]
        for parser, parsed in decided or all_parsed:
            if (parsed.task, parsed.query) != (task.name, query):
                found = parsed.query or "; ".join(reason.message for reason in parsed.reasons)
                yield f"{parser.name} reads '{text}' as {parsed.task}: {found!r}"


def _decides(parsed: Parsed) -> bool:
    return parsed.query is not None or OTHER_TASK in (reason.code for reason in parsed.reasons)


def _provoke(task: AnyTask, silent: Sequence[str]) -> Iterator[str]:
    stages = {each.code: each.stage.name.lower() for each in task.rules}
    if silent:
        told = sentence([f"{code} ({stages[code]})" for code in silent])
        yield (
            f"never objected here: {told}; ask in a test what each must refuse, or check on a view "
            "where it does: a rule that cannot object is dead"
        )


def _slow(ms_each: float | None) -> Iterator[str]:
    if ms_each is not None and ms_each > SLOW_MS:
        yield (
            f"judging takes {ms_each:.0f} ms a question, more than {SLOW_MS:.0f} ms; "
            "keep on the world what several questions share"
        )


def _ms_each(task: AnyTask, asked: Sequence[Asked]) -> float:
    """What judging a question takes once the world is warm, milliseconds."""
    started = perf_counter()
    for view, query, _ in asked:
        judge(task, view, query)
    return round((perf_counter() - started) * 1000 / len(asked), 3)
