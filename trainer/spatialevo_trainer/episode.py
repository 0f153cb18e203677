"""One training step as plain objects: questions are asked, judged, chosen, answered and rewarded.

An `Episode` hands out the rows of each round and takes the replies to them; whoever samples the
replies (TRL, a test, another library) stays outside. No torch, no task's name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from spatialevo_core.engine import guarded
from spatialevo_core.errors import TaskFault
from spatialevo_core.judges import Judgement
from spatialevo_core.question import Verdict
from spatialevo_core.registry import Registry
from spatialevo_core.scoring import same_label
from spatialevo_core.text import name_form
from spatialevo_trainer.config import TrainConfig
from spatialevo_trainer.faults import Faults
from spatialevo_trainer.judged import Judging
from spatialevo_trainer.prompts import STYLES, Asked, Message, Role, read_answer, read_question
from spatialevo_trainer.rewards import (
    AnswerScore,
    QuestionScore,
    Terms,
    answer_score,
    novel,
    question_score,
)
from spatialevo_trainer.stage import Place

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One prompt to be answered once; copies of a prompt are contiguous."""

    role: Role
    group: int
    prompt: list[Message]
    images: tuple[Any, ...]


@dataclass
class Candidate:
    """A question somebody asked at a place, and what the oracle said of it."""

    place: Place
    text: str
    key: str
    """Equal for questions that mean the same: the parsed query, or else the normalised text."""
    verdict: Verdict | None
    """None: the task's own code broke."""
    hint: str = ""
    asked: Asked | None = None
    """None: the oracle itself proposed it."""
    reply: str = ""
    score: QuestionScore | None = None
    judged: Judgement | None = None
    """What the run's judge said of the observation."""
    reward: float | None = None
    answers: list[Reply] = field(default_factory=list)
    fault: str = ""
    """What the task's own code raised."""

    @property
    def legal(self) -> bool:
        """Whether the oracle can answer it."""
        return self.verdict is not None and self.verdict.legal

    @property
    def fallback(self) -> bool:
        """Whether the oracle proposed it."""
        return self.asked is None


@dataclass(frozen=True)
class Reply:
    """A solver's reply: its reward, and its accuracy against the oracle whatever is rewarded."""

    text: str
    answer: str
    score: AnswerScore | None
    """None: the task's own code broke."""
    accuracy: float | None
    """None on an illegal question or after a fault."""
    fault: str = ""
    """What the task's own code raised."""
    judged: Judgement | None = None
    """What the run's judge said of the explanation."""


