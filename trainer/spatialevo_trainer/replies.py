"""Replies to generated questions, as rows of a file. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from spatialevo_core.errors import RecordError
from spatialevo_core.records import QuestionRecord, Record, read_records


class ReplyRecord(Record):
    """What was said to the question of that id."""

    schema_id: ClassVar[str] = "spatialevo.reply/1"

    id: str
    reply: str | None
    fault: str | None = None
    """Why the question could not be put: a task's code broke."""


def read_questions(path: Path) -> tuple[QuestionRecord, ...]:
    """The questions of a file; raises RecordError if one is there twice or there is none."""
    first: dict[str, int] = {}
    rows = []
    for number, row in enumerate(read_records(path, QuestionRecord), start=1):
        if first.setdefault(row.id, number) != number:
            raise RecordError(f"{path}:{number}: '{row.id}' is also in line {first[row.id]}")
        rows.append(row)
    if not rows:
        raise RecordError(f"{path} has no questions")
    return tuple(rows)


def read_replies(path: Path) -> dict[str, ReplyRecord]:
    """The replies of a file by id: JSON objects with `id` and `reply`, whoever wrote them.

    Raises RecordError naming the line, also for a second reply to one question.
    """
    if not path.is_file():
        raise RecordError(f'{path} is missing; expected rows of JSON: {{"id": ..., "reply": ...}}')
    found: dict[str, ReplyRecord] = {}
    first: dict[str, int] = {}
    for number, row in _objects(path):
        id_, reply, fault = row.get("id"), row.get("reply"), row.get("fault")
        if not isinstance(id_, str) or not (isinstance(reply, str) or isinstance(fault, str)):
            raise RecordError(f"{path}:{number}: expected the texts 'id' and 'reply'")
        if id_ in first:
            raise RecordError(f"{path}:{number}: '{id_}' is also answered in line {first[id_]}")
        first[id_] = number
        found[id_] = ReplyRecord(id=id_, reply=reply, fault=fault)
    return found


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines: Sequence[str] = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is no text: {error.reason}") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecordError(f"{path}:{number}: not JSON: {error.msg.lower()}") from None
        if not isinstance(row, dict):
            raise RecordError(f"{path}:{number}: expected the texts 'id' and 'reply'")
        yield number, row
