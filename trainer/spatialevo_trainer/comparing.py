"""Compares runs: which differ in their seed alone, and how the arms that they form differ.

Needs no torch. A run that cannot be used is left out with a remark.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spatialevo_core.errors import ConfigError, RecordError, SpatialEvoError
from spatialevo_trainer import metrics
from spatialevo_trainer.comparison import (
    Arm,
    ComparedRun,
    Comparison,
    Curve,
    Figure,
    Series,
    pairs_of,
)
from spatialevo_trainer.curves import EXAMINED, PANELS, SPAN, title
from spatialevo_trainer.run_folder import CONFIG, HELD_OUT

Runs = Sequence[Path] | Mapping[str, Sequence[Path]]
UNSET: Final = "not set"
LONGEST_VALUE: Final = 32
"""Characters of a setting that are shown."""


@dataclass(frozen=True)
class _Run:
    """A run as it was read."""

    told: ComparedRun
    settings: Mapping[str, str]
    """All but the seed, flat."""
    training: Mapping[str, Series]
    held_out: Mapping[str, Series]


def compare(runs: Runs) -> Comparison:
    """The comparison of run folders, grouped by their settings or given by the name of their arm.

    Raises ConfigError if there is nothing to compare.
    """
    remarks: list[str] = []
    if isinstance(runs, Mapping):
        named = {name: _readable(folders, remarks) for name, folders in runs.items()}
    else:
        named = _grouped(_readable(dict.fromkeys(runs), remarks))
    named = {name: _one_a_seed(members, remarks) for name, members in named.items() if members}
    if not named:
        raise ConfigError(remarks[0] if remarks else "no run is given")
    arms = tuple(_arm(name, members, remarks) for name, members in named.items())
    figures = tuple(_figures(arms))
    pairs = pairs_of(arms, figures)
    remarks += _unpaired(arms)
    return Comparison(
        arms=arms,
        figures=figures,
        pairs=pairs,
        differing=_differing(named),
        span=SPAN,
        remarks=tuple(remarks),
    )


def _readable(folders: Iterable[Path], remarks: list[str]) -> list[_Run]:
    found = []
    for folder in folders:
        try:
            found.append(_read(Path(folder)))
        except SpatialEvoError as error:
            remarks.append(f"left out: {error}")
    return found


def _read(folder: Path) -> _Run:
    settings = _settings(folder)
    rows = list(_rows(folder / metrics.FILE))
    if not rows:
        raise RecordError(f"{folder / metrics.FILE} has no step yet")
    held_out = folder / HELD_OUT
    examined = list(_rows(held_out)) if held_out.is_file() else []
    keys = dict.fromkeys(key for row in examined for key in row if key != "step")
    wanted = dict.fromkeys(f"{role}/{name}" for role, names in PANELS.items() for name in names)
    wanted |= dict.fromkeys(name for key in keys for name in _counterparts(key))
    told = ComparedRun(
        folder=folder,
        seed=_whole(folder, settings, "seed"),
        steps=max(row["step"] for row in rows),
        planned=_whole(folder, settings, "steps"),
    )
    return _Run(
        told=told,
        settings={key: value for key, value in _flat(settings).items() if key != "seed"},
        training={name: found for name in wanted if (found := _series(rows, name, SPAN))},
        held_out={name: found for name in keys if (found := _series(examined, name, 1))},
    )


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigError(f"{folder} holds no run; expected {CONFIG} in it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def _whole(folder: Path, settings: Mapping[str, Any], key: str) -> int:
    value = settings.get(key)
    if not isinstance(value, int):
        raise ConfigError(f"{folder / CONFIG} says no {key}; expected a whole number")
    return value


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows by step, the later one where a step is there twice."""
    by_step: dict[int, Mapping[str, Any]] = {}
    for number, row in enumerate(metrics.read_rows(path), start=1):
        if not isinstance(row, Mapping) or not isinstance(row.get("step"), int):
            raise RecordError(f"{path}:{number}: says no step")
        by_step[row["step"]] = row
    yield from (by_step[step] for step in sorted(by_step))


