"""The experiment's report: claims, figures of every seed, and one comparison a study."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from learning.claims import CLAIMS, Claim, Held
from learning.runs import Run, base_of, seconds_of
from learning.studies import Experiment, Study
from spatialevo_trainer import document
from spatialevo_trainer.comparing import compare
from spatialevo_trainer.comparing_report import write_comparison
from spatialevo_trainer.document import Block, Heading, Paragraph, Picture, Table
from spatialevo_trainer.estimates import over_seeds

HOW_TO_READ = (
    "All figures are of rooms that were never trained on, 50 to each group; a sampled answer is "
    "drawn at temperature 1, four to a question. Intervals are 95 %, of Student's t over the seeds "
    "of training; base and held-out questions are the same for all seeds. The models have less "
    "than a million parameters, the rooms are drawn. This shows how the feedback works, and is no "
    "evidence about a real vision-language model or about any benchmark."
)


def write(plan: Experiment, runs: Sequence[Run], out: Path) -> Path:
    """Write `report.md`, `report.html`, `results.json` and a folder for each study."""
    blocks: list[Block] = [Heading("What the oracle teaches, and what consensus does", 1)]
    blocks += [Paragraph(HOW_TO_READ), Heading("Claims"), _claims(runs)]
    results: dict[str, Any] = {"claims": [_result(claim, runs) for claim in CLAIMS]}
    for study in plan.studies:
        own = [each for each in runs if each.study == study]
        if own:
            blocks += _study(study, own, out)
            results[study.name] = _figures(study, own)
    seconds = sum(map(seconds_of, runs))
    blocks.append(Paragraph(f"{len(runs)} runs, {seconds / 60:.0f} minutes of one core in all."))
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return document.write(blocks, out, "report")[0]


def _claims(runs: Sequence[Run]) -> Table:
    rows = []
    for claim in CLAIMS:
        seen = _seen(claim, runs)
        if seen:
            each = " ".join(f"{value:+.2f}" for value in seen)
            met = "yes" if claim.holds(seen) else "NO"
            rows.append((claim.study, claim.says, _told(seen), each, met))
    return Table(("study", "claim", "mean and interval", "each seed", "met"), rows)


def _result(claim: Claim, runs: Sequence[Run]) -> dict[str, Any]:
    seen = _seen(claim, runs)
    met = claim.holds(seen) if seen else None
    return {"study": claim.study, "claim": claim.says, "seeds": seen, "met": met}


def _seen(claim: Claim, runs: Sequence[Run]) -> list[float]:
    """The claim's figure for each seed; empty if its study, or an arm of it, was not run."""
    own = [each for each in runs if each.study.name == claim.study]
    arms = {each.arm.name: [Held.of(r.folder) for r in own if r.arm == each.arm] for each in own}
    try:
        return claim.figures(arms)
    except KeyError:
        return []


def _study(study: Study, runs: Sequence[Run], out: Path) -> Iterator[Block]:
    every = {arm.name: [r.folder for r in runs if r.arm == arm] for arm in study.arms}
    arms = {name: folders for name, folders in every.items() if folders}
    paths = write_comparison(compare(arms), out / study.name)
    yield Heading(study.title)
    yield Paragraph(f"Base `{study.base}`, {_sha256(study.base)}. Settings: {study.settings}.")
    names = list(Held.of(runs[0].folder).start)
    names = [name for name in names if name != "step" and name.count("/") < 2]
    yield Table(
        ("arm", "held out", "start", "end", "each seed"),
        [
            (arm, name, f"{held[0].start[name]:.2f}", _ends(held, name), _each(held, name))
            for arm, folders in arms.items()
            for held in [[Held.of(folder) for folder in folders]]
            for name in names
            if name in held[0].end
        ],
    )
    yield from (Picture(path, f"{study.title}: curves") for path in paths if path.suffix == ".png")


def _ends(held: Sequence[Held], name: str) -> str:
    return _told([each.end[name] for each in held])


def _told(values: Sequence[float]) -> str:
    """Mean and interval."""
    found = over_seeds(values)
    if found.low is None or found.high is None:
        return f"{found.mean:.2f}"
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"


def _each(held: Sequence[Held], name: str) -> str:
    return " ".join(f"{each.end[name]:.2f}" for each in held)


def _figures(study: Study, runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "base": {"name": study.base, "sha256": _sha256(study.base)},
        "runs": [
            {
                "arm": run.arm.name,
                "seed": run.seed,
                "seconds": seconds_of(run),
                "start": Held.of(run.folder).start,
                "end": Held.of(run.folder).end,
            }
            for run in runs
        ],
    }


def _sha256(base: str) -> str:
    return hashlib.sha256((base_of(base) / "model.safetensors").read_bytes()).hexdigest()
