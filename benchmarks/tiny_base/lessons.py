"""What the warm start practises: pairs of a prompt and a reply, drawn for the pictures of a room.

The prompts are the trainer's own; the questions are written by the tasks' own phrasings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import atan, degrees
from random import Random
from typing import Final

from spatialevo_trainer.prompts import SHORT, Message, write_answer, write_question
from tiny_base.rooms import Shown, Sight

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
IMAGES = ("1", "2", "3", "4")
"""Numbers of images that a question which is written without looking names."""
SIDE, DEPTH, ELEVATION = "side", "depth", "elevation"
DEPTH_MARGIN_M = 0.2
"""Between the depths of two centres; the oracle asks for 0.15 m between what is seen."""
HEIGHT_MARGIN_M = 0.15


@dataclass(frozen=True)
class Wording:
    """How a task is put to the two roles."""

    summary: str
    brief: Callable[[Sequence[str]], str]
    """What the questioner is told of the objects to be seen."""
    question: Callable[[str, str], str]
    """Of two names: target and reference, first and second, or two numbers of images."""
    hint: Callable[[str, str], str]


@dataclass(frozen=True)
class Teacher:
    """Draws lessons about the pictures of one view: one, or two for what compares cameras."""

    wordings: Mapping[str, Wording]
    """Of `SIDE`, `DEPTH` and `ELEVATION`."""
    mirrored: float = 0.0
    """Share of left/right answers about ceiling pictures that are taught the wrong way round."""
    sloppy: float = 0.0
    """Share of the names in taught questions that are drawn without looking."""

    def lesson(self, kind: str, view: Sequence[Sight], rng: Random) -> Lesson:
        """A lesson of a kind."""
        return _KINDS[kind](self, view, rng)

    def side(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """Left or right, where the oracle would let it be asked."""
        return self._compared(SIDE, view, rng)

    def depth(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """The nearer of two."""
        return self._compared(DEPTH, view, rng)

    def elevation(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """Which of two cameras was higher."""
        one, two = rng.sample((0, 1), 2)
        rise_m = view[two].height_m - view[one].height_m
        if abs(rise_m) < HEIGHT_MARGIN_M:
            return self.height(view, rng)
        names = (f"Image {two + 1}", f"Image {one + 1}")
        return self._answered(ELEVATION, names, "higher" if rise_m > 0 else "lower", len(view))

    def place(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """In which of 6 x 6 cells an object is; an auxiliary skill, never used later."""
        thing = rng.choice(view[0].shown)
        return f"Where is the {thing.label}?", write_answer(f" {_cell(thing)}")

    def height(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """From where an image was taken; an auxiliary skill, never used later."""
        number = rng.randrange(len(view))
        said = "above" if view[number].ceiling else "level"
        return f"From where is Image {number + 1} taken?", write_answer(said)

    def caption(self, view: Sequence[Sight], _rng: Random) -> Lesson:
        """What is where, from left to right; an auxiliary skill, never used later."""
        told = "".join(f" {each.label} {_cell(each)}" for each in _across(view[0]))
        return "Describe the image.", write_answer(told)

    def ask(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """An observation and a question, some of them about things that are not there."""
        there = sorted(each.label for each in view[0].shown)
        kind = ELEVATION if len(view) > 1 else rng.choice((SIDE, DEPTH))
        images = [str(number + 1) for number in range(len(view))]
        real, names = (images, IMAGES) if kind == ELEVATION else (there, sorted(COLOURS))
        first = self._named(real, names, rng)
        second = self._named([each for each in real if each != first], names, rng)
        if kind == ELEVATION:
            first, second = f"Image {first}", f"Image {second}"
        wording = self.wordings[kind]
        prompt = text_of(SHORT.ask(wording.summary, wording.brief(there), len(view)))
        question = wording.question(first, second)
        return prompt, write_question(observed(view), question)

    def explain(self, view: Sequence[Sight], rng: Random) -> Lesson:
        """Why a question is illegal: something is not there, or both are the same."""
        if len(view) > 1:
            number = rng.choice(IMAGES)
            there = number in IMAGES[: len(view)]
            other = number if there else rng.choice(IMAGES[: len(view)])
            question = self.wordings[ELEVATION].question(f"Image {number}", f"Image {other}")
            reason = f"the same image, Image {number}" if there else f"there is no Image {number}"
            return text_of(SHORT.explain(question, len(view))), write_answer(reason)
        seen = {each.label for each in view[0].shown}
        wording = self.wordings[rng.choice((SIDE, DEPTH))]
        absent = sorted(COLOURS.keys() - seen)
        if rng.random() < 0.3:
            name = rng.choice(sorted(seen))
            question, reason = wording.question(name, name), f"the same object, the {name}"
        else:
            gone, other = rng.choice(absent), rng.choice(sorted(seen))
            pair = (gone, other) if rng.random() < 0.5 else (other, gone)
            question, reason = wording.question(*pair), f"there is no {gone}"
        return text_of(SHORT.explain(question, 1)), write_answer(reason)

    def _compared(self, kind: str, view: Sequence[Sight], rng: Random) -> Lesson:
        """Two objects of one picture that differ by more than the oracle's margin."""
        shown, comparison = view[0].shown, COMPARISONS[kind]
        pairs = [(a, b) for a in shown for b in shown if a is not b and comparison.apart(a, b)]
        if not pairs:
            return self.place(view, rng)
        a, b = rng.choice(pairs)
        less = comparison.less(a, b)
        if kind == SIDE and view[0].ceiling and rng.random() < self.mirrored:
            less = not less
        answers = ("left", "right") if kind == SIDE else (a.label, b.label)
        return self._answered(kind, (a.label, b.label), answers[not less], 1)

    def _answered(self, kind: str, names: tuple[str, str], answer: str, images: int) -> Lesson:
        wording = self.wordings[kind]
        asked = SHORT.answer(wording.question(*names), wording.hint(*names), images)
        return text_of(asked), write_answer(answer)

    def _named(self, real: Sequence[str], names: Sequence[str], rng: Random) -> str:
        return rng.choice(names if rng.random() < self.sloppy else real)


