"""Judging: stages, faults, profiles, and what a verdict keeps."""

from dataclasses import replace
from random import Random

import pytest
from pydantic import ValidationError

from shelves import TASK, VIEW, Heavier
from spatialevo_core.engine import Parsed, ask, judge, solve, unparseable
from spatialevo_core.errors import ConfigError, ParserFault, TaskFault, UnknownName
from spatialevo_core.question import Answer, Stage, Verdict
from spatialevo_core.task import Complaint, Phrasing, rule

ASKED = {
    ("vase", "book"): "vase",
    ("book", "radio"): "radio",
    ("book", "clock"): "thing.missing",
    ("book", "book"): "thing.repeated",
    ("vase", "flower pot"): "answer.near_boundary",
}


@pytest.mark.parametrize(("pair", "expected"), ASKED.items())
def test_a_query_is_answered_or_refused_with_its_code(pair, expected):
    verdict = judge(TASK, VIEW, Heavier(first=pair[0], second=pair[1]))
    assert (verdict.answer.value if verdict.legal else verdict.codes[0]) == expected


def test_the_table_exercises_every_rule():
    assert {each.code for each in TASK.rules} <= set(ASKED.values())


def test_all_objections_of_the_first_objecting_stage_are_reported_and_no_later_one():
    verdict = judge(TASK, VIEW, Heavier(first="clock", second="clock"))
    assert verdict.codes == ("thing.missing", "thing.repeated")
    assert {reason.stage for reason in verdict.reasons} == {Stage.PREMISE}


def test_a_degenerate_question_keeps_its_answer_but_is_not_legal():
    verdict = judge(TASK, VIEW, Heavier(first="vase", second="flower pot"))
    assert not verdict.legal
    assert verdict.answer is not None
    assert verdict.answer.value == "flower pot"


def test_a_fault_in_solve_is_a_task_fault_with_its_cause():
    broken = replace(TASK, rules=())
    with pytest.raises(TaskFault, match=r"task 'heavier' raised in solve: KeyError: 'clock'"):
        judge(broken, VIEW, Heavier(first="clock", second="book"))


def test_a_fault_is_one_line_however_much_the_cause_says():
    with pytest.raises(ValidationError) as cause:
        Heavier.model_validate({})
    assert "\n" in str(cause.value)
    for fault in (TaskFault("t", "solve", cause.value), ParserFault("p", "t", cause.value)):
        assert "\n" not in str(fault)
        assert "raised" in str(fault)
        assert len(str(fault)) < 260
    assert str(TaskFault("t", "solve", AssertionError())) == (
        "task 't' raised in solve: AssertionError"
    )


def test_a_rule_that_returns_a_bool_is_a_task_fault():
    wrong = rule("thing.odd", Stage.PREMISE)(lambda view, query, terms: True)
    with pytest.raises(TaskFault, match=r"rule thing\.odd: TypeError: returned bool"):
        judge(replace(TASK, rules=(wrong,)), VIEW, Heavier(first="vase", second="book"))


def test_a_solve_that_returns_no_answer_is_a_task_fault():
    wrong = replace(TASK, solve=lambda view, query, terms: "vase")
    with pytest.raises(TaskFault, match="returned str, expected an Answer"):
        judge(wrong, VIEW, Heavier(first="vase", second="book"))


def test_a_profile_changes_settings_and_waives_rules():
    lenient = TASK.under("lenient")
    near = Heavier(first="vase", second="flower pot")
    assert judge(lenient, VIEW, near).legal
    assert judge(lenient, VIEW, near).profile == "lenient"
    assert "thing.repeated" not in {each.code for each in lenient.rules}
    assert not judge(TASK, VIEW, near).legal


def test_a_task_without_the_profile_stays_exact_but_carries_its_name():
    assert TASK.under("paper").definition == "exact"
    assert TASK.under("paper").profile == "paper"


def test_a_definition_is_chosen_by_name_and_stamped_on_the_answer():
    def by_length(view, query, terms):
        return TASK.solve(view, query, terms).model_copy(update={"value": "vase"})

    task = replace(TASK, definitions={"length": by_length})
    query = Heavier(first="book", second="radio")
    assert solve(task, VIEW, query).value == "radio"
    chosen = task.under("exact", definition="length")
    assert (solve(chosen, VIEW, query).value, solve(chosen, VIEW, query).definition) == (
        "vase",
        "length",
    )
    with pytest.raises(UnknownName, match="did you mean 'length'"):
        task.under("exact", definition="lenght")


