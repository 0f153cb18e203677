"""`spatialevo ask`: one question about one world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from spatialevo_core.cli.shared import (
    ROOT,
    checked_root,
    dataset_option,
    definition_option,
    json_option,
    profile_option,
    registry,
    show_json,
    show_rows,
)
from spatialevo_core.engine import solve
from spatialevo_core.errors import TaskFault
from spatialevo_core.question import Verdict
from spatialevo_core.registry import Registry


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers separated by commas."""

    name = "I,J"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """'3,7' as (3, 7)."""
        try:
            return tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"'{value}' is not a list of numbers such as 3,7", param, ctx)


@click.command()
@click.argument("question")
@dataset_option
@click.option("--root", type=ROOT, help="The dataset's folder, where it has one.")
@click.option("--scene", "world_id", required=True, help="See 'spatialevo datasets ids'.")
@click.option("--frames", type=Numbers(), help="What the view shows; image 1 first.")
@click.option("--task", help="Read the question as one of this task only.")
@profile_option
@definition_option
@click.option("--why", is_flag=True, help="Show the reading, the evidence, other definitions.")
@json_option
def ask(
    *,
    question: str,
    dataset: str,
    root: Path | None,
    world_id: str,
    frames: tuple[int, ...] | None,
    task: str | None,
    profile: str,
    definitions: tuple[str, ...],
    why: bool,
    as_json: bool,
) -> None:
    """Answer one question about one world, or say why not.

    Image 1, image 2 in the question are the frames in the order of --frames. Without --frames a
    sensible choice is made. A refused question is a result: the exit status is 0.
    """
    loaded = registry(profile, definitions)
    known = loaded.dataset(dataset)
    source = known.load(checked_root(known, root), world_id)
    view, verdict = loaded.ask_about(question, source, frames, task)
    others = _others(loaded, view, verdict) if why else {}
    if as_json:
        told = {"view": view.key, **verdict.model_dump(mode="json")}
        show_json(told | ({"definitions": others} if why else {}))
        return
    if verdict.legal and verdict.answer:
        click.echo(verdict.answer.text)
    for reason in verdict.reasons:
        click.echo(f"refused: {reason.code}: {reason.message}")
    if why:
        _show_why(view, verdict, others)


def _others(loaded: Registry, view: Any, verdict: Verdict) -> dict[str, str]:
    """What each definition says, the one in force first; nothing where none was computed."""
    if verdict.answer is None or verdict.query is None:
        return {}
    task = loaded.task(verdict.task or "")
    names = dict.fromkeys([task.definition, "exact", *task.definitions])
    said: dict[str, str] = {}
    for name in names:
        try:
            said[name] = solve(task, view, verdict.query, name).text
        except TaskFault as fault:
            said[name] = str(fault)
    return said


def _show_why(view: Any, verdict: Verdict, others: dict[str, str]) -> None:
    rows: list[tuple[str, str]] = [("view", view.key)]
    if verdict.query is not None:
        fields = verdict.query.model_dump(mode="json")
        asked = ", ".join(f"{key}={value}" for key, value in fields.items())
        rows += [("task", f"{verdict.task}({asked})"), ("read by", str(verdict.parser))]
    rows.append(("profile", verdict.profile))
    answer = verdict.answer
    if answer is not None:
        rows.append(("definition", answer.definition))
        if answer.band:
            rows.append(("noise band", f"{answer.band} {answer.unit}".strip()))
        evidence = answer.evidence.model_dump(mode="json")
        rows += [(key, _plain(value)) for key, value in evidence.items()]
        rows += [(f"by {name}", text) for name, text in others.items() if name != answer.definition]
    show_rows((f"  {key}", value) for key, value in rows)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
