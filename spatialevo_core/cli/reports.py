"""How the commands `check` show reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from spatialevo_core.cli.shared import show_json, show_rows

if TYPE_CHECKING:
    from spatialevo_core.testing import Report


def show_reports(reports: Sequence[Report], what: str, as_json: bool) -> None:
    """Print a row for each report, then what it tells; exit with status 1 if a promise is broken.

    `what` was looked at: questions, worlds or texts.
    """
    if as_json:
        show_json([each.model_dump(mode="json") | {"ok": each.ok} for each in reports])
    else:
        show_rows([_row(each, what) for each in reports])
        for report in reports:
            for line in report.lines():
                click.echo(f"{report.name}: {line}")
    if not all(report.ok for report in reports):
        raise SystemExit(1)


def _row(report: Report, what: str) -> tuple[str, ...]:
    speed = "" if report.ms_each is None else f"{report.ms_each:.2f} ms each"
    state = "ok" if report.ok else "broken"
    return report.name, state, f"{report.looked_at} {what}", speed
