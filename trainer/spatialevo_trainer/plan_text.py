"""`spatialevo train --plan`: what is planned on, and the plan in lines."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping

from spatialevo_core.registry import Registry
from spatialevo_trainer.config import DEFAULT_PRESET, TrainConfig
from spatialevo_trainer.plan import AROUND_IMAGE, GIB, TEMPLATE_TOKENS, Bytes, Machine, Plan, Prompt
from spatialevo_trainer.prompts import STYLES

PUBLISHED = Machine(8, 80.0, origin="as published")
CHARACTERS = 3
"""Of English prose per token, at least, in Qwen's vocabulary."""
FRAME_TOKENS = 32
"""What the chat template puts around a prompt."""
DRAWN_STEPS = 4


def machine(preset: str, gpus: int | None, memory_gib: float | None, *, sharded: bool) -> Machine:
    """What the options say; else this machine's GPUs, else the preset's own machine."""
    found = _found() or (_processor() if preset == DEFAULT_PRESET else PUBLISHED)
    if gpus is None and memory_gib is None:
        return Machine(found.gpus, found.memory_gib, sharded, found.origin)
    count = found.gpus if gpus is None else gpus
    base = _processor() if count == 0 else found if found.gpus else PUBLISHED
    size = base.memory_gib if memory_gib is None else memory_gib
    return Machine(count, size, sharded, "as asked")


def seen(config: TrainConfig, registry: Registry) -> Prompt:
    """How long prompts get in the data: the most in the first few steps, drawn as a run would."""
    from spatialevo_trainer.session import Session  # noqa: PLC0415  (what it needs takes time)

    session = Session(config, registry)
    style = STYLES[config.prompts]
    places = [
        place
        for step in range(DRAWN_STEPS)
        for place in session.begin(step, range(config.scenes)).places
    ]
    texts = [
        style.ask(place.task.summary, place.brief, 0)[0]["content"][0]["text"] for place in places
    ]
    longest = math.ceil(max(map(len, texts)) / CHARACTERS) + FRAME_TOKENS
    return Prompt(
        views=max(len(place.images) for place in places),
        text=max(TEMPLATE_TOKENS, longest) + config.questioner_tokens,
        origin=f"in {len(places)} places of the data",
    )


def lines(plan: Plan) -> Iterator[str]:
    """The plan, a heading and a figure a line."""
    for heading, rows in _sections(plan):
        yield heading
        width = max(map(len, rows))
        yield from (f"  {name:{width}}  {text}" for name, text in rows.items())
        yield ""


def _sections(plan: Plan) -> Iterator[tuple[str, Mapping[str, str]]]:
    config, shape, prompt = plan.config, plan.shape, plan.prompt
    yield (
        "model",
        {
            "name": config.model,
            "parameters": f"{shape.parameters:,}, {shape.tower.parameters:,} of them see",
            "adapter": f"{plan.adapter:,}, rank {config.lora.rank}",
            "machine": _machine(plan.machine),
        },
    )
    yield (
        "tokens of a row, at most",
        {
            "view": f"{plan.image_tokens + AROUND_IMAGE:,} ({plan.pixels:,} pixels)",
            "prompt": f"{plan.prompt_tokens:,} ({prompt.views} views and {prompt.text} of text, "
            f"{prompt.origin})",
            "reply": f"{config.questioner_tokens:,} questioner, {config.solver_tokens:,} solver",
            "row": f"{plan.row_tokens:,} of {shape.context:,}",
        },
    )
    processes = plan.machine.processes
    sampled = plan.questioner_rows + plan.solver_rows
    yield (
        "rows of a step",
        {
            "questioner": f"{plan.questioner_rows}",
            "solver": f"{plan.solver_rows}",
            "process": f"{sampled // processes}, {plan.sampled_at_once} sampled at once",
            "update": f"{config.micro_batches} micro-batches of {plan.micro_rows}",
        },
    )
    yield from _memory(plan)
    yield (
        "run",
        {
            "steps": f"{config.steps:,}",
            "replies": f"{config.steps * sampled:,}",
            "sampled tokens": f"{config.steps * plan.step_tokens:,} at most",
        },
    )


def _memory(plan: Plan) -> Iterator[tuple[str, Mapping[str, str]]]:
    held = _gib(plan.held())
    if not plan.machine.gpus:
        yield "memory, GiB", {**held, "activations": "not planned on a processor"}
        return
    yield "memory of a GPU throughout, GiB", held
    yield "while sampling, GiB", _gib(plan.sampling())
    yield "while updating, GiB", _gib(plan.updating())
    yield "together, GiB", {"peak": f"{plan.peak / GIB:.1f} of {plan.usable / GIB:.1f}"}


def _gib(parts: Mapping[str, Bytes]) -> dict[str, str]:
    return {name: f"{value / GIB:.2f}" for name, value in parts.items()}


def _machine(machine: Machine) -> str:
    if not machine.gpus:
        return f"processor with {machine.memory_gib:.0f} GiB, {machine.origin}"
    shared = ", weights shared" if machine.sharded else ""
    return f"{machine.gpus} x {machine.memory_gib:g} GiB{shared}, {machine.origin}"


def _processor() -> Machine:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(0, total / GIB, origin="found here")


def _found() -> Machine | None:
    from torch import cuda  # noqa: PLC0415  (slow to import)

    if not cuda.is_available():
        return None
    count = cuda.device_count()
    least = min(cuda.get_device_properties(i).total_memory for i in range(count))
    return Machine(count, round(least / GIB, 1), origin="found here")
