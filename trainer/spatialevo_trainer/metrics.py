"""What a step is reported by: one JSONL row per step, per role and per task.

Names are `role/quantity` and `role/quantity/task`. `reasons/...` and `faults/...` are counts, all
else is a mean over replies, questions or groups; only `time/...` differs between equal runs. The
table is in docs/training.md.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spatialevo_core.errors import RecordError
from spatialevo_core.judges import Judgement
from spatialevo_core.text import name_form
from spatialevo_trainer.episode import Candidate, Episode
from spatialevo_trainer.prompts import Role

FILE = "metrics.jsonl"
COUNTS = ("faults/", "reasons/")
_SAME = 1e-9


class Sum(NamedTuple):
    """A mean in two parts, so that processes can add theirs."""

    total: float
    number: int


Sums = dict[str, Sum]


def measure(episode: Episode) -> Sums:
    """Everything worth knowing about a step, ready to be added up."""
    found = _Collector()
    for candidates in episode.asked:
        if candidates:
            _measure_questions(found, candidates)
    asked = any(episode.asked)
    for candidate in episode.chosen:
        _measure_answers(found, candidate, asked=asked)
    for name, count in episode.faults.items():
        found.sums[f"faults/{name}"] = Sum(count, 1)
    return merge([found.sums, *_oracle_times(episode)])


def measure_lengths(episode: Episode, lengths: Mapping[str, Sequence[int]]) -> Sums:
    """Of replies whose numbers of tokens are known, by role in the order of the rows."""
    found, config = _Collector(), episode.config
    places = {
        "questioner": [place for place in episode.places for _ in range(config.n)],
        "solver": [each.place for each in episode.chosen for _ in range(config.n)],
    }
    most = {"questioner": config.questioner_tokens, "solver": config.solver_tokens}
    for role, counts in lengths.items():
        for place, tokens in zip(places[role], counts, strict=False):
            found.add(f"{role}/tokens", tokens, place.task.name)
            found.add(f"{role}/clipped", float(tokens >= most[role]), place.task.name)
    return found.sums


def _oracle_times(episode: Episode) -> Iterator[Sums]:
    """Per completion, which for a question is parsing, judging and scoring it."""
    replies: Counter[tuple[Role, str]] = Counter()
    for each in (candidate for group in episode.asked for candidate in group):
        replies["questioner", each.place.task.name] += 1
    for each in episode.chosen:
        replies["solver", each.place.task.name] += len(each.answers)
    for (role, task), number in replies.items():
        spent = Sum(episode.oracle_s.get((role, task), 0.0) * 1000, number)
        names = ("time/oracle_ms", f"time/oracle_ms/{role}", f"time/oracle_ms/{role}/{task}")
        yield dict.fromkeys(names, spent)


def merge(parts: Iterable[Mapping[str, Sum]]) -> Sums:
    """The sums of all processes."""
    merged: Sums = {}
    for part in parts:
        for name, (total, count) in part.items():
            old = merged.get(name, Sum(0.0, 0))
            merged[name] = Sum(old.total + total, old.number + count)
    return merged


def means(sums: Mapping[str, Sum]) -> dict[str, float]:
    """The values to report, by name in order."""
    return {
        name: sums[name].total / (1 if name.startswith(COUNTS) else sums[name].number)
        for name in sorted(sums)
    }


def write_row(path: Path, row: Mapping[str, Any]) -> None:
    """Append one row, flushed whole; what is not finite becomes null."""
    plain = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(plain, allow_nan=False) + "\n")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics file; raises RecordError naming file and line.

    A last line without its end is still being written, or was cut by a kill: it is left out.
    """
    if not path.is_file():
        raise RecordError(f"{path} is missing; expected the metrics of a run")
    try:
        *lines, _ = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is no text: {error.reason}") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise RecordError(f"{path}:{number}: not JSON: {error.msg.lower()}") from None
    return rows


class _Collector:
    def __init__(self) -> None:
        self.sums: Sums = {}

    def add(self, name: str, value: float | None, task: str | None = None) -> None:
        """Count a value overall and, where a task is named, for the task; None is not counted."""
        if value is None:
            return
        for key in (name,) if task is None else (name, f"{name}/{task}"):
            total, count = self.sums.get(key, Sum(0.0, 0))
            self.sums[key] = Sum(total + value, count + 1)


def _measure_questions(found: _Collector, candidates: Sequence[Candidate]) -> None:
    task = candidates[0].place.task.name
    keys = [each.key for each in candidates]
    found.add("questioner/unique", len(set(keys)) / len(keys), task)
    found.add("questioner/entropy_nats", _entropy_nats(keys), task)
    found.add("questioner/zero_variance", _constant(each.reward for each in candidates), task)
    for each in candidates:
        found.add("questioner/reward", each.reward, task)
        found.add("questioner/unjudged", float(each.reward is None), task)
        if each.score is None or each.verdict is None:
            continue
        found.add("questioner/f_fmt", each.score.format, task)
        found.add("questioner/f_valid", each.score.valid, task)
        found.add("questioner/f_obs", each.score.observed, task)
        found.add("questioner/f_obs_judged", _word(each.judged), task)
        found.add("questioner/legal", float(each.legal), task)
        for code in each.verdict.codes:
            found.add(f"reasons/{code}", 1.0, task)


def _measure_answers(found: _Collector, candidate: Candidate, *, asked: bool) -> None:
    task = candidate.place.task.name
    if asked:
        found.add("solver/fallback", float(candidate.fallback), task)
    found.add("solver/illegal", float(not candidate.legal), task)
    rewards = [each.score.reward if each.score else None for each in candidate.answers]
    found.add("solver/zero_variance", _constant(rewards), task)
    if candidate.answers:
        said = [name_form(each.answer) for each in candidate.answers]
        found.add("solver/entropy_nats", _entropy_nats(said), task)
    for each in candidate.answers:
        found.add("solver/unjudged", float(each.score is None), task)
        found.add("solver/accuracy", each.accuracy, task)
        if each.score is not None:
            found.add("solver/reward", each.score.reward, task)
            found.add("solver/f_fmt", each.score.format, task)
            found.add("solver/f_acc", each.score.accuracy, task)
            found.add("solver/f_explain", each.score.explained, task)
            found.add("solver/f_explain_judged", _word(each.judged), task)


def _word(judged: Judgement | None) -> float | None:
    return None if judged is None else judged.score


def _entropy_nats(values: Sequence[str]) -> float:
    """Of how a group spreads over its different values: 0 if all are the same."""
    shares = [count / len(values) for count in Counter(values).values()]
    return sum(share * math.log(1 / share) for share in shares)


def _constant(rewards: Iterable[float | None]) -> float | None:
    """1 if all rewards of a group are equal, so that it teaches nothing; None if there are none."""
    known = [reward for reward in rewards if reward is not None]
    return float(max(known) - min(known) < _SAME) if known else None
