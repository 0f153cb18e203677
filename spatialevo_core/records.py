"""Rows of JSONL that outlive a program: each states its schema, and reading checks it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import Field, ValidationError

from spatialevo_core._version import __version__
from spatialevo_core.errors import RecordError
from spatialevo_core.question import Frozen, Reason, Verdict


class Record(Frozen):
    """One row; a subclass names its schema, and a changed meaning gets a new number."""

    schema_id: ClassVar[str]

    def line(self) -> str:
        """The row as one line of JSON, keys in the order of declaration, newline included."""
        row = {"schema": self.schema_id, **self.model_dump(mode="json")}
        return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def of_line(cls, line: str) -> Self:
        """The row of a line; raises ValueError naming what is wrong."""
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"not JSON: {error.msg.lower()}") from None
        found = row.pop("schema", None) if isinstance(row, dict) else None
        if found != cls.schema_id:
            raise ValueError(f"schema is {found!r}, expected {cls.schema_id!r}")
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ValueError(f"field '{where}': {first['msg'].lower()}") from None


class StoredAnswer(Frozen):
    """An answer as data; evidence is plain, since its type belongs to a plugin."""

    value: str | int | float
    unit: str = ""
    band: float = 0.0
    definition: str = "exact"
    evidence: dict[str, Any] = Field(default_factory=dict)


class QuestionRecord(Record):
    """A question, its view and the oracle's verdict."""

    schema_id: ClassVar[str] = "spatialevo.question/1"

    id: str
    dataset: str
    world: str
    frames: tuple[int, ...] = ()
    """Numbers of the shown frames, image 1 first; empty where the world has none."""
    task: str | None
    profile: str = "exact"
    text: str
    hint: str = ""
    """What a solver is told of unit or vocabulary."""
    query: dict[str, Any] | None = None
    answer: StoredAnswer | None = None
    reasons: tuple[Reason, ...] = ()
    parser: str | None = None
    version: str = __version__
    """Of the software that judged."""

    @classmethod
    def of(cls, verdict: Verdict, **known: Any) -> QuestionRecord:
        """The record of a verdict; `known` are id, dataset, world, frames, text and hint."""
        answer = (
            verdict.answer.model_dump(mode="json") if verdict.legal and verdict.answer else None
        )
        fields: dict[str, Any] = {
            "task": verdict.task,
            "profile": verdict.profile,
            "query": verdict.query.model_dump(mode="json") if verdict.query else None,
            "answer": StoredAnswer.model_validate(answer) if answer else None,
            "reasons": verdict.reasons,
            "parser": verdict.parser,
        }
        return cls(**{**fields, **known})


R = TypeVar("R", bound=Record)


def write_records(path: Path, rows: Iterable[Record]) -> int:
    """Append rows to a file, each flushed whole; returns how many."""
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            file.write(row.line())
            file.flush()
    return count


def read_records(path: Path, kind: type[R]) -> Iterator[R]:
    """The rows of a file; raises RecordError naming file, line and fault."""
    if not path.is_file():
        raise RecordError(f"{path} is missing; expected a file of {kind.schema_id} rows")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield kind.of_line(line)
            except ValueError as error:
                raise RecordError(f"{path}:{number}: {error}") from None


def repair_records(path: Path) -> int:
    """Cut a last line that a kill left unfinished; returns the number of bytes removed."""
    if not path.is_file():
        return 0
    data = path.read_bytes()
    keep = data.rfind(b"\n") + 1
    if keep < len(data):
        with path.open("r+b") as file:
            file.truncate(keep)
    return len(data) - keep
