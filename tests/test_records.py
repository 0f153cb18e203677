"""Records survive the program, say their schema, and name the line that is broken."""

import json

import pytest

from shelves import TASK, VIEW, Heavier
from spatialevo_core.engine import judge
from spatialevo_core.errors import RecordError
from spatialevo_core.records import (
    QuestionRecord,
    read_records,
    repair_records,
    write_records,
)


def record(first, second):
    verdict = judge(TASK, VIEW, Heavier(first=first, second=second))
    return QuestionRecord.of(
        verdict, id=f"{first}-{second}", dataset="shelves", world=VIEW.key, text="Which?"
    )


def test_rows_are_read_back_as_written(tmp_path):
    rows = [record("vase", "book"), record("vase", "clock")]
    assert write_records(tmp_path / "q.jsonl", rows) == 2
    assert list(read_records(tmp_path / "q.jsonl", QuestionRecord)) == rows
    legal, illegal = rows
    assert legal.answer is not None
    assert legal.answer.evidence == {"weights_kg": [3.0, 1.0]}
    assert illegal.answer is None
    assert illegal.reasons[0].code == "thing.missing"


def test_writing_appends(tmp_path):
    path = tmp_path / "q.jsonl"
    write_records(path, [record("vase", "book")])
    write_records(path, [record("book", "radio")])
    assert [row.id for row in read_records(path, QuestionRecord)] == ["vase-book", "book-radio"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "2: not JSON"),
        ('{"schema": "spatialevo.question/9"}', r"2: schema is 'spatialevo.question/9', expected"),
        ("[]", "2: schema is None"),
        ('{"schema": "spatialevo.question/1"}', "2: field 'id': field required"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, message):
    path = tmp_path / "q.jsonl"
    path.write_text(record("vase", "book").line() + line + "\n")
    with pytest.raises(RecordError, match=message):
        list(read_records(path, QuestionRecord))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"expected a file of spatialevo\.question/1"):
        list(read_records(tmp_path / "none.jsonl", QuestionRecord))


def test_a_half_written_last_line_is_cut_and_nothing_else(tmp_path):
    path = tmp_path / "q.jsonl"
    write_records(path, [record("vase", "book"), record("book", "radio")])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"schema": "spa')
    assert repair_records(path) == 15
    assert path.read_bytes() == whole
    assert repair_records(path) == 0
    assert repair_records(tmp_path / "none.jsonl") == 0


def test_a_line_is_plain_json_with_its_schema_first():
    row = json.loads(record("vase", "book").line())
    assert next(iter(row)) == "schema"
    assert row["version"]
