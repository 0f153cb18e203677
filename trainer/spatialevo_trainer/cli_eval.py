"""`spatialevo eval`: a model's replies, or anybody's, scored. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spatialevo_core.cli.shared import (
    ROOT,
    json_option,
    progress,
    registry,
    show_json,
    show_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spatialevo_core.records import QuestionRecord
    from spatialevo_core.registry import Registry
    from spatialevo_trainer.evaluation import Evaluation, TaskScore
    from spatialevo_trainer.question_worlds import Changed, Worlds

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
OUT = Path("runs/eval")
SHOWN = 3
"""Of the ids in a remark."""


@click.command("eval", short_help="Score a model's answers to generated questions.")
@click.argument("questions", type=FILE)
@click.option("--replies", type=FILE, help="Score these: rows of JSON with 'id' and 'reply'.")
@click.option("--bare", is_flag=True, help="Replies are answers, without an <answer> tag.")
@click.option("--model", help="Folder or name of a Qwen2.5-VL checkpoint; of the adapter's run.")
@click.option("--adapter", type=FOLDER, help="What a run learned: its folder 'adapter'.")
@click.option("--merged", is_flag=True, help="Merge the adapter into the weights first: faster.")
@click.option(
    "--batch", type=click.IntRange(1, 64), default=16, show_default=True, help="Prompts at once."
)
@click.option("--greedy", "temperature", flag_value=0.0, type=float, help="The likeliest answer.")
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Sample at this temperature; 0, the default, is --greedy.",
)
@click.option("--seed", default=0, show_default=True, help="Of the sampling.")
@click.option(
    "--prompts", type=click.Choice(["short", "full"]), help="Style; of the adapter's run, or full."
)
@click.option(
    "--tokens", type=click.IntRange(min=1), help="Of the longest reply; of the run, or 512."
)
@click.option("--root", type=ROOT, help="The dataset's folder, if it is not where it was.")
@click.option("--verify", is_flag=True, help="Judge again, and leave out what has another answer.")
@click.option(
    "--out", type=FOLDER, help=f"Folder of replies and scores; {OUT} where a model is asked."
)
@click.option(
    "--max-faults",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Faults above which the exit status is 1.",
)
@json_option
def evaluate(
    *,
    questions: Path,
    replies: Path | None,
    bare: bool,
    model: str | None,
    adapter: Path | None,
    merged: bool,
    batch: int,
    temperature: float,
    seed: int,
    prompts: str | None,
    tokens: int | None,
    root: Path | None,
    verify: bool,
    out: Path | None,
    max_faults: int,
    as_json: bool,
) -> None:
    """Score answers to QUESTIONS, a file that 'generate' wrote.

    Either a model answers (--model, --adapter), one plain call a question with its images and
    without the oracle, or the --replies of any other are read. A model's replies are kept in OUT;
    run again after an interruption, it goes on where it stopped. Scores are those of benchmarks:
    measures by mean relative accuracy without noise band, all else right or wrong. A question
    without a reply scores 0. OUT gets replies.jsonl, scores.jsonl and evaluation.json.
    """
    if (replies is None) == (model is None and adapter is None):
        raise click.UsageError("give either --replies or a model (--model, --adapter)")
    if merged and adapter is None:
        raise click.UsageError("--merged needs an --adapter")
    from spatialevo_core.generation import settings_of
    from spatialevo_trainer.evaluation import evaluate as evaluated
    from spatialevo_trainer.evaluation import write_evaluation
    from spatialevo_trainer.question_worlds import Worlds
    from spatialevo_trainer.replies import read_questions, read_replies

    rows, plugged_in = read_questions(questions), registry()
    generated = settings_of(questions)
    if root is None and generated is not None and generated.root is not None:
        root = Path(generated.root)
    worlds = Worlds(plugged_in, root)
    remarks = list(_remarks(rows, adapter, plugged_in, verify=verify))
    changed = tuple(_changed(rows, worlds)) if verify else ()
    if replies is None:
        from spatialevo_trainer.answering import answer_questions, asking_of

        given = {
            "merged": merged,
            "batch": batch,
            "temperature": temperature,
            "seed": seed,
            **({} if prompts is None else {"prompts": prompts}),
            **({} if tokens is None else {"tokens": tokens}),
        }
        asking, out = asking_of(questions, model, adapter, **given), out or OUT
        said = answer_questions(
            asking, rows, worlds, out, progress=lambda left: progress(left, "answering")
        )
    else:
        said = read_replies(replies)
    report, scores = evaluated(rows, said, plugged_in, bare=bare, changed=changed, remarks=remarks)
    if out is not None:
        write_evaluation(report, scores, out)
    if as_json:
        show_json(report.model_dump(mode="json"))
    else:
        _show(report)
    for line in _told(report):
        click.echo(line, err=True)
    if len(report.faults) > max_faults:
        raise SystemExit(1)


def _remarks(
    rows: Sequence[QuestionRecord], adapter: Path | None, plugged_in: Registry, *, verify: bool
) -> Iterator[str]:
    from spatialevo_core._version import __version__
    from spatialevo_trainer.question_worlds import training_remark
    from spatialevo_trainer.run_folder import run_of

    run = run_of(adapter) if adapter else None
    if run is not None and (remark := training_remark(run, rows, plugged_in)):
        yield remark
    others = sorted({row.version for row in rows} - {__version__})
    if others and not verify:
        yield f"judged by version {', '.join(others)}; --verify judges them again"


def _changed(rows: Sequence[QuestionRecord], worlds: Worlds) -> Iterator[Changed]:
    from spatialevo_trainer.question_worlds import changed_truths

    for found in progress(changed_truths(rows, worlds), "judging again", len(rows)):
        if found is not None:
            yield found


def _show(report: Evaluation) -> None:
    head = ("task", "questions", "score", "95 % interval", "metric", "unread", "always the same")
    rows = [_row(each) for each in report.tasks]
    if report.overall is not None and report.mean_of_tasks is not None:
        mean = _percent(report.mean_of_tasks)
        rows += [_row(report.overall), ("mean of tasks", "", mean, "", "", "", "")]
    show_rows([head, *rows])


def _row(each: TaskScore) -> tuple[str, ...]:
    score = each.score
    between = "-"
    if score.low is not None and score.high is not None:
        between = f"{100 * score.low:.1f} to {_percent(score.high)}"
    chance = "-" if each.chance is None else f"{_percent(each.chance)} ({each.commonest})"
    numbers = (str(score.n), _percent(score.mean), between)
    return each.task, *numbers, each.metric, _percent(each.unread), chance


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _told(report: Evaluation) -> Iterator[str]:
    """What is to be known beside the scores; of many of a kind the first few."""
    yield from report.remarks
    for what, found in (
        ("questions without a reply, which score 0", report.missing),
        ("replies to no question, ignored", report.extra),
        ("questions that have another truth now, left out", tuple(map(str, report.changed))),
        ("faults, left out", tuple(f"{each.id}: {each.message}" for each in report.faults)),
    ):
        if found:
            more = "; ..." if len(found) > SHOWN else ""
            yield f"{what}: {len(found)} ({'; '.join(found[:SHOWN])}{more})"
