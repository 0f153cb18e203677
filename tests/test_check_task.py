"""The shipped checks pass a good task and name what a bad one breaks."""

from dataclasses import fields, replace
from time import sleep

import pytest

from shelves import SHELF, TASK, VIEW, Heavier, Shelf, ShelfView
from spatialevo_core.engine import Parsed, judge, unparseable
from spatialevo_core.question import Stage
from spatialevo_core.task import Complaint, Phrasing, Task, rule
from spatialevo_core.testing import check_task, fingerprint
from spatialevo_parsers.grammar import GrammarParser


def broken(task, views=(VIEW,), **options):
    return [why for check in check_task(task, views, **options).checks for why in check.broken]


def test_a_good_task_keeps_every_promise():
    report = check_task(TASK, [VIEW], parsers=[GrammarParser()], others=[TASK])
    report.require()
    assert report.ok
    assert report.looked_at > 3
    assert 0 < report.ms_each < 100
    assert not report.remarks


def test_a_task_that_rewards_silence_is_named():
    (why, *_) = broken(replace(TASK, score=lambda reply, answer: 1.0))
    assert "silence scores 1.0" in why


def test_a_task_that_cannot_recognise_the_truth_is_named():
    (why, *_) = broken(replace(TASK, score=lambda reply, answer: 0.0))
    assert "the truth" in why


def test_a_wording_that_reads_as_something_else_is_named():
    odd = Phrasing("Compare {second} with {first}, which is lighter {sense}?")
    swapped = Phrasing("Which is heavier, the {second} or the {first}?")
    assert not broken(replace(TASK, phrasings=(odd,)))
    found = broken(replace(TASK, phrasings=(swapped, *TASK.phrasings)), parsers=[GrammarParser()])
    assert any("grammar reads" in why for why in found)


class Says:
    """A parser that makes the same of every text."""

    name = "says"

    def __init__(self, parsed):
        self._parsed = parsed

    def parse(self, text, view, tasks, assigned=None):
        return self._parsed


def test_a_parser_that_does_not_understand_leaves_a_wording_to_the_others():
    mute = Says(Parsed(reasons=(unparseable("no"),)))
    assert not broken(TASK, parsers=[GrammarParser(), mute])
    assert any("says reads" in why for why in broken(TASK, parsers=[mute]))
    wrong = Says(Parsed(task="heavier", query=Heavier(first="book", second="radio")))
    assert any("says reads" in why for why in broken(TASK, parsers=[GrammarParser(), wrong]))


def test_a_task_that_contradicts_itself_is_named():
    flips = iter(range(10_000))

    def moody(view, query, terms):
        return TASK.solve(view, query, terms).model_copy(update={"band": float(next(flips))})

    assert any("two outcomes" in why for why in broken(replace(TASK, solve=moody)))


def test_a_task_that_changes_its_world_is_named():
    shelf = Shelf("mine", {"book": 1.0, "vase": 3.0})

    def greedy(view, query, terms):
        answer = TASK.solve(view, query, terms)
        view.shelf.weights_kg["book"] = 1.0 + view.shelf.weights_kg["book"] % 1.5
        return answer

    assert "mine" in broken(replace(TASK, solve=greedy, rules=()), [ShelfView(shelf)])


def test_a_task_that_answers_nothing_is_named():
    (why,) = broken(replace(TASK, candidates=lambda view, rng: iter(())))
    assert "none of the views allows a legal question" in why


def test_a_fault_is_named_and_contained():
    (why,) = broken(
        replace(TASK, candidates=lambda v, r: [Heavier(first="x", second="y")], rules=())
    )
    assert "KeyError" in why


class Nameless(ShelfView):
    def vocabulary(self):
        raise KeyError("names")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"world": Nameless}, "KeyError: 'names'"),
        ({"candidates": lambda view, rng: 3}, "task 'heavier' raised in candidates: TypeError:"),
        ({"candidates": lambda view, rng: ["x"]}, "task 'heavier' raised in rule thing.missing:"),
        ({"answer_hint": lambda query: None}, "AttributeError: 'NoneType' object has no"),
        ({"worth": lambda answer: "much"}, "TypeError: '<=' not supported between"),
        ({"score": lambda reply, answer: 1 / 0}, "task 'heavier' raised in score: ZeroDivision"),
    ],
)
def test_whatever_is_raised_is_told_and_ends_no_check(changes, told):
    task = replace(TASK, **changes)
    report = check_task(task, [task.world(SHELF)], [GrammarParser()], [TASK])
    raised = report.checks[-1]
    assert raised.promise == "its code raises nothing"
    assert any(why.startswith(told) for why in raised.broken), report.checks