class Episode:
    """The local part of one step."""

    def __init__(
        self, config: TrainConfig, registry: Registry, places: Sequence[Place], rng: Random
    ) -> None:
        self.config, self.registry, self.places = config, registry, tuple(places)
        self.faults = Faults()
        self.asked: list[list[Candidate]] = [[] for _ in self.places]
        """Per place, what the questioner asked."""
        self.chosen: list[Candidate] = []
        """What goes to the solver: `quota` questions per place, in the order of the places."""
        self.oracle_s: dict[tuple[Role, str], float] = {}
        """Time spent in parsing, judging and scoring, by role and task."""
        self._rng = rng
        self._prompts = STYLES[config.prompts]
        ablation = config.ablation
        self._terms = Terms(
            alpha=config.alpha,
            validity=ablation.validity,
            observation=ablation.observation,
            explanation=ablation.explanation,
        )
        judge = None if config.judge is None else registry.judge(config.judge)
        self._judging = Judging(judge, self._terms, self.faults)

    def questioner_rows(self) -> list[Row]:
        """`n` copies of each place's prompt."""
        return [
            Row("questioner", group, prompt, place.images)
            for group, place in enumerate(self.places)
            for prompt in [self._prompts.ask(place.task.summary, place.brief, len(place.images))]
            for _ in range(self.config.n)
        ]

    def hear_questions(self, replies: Sequence[str]) -> list[float | None]:
        """Judge the replies to `questioner_rows`; their rewards, None where a task broke."""
        rewards: list[float | None] = []
        for index, group in enumerate(self._groups(replies)):
            candidates = [self._judge(self.places[index], reply) for reply in group]
            earned = [each.score.reward if each.score else None for each in candidates]
            if self.config.novelty:
                earned = novel(earned, [each.key for each in candidates])
            for candidate, reward in zip(candidates, earned, strict=True):
                candidate.reward = reward
            self.asked[index] = candidates
            rewards += earned
        return rewards

    def solver_rows(self) -> list[Row]:
        """`n` copies of the prompt of each question that goes on; chooses them first."""
        self.chosen = self._choose()
        return [
            Row("solver", group, prompt, each.place.images)
            for group, each in enumerate(self.chosen)
            for prompt in [self._solver_prompt(each)]
            for _ in range(self.config.n)
        ]

    def hear_answers(self, replies: Sequence[str]) -> list[float | None]:
        """Judge the replies to `solver_rows`; their rewards, None where a task broke."""
        rewards: list[float | None] = []
        voting = self.config.reward == "consensus"
        for candidate, group in zip(self.chosen, self._groups(replies), strict=True):
            label = majority([read_answer(reply).answer for reply in group]) if voting else None
            candidate.answers = [self._mark(candidate, reply, label) for reply in group]
            rewards += [each.score.reward if each.score else None for each in candidate.answers]
        return rewards

    def totals(self) -> dict[str, tuple[float, int]]:
        """Per task the sum of f_acc and the number of answers, as the scheduler counts them.

        Of the run's own f_acc: where the majority is taken for the truth, so does the scheduler.
        """
        sums: dict[str, tuple[float, int]] = {}
        for candidate in self.chosen:
            for reply in candidate.answers:
                if reply.score is not None and reply.score.accuracy is not None:
                    score, count = sums.get(candidate.place.task.name, (0.0, 0))
                    sums[candidate.place.task.name] = (score + reply.score.accuracy, count + 1)
        return sums

    def _groups(self, replies: Sequence[str]) -> Iterator[Sequence[str]]:
        n = self.config.n
        return (replies[at : at + n] for at in range(0, len(replies), n))

    def _judge(self, place: Place, reply: str) -> Candidate:
        asked = read_question(reply)
        key = f"text:{name_form(asked.question)}"
        try:
            verdict = self._timed(
                "questioner",
                place,
                lambda: self.registry.ask(asked.question, place.view, place.task.name),
            )
            key = query_key(verdict) or key
            candidate = Candidate(place, asked.question, key, verdict, asked=asked, reply=reply)
            candidate.score = self._timed(
                "questioner",
                place,
                lambda: question_score(asked, verdict, place.view, place.task, self._terms),
            )
            candidate.hint = _hint(place, verdict)
            candidate.score, candidate.judged = self._judging.question(
                candidate.score, asked, place.view
            )
        except TaskFault as fault:
            self.faults.add(fault.task, fault)
            return Candidate(
                place, asked.question, key, None, asked=asked, reply=reply, fault=str(fault)
            )
        return candidate

    def _choose(self) -> list[Candidate]:
        """Unique questions in the order of asking, few illegal ones, the rest from the oracle."""
        quota = self.config.quota
        chosen: list[Candidate] = []
        allowed = self._illegal_allowed()
        for place, candidates, most in zip(self.places, self.asked, allowed, strict=True):
            illegal = 0
            here: dict[str, Candidate] = {}
            for each in candidates:
                if len(here) == quota:
                    break
                if each.key in here or not each.text or each.verdict is None:
                    continue
                if not each.legal:
                    if illegal == most:
                        continue
                    illegal += 1
                here[each.key] = each
            chosen += self._filled(place, here)
        return chosen

    def _illegal_allowed(self) -> list[int]:
        """Per place, the most illegal questions; what is left of the step's share goes by lot."""
        share, places = self.config.illegal_share * self.config.quota, len(self.places)
        lucky: set[int] = set()
        if any(self.asked):
            lucky.update(self._rng.sample(range(places), int(share * places) - int(share) * places))
        return [int(share) + (index in lucky) for index in range(places)]

    def _filled(self, place: Place, here: dict[str, Candidate]) -> list[Candidate]:
        """Exactly `quota` questions: the oracle's own fill up, then repeated legal ones."""
        quota = self.config.quota
        for proposed in self._proposals(place):
            if len(here) == quota:
                break
            here.setdefault(proposed.key, proposed)
        found = list(here.values()) or [Candidate(place, "", "", None)]
        legal = [each for each in found if each.legal] or found
        again = (legal[i % len(legal)] for i in range(quota - len(found)))
        return [*found, *(replace(each, answers=[]) for each in again)]

    def _proposals(self, place: Place) -> Iterator[Candidate]:
        task = place.task
        try:
            proposed = task.propose(place.view, self._rng)
            while (pair := guarded(task, "propose", next, proposed, None)) is not None:
                query, verdict = pair
                wordings = guarded(task, "wordings", task.wordings, query)
                if wordings:
                    text = self._rng.choice(wordings)
                    hint = _hint(place, verdict)
                    yield Candidate(place, text, query_key(verdict) or text, verdict, hint)
        except TaskFault as fault:
            self.faults.add(fault.task, fault)

    def _solver_prompt(self, candidate: Candidate) -> list[Message]:
        images = len(candidate.place.images)
        if candidate.verdict is not None and not candidate.legal:
            return self._prompts.explain(candidate.text, images)
        return self._prompts.answer(candidate.text, candidate.hint, images)

    def _mark(self, candidate: Candidate, text: str, label: str | None) -> Reply:
        answered, verdict, place = read_answer(text), candidate.verdict, candidate.place
        if verdict is None:
            return Reply(text, answered.answer, None, None)
        try:
            score = self._timed(
                "solver",
                place,
                lambda: answer_score(answered, verdict, place.view, place.task, self._terms),
            )
        except TaskFault as fault:
            self.faults.add(fault.task, fault)
            return Reply(text, answered.answer, None, None, fault=str(fault))
        truth = score.accuracy
        if truth is not None and label is not None:
            agrees = float(bool(answered.answer) and same_label(answered.answer, label))
            alpha = self._terms.alpha
            reward = alpha * answered.format + (1 - alpha) * agrees
            score = score.model_copy(update={"reward": reward, "accuracy": agrees})
        score, judged = self._judging.answer(score, answered, verdict)
        return Reply(text, answered.answer, score, truth, judged=judged)

    def _timed(self, role: Role, place: Place, function: Callable[[], T]) -> T:
        start = time.perf_counter()
        try:
            return function()
        finally:
            spent = self.oracle_s.setdefault((role, place.task.name), 0.0)
            self.oracle_s[role, place.task.name] = spent + time.perf_counter() - start


def query_key(verdict: Verdict) -> str | None:
    """Equal for questions with the same parsed query; None where nothing was parsed."""
    if verdict.query is None:
        return None
    return f"{verdict.task}:{verdict.query.model_dump_json()}"


def majority(answers: Sequence[str]) -> str:
    """The most common answer up to spelling, of equally common ones the first; '' if none."""
    said = [answer for answer in answers if answer]
    votes = [sum(same_label(answer, other) for other in said) for answer in said]
    return said[votes.index(max(votes))] if said else ""


def _hint(place: Place, verdict: Verdict) -> str:
    if not verdict.legal:
        return ""
    task = place.task
    return str(guarded(task, "answer_hint", lambda: str(task.answer_hint(verdict.query))))