def _series(rows: Iterable[Mapping[str, Any]], name: str, span: int) -> Series | None:
    """The known values of a quantity; the start and the end never share a step if there are two."""
    known = [(row["step"], float(row[name])) for row in rows if _is_number(row.get(name))]
    if not known:
        return None
    steps, values = zip(*known, strict=True)
    some = max(1, min(span, len(values) // 2))
    start, end = math.fsum(values[:some]) / some, math.fsum(values[-some:]) / some
    return Series(steps=steps, values=values, start=start, end=end)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _counterparts(key: str) -> Iterator[str]:
    """The training curves that could stand beside a held-out one, the closest first."""
    quantity, *rest = key.split("/")
    if quantity in EXAMINED:
        if rest:
            yield f"{EXAMINED[quantity]}/{rest[-1]}"  # `sampled/group/task`
        yield EXAMINED[quantity]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Settings as `lora.rank` and `data.0.dataset` with values to be shown."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            value = {str(at): each for at, each in enumerate(value)}  # noqa: PLW2901
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            flat[f"{prefix}{key}"] = shown
    return flat


def _grouped(runs: Sequence[_Run]) -> dict[str, list[_Run]]:
    """Runs of the same settings together, named by what sets them apart."""
    groups: dict[frozenset[tuple[str, str]], list[_Run]] = {}
    for run in runs:
        groups.setdefault(frozenset(run.settings.items()), []).append(run)
    if len(groups) == 1:
        return {_common_name([run.told.folder for run in runs]): list(runs)}
    keys = _keys_that_differ([members[0] for members in groups.values()])
    named: dict[str, list[_Run]] = {}
    for members in groups.values():
        own = members[0].settings
        name = ", ".join(f"{key}={_short(own.get(key, UNSET))}" for key in keys)
        again = sum(each == name or each.startswith(f"{name} (") for each in named)
        named[f"{name} ({again + 1})" if again else name] = members
    return named


def _keys_that_differ(runs: Sequence[_Run]) -> list[str]:
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    return [key for key in keys if len({run.settings.get(key) for run in runs}) > 1]


def _short(value: str) -> str:
    """The end of a long value: of paths it says most."""
    return value if len(value) <= LONGEST_VALUE else f"...{value[3 - LONGEST_VALUE :]}"


def _common_name(folders: Sequence[Path]) -> str:
    """What the folders' names begin with, without seed; else the folder that they are in."""
    resolved = [folder.resolve() for folder in folders]
    names = [each.name for each in resolved]
    common = os.path.commonprefix(names)  # noqa: RUF071  (letter by letter is meant)
    name = common if len(folders) == 1 else common.rstrip("-_. 0123456789")
    name = name.removesuffix("seed").rstrip("-_. ")
    return name or resolved[0].parent.name or "all runs"


def _one_a_seed(members: Sequence[_Run], remarks: list[str]) -> list[_Run]:
    """One run a seed: a second one would count the same evidence twice."""
    kept: dict[int, _Run] = {}
    for run in members:
        first = kept.setdefault(run.told.seed, run)
        if first is not run:
            remarks.append(
                f"left out: {run.told.folder} has the seed of {first.told.folder}, "
                f"{run.told.seed}, in the same arm"
            )
    return [kept[seed] for seed in sorted(kept)]


def _arm(name: str, members: Sequence[_Run], remarks: list[str]) -> Arm:
    remarks += _odd(name, members)
    return Arm(
        name=name,
        runs=tuple(run.told for run in members),
        training=_curves({run.told.seed: run.training for run in members}),
        held_out=_curves({run.told.seed: run.held_out for run in members}),
    )


def _curves(seeds: Mapping[int, Mapping[str, Series]]) -> dict[str, Curve]:
    names = dict.fromkeys(name for series in seeds.values() for name in series)
    return {
        name: Curve.of({seed: series[name] for seed, series in seeds.items() if name in series})
        for name in names
    }


def _odd(name: str, members: Sequence[_Run]) -> Iterator[str]:
    """What is to be known of an arm."""
    if len(members) == 1:
        yield f"{name}: one run, so there is no interval"
    steps = [run.told.steps for run in members]
    if min(steps) < max(steps):
        yield (
            f"{name}: runs of {min(steps)} to {max(steps)} steps; each ends where it ends, and the "
            "mean curve with the shortest"
        )
    mixed = _keys_that_differ(members)
    if mixed:
        yield f"{name}: its runs differ in {', '.join(mixed)}, beside the seed"
    for run in members:
        told = run.told
        if told.steps < told.planned:
            yield f"{told.folder}: unfinished, {told.steps} of {told.planned} steps"
        if not run.held_out:
            yield f"{told.folder}: not examined on held-out worlds"
        elif max(len(each.steps) for each in run.held_out.values()) == 1:
            yield f"{told.folder}: examined once, so start and end are the same"


def _figures(arms: Sequence[Arm]) -> Iterator[Figure]:
    """Held-out curves first, each with the training curve that measures the same; then the rest."""
    trained = dict.fromkeys(name for arm in arms for name in arm.training)
    beside: set[str] = set()
    for key in dict.fromkeys(key for arm in arms for key in arm.held_out):
        name = next((each for each in _counterparts(key) if each in trained), None)
        _, *rest = key.split("/", 1)
        told = key if name is None else ", ".join([title(name), *rest])
        yield Figure(title=told, training=name, held_out=key)
        beside |= {name} if name else set()
    for name in trained:
        if name not in beside and name.count("/") == 1:
            yield Figure(title=title(name), training=name, held_out=None)


def _unpaired(arms: Sequence[Arm]) -> Iterator[str]:
    seeds = [{run.seed for run in arm.runs} for arm in arms]
    for arm, own in zip(arms[1:], seeds[1:], strict=True):
        if not own & seeds[0]:
            yield f"{arm.name} and {arms[0].name} have no seed in common and are not paired"


def _differing(named: Mapping[str, Sequence[_Run]]) -> dict[str, dict[str, str]]:
    every = [run for members in named.values() for run in members]
    return {
        key: {
            name: " / ".join(dict.fromkeys(run.settings.get(key, UNSET) for run in members))
            for name, members in named.items()
        }
        for key in _keys_that_differ(every)
    }