def test_a_hint_that_is_the_answer_is_named():
    assert any(
        "is the answer" in why for why in broken(replace(TASK, answer_hint=lambda q: "vase"))
    )


def test_a_task_that_proposes_at_random_is_named():
    tossed = iter(range(10_000))

    def fickle(view, rng):
        rng.seed(next(tossed))
        return TASK.candidates(view, rng)

    assert any("draw from the generator" in why for why in broken(replace(TASK, candidates=fickle)))


def test_a_task_that_proposes_a_question_twice_is_named():
    def again(view, rng):
        queries = list(TASK.candidates(view, rng))
        return [queries[0], *queries]

    assert any("was proposed twice" in why for why in broken(replace(TASK, candidates=again)))


class Eager(Task):
    """Proposes without asking the rules."""

    def propose(self, view, rng):
        query = Heavier(first="vase", second="flower pot")
        yield query, judge(self, view, query)


class Shy(Task):
    """Says that it is feasible nowhere."""

    def feasible(self, view):
        return False


def as_a(kind):
    return kind(**{each.name: getattr(TASK, each.name) for each in fields(TASK)})


def test_a_task_that_proposes_what_it_refuses_is_named():
    assert any(
        "was proposed and is refused: answer.near_boundary" in why for why in broken(as_a(Eager))
    )


def test_a_task_that_disagrees_with_itself_is_named():
    assert "shelf-0: feasible says False, and propose gives some" in broken(as_a(Shy))


def test_a_task_that_reads_what_another_asks_is_named():
    greedy = replace(TASK, name="greedy", phrasings=(*TASK.phrasings,))
    found = broken(greedy, parsers=[GrammarParser()], others=[TASK])
    assert any("can be read as greedy or heavier" in why for why in found)


def test_a_rule_that_cannot_object_is_remarked_on_with_what_to_do():
    @rule("thing.haunted", Stage.SOLVABLE)
    def never(view, query, terms):
        return None

    report = check_task(replace(TASK, rules=(*TASK.rules, never)), [VIEW])
    assert report.ok
    (remark,) = report.remarks
    assert remark.startswith("never objected here: thing.haunted (solvable); ask in a test")


def test_a_rule_that_raises_on_a_question_nobody_proposes_is_named():
    @rule("thing.light", Stage.PREMISE)
    def careless(view, query, terms):
        return Complaint("light") if view.shelf.weights_kg[query.first] < 0 else None

    report = check_task(replace(TASK, rules=(*TASK.rules, careless)), [VIEW])
    (why,) = (why for each in report.checks for why in each.broken)
    assert why == "task 'heavier' raised in rule thing.light: KeyError: 'thing that is nowhere'"


def test_slow_judging_is_remarked_on():
    def sleepy(view, query, terms):
        sleep(0.11)
        return TASK.solve(view, query, terms)

    one = replace(
        TASK, solve=sleepy, rules=(), candidates=lambda v, r: [Heavier(first="book", second="vase")]
    )
    report = check_task(one, [VIEW])
    assert report.ms_each > 100
    assert "more than 100 ms; keep on the world" in report.remarks[0]


def test_require_raises_with_every_broken_promise():
    report = check_task(replace(TASK, score=lambda reply, answer: 1.0), [VIEW])
    with pytest.raises(AssertionError, match="silence scores"):
        report.require()


def test_a_fingerprint_sees_data_and_nothing_else():
    assert fingerprint(VIEW) == fingerprint(ShelfView(Shelf("shelf-0", dict(SHELF.weights_kg))))
    assert fingerprint(VIEW) != fingerprint(ShelfView(Shelf("shelf-0", {"book": 2.0})))
