"""The shipped checks pass a good task and name what a bad one breaks."""

from dataclasses import replace

import pytest

from shelves import SHELF, TASK, VIEW, Heavier, Shelf, ShelfView
from spatialevo_core.task import Phrasing
from spatialevo_core.testing import check_task, fingerprint
from spatialevo_parsers.grammar import GrammarParser


def broken(task, views=(VIEW,), **options):
    return [why for check in check_task(task, views, **options).checks for why in check.broken]


def test_a_good_task_keeps_every_promise():
    report = check_task(TASK, [VIEW], parsers=[GrammarParser()], others=[TASK])
    report.require()
    assert report.ok
    assert report.questions > 3


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


def test_a_hint_that_is_the_answer_is_named():
    assert any(
        "is the answer" in why for why in broken(replace(TASK, answer_hint=lambda q: "vase"))
    )


def test_require_raises_with_every_broken_promise():
    report = check_task(replace(TASK, score=lambda reply, answer: 1.0), [VIEW])
    with pytest.raises(AssertionError, match="silence scores"):
        report.require()


def test_a_fingerprint_sees_data_and_nothing_else():
    assert fingerprint(VIEW) == fingerprint(ShelfView(Shelf("shelf-0", dict(SHELF.weights_kg))))
    assert fingerprint(VIEW) != fingerprint(ShelfView(Shelf("shelf-0", {"book": 2.0})))
