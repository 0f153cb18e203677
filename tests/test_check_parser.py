"""The shipped check passes a good parser and names what a bad one breaks."""

import json
from dataclasses import dataclass, field
from time import sleep

import pytest

from shelves import TASK, VIEW, Heavier
from spatialevo_core.engine import Parsed, unparseable
from spatialevo_core.question import Reason, Stage
from spatialevo_core.testing import check_parser, parsers
from spatialevo_core.testing.texts import HOSTILE
from spatialevo_parsers.grammar import GrammarParser


def broken(parser, **options):
    report = check_parser(parser, [VIEW], [TASK], **options)
    return {check.promise: check.broken for check in report.checks if check.broken}


def test_the_grammar_keeps_every_promise():
    report = check_parser(GrammarParser(), [VIEW], [TASK])
    report.require()
    assert report.looked_at > len(HOSTILE)
    assert not report.remarks
    assert report.ms_each > 0


@dataclass
class Odd:
    """Does what it was given to do with every text."""

    do: object
    name: str = "odd"
    texts: list = field(default_factory=list)

    def parse(self, text, view, tasks, assigned=None):
        self.texts.append(text)
        return self.do(self, text)


def refused(code, stage=Stage.READ):
    return Parsed(reasons=(Reason(code=code, stage=stage, message="no"),))


RAISES = "it never raises, and gives what a task can judge"
UNREAL = Heavier.model_construct(first="book", second="vase", sense="bluer")

BROKEN = [
    (lambda parser, text: text.encode() and Parsed(), RAISES, "UnicodeEncodeError"),
    (lambda parser, text: None, RAISES, "TypeError: returned NoneType, expected a Parsed"),
    (lambda parser, text: Parsed(task="lifted", query=UNREAL), RAISES, "as a query of 'lifted'"),
    (
        lambda parser, text: refused(
            "question.unparseable" if parser.texts.count(text) % 2 else "x.y"
        ),
        "the same text reads the same",
        "'' was read in two ways",
    ),
    (
        lambda parser, text: Parsed(task="heavier", query=UNREAL),
        "a query that it gives is one that its task allows",
        "Input should be 'heavier' or 'lighter'; build it by model_validate",
    ),
    (
        lambda parser, text: refused("thing.missing", Stage.PREMISE),
        "a refusal has a stage and code of reading",
        "was refused with thing.missing (premise); expected question.unparseable or",
    ),
    (
        lambda parser, text: (sleep(0.11) if text == "null" else None) or Parsed(),
        "a text takes it less than 0.1 s",
        "'null' of 4 characters took 0.1 s",
    ),
]


@pytest.mark.parametrize(("do", "promise", "told"), BROKEN)
def test_a_broken_promise_is_named(do, promise, told, monkeypatch):
    monkeypatch.setattr(parsers, "SLOW_S", 0.1)
    assert any(told in why for why in broken(Odd(do))[promise])


def test_ones_own_texts_are_read_too():
    parser = Odd(lambda parser, text: Parsed(reasons=(unparseable("no"),)))
    report = check_parser(parser, [VIEW], [TASK], texts=["my own words"])
    assert report.ok
    assert "my own words" in parser.texts
    assert report.remarks == ("it understood none of the texts",)


def test_hostile_texts_are_what_they_are_called():
    assert len({*HOSTILE}) == len(HOSTILE) > 20
    assert max(map(len, HOSTILE)) >= 200_000
    with pytest.raises(UnicodeEncodeError):
        "".join(HOSTILE).encode()


def test_the_command_checks_every_parser(run):
    result = run("parsers", "check")
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[:2] == ["grammar", "ok"]
    (report,) = json.loads(run("parsers", "check", "grammar", "--json").stdout)
    assert (report["kind"], report["name"], report["ok"]) == ("parser", "grammar", True)
    unknown = run("parsers", "check", "gramar")
    assert unknown.stderr == "Error: there is no parser 'gramar'; did you mean 'grammar'?\n"
