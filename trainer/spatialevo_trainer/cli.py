"""`spatialevo train`: a run from the command line. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spatialevo_trainer import launch

if TYPE_CHECKING:
    from spatialevo_trainer.config import TrainConfig

PLANNING = ("plan", "gpus", "gpu_memory", "accelerate")
ABLATIONS: Mapping[str, str] = {
    "reward": "reward={}",
    "no_questioner": "ablation.questioner=false",
    "no_solver": "ablation.solver=false",
    "scheduler": "schedule.strategy={}",
    "no_validity": "ablation.validity=false",
    "no_observation": "ablation.observation=false",
    "no_explanation": "ablation.explanation=false",
}
"""The setting that each option stands for."""


class Grouped(click.Command):
    """A command whose help lists its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], "Planning": [], "Ablations": []}
        for parameter in self.get_params(ctx):
            record = None
            if isinstance(parameter, click.Option):
                record = parameter.get_help_record(ctx)
            if record is not None:
                planning = "Planning" if parameter.name in PLANNING else "Options"
                groups["Ablations" if parameter.name in ABLATIONS else planning].append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


@click.command(cls=Grouped, short_help="Train a model by asking and answering.")
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one setting; may be repeated. Keys in tables have dots, as in lora.rank=8, values "
    "are written as in TOML.",
)
@click.option(
    "--preset",
    default="tiny",
    show_default=True,
    metavar="NAME",
    help="What CONFIG and --set change: 'tiny' for a processor, 'qwen2.5-vl-3b' or "
    "'qwen2.5-vl-7b' for the published settings.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder of the run.",
)
@click.option("--resume", is_flag=True, help="Go on from the run's last checkpoint.")
@click.option(
    "--plan",
    is_flag=True,
    help="Load nothing and train nothing: print tokens, rows, memory and steps, and refuse what "
    "cannot run.",
)
@click.option(
    "--gpus",
    type=click.IntRange(min=0),
    metavar="N",
    help="Plan for so many GPUs; without, for those found here, else for the published 8 of 80 GiB "
    "(preset 'tiny': for the processor).",
)
@click.option(
    "--gpu-memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="Memory of each GPU to plan for.",
)
@click.option(
    "--accelerate",
    type=click.Choice(launch.names()),
    help="Print this configuration for 'accelerate launch', and stop; with --plan, plan for it.",
)
@click.option(
    "--reward",
    type=click.Choice(["oracle", "consensus"]),
    help="What counts as right: the oracle, or the majority of the solver's own answers.",
)
@click.option("--no-questioner", is_flag=True, help="The oracle proposes every question.")
@click.option("--no-solver", is_flag=True, help="The solver answers, but is not trained.")
@click.option(
    "--scheduler",
    type=click.Choice(["uniform", "adaptive", "learnability"]),
    help="Which task comes next: any, the weakest, or those half known.",
)
@click.option("--no-validity", is_flag=True, help="Illegal questions earn as much as legal ones.")
@click.option("--no-observation", is_flag=True, help="Observations earn and cost nothing.")
@click.option("--no-explanation", is_flag=True, help="Explanations earn no more than their format.")
def train(
    config: Path | None,
    settings: tuple[str, ...],
    preset: str,
    out: Path,
    *,
    resume: bool,
    plan: bool,
    gpus: int | None,
    gpu_memory: float | None,
    accelerate: str | None,
    **ablations: Any,
) -> None:
    """Train the model of CONFIG (a TOML file over a preset) as questioner and solver.

    SIGTERM and Ctrl-C save a checkpoint after the step in progress and end the run with
    exit status 143 or 130; a second Ctrl-C ends it at once.

    The options under Ablations stand for settings, and are recorded with them.
    """
    from spatialevo_trainer.config import load_config

    if accelerate is not None and not plan:
        click.echo(launch.text(accelerate), nl=False)
        return
    if not plan and (gpus is not None or gpu_memory is not None):
        raise click.UsageError("--gpus and --gpu-memory say what to plan for; add --plan")
    chosen = [ABLATIONS[name].format(value) for name, value in ablations.items() if value]
    resolved = load_config(config, preset=preset, settings=[*settings, *chosen])
    if plan:
        _plan(resolved, preset, gpus, gpu_memory, accelerate)
    else:
        _run(resolved, out, resume=resume)


def _plan(
    config: TrainConfig,
    preset: str,
    gpus: int | None,
    gpu_memory: float | None,
    accelerate: str | None,
) -> None:
    from spatialevo_core.errors import ConfigError
    from spatialevo_trainer import plan_text
    from spatialevo_trainer.plan import Plan, check
    from spatialevo_trainer.shapes import Shape

    if not config.model:
        raise ConfigError("no model is chosen; set model to a Qwen2.5-VL checkpoint")
    sharded = False
    if accelerate is not None:
        processes, sharded = launch.launch(accelerate)
        gpus = processes if gpus is None else gpus
    machine = plan_text.machine(preset, gpus, gpu_memory, sharded=sharded)
    planned = Plan(config, Shape.of(config.model), machine, _prompt(config))
    click.echo("\n".join(plan_text.lines(planned)).rstrip())
    check(planned)


def _prompt(config: TrainConfig) -> Any:
    """The lengths in the data, where it is here."""
    from spatialevo_core.cli.shared import registry
    from spatialevo_core.errors import SpatialEvoError
    from spatialevo_trainer import plan_text
    from spatialevo_trainer.plan import Prompt

    if not config.data:
        return Prompt.assumed(config)
    try:
        return plan_text.seen(config, registry(config.profile))
    except SpatialEvoError as error:
        click.echo(f"the data cannot be read here, so lengths are assumed: {error}", err=True)
        return Prompt.assumed(config)


def _run(config: TrainConfig, out: Path, *, resume: bool) -> None:
    from rich.console import Console

    from spatialevo_core.cli.shared import registry
    from spatialevo_trainer.progress import shown

    plugged_in = registry(config.profile)
    from spatialevo_trainer.run import train as run

    with shown(Console(stderr=True)) as (progress, remark):
        run(config, plugged_in, out, resume=resume, on_progress=progress, on_remark=remark)
    click.echo(out)
