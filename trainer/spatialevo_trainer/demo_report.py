"""The demo's report: what was done, what came out, and how little it proves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spatialevo_core.question import Verdict
from spatialevo_core.registry import Registry
from spatialevo_trainer import document
from spatialevo_trainer.demo_run import RECORDS, RESULT, RUN, VIEWS, DemoReport
from spatialevo_trainer.document import Block, Heading, Paragraph, Picture, Table

CURVES = "curves"

WARM_START = (
    "The base checkpoint is a Qwen2.5-VL of 0.8 million parameters with random weights that was "
    "warmed up beforehand, supervised, on tiny synthetic rooms: to see six kinds of objects, to "
    "say which of two is on the left and which is nearer, which of two cameras was higher, and to "
    "write an observation and a question. Two weaknesses were planted on purpose. On views from "
    "near the ceiling, three of four answers about left and right were taught the wrong way round; "
    "and 85 of 100 names in its training questions were drawn without looking, so that most of its "
    "questions cannot be answered."
)
LEARNING = (
    "What follows is reinforcement alone (GRPO): one model asks and answers, and is rewarded by "
    "the oracle, which computes the answer from geometry. No label and no other model is involved."
)
LIMITS = (
    "How little this proves: there are three relations with ten answer words, the objects differ "
    "by colour, "
    "light tells position, and the fault that is corrected was put there. Not everything improves: "
    "questions become less varied, and explanations of the few illegal ones that are left tend to "
    "get worse, as the curves show. This is one run, examined on one set of held-out rooms. It "
    "shows that the loop works from end to end on a processor. It is no evidence about a real "
    "vision-language model, about scanned rooms or about any benchmark."
)


def write_report(report: DemoReport, registry: Registry, out: Path) -> tuple[Path, Path]:
    """Write `report.md` and `report.html` with all figures to the demo's folder."""
    pictures = [
        Picture(out / VIEWS, f"held-out views: {', then '.join(report.before.groups)}"),
        Picture(_held_out_curve(report, out / CURVES / "held_out.png"), "held-out worlds"),
        *(
            Picture(out / RUN / CURVES / f"{role}.png", f"{role}, while training")
            for role in ("solver", "questioner")
        ),
    ]
    return document.write(list(_blocks(report, registry, pictures)), out, "report")


def summary_rows(report: DemoReport) -> list[tuple[str, str, str]]:
    """What is compared, before and after; all of it on held-out worlds."""
    before, after = report.before, report.after
    rows = []
    for group, old in before.groups.items():
        new = after.groups[group]
        told = f"{group}, {old.questions} questions"
        rows += [
            (f"accuracy, sampled answer ({told})", f"{old.sampled:.2f}", f"{new.sampled:.2f}"),
            (f"accuracy, likeliest answer ({told})", f"{old.greedy:.2f}", f"{new.greedy:.2f}"),
        ]
    return [
        *rows,
        (f"legal questions (of {before.asked} asked)", f"{before.legal:.2f}", f"{after.legal:.2f}"),
        ("observation score f_obs", f"{before.f_obs:.2f}", f"{after.f_obs:.2f}"),
        ("distinct questions, share", f"{before.unique:.2f}", f"{after.unique:.2f}"),
    ]


def told(verdict: Verdict) -> str:
    """The answer, or the reasons against the question, in a line."""
    if verdict.answer is not None and verdict.legal:
        return verdict.answer.text
    return "; ".join(f"{each.code}: {each.message}" for each in verdict.reasons)


def _blocks(report: DemoReport, registry: Registry, pictures: Sequence[Picture]) -> Iterator[Block]:
    yield Heading("SpatialEvo demo", 1)
    seconds = ", ".join(f"{part} {value:.0f} s" for part, value in report.seconds.items())
    yield Paragraph(f"Seed {report.seed}, {report.steps} training steps; {seconds}.")
    yield Heading("What it learned")
    yield Paragraph(
        "All figures of this table are of worlds that were never trained on; the sampled answers "
        "are drawn at temperature 1, four to a question."
    )
    yield Table(("held-out worlds", "before", "after"), summary_rows(report))
    yield from pictures
    yield Heading("How to read this")
    yield from (Paragraph(text) for text in (WARM_START, LEARNING, LIMITS))
    yield Heading("Questions judged")
    yield Paragraph("The oracle uses no language model. Evidence is in full in " + RECORDS + ".")
    yield Table(
        ("question", "verdict", "evidence"),
        [(each.text, told(each.verdict), evidence(each.verdict)) for each in report.judged],
    )
    yield Heading("Plugged in")
    yield Table(
        ("plugin", "from", "brings"),
        [
            (p.name, p.distribution, ", ".join((*p.tasks, *p.datasets, *p.parsers)))
            for p in registry.plugins
        ],
    )
    yield Heading("Files")
    yield Paragraph(
        f"{RESULT}: every figure. {RUN}/metrics.jsonl: a row per step. {RUN}/questions.jsonl: "
        "every question asked in training, with its verdict and the answers. "
        f"{RUN}/adapter: what was learned."
    )


def evidence(verdict: Verdict, most: int = 240) -> str:
    """The numbers that an answer came from, at most so many characters of them."""
    text = "" if verdict.answer is None else verdict.answer.evidence.model_dump_json()
    return text if len(text) <= most else f"{text[:most]} ..."


def _held_out_curve(report: DemoReport, path: Path) -> Path:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    steps = [mark.step for mark in report.curve]
    for number, group in enumerate(report.before.groups):
        found = [mark.marks.groups[group] for mark in report.curve]
        color = f"C{number}"
        ax.plot(steps, [a.sampled for a in found], "o-", color=color, label=f"{group}, sampled")
        ax.plot(steps, [a.greedy for a in found], "x:", color=color, label=f"{group}, likeliest")
    legal = [mark.marks.legal for mark in report.curve]
    ax.plot(steps, legal, "s--", color="C7", label="legal questions")
    ax.axhline(0.5, color="0.8", linewidth=1)
    ax.set(xlabel="training step", ylabel="share", ylim=(0, 1), title="Worlds never trained on")
    ax.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return path