def test_propose_yields_legal_queries_only_and_agrees_with_feasible():
    proposed = list(TASK.propose(VIEW, Random(3)))
    assert proposed
    assert all(verdict.legal for _, verdict in proposed)
    assert {q.first for q, _ in proposed} == {"book", "vase", "flower pot", "radio"}
    assert TASK.feasible(VIEW)
    never = rule("thing.never", Stage.PREMISE)(lambda view, query, terms: Complaint("no"))
    assert not replace(TASK, rules=(never,)).feasible(VIEW)


def test_the_same_question_gives_the_same_bytes():
    query = Heavier(first="vase", second="book")
    assert judge(TASK, VIEW, query).model_dump_json() == judge(TASK, VIEW, query).model_dump_json()


def test_a_verdict_survives_json():
    verdict = judge(TASK, VIEW, Heavier(first="book", second="clock"))
    row = verdict.model_dump(mode="json")
    assert row["legal"] is False
    assert row["reasons"][0]["entities"] == ["clock"]
    assert isinstance(Verdict(task=None).model_dump_json(), str)


class _Shrugs:
    name = "shrugs"

    def parse(self, text, view, tasks, assigned=None):
        return Parsed(reasons=(unparseable("no idea"),))


class _Reads:
    name = "reads"

    def parse(self, text, view, tasks, assigned=None):
        return Parsed(task="heavier", query=Heavier(first="vase", second="book"))


def test_the_first_parser_that_reads_a_text_decides_and_is_recorded():
    verdict = ask("whatever", VIEW, [TASK], [_Shrugs(), _Reads()])
    assert verdict.legal
    assert (verdict.parser, verdict.text) == ("reads", "whatever")


def test_a_text_nobody_reads_is_unparseable():
    assert ask("whatever", VIEW, [TASK], [_Shrugs()]).codes == ("question.unparseable",)
    assert ask("whatever", VIEW, [TASK], []).codes == ("question.unparseable",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (RuntimeError("no network"), "parser 'odd' raised RuntimeError: no network"),
        ("vase", "returned str, expected a Parsed"),
        (Parsed(task="weigh", query=Heavier(first="vase", second="book")), "a query of 'weigh'"),
        (Parsed(task="heavier", query=TASK.terms), "as a query of 'heavier'"),
        (Parsed(task="twin", query=Heavier(first="vase", second="book")), "a query of 'twin'"),
    ],
)
def test_a_parser_that_fails_is_a_fault_and_no_verdict(given, message):
    class Odd:
        name = "odd"

        def parse(self, text, view, tasks, assigned=None):
            if isinstance(given, Exception):
                raise given
            return given

    with pytest.raises(ParserFault, match=message) as fault:
        ask("whatever", VIEW, [TASK, replace(TASK, name="twin")], [Odd()], assigned=TASK)
    assert isinstance(fault.value, TaskFault)
    assert fault.value.task == "heavier"


def test_a_task_needs_phrasings_that_determine_its_query():
    with pytest.raises(ConfigError, match="never mentions: second"):
        replace(TASK, phrasings=(Phrasing("Is the {first} heavy?"),))
    with pytest.raises(ConfigError, match=r"uses \{colour\}, but Heavier has first, second, sense"):
        replace(TASK, phrasings=(Phrasing("Is the {first} or {second} {colour}?"),))
    with pytest.raises(ConfigError, match="has no phrasings"):
        replace(TASK, phrasings=())
    with pytest.raises(ConfigError, match=r"form thing\.fault"):
        rule("missing", Stage.PREMISE)(lambda *_: None)


def test_an_answer_is_never_infinite_or_unknown():
    with pytest.raises(ValueError, match="finite"):
        Answer(
            value=float("nan"),
            evidence=TASK.solve(VIEW, Heavier(first="vase", second="book"), TASK.terms).evidence,
        )


def test_candidates_that_raise_are_a_task_fault():
    def torn(view, rng):
        yield Heavier(first="vase", second="book")
        raise KeyError("bed")

    proposed = replace(TASK, candidates=torn).propose(VIEW, Random(0))
    assert next(proposed)[1].legal
    with pytest.raises(TaskFault, match="raised in candidates: KeyError: 'bed'"):
        next(proposed)
