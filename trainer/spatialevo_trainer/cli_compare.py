"""`spatialevo compare`: runs beside each other. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path

import click

from spatialevo_core.cli.shared import json_option, show_json, show_rows


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/comparison"),
    show_default=True,
    help="Folder of the report and the picture.",
)
@json_option
def compare(runs: tuple[Path, ...], out: Path, *, as_json: bool) -> None:
    """Compare training runs, seed by seed.

    Runs (folders that 'train' wrote) whose settings differ only in the seed are one arm. The table
    has the start, the end and the change of every figure with 95 % intervals over the seeds, the
    held-out figure beside that of training. OUT gets comparison.md, .html, .json and .png.
    """
    from spatialevo_trainer.comparing import compare as compared
    from spatialevo_trainer.comparing_report import (
        HEAD,
        PAIRED_HEAD,
        paired_rows,
        rows,
        write_comparison,
    )

    found = compared(runs)
    paths = write_comparison(found, out)
    if as_json:
        show_json(found.model_dump(mode="json"))
    else:
        show_rows([HEAD, *rows(found)])
        if found.pairs:
            click.echo()
            show_rows([PAIRED_HEAD, *paired_rows(found)])
        click.echo()
        for path in paths:
            click.echo(path)
    for remark in found.remarks:
        click.echo(remark, err=True)
