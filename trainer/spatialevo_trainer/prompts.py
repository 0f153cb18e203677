"""What the two roles are told, and how their replies are read. Knows no task and needs no torch.

One model plays both roles; only the prompt tells it which. A questioner replies
`<observation>...</observation><question>...</question>`, a solver ends its reply in one
`<answer>...</answer>`. The tags are ordinary text: a tokenizer that treats them as special tokens
would drop them when decoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

Role = Literal["questioner", "solver"]
Message = dict[str, Any]
"""One chat message as `apply_chat_template` takes it."""

ASKED_TWICE: Final = -1.0
"""The format score of a reply with several questions or nested tags; it replaces the reward."""

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)\s*/?>")
_FURTHER_QUESTION = re.compile(r"\?.*\w.*\?", re.DOTALL)


@dataclass(frozen=True)
class Prompts:
    """The texts of one style; `{...}` is filled in."""

    questioner: str
    solver: str
    illegal: str

    def ask(self, summary: str, brief: str, images: int) -> list[Message]:
        """The questioner's prompt: the task in one line, and what it may be told of this view."""
        return _user(self.questioner.format(summary=summary, brief=brief), images)

    def answer(self, question: str, hint: str, images: int) -> list[Message]:
        """The solver's prompt on a legal question; `hint` is the unit or the vocabulary."""
        return _user(self.solver.format(question=question, hint=hint), images)

    def explain(self, question: str, images: int) -> list[Message]:
        """The solver's prompt on an illegal question; the oracle's reason is not shown."""
        return _user(self.illegal.format(question=question), images)


SHORT = Prompts(
    questioner="Ask: {summary} {brief}",
    solver="{question} {hint}",
    illegal="{question} Illegal. Why?",
)
"""For a model that has learned the format already, such as the tiny one."""

FULL = Prompts(
    questioner=(
        "You see Image 1 and any further images of one scene, in order. Write one question "
        "about it of this type: {summary}\n{brief}\n"
        "The question must have exactly one answer that follows from the images. First describe "
        "what you see, from the whole scene to the objects that you ask about; name only what is "
        "there. Reply in exactly this form:\n"
        "<observation>what you see</observation><question>your one question</question>"
    ),
    solver=(
        "{question}\n{hint}\n"
        "Think briefly, then end your reply with the answer alone in one tag: <answer>...</answer>"
    ),
    illegal=(
        "This question about the images cannot be answered: {question}\n"
        "Explain why. Name the objects that cause it, and end your reply with the reason in one "
        "tag: <answer>...</answer>"
    ),
)
"""For a real vision-language model, which must be told the format."""

STYLES: Final[dict[str, Prompts]] = {"short": SHORT, "full": FULL}
PromptStyle = Literal["short", "full"]


@dataclass(frozen=True)
class Asked:
    """A questioner's reply, read; what is missing is empty."""

    observation: str
    question: str
    format: float
    """1, 0.5 without observation, 0 otherwise; -1 for several questions or nested tags."""


@dataclass(frozen=True)
class Answered:
    """A solver's reply, read; the answer is empty unless one tag holds it, and no other tag."""

    answer: str
    format: float
    """1 or 0."""


def read_question(reply: str) -> Asked:
    """The observation and the question of a questioner's reply, and its format score."""
    tagged = _read_tags(reply)
    observation, question = tagged.only("observation"), tagged.only("question")
    if tagged.nested or tagged.opened.count("question") > 1 or _FURTHER_QUESTION.search(question):
        return Asked(observation, question, ASKED_TWICE)
    if not tagged.closed or not question or not set(tagged.names) <= {"observation", "question"}:
        return Asked(observation, question, 0.0)
    if not observation:
        return Asked("", question, 0.5 if tagged.opened.count("observation") <= 1 else 0.0)
    return Asked(observation, question, 1.0 if tagged.names[0] == "observation" else 0.0)


def read_answer(reply: str) -> Answered:
    """The answer of a solver's reply, and its format score."""
    tagged = _read_tags(reply)
    single = tagged.opened.count("answer") == 1 and not tagged.nested
    answer = tagged.only("answer") if single else ""
    exact = tagged.closed and tagged.names == ("answer",) and tagged.ends
    return Answered(answer, 1.0 if exact and answer else 0.0)


def write_question(observation: str, question: str) -> str:
    """The reply of a questioner that keeps to the format."""
    return f"<observation>{observation}</observation><question>{question}</question>"


def write_answer(answer: str) -> str:
    """The reply of a solver that says the answer at once."""
    return f"<answer>{answer}</answer>"


@dataclass(frozen=True)
class _Tags:
    spans: tuple[tuple[str, str], ...]
    """Name and stripped content of each closed tag, in order."""
    opened: tuple[str, ...]
    closed: bool
    """Every tag is opened and closed."""
    nested: bool
    """A closed tag holds a closed tag; one that is only forgotten to be closed nests nothing."""
    ends: bool
    """Nothing follows the last tag."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.spans)

    def only(self, name: str) -> str:
        """The content of the only tag of that name, else nothing."""
        found = [text for each, text in self.spans if each == name]
        return found[0] if len(found) == 1 else ""


def _read_tags(reply: str) -> _Tags:
    spans: list[tuple[str, str]] = []
    opened: list[str] = []
    pending: list[tuple[str, int, int]] = []
    closed, nested, end = True, False, 0
    for tag in _TAG.finditer(reply):
        name, end = tag["name"].lower(), tag.end()
        if not tag["close"]:
            opened.append(name)
            pending.append((name, tag.end(), len(spans)))
        elif pending and pending[-1][0] == name:
            _, start, before = pending.pop()
            nested = nested or len(spans) > before
            spans.append((name, " ".join(reply[start : tag.start()].split())))
        else:
            closed = False
    ends = not reply[end:].strip()
    return _Tags(tuple(spans), tuple(opened), closed and not pending, nested, ends)


def _user(text: str, images: int) -> list[Message]:
    parts: list[dict[str, str]] = [{"type": "image"} for _ in range(images)]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": text.strip()}]}]
