"""The accelerate configurations that come with the package; importing this loads no accelerate."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import NamedTuple

_FOLDER = files("spatialevo_trainer") / "data" / "accelerate"


class Launch(NamedTuple):
    """What a configuration starts."""

    processes: int
    """One per GPU, over all machines."""
    sharded: bool
    """The weights are shared between them."""


def names() -> tuple[str, ...]:
    """Of the configurations."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in _FOLDER.iterdir()))


def text(name: str) -> str:
    """A configuration, as `accelerate launch --config_file` reads it."""
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def launch(name: str) -> Launch:
    """What accelerate makes of a configuration."""
    from accelerate.commands.config.config_args import (  # noqa: PLC0415  (slow to import)
        load_config_from_file,
    )

    with as_file(_FOLDER / f"{name}.yaml") as path:
        config = load_config_from_file(str(path))
    return Launch(config.num_processes, config.distributed_type.value == "FSDP")
