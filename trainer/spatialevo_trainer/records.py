"""Every question that was asked in training, as rows that can be read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from spatialevo_core.errors import RecordError
from spatialevo_core.judges import Judgement
from spatialevo_core.question import Frozen
from spatialevo_core.records import QuestionRecord, Record, repair_records
from spatialevo_core.writing import flush, writing
from spatialevo_trainer.episode import Candidate, Episode
from spatialevo_trainer.explanations import Explanation
from spatialevo_trainer.observations import Observation

FILE = "questions.jsonl"


def file_of(process: int) -> str:
    """Each process records its own questions: `questions.jsonl`, `questions-1.jsonl`, ..."""
    return f"questions-{process}.jsonl" if process else FILE


class AnswerRow(Frozen):
    """A solver's reply."""

    text: str
    reward: float | None
    accuracy: float | None = None
    f_explain: float | None = None
    fault: str | None = None
    """What the task's own code raised, which left the reply without a reward."""
    judged: Judgement | None = None
    """What the run's judge said of the explanation; its score counted instead of f_explain."""
    why: str = ""
    """Why it scored so, in one plain sentence."""
    report: Explanation | None = None
    """Of an illegal question: what the explanation was found to say."""


class AskedRecord(Record):
    """A question of the questioner or of the oracle, what it earned, and the replies to it."""

    schema_id: ClassVar[str] = "spatialevo.asked/1"

    step: int
    row: int
    task: str
    """The one that was assigned."""
    view: str
    reply: str
    """The questioner's whole reply; empty if the oracle asked."""
    fallback: bool
    question: QuestionRecord | None
    """None: the task's own code broke while judging."""
    reward: float | None
    f_fmt: float | None = None
    f_valid: float | None = None
    f_obs: float | None = None
    judged: Judgement | None = None
    """What the run's judge said of the observation; its score counted instead of f_obs."""
    why: str = ""
    """Why it scored so, in plain sentences."""
    report: Observation | None = None
    """The parts of `f_obs`, and what was found in the observation."""
    answers: tuple[AnswerRow, ...] = ()
    """Empty if the question did not go on to the solver."""
    fault: str | None = None
    """What the task's own code raised, which left the question without a verdict."""


def asked_records(episode: Episode, step: int) -> Iterator[AskedRecord]:
    """All questions of a step, place by place; then the oracle's own, and those that went on again.

    Every reply that was trained on is in one of the rows. A question that went on again is one with
    the `reply` of a row before it.
    """
    own = [each for group in episode.asked for each in group]
    known = {id(each) for each in own}
    further = [each for each in episode.chosen if id(each) not in known and each.text]
    for number, candidate in enumerate([*own, *further]):
        yield _record(candidate, step, number)


def keep_until(path: Path, step: int) -> None:
    """Drop the rows after a step, which a resumed run writes again; atomic."""
    if not path.is_file():
        return
    repair_records(path)
    part = path.with_name(path.name + ".part")
    with writing(path), path.open("rb") as old, part.open("wb") as new:
        for number, line in enumerate(old, start=1):
            try:
                done = int(json.loads(line)["step"])
            except (ValueError, KeyError, TypeError):
                raise RecordError(f"{path}:{number}: not a row of a step; mend it") from None
            if done <= step:
                new.write(line)
    flush(part)
    part.replace(path)


def _record(candidate: Candidate, step: int, number: int) -> AskedRecord:
    place, score = candidate.place, candidate.score
    question = candidate.verdict and QuestionRecord.of(
        candidate.verdict,
        id=f"{step}/{number}",
        dataset=place.dataset,
        world=place.world,
        text=candidate.text,
        hint=candidate.hint,
    )
    return AskedRecord(
        step=step,
        row=place.row,
        task=place.task.name,
        view=place.view.key,
        reply=candidate.reply,
        fallback=candidate.fallback,
        question=question,
        reward=candidate.reward,
        f_fmt=score.format if score else None,
        f_valid=score.valid if score else None,
        f_obs=score.observed if score else None,
        judged=candidate.judged,
        why=score.why if score else "",
        report=score.report if score else None,
        answers=tuple(
            AnswerRow(
                text=each.text,
                reward=each.score.reward if each.score else None,
                accuracy=each.accuracy,
                f_explain=each.score.explained if each.score else None,
                fault=each.fault or None,
                judged=each.judged,
                why=each.score.why if each.score else "",
                report=each.score.report if each.score else None,
            )
            for each in candidate.answers
        ),
        fault=candidate.fault or None,
    )
