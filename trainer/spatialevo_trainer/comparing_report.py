"""A comparison to be read: as rows of text, as a picture, and as a Markdown and an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from spatialevo_trainer import document
from spatialevo_trainer.comparison import Comparison, Curve, Figure
from spatialevo_trainer.curves import smooth
from spatialevo_trainer.document import Block, Heading, Paragraph, Picture, Table
from spatialevo_trainer.estimates import Estimate, over_seeds

NAME: Final = "comparison"
HEAD: Final = (
    "quantity",
    "arm",
    "seeds",
    "training start",
    "end",
    "change",
    "held-out start",
    "end",
    "change",
)
PAIRED_HEAD: Final = ("quantity", "arm", "against", "held-out ends", "p", "training ends", "p")
NONE: Final = "-"
LONGEST_SETTING: Final = 80
COLUMNS: Final = 3


def write_comparison(comparison: Comparison, out: Path) -> list[Path]:
    """Write `comparison.md`, `.html`, `.json` and `.png` to a folder; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    picture = _picture(comparison, out / f"{NAME}.png")
    pages = document.write(list(_blocks(comparison, picture)), out, NAME)
    data = out / f"{NAME}.json"
    data.write_text(comparison.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [*pages, data, picture]


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row for each quantity and arm, under `HEAD`."""
    return [
        (
            figure.title,
            arm.name,
            str(len(arm.runs)),
            *_cells(arm.training.get(figure.training or "")),
            *_cells(arm.held_out.get(figure.held_out or "")),
        )
        for figure in comparison.figures
        for arm in comparison.arms
    ]


def paired_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row for each quantity and pair of arms, under `PAIRED_HEAD`."""
    found: dict[tuple[str, str, str], dict[bool, tuple[str, str]]] = {}
    for pair in comparison.pairs:
        told = pair.paired
        n = told.difference.n
        cell = f"{_signed(told.difference)}, higher in {told.higher} of {n}"
        key = (pair.figure.title, pair.arm, pair.against)
        found.setdefault(key, {})[pair.held_out] = (cell, f"{told.p:.2g}" if n > 1 else NONE)
    nothing = (NONE, NONE)
    return [
        (*key, *cells.get(True, nothing), *cells.get(False, nothing))
        for key, cells in found.items()
    ]


def _cells(curve: Curve | None) -> tuple[str, str, str]:
    if curve is None:
        return NONE, NONE, NONE
    return _plain(curve.start), _plain(curve.end), _signed(curve.change)


def _plain(estimate: Estimate) -> str:
    return f"{estimate.mean:.2f}{_margin(estimate)}"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.mean:+.2f}{_margin(estimate)}"


def _margin(estimate: Estimate) -> str:
    return "" if estimate.half_width is None else f" ± {estimate.half_width:.2f}"


def _blocks(comparison: Comparison, picture: Path) -> Iterator[Block]:
    names = [arm.name for arm in comparison.arms]
    yield Heading(f"Runs compared: {' | '.join(names)}", 1)
    if comparison.remarks:
        yield Heading("To be known first")
        yield from (Paragraph(text) for text in comparison.remarks)
    yield Heading("Start, end and change")
    yield Table(HEAD, rows(comparison))
    if comparison.pairs:
        yield Heading("Seed by seed")
        yield Table(PAIRED_HEAD, paired_rows(comparison))
    yield Heading("Curves")
    yield Picture(picture, "training dashed, held-out solid; thin: seeds, thick: their mean")
    yield Heading("How to read this")
    yield from (Paragraph(text) for text in _explained(comparison))
    if comparison.differing:
        yield Heading("Settings that differ")
        yield Table(
            ("setting", *names),
            [
                (key, *(_cut(values[name]) for name in names))
                for key, values in comparison.differing.items()
            ],
        )
    yield Heading("Runs")
    yield Table(
        ("arm", "seed", "steps", "folder"),
        [
            (arm.name, str(run.seed), f"{run.steps} of {run.planned}", str(run.folder))
            for arm in comparison.arms
            for run in arm.runs
        ],
    )


def _explained(comparison: Comparison) -> Iterator[str]:
    yield (
        "An arm is a set of runs that differ in their seed alone. Training figures are measured on "
        "what was trained on at that step, before it changed the model; their start and end are "
        f"means over at most {comparison.span} steps. Held-out figures are of worlds never trained "
        "on; their start is the base model, their end the last examination. Only they say whether "
        "something was learned. A dash means that nothing was measured."
    )
    yield (
        "The figure after ± is half of a 95 % interval over the seeds (Student's t); of a single "
        "seed there is none. The change and the difference between arms are taken seed by seed "
        "before they are averaged, so what seeds share does not widen them. p is of the exact "
        "two-sided sign test: the chance of so one-sided a count if the arms were equal. With five "
        "seeds it cannot be less than 0.06. Many quantities are shown, and some differ by chance."
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SETTING else f"{text[: LONGEST_SETTING - 3]}..."


def _picture(comparison: Comparison, path: Path) -> Path:
    height = ceil(len(comparison.figures) / COLUMNS)
    canvas = Canvas(figsize=(4.2 * COLUMNS, 3 * height + 0.6), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = list(canvas.subplots(height, COLUMNS, squeeze=False).flat)
    for ax, figure in zip(axes, comparison.figures, strict=False):
        _panel(ax, figure, comparison)
    for ax in axes[len(comparison.figures) :]:
        ax.set_axis_off()
    handles, labels = {}, {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles[label] = handle
            labels[label] = label
    canvas.legend(
        handles.values(), labels.values(), loc="outside lower center", ncols=2, fontsize=8
    )
    canvas.savefig(path, dpi=100)
    return path


def _panel(ax: Axes, figure: Figure, comparison: Comparison) -> None:
    for number, arm in enumerate(comparison.arms):
        color = f"C{number % 10}"
        for name, curves, style, what in (
            (figure.training, arm.training, "--", "training"),
            (figure.held_out, arm.held_out, "-", "held out"),
        ):
            curve = curves.get(name or "")
            if curve is not None:
                seeds = _drawn(curve, smoothed=what == "training")
                _lines(ax, seeds, f"{arm.name}, {what}", color, style)
    ax.set_title(figure.title, fontsize=9)
    ax.set_xlabel("step", fontsize=8)
    ax.grid(visible=True, alpha=0.3)


def _drawn(curve: Curve, *, smoothed: bool) -> list[Mapping[int, float]]:
    """Each seed's values by step; those of training as a running mean."""
    return [
        dict(
            zip(
                series.steps,
                smooth(series.values).tolist() if smoothed else series.values,
                strict=True,
            )
        )
        for series in curve.seeds.values()
    ]


def _lines(
    ax: Axes, seeds: Sequence[Mapping[int, float]], label: str, color: str, style: str
) -> None:
    """Every seed thin, their mean thick where all of them are, and its interval shaded."""
    common = sorted(set(seeds[0]).intersection(*seeds[1:]))
    if len(seeds) > 1:
        for each in seeds:
            ax.plot(list(each), list(each.values()), style, color=color, linewidth=0.6, alpha=0.5)
    found = [over_seeds([each[step] for each in seeds]) for step in common]
    marker = "." if style == "-" or len(common) == 1 else ""
    means = [each.mean for each in found]
    ax.plot(common, means, style, marker=marker, color=color, linewidth=2, label=label)
    if len(seeds) > 1:
        low, high = [each.low or 0.0 for each in found], [each.high or 0.0 for each in found]
        ax.fill_between(common, low, high, color=color, alpha=0.12, linewidth=0)
