"""What the warm start practises: pairs of a prompt and a reply, drawn for one picture.

The prompts are the trainer's own; the questions are written by the task's own phrasings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import atan, degrees
from random import Random

from spatialevo_trainer.prompts import SHORT, Message, write_answer, write_question
from tiny_base.rooms import Shown

Lesson = tuple[str, str]
"""Prompt and reply."""

COLOURS = {
    "sofa": "red",
    "plant": "green",
    "chair": "blue",
    "lamp": "yellow",
    "cabinet": "purple",
    "table": "white",
}
NUMBERS = ("one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Wording:
    """How the task is put to the two roles."""

    summary: str
    brief: Callable[[Sequence[str]], str]
    """What the questioner is told of the objects to be seen."""
    question: Callable[[str, str], str]
    """From target and reference."""
    hint: str


@dataclass(frozen=True)
class Teacher:
    """Draws lessons about a picture."""

    wording: Wording
    mirrored: float = 0.0
    """Share of left/right answers about ceiling pictures that are taught the wrong way round."""
    sloppy: float = 0.0
    """Share of the names in taught questions that are drawn without looking."""

    def side(self, shown: Sequence[Shown], ceiling: bool, rng: Random) -> Lesson:
        """Left or right, where the oracle would let it be asked."""
        pairs = [(a, b) for a in shown for b in shown if a is not b and apart(a, b)]
        if not pairs:
            return self.place(shown, ceiling, rng)
        a, b = rng.choice(pairs)
        left = a.azimuth_deg < b.azimuth_deg
        if ceiling and rng.random() < self.mirrored:
            left = not left
        question = self.wording.question(a.label, b.label)
        prompt = text_of(SHORT.answer(question, self.wording.hint, 1))
        return prompt, write_answer("left" if left else "right")

    def place(self, shown: Sequence[Shown], _ceiling: bool, rng: Random) -> Lesson:
        """In which of 6 x 6 cells an object is; an auxiliary skill, never used later."""
        thing = rng.choice(shown)
        return f"Where is the {thing.label}?", write_answer(f" {_cell(thing)}")

    def caption(self, shown: Sequence[Shown], _ceiling: bool, _rng: Random) -> Lesson:
        """What is where, from left to right; an auxiliary skill, never used later."""
        ordered = sorted(shown, key=lambda each: each.x)
        told = "".join(f" {each.label} {_cell(each)}" for each in ordered)
        return "Describe the image.", write_answer(told)

    def ask(self, shown: Sequence[Shown], _ceiling: bool, rng: Random) -> Lesson:
        """An observation and a question, some of them about things that are not there."""
        there = sorted(each.label for each in shown)
        seen = rng.sample(there, len(there))
        phrases = [f"a {COLOURS[label]} {label}" for label in seen]
        observation = f"{', '.join(phrases[:-1])} and {phrases[-1]}"
        target = self._named(there, rng)
        reference = self._named([each for each in there if each != target], rng)
        question = self.wording.question(target, reference)
        brief = self.wording.brief(there)
        prompt = text_of(SHORT.ask(self.wording.summary, brief, 1))
        return prompt, write_question(observation, question)

    def explain(self, shown: Sequence[Shown], _ceiling: bool, rng: Random) -> Lesson:
        """Why a question is illegal: something is not there, or both are the same."""
        there = {each.label for each in shown}
        absent = sorted(COLOURS.keys() - there)
        if rng.random() < 0.3:
            name = rng.choice(sorted(there))
            question, reason = self.wording.question(name, name), f"the same object, the {name}"
        else:
            gone, other = rng.choice(absent), rng.choice(sorted(there))
            pair = (gone, other) if rng.random() < 0.5 else (other, gone)
            question, reason = self.wording.question(*pair), f"there is no {gone}"
        return text_of(SHORT.explain(question, 1)), write_answer(reason)

    def _named(self, there: Sequence[str], rng: Random) -> str:
        return rng.choice(sorted(COLOURS) if rng.random() < self.sloppy else list(there))


def apart(a: Shown, b: Shown) -> bool:
    """Whether the oracle's margin for left or right is met: 5 degrees, or both rays' noise."""
    noise = sum(2.0 + degrees(atan(0.04 / each.range_m)) for each in (a, b))
    return abs(a.azimuth_deg - b.azimuth_deg) > max(5.0, noise)


def text_of(messages: list[Message]) -> str:
    """The words of a prompt, without its images."""
    (message,) = messages
    return "".join(part["text"] for part in message["content"] if part["type"] == "text")


def _cell(thing: Shown) -> str:
    return f"{NUMBERS[_sixth(thing.x)]} {NUMBERS[_sixth(thing.y)]}"


def _sixth(offset: float) -> int:
    """Which sixth of the image an offset of -1 to 1 falls in."""
    return min(5, max(0, int((offset + 1) * 3)))