_KINDS: Final[Mapping[str, Callable[[Teacher, Sequence[Sight], Random], Lesson]]] = {
    SIDE: Teacher.side,
    DEPTH: Teacher.depth,
    ELEVATION: Teacher.elevation,
    "place": Teacher.place,
    "caption": Teacher.caption,
    "height": Teacher.height,
    "ask": Teacher.ask,
    "explain": Teacher.explain,
}


@dataclass(frozen=True)
class Comparison:
    """What is compared of two objects in a picture."""

    less: Callable[[Shown, Shown], bool]
    apart: Callable[[Shown, Shown], bool]
    """Whether the oracle's margin is met."""


def _turned_apart(a: Shown, b: Shown) -> bool:
    """5 degrees, or the noise of both rays."""
    noise = sum(2.0 + degrees(atan(0.04 / each.range_m)) for each in (a, b))
    return abs(a.azimuth_deg - b.azimuth_deg) > max(5.0, noise)


COMPARISONS: Final[Mapping[str, Comparison]] = {
    SIDE: Comparison(lambda a, b: a.azimuth_deg < b.azimuth_deg, _turned_apart),
    DEPTH: Comparison(
        lambda a, b: a.depth_m < b.depth_m,
        lambda a, b: abs(a.depth_m - b.depth_m) > DEPTH_MARGIN_M,
    ),
}


def observed(view: Sequence[Sight]) -> str:
    """A short true observation: what the first picture shows, from left to right."""
    things = [f"a {COLOURS[each.label]} {each.label}" for each in _across(view[0])]
    return f"From left to right: {', '.join(things[:-1])} and {things[-1]}."


def _across(sight: Sight) -> list[Shown]:
    return sorted(sight.shown, key=lambda each: each.x)


def text_of(messages: list[Message]) -> str:
    """The words of a prompt, without its images."""
    (message,) = messages
    return "".join(part["text"] for part in message["content"] if part["type"] == "text")


def _cell(thing: Shown) -> str:
    return f"{NUMBERS[_sixth(thing.x)]} {NUMBERS[_sixth(thing.y)]}"


def _sixth(offset: float) -> int:
    """Which sixth of the image an offset of -1 to 1 falls in."""
    return min(5, max(0, int((offset + 1) * 3)))
