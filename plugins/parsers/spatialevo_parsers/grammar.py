"""The grammar parser: every phrasing of every task, read relative to the names of a world.

It never guesses. A blank is filled by a name of the world (in any case, article, plural or synonym)
or, failing that, by the text itself, so that the rules can say there is no such thing. What would
change the meaning without changing the words of a phrasing is seen in the blanks: an attribute
("red chair"), a part ("door handle"), another room, a negation. Such a question is
`question.other_task`. A text that fits nothing is tried once more in plainer words (`rephrasing`).
Of tasks that read the same text, the one wins that leaves less of it to names that the world does
not have, and then the one that takes more of it for names that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import OSA

from spatialevo_core.engine import OTHER_TASK, Parsed, Parser, unparseable
from spatialevo_core.hooks import hookimpl
from spatialevo_core.names import Vocabulary
from spatialevo_core.numbers import UNIT_WORDS
from spatialevo_core.question import Reason, Stage
from spatialevo_core.slots import OtherMeaning
from spatialevo_core.task import AnyTask
from spatialevo_core.text import LONGEST_TEXT, name_form, plain
from spatialevo_parsers.meaning import (
    ATTRIBUTES,
    PARTS,
    beyond_tasks,
    more_than_a_name,
    shift_of_meaning,
)
from spatialevo_parsers.rephrasing import rephrased

SHORTEST_TYPO = 5
"""Characters; shorter words have too many neighbours to be corrected."""
SHORTEST_ALONE = 8
"""Characters of a name that is a single word, so that nothing around it confirms it."""

_RESERVED = re.compile(
    r"(?:camera|image|picture|photo|frame|view) ?\d+$|(?:camera|you|me|i|we|us|it|them)$|"
    r"(?:viewer|observer|photographer)$|.+ (?:and|or|of|is|are|the|there)$"
)
"""Who asks and what is shown, or a piece of a sentence: never a name."""
_SHOWN = frozenset({"image", "picture", "photo", "frame", "view"})
"""What is shown, unless the world has a thing of that name, as a picture on the wall."""
_NO_THING = UNIT_WORDS | {
    *("itself", "themselves", "each other", "images"),
    *("room", "rooms", "object", "objects", "thing", "things", "item", "items"),
}
"""Words for no thing in particular, and those that a quantity is measured in."""
_IMAGES = re.compile(
    r"\b(?:image|picture|photo|frame|view) ?\d+\b|\bcamera (?:of|in|at|for)\b|"
    r"\b(?:this|the|first|second|other) (?:image|picture|photo|frame|view)\b|"
    r"\bin these (?:images|pictures|photos)$"
)
"""Who is shown where, inside a longer blank: the sentence means something else."""

FITS_NONE = "the question fits no wording of any task"
"""The message of `question.unparseable` where another parser may know better."""

_NOTHING = Parsed()


@dataclass(frozen=True)
class _Read:
    """What one task makes of a text: a query, a refusal, or nothing at all."""

    parsed: Parsed = _NOTHING
    unknown: int = 0
    """Letters in names that the world does not have."""
    known: int = 0
    """Letters in names that it has."""

    @property
    def cost(self) -> tuple[int, int]:
        """What makes another reading the better one if that has less of it."""
        return self.unknown, -self.known


@dataclass(frozen=True)
class GrammarParser:
    """Reads what the phrasings of the tasks can say."""

    name: str = "grammar"

    def parse(
        self, text: str, view: Any, tasks: Sequence[AnyTask], assigned: AnyTask | None = None
    ) -> Parsed:
        """The query of the assigned task, or of the one task that reads the text.

        Refuses with `question.other_task` what another task means, or no task does, and with
        `question.unparseable` what fits no phrasing.
        """
        if len(text) > LONGEST_TEXT:
            message = f"the question has {len(text)} characters; at most {LONGEST_TEXT} are read"
            return Parsed(reasons=(unparseable(message),))
        vocabulary, said = view.vocabulary(), plain(text)
        names = _Names(vocabulary)
        others = [task for task in tasks if assigned is None or task.name != assigned.name]
        parsed = _understood(said, names, others, assigned)
        if parsed == _NOTHING and (plainer := rephrased(said, vocabulary, images_of(view))) != said:
            parsed = _understood(plainer, names, others, assigned)
        return _unread(said, tasks) if parsed == _NOTHING else parsed


def images_of(view: Any) -> int:
    """How many images the view shows."""
    return len(view.frames) or len(view.images())


def _understood(
    text: str, names: _Names, others: Sequence[AnyTask], assigned: AnyTask | None
) -> Parsed:
    """What the tasks make of a text as it stands."""
    own = _read(assigned, text, names) if assigned is not None else _Read()
    if own.parsed != _NOTHING and not own.unknown:
        return own.parsed
    found = [read for task in others if (read := _read(task, text, names)).parsed != _NOTHING]
    if own.parsed != _NOTHING:
        # what names nothing here may be another task's way to say something else
        found = [read for read in found if read.parsed.query is not None and not read.unknown]
    return _settled(found, assigned) if found else own.parsed


def _settled(found: Sequence[_Read], assigned: AnyTask | None) -> Parsed:
    """One outcome of what tasks, none of them the assigned one, made of a text; there is some."""
    queries = [read for read in found if read.parsed.query is not None]
    best = [read.parsed for read in queries if read.cost == min(each.cost for each in queries)]
    if assigned is not None and best:
        return Parsed(reasons=(other_task(f"this asks for {best[0].task}, not {assigned.name}"),))
    if len(best) > 1:
        between = " or ".join(sorted(str(parsed.task) for parsed in best))
        return Parsed(reasons=(unparseable(f"the question can be read as {between}"),))
    return (best or [read.parsed for read in found])[0]


def _unread(text: str, tasks: Sequence[AnyTask]) -> Parsed:
    """The refusal of a text that fits no phrasing."""
    word = beyond_tasks(text, tasks)
    no_task = other_task(f"no task asks for '{word}'")
    return Parsed(reasons=(no_task if word else unparseable(FITS_NONE),))


def _read(task: AnyTask, text: str, names: _Names) -> _Read:
    """The task's reading of a text: the one that leaves the fewest letters unknown."""
    best, least = _Read(), 0
    for reading in task.grammar.readings(text):
        heard = _Heard(names)
        try:
            query = task.grammar.build(reading, heard)
        except OtherMeaning as other:
            read = _Read(Parsed(task=task.name, reasons=(other_task(str(other)),)))
        except ValueError:
            continue
        else:
            read = _Read(Parsed(task=task.name, query=query), heard.unknown, heard.known)
            if not heard.unknown:
                return read
        if best == _Read() or heard.unknown < least:
            best, least = read, heard.unknown
    return best


