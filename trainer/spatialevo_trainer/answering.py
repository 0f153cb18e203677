"""A model answers generated questions: plain inference, no oracle; it goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from spatialevo_core.errors import ConfigError, TaskFault
from spatialevo_core.question import Frozen
from spatialevo_core.records import QuestionRecord, repair_records, write_records
from spatialevo_trainer.config import load_config
from spatialevo_trainer.episode import Row
from spatialevo_trainer.prompts import STYLES, PromptStyle
from spatialevo_trainer.question_worlds import Worlds
from spatialevo_trainer.replies import ReplyRecord, read_replies
from spatialevo_trainer.run_folder import CONFIG, run_of
from spatialevo_trainer.stage import row_random

ASKING: Final = "asking.json"
REPLIES: Final = "replies.jsonl"


class Asking(Frozen):
    """What the replies follow from."""

    questions_sha256: str
    model: str
    adapter: str | None = None
    adapter_sha256: str | None = None
    merged: bool = False
    temperature: float = Field(0.0, ge=0)
    """0: the likeliest answer."""
    seed: int = 0
    batch: int = Field(16, ge=1)
    prompts: PromptStyle = "full"
    tokens: int = Field(512, ge=1)
    image_pixels: int | None = None


def asking_of(questions: Path, model: str | None, adapter: Path | None, **given: Any) -> Asking:
    """The settings that are given, the others from the run of the adapter where it has one.

    Raises ConfigError if no model is named and the adapter is not in the folder of a run.
    """
    run = None if adapter is None else run_of(adapter)
    settings: dict[str, Any] = {}
    if run is not None:
        config = load_config(run / CONFIG)
        settings = {
            "model": config.model,
            "prompts": config.prompts,
            "tokens": config.solver_tokens,
            "image_pixels": config.image_pixels,
        }
    settings |= given if model is None else {**given, "model": model}
    if "model" not in settings:
        raise ConfigError(f"adapter {adapter} is in no run's folder; name its base with --model")
    weights = [] if adapter is None else sorted(adapter.glob("adapter_model.*"))
    return Asking(
        questions_sha256=sha256(questions),
        adapter=None if adapter is None else str(adapter),
        adapter_sha256=sha256(weights[0]) if weights else None,
        **settings,
    )


def answer_questions(
    asking: Asking,
    questions: Sequence[QuestionRecord],
    worlds: Worlds,
    out: Path,
    *,
    progress: Callable[[Sequence[int]], Iterator[int]] = iter,
) -> dict[str, ReplyRecord]:
    """The replies to all questions by id, kept in `out/replies.jsonl`.

    Those that an earlier call left there are not asked for again. A batch is made up the same
    however often it is begun, so an interrupted file is completed to what it would have been.
    Raises ConfigError if the folder holds replies under other settings.
    """
    path = out / REPLIES
    _claim(asking, out)
    repair_records(path)
    known = read_replies(path) if path.exists() else {}
    batches = [
        questions[start : start + asking.batch] for start in range(0, len(questions), asking.batch)
    ]
    left = [at for at, rows in enumerate(batches) if any(row.id not in known for row in rows)]
    if left:
        say = _speaker(asking)
        for at in progress(left):
            seed = row_random(asking.seed, "answer", at).getrandbits(32)
            found = _answered(asking, batches[at], worlds, say, seed)
            write_records(path, [each for each in found if each.id not in known])
    return read_replies(path)


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _speaker(asking: Asking) -> Callable[[list[Row], int], list[str]]:
    from spatialevo_trainer.held_out import Speaker  # noqa: PLC0415  (torch, where it is needed)
    from spatialevo_trainer.merging import load_adapted  # noqa: PLC0415
    from spatialevo_trainer.model import load_processor  # noqa: PLC0415

    adapter = None if asking.adapter is None else Path(asking.adapter)
    model = load_adapted(asking.model, adapter, merged=asking.merged)
    processor = load_processor(asking.model, asking.image_pixels)
    speaker = Speaker(model, processor, asking.temperature or 1.0)

    def say(rows: list[Row], seed: int) -> list[str]:
        greedy = asking.temperature == 0
        return speaker.replies(rows, asking.tokens, seed=seed, greedy=greedy)

    return say


def _answered(
    asking: Asking,
    questions: Sequence[QuestionRecord],
    worlds: Worlds,
    say: Callable[[list[Row], int], list[str]],
    seed: int,
) -> list[ReplyRecord]:
    rows: dict[str, Row] = {}
    faults: dict[str, str] = {}
    for each in questions:
        try:
            images = worlds.images(each)
        except TaskFault as fault:
            faults[each.id] = str(fault)
            continue
        prompt = STYLES[asking.prompts].answer(each.text, each.hint, len(images))
        rows[each.id] = Row("solver", 0, prompt, images)
    said = dict(zip(rows, say(list(rows.values()), seed) if rows else [], strict=True))
    return [
        ReplyRecord(id=each.id, reply=said.get(each.id), fault=faults.get(each.id))
        for each in questions
    ]


def _claim(asking: Asking, out: Path) -> None:
    """Write the settings into a new folder; compare them with those of an earlier call."""
    path, now = out / ASKING, asking.model_dump(mode="json")
    if path.is_file():
        before = _stored(path)
        for key, value in now.items():
            if before.get(key) != value:
                raise ConfigError(
                    f"{out} holds replies with {key} {before.get(key)!r}, not {value!r}; "
                    "choose another folder"
                )
        return
    if (out / REPLIES).exists():
        raise ConfigError(f"{out} holds replies without {ASKING}; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{ASKING}.part")
    part.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def _stored(path: Path) -> dict[str, Any]:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}; choose another folder") from None
    return before if isinstance(before, dict) else {}
