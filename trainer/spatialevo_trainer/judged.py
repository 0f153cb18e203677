"""A judge's word in the rewards, if a run has chosen one.

The deterministic scores are there before a judge is asked, and stay in records and metrics. A
judge is asked only where its word counts, and where it has none, or breaks, the deterministic score
counts: never 0, and never no reward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from spatialevo_core.errors import JudgeFault
from spatialevo_core.judges import Judge, Judgement, opinion
from spatialevo_core.question import Verdict
from spatialevo_trainer.faults import Faults
from spatialevo_trainer.prompts import ASKED_TWICE, Answered, Asked
from spatialevo_trainer.rewards import AnswerScore, QuestionScore, Terms

S = TypeVar("S", QuestionScore, AnswerScore)

MOST_FAULTS = 3
"""In a row, after which a judge is left in peace until the next step: one that hangs takes
minutes for each."""


class Judging:
    """Asks one step's judge, and counts its faults."""

    def __init__(self, judge: Judge | None, terms: Terms, faults: Faults) -> None:
        self._judge, self._terms, self._faults = judge, terms, faults
        self._in_a_row = 0

    def question(
        self, score: QuestionScore, asked: Asked, view: Any
    ) -> tuple[QuestionScore, Judgement | None]:
        """The score with the reward that follows from the judge's word, and that word."""
        worth = score.valid if self._terms.validity else 1.0
        counts = self._terms.observation and worth > 0 and score.format != ASKED_TWICE
        if self._judge is None or not counts or not asked.observation:
            return score, None
        said = self._asked(self._judge.observation, asked.observation, asked.question, view)
        return (score if said is None else self._with(score, worth * said.score)), said

    def answer(
        self, score: AnswerScore, answered: Answered, verdict: Verdict
    ) -> tuple[AnswerScore, Judgement | None]:
        """The score of an explanation, as `question`; that of an answer as it is."""
        counts = self._terms.explanation and score.explained is not None
        if self._judge is None or not counts or not answered.answer:
            return score, None
        question = verdict.text or ""
        said = self._asked(self._judge.explanation, answered.answer, verdict.reasons, question)
        return (score if said is None else self._with(score, said.score)), said

    def _with(self, score: S, earned: float) -> S:
        """The score with the reward of what was earned beside the format."""
        alpha = self._terms.alpha
        return score.model_copy(update={"reward": alpha * score.format + (1 - alpha) * earned})

    def _asked(self, ask: Callable[..., object], *args: Any) -> Judgement | None:
        if self._judge is None or self._in_a_row == MOST_FAULTS:
            return None
        try:
            said = opinion(self._judge, ask, *args)
        except JudgeFault as fault:
            self._in_a_row += 1
            self._faults.add(f"judge.{fault.judge}", fault)
            return None
        self._in_a_row = 0
        return said