@dataclass(frozen=True)
class _Meaning:
    """What the words of a blank mean in a world."""

    name: str | None = None
    """None if they name no thing."""
    shift: str | None = None
    """Why they mean more than a name."""
    unknown: int = 0
    """Letters that name nothing in the world."""
    known: int = 0
    """Letters that name something though they are misspelt."""


@dataclass(frozen=True)
class _Names:
    """What words mean in a world, each looked up once."""

    vocabulary: Vocabulary
    _meanings: dict[str, _Meaning] = field(default_factory=dict)

    def meaning(self, text: str) -> _Meaning:
        """What the words of a blank mean."""
        form = name_form(text)
        if form not in self._meanings:
            self._meanings[form] = _meaning(self.vocabulary, form)
        return self._meanings[form]


@dataclass
class _Heard:
    """Reads the names in one reading of a text, and adds up their letters."""

    names: _Names
    unknown: int = 0
    """Letters in names that the world does not have, those of a refused blank included."""
    known: int = 0
    """Letters in names that it has though they are misspelt."""

    def __call__(self, text: str) -> str:
        """The world's own name; raises OtherMeaning or ValueError as a slot does."""
        meaning = self.names.meaning(text)
        self.unknown += meaning.unknown
        self.known += meaning.known
        if meaning.shift is not None:
            raise OtherMeaning(meaning.shift)
        if meaning.name is None:
            raise ValueError(f"'{text}' names no thing")
        return meaning.name


def _meaning(vocabulary: Vocabulary, form: str) -> _Meaning:
    name = None if not form or _RESERVED.match(form) else vocabulary.find(form)
    if name is not None:
        return _Meaning(name)
    elsewhere = vocabulary.known(form)
    if _no_thing(form) or (elsewhere is None and form.endswith("est") and form in ATTRIBUTES):
        return _Meaning()
    if elsewhere is None:
        shift = shift_of_meaning(form, vocabulary)
        if shift is not None:
            return _Meaning(shift=shift, unknown=len(form))
        corrected = _corrected(form, vocabulary)
        if corrected is not None:
            return _Meaning(corrected, known=len(form))
        more = more_than_a_name(form, vocabulary)
        if more is not None:
            return _Meaning(shift=more, unknown=len(form))
    return _Meaning(elsewhere or form, unknown=len(form))


def _no_thing(form: str) -> bool:
    """Whether the words stand for something else than a thing, whatever a world has."""
    shown = form in _SHOWN or _IMAGES.search(form) is not None
    return shown or form in _NO_THING or not form or _RESERVED.match(form) is not None


def _corrected(form: str, vocabulary: Vocabulary) -> str | None:
    """The one name of the world that the form misspells, compared word by word."""
    near = [name for name in vocabulary.names if _misspells(form, name_form(name), vocabulary)]
    return near[0] if len(near) == 1 else None


def _misspells(form: str, name: str, vocabulary: Vocabulary) -> bool:
    """Whether each word of the form is the name's, or one slip away from it and no word itself."""
    said, meant = form.split(), name.split()
    if len(said) != len(meant) or (len(meant) == 1 and len(name) < SHORTEST_ALONE):
        return False
    wrong = [pair for pair in zip(said, meant, strict=True) if pair[0] != pair[1]]
    return all(_slip(word, right) and not _a_word(word, vocabulary) for word, right in wrong)


def _slip(word: str, right: str) -> bool:
    """Whether one letter is missing, added, changed or swapped with the next, not the first."""
    return (
        len(word) >= SHORTEST_TYPO
        and word[0] == right[0]
        and OSA.distance(word, right, score_cutoff=1) == 1
    )


def _a_word(word: str, vocabulary: Vocabulary) -> bool:
    """Whether the word means something as it stands."""
    return (
        not word.isalpha()
        or word in ATTRIBUTES
        or word in PARTS
        or vocabulary.known(word) is not None
        or word in vocabulary.words
    )


def other_task(message: str) -> Reason:
    """The reason that a text asks something else than was meant to be asked, or than any task."""
    return Reason(
        code=OTHER_TASK,
        stage=Stage.READ,
        message=message,
        said=(
            "asks something else",
            "another kind of question",
            "not the kind of question",
            "off task",
        ),
    )


@hookimpl
def spatialevo_parsers() -> Iterable[Parser]:
    """The grammar."""
    return [GrammarParser()]
