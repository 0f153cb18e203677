"""What a question and an answer earn, computed from the oracle's verdict alone.

::

    questioner  r = a f_fmt + (1 - a) f_valid f_obs     (-1 for several questions or nested tags)
    solver      r = a f_fmt + (1 - a) f_acc             on a legal question
                r = a f_fmt + (1 - a) f_explain         on an illegal one

Plain functions without torch, usable as reward functions of any library. Where a task's own code
breaks they raise TaskFault: such a row must be left out, never scored 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from spatialevo_core.engine import guarded
from spatialevo_core.question import Frozen, Verdict
from spatialevo_core.task import AnyTask
from spatialevo_trainer.explanations import Explanation, explanation
from spatialevo_trainer.observations import Observation, observation
from spatialevo_trainer.prompts import ASKED_TWICE, Answered, Asked

ALPHA = 0.1
"""Weight of the format in both rewards."""


class Terms(Frozen):
    """Which parts of the rewards are in force."""

    alpha: float = ALPHA
    validity: bool = True
    """Off: illegal questions earn as much as legal ones, f_valid = 1."""
    observation: bool = True
    """Off: observations cost and earn nothing, f_obs = 1."""
    explanation: bool = True
    """Off: explaining an illegal question earns no more than its format, f_explain = 0."""


ALL_TERMS = Terms()


class QuestionScore(Frozen):
    """A questioner's reward and what it was made of."""

    reward: float
    format: float
    valid: float
    observed: float
    report: Observation
    why: str
    """In plain sentences."""


class AnswerScore(Frozen):
    """A solver's reward and what it was made of; one of the next two is None."""

    reward: float
    format: float
    why: str
    """In one plain sentence."""
    accuracy: float | None = None
    explained: float | None = None
    report: Explanation | None = None


def question_score(
    asked: Asked, verdict: Verdict, view: Any, task: AnyTask, terms: Terms = ALL_TERMS
) -> QuestionScore:
    """The reward of a questioner's reply on which the oracle gave this verdict."""
    valid = worth(task, verdict)
    report = guarded(task, "view", observation, asked.observation, asked.question, view)
    gate = (valid if terms.validity else 1.0) * (report.score if terms.observation else 1.0)
    mixed = terms.alpha * asked.format + (1 - terms.alpha) * gate
    return QuestionScore(
        reward=ASKED_TWICE if asked.format == ASKED_TWICE else mixed,
        format=asked.format,
        valid=valid,
        observed=report.score,
        report=report,
        why=" ".join((*_objections(asked, verdict), report.why)),
    )


def answer_score(
    answered: Answered, verdict: Verdict, view: Any, task: AnyTask, terms: Terms = ALL_TERMS
) -> AnswerScore:
    """The reward of a solver's reply: its answer, or its explanation of an illegal question."""
    if verdict.legal and verdict.answer is not None:
        earned = accuracy(task, answered.answer, verdict)
        reward = terms.alpha * answered.format + (1 - terms.alpha) * earned
        said = f"It says '{answered.answer}'" if answered.answer else "It has no single answer"
        why = f"{said}, which scores {earned:.2g}; the answer is '{verdict.answer.text}'."
        return AnswerScore(reward=reward, format=answered.format, accuracy=earned, why=why)
    report = guarded(task, "view", explanation, answered.answer, verdict, view, task)
    earned = report.score if terms.explanation else 0.0
    reward = terms.alpha * answered.format + (1 - terms.alpha) * earned
    return AnswerScore(
        reward=reward,
        format=answered.format,
        explained=report.score,
        report=report,
        why=report.why,
    )


def _objections(asked: Asked, verdict: Verdict) -> Iterator[str]:
    if asked.format == ASKED_TWICE:
        yield "It asks several questions, or nests its tags."
    elif not verdict.legal:
        yield f"Its question is refused: {', '.join(verdict.codes)}."


def worth(task: AnyTask, verdict: Verdict) -> float:
    """f_valid: what the task says that a legal question teaches, 0 for an illegal one."""
    if not verdict.legal:
        return 0.0
    return _share(task, "worth", task.worth, verdict.answer)


def accuracy(task: AnyTask, answer: str, verdict: Verdict) -> float:
    """f_acc: the task's own score of what the reply says inside its answer tag."""
    return _share(task, "score", task.score, answer, verdict.answer)


def novel(rewards: Sequence[float | None], keys: Sequence[str]) -> list[float | None]:
    """Each reward divided by how often its question occurs in the group; penalties stay whole."""
    return [
        reward if reward is None or reward < 0 else reward / keys.count(key)
        for reward, key in zip(rewards, keys, strict=True)
    ]


def _share(task: AnyTask, where: str, function: Callable[..., Any], *args: Any) -> float:
    """What a task's own code returns, from 0 to 1; anything else is its fault."""

    def checked() -> float:
        value = float(function(*args))
        if not 0 <= value <= 1:
            raise ValueError(f"returned {value}, expected a number from 0 to 1")
        return value

    return float(guarded(task, where, checked))
