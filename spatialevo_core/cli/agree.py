"""`spatialevo agree`: our answers beside those that a benchmark published."""

from __future__ import annotations

from pathlib import Path

import click

from spatialevo_core.agreement import KindReport, agreement
from spatialevo_core.cli.shared import (
    ROOT,
    json_option,
    progress,
    registry,
    show_json,
    show_rows,
)
from spatialevo_core.errors import ConfigError
from spatialevo_core.registry import same_name
from spatialevo_core.worlds import Benchmark


@click.command()
@click.argument("dataset")
@click.argument("root", type=ROOT)
@click.option("--profile", help="Default: the one that is named like the dataset, or exact.")
@click.option("--disagreements", is_flag=True, help="List the questions that we answer otherwise.")
@json_option
def agree(
    dataset: str, root: Path, profile: str | None, disagreements: bool, as_json: bool
) -> None:
    """Compare our answers with published ones.

    The questions that the benchmark DATASET in the folder ROOT published are read as texts. The
    columns: how many there are, were parsed, were answered under the profile; how well the answers
    agree (counts and words exactly, measures by mean relative accuracy without noise band); how
    many are legal under the profile 'exact'.
    """
    exact = registry()
    known = exact.dataset(dataset)
    if not isinstance(known, Benchmark):
        able = [each.name for each in exact.datasets.values() if isinstance(each, Benchmark)]
        raise ConfigError(
            f"dataset '{known.name}' brings no published answers; "
            f"those that do: {', '.join(able) or 'none'}"
        )
    own = next((name for name in exact.profiles if same_name(name) == same_name(known.name)), None)
    under = registry(profile or own or exact.profile)
    asked = progress(tuple(known.questions(root)), "asking")
    reports = agreement(asked, known, root, under, exact)
    if as_json:
        show_json([_plain(report, disagreements) for report in reports])
        return
    _show(reports, under.profile)
    if disagreements:
        for report in reports:
            for each in report.disagreements:
                told = f"published {each.published}, ours {each.ours}, scored {each.score:.2f}"
                click.echo(f"{report.kind} {each.id}: {each.text} {told}")


def _plain(report: KindReport, disagreements: bool) -> dict[str, object]:
    row = report.model_dump(mode="json") | {"covered": report.covered}
    if not disagreements:
        row["disagreements"] = len(report.disagreements)
    return row


def _show(reports: tuple[KindReport, ...], profile: str) -> None:
    title = ("kind", "questions", "parsed", f"answered under {profile}", "agreement")
    rows = [(*title, "legal under exact", "refused")]
    for each in reports:
        if each.covered:
            score = "" if each.score is None else f"{100 * each.score:.1f} % {each.measure}"
            if each.measure == "exact":
                score += f" ({each.answered - len(each.disagreements)})"
            refused = ", ".join(f"{code} {count}" for code, count in each.refused.items())
            counts = (str(each.questions), str(each.parsed), str(each.answered))
            rows.append((each.kind, *counts, score, str(each.legal_under_exact), refused))
    show_rows(rows)
    missing = [f"{each.kind} ({each.questions})" for each in reports if not each.covered]
    if missing:
        click.echo(f"not covered by any registered task: {', '.join(missing)}")
