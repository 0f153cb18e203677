"""`spatialevo merge`: a plain checkpoint after training. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path

import click

from spatialevo_core.errors import ConfigError

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(short_help="Write a trained model as one checkpoint.")
@click.argument("adapter", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="New folder of the checkpoint.")
@click.option("--model", help="The base, if it is not where the adapter's run had it.")
def merge(adapter: Path, out: Path, model: str | None) -> None:
    """Merge ADAPTER, what a run learned, into its base model.

    OUT is a plain checkpoint with weights, tokenizer and image processor, which needs no adapter.
    """
    from spatialevo_trainer.config import load_config
    from spatialevo_trainer.run_folder import CONFIG, run_of

    run = run_of(adapter)
    base = model or (load_config(run / CONFIG).model if run else None)
    if base is None:
        raise ConfigError(f"adapter {adapter} is in no run's folder; name its base with --model")
    from spatialevo_trainer.merging import save_merged

    click.echo(save_merged(base, adapter, out))
