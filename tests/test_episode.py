from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from shelf_school import LOAD, THINGS, School, school, settings
from shelves import TASK, Heavier, ShelfView
from spatialevo_core.errors import ConfigError
from spatialevo_core.registry import Problem
from spatialevo_core.task import AnyTask
from spatialevo_trainer.episode import Episode, majority
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.records import AskedRecord, asked_records
from spatialevo_trainer.session import Session, SessionState

SEEN = "On the shelf, a tall {} stands left of a small {}"


def started(*tasks: AnyTask, **changes: Any) -> Episode:
    session = Session(settings(**{"scenes": 1, "n": 4, **changes}), school(*(tasks or (TASK,))))
    return session.begin(0, range(session.config.scenes))


def things(episode: Episode, group: int = 0) -> tuple[str, ...]:
    """What is on the shelf of a place, the heaviest last, then something that is not."""
    here = episode.places[group].view.vocabulary().names
    return (*here, next(name for name in THINGS if name not in here))


def asks(first: str, second: str) -> str:
    observed = SEEN.format(first, second)
    return write_question(observed, f"Which is heavier, the {first} or the {second}?")


def test_the_same_seed_step_and_row_draw_the_same_place():
    def keys(seed: int, step: int) -> list[str]:
        places = Session(settings(seed=seed), school()).begin(step, range(6)).places
        return [f"{place.view.key} {place.task.name}" for place in places]

    assert keys(0, 0) == keys(0, 0)
    assert len({tuple(keys(seed, step)) for seed in (0, 1) for step in (0, 1)}) == 4


def test_prompts_come_in_contiguous_copies_with_their_images():
    episode = started(scenes=2)
    rows = episode.questioner_rows()
    assert [row.group for row in rows] == [0] * 4 + [1] * 4
    assert {row.role for row in rows} == {"questioner"}
    assert rows[0].prompt == rows[3].prompt
    assert rows[0].prompt[0]["content"][-1]["text"] == f"Ask: {TASK.summary}"
    assert rows[0].images == tuple(episode.places[0].images)


def test_equal_questions_go_on_once_whatever_their_wording():
    episode = started(quota=2)
    a, b, c, _ = things(episode)
    twice = write_question("x", f"Of the {a} and the {b}, which weighs more?")
    episode.hear_questions([asks(a, b), twice, asks(a, b), asks(c, a)])
    rows = episode.solver_rows()
    assert [each.text for each in episode.chosen] == [
        f"Which is heavier, the {a} or the {b}?",
        f"Which is heavier, the {c} or the {a}?",
    ]
    assert [row.group for row in rows] == [0] * 4 + [1] * 4
    assert not any(each.fallback for each in episode.chosen)


def test_unparseable_questions_are_equal_by_their_text():
    episode = started(quota=2, illegal_share=1.0)
    mumbled = [write_question("x", text) for text in ("Hm, what?", "hm,  WHAT ?", "Eh?", "Eh?")]
    episode.hear_questions(mumbled)
    episode.solver_rows()
    assert [each.text for each in episode.chosen] == ["Hm, what?", "Eh?"]


def test_a_reply_without_a_question_asks_nothing():
    episode = started(quota=2, illegal_share=1.0)
    assert episode.hear_questions(["", "hm", "<question></question>", "?"]) == [0.0] * 4
    episode.solver_rows()
    assert all(each.fallback and each.legal for each in episode.chosen)


def test_at_most_the_given_share_of_a_steps_quota_is_illegal():
    episode = started(quota=4, scenes=2, illegal_share=0.25)
    for group in range(2):
        a, b, c, gone = things(episode, group)
        replies = [asks(a, gone), asks(gone, b), asks(c, gone), asks(gone, c)]
        if group == 0:
            first = replies
    episode.hear_questions([*first, *replies])
    episode.solver_rows()
    assert [each.legal for each in episode.chosen].count(False) == 2
    assert len(episode.chosen) == 8


def illegal_by_place(seed: int, **changes: Any) -> list[int]:
    """How many illegal questions go on at each place, where nothing legal is asked."""
    episode = started(seed=seed, **changes)
    replies = []
    for group in range(len(episode.places)):
        a, b, c, gone = things(episode, group)
        replies += [asks(a, gone), asks(gone, b), asks(c, gone), asks(gone, c)]
    episode.hear_questions(replies)
    episode.solver_rows()
    quota = episode.config.quota
    legal = [each.legal for each in episode.chosen]
    return [legal[at : at + quota].count(False) for at in range(0, len(legal), quota)]


def test_no_place_gets_more_than_its_share_of_illegal_questions_and_one_by_lot():
    assert illegal_by_place(0, quota=4, scenes=4, illegal_share=0.25) == [1, 1, 1, 1]
    lots = [tuple(illegal_by_place(s, quota=2, scenes=4, illegal_share=0.25)) for s in range(8)]
    assert all(sum(lot) == 2 and max(lot) == 1 for lot in lots)
    assert len(set(lots)) > 1
    assert lots[3] == tuple(illegal_by_place(3, quota=2, scenes=4, illegal_share=0.25))
    assert all(
        sorted(illegal_by_place(s, quota=3, scenes=2, illegal_share=0.5)) == [1, 2] for s in (0, 1)
    )


def test_an_illegal_question_is_not_repeated_to_fill_a_group():
    episode = started(single_proposal(), quota=4, illegal_share=0.25)
    a, _, _, gone = things(episode)
    episode.hear_questions([asks(a, gone)] * 4)
    episode.solver_rows()
    assert [each.legal for each in episode.chosen] == [False, True, True, True]
    assert len({each.key for each in episode.chosen}) == 2


def single_proposal() -> AnyTask:
    """The task that thinks of one question only."""

    def first(view: Any, rng: Random) -> Iterator[Any]:
        yield next(TASK.candidates(view, Random(0)))

    return replace(TASK, candidates=first)


def test_every_reply_that_is_trained_on_is_recorded():
    episode = started(single_proposal(), quota=3, illegal_share=0.0)
    names = next(single_proposal().propose(episode.places[0].view, Random(0)))[0]
    episode.hear_questions([asks(names.first, names.second)] * 4)
    episode.solver_rows()
    assert len({each.key for each in episode.chosen}) == 1
    episode.hear_answers([write_answer(str(number)) for number in range(12)])
    said = [answer.text for row in asked_records(episode, 1) for answer in row.answers]
    assert sorted(said) == sorted(write_answer(str(number)) for number in range(12))


def test_a_short_group_is_filled_with_the_oracles_questions_and_marked():
    episode = started(quota=3)
    a, b, *_ = things(episode)
    episode.hear_questions([asks(a, b)] * 4)
    episode.solver_rows()
    assert [each.fallback for each in episode.chosen] == [False, True, True]
    assert len({each.key for each in episode.chosen}) == 3
    assert all(each.legal and each.hint == "a name" for each in episode.chosen)


def test_a_task_with_a_single_question_repeats_it():
    episode = started(LOAD, quota=2)
    episode.hear_questions([""] * 4)
    assert [row.prompt for row in episode.solver_rows()[:4]] == [
        row.prompt for row in episode.solver_rows()[4:]
    ]


def test_only_an_illegal_question_is_announced_as_illegal():
    episode = started(quota=2, illegal_share=0.5)
    a, b, _, gone = things(episode)
    episode.hear_questions([asks(a, gone), asks(a, b), "", ""])
    prompts = [row.prompt[0]["content"][-1]["text"] for row in episode.solver_rows()[::4]]
    assert prompts == [
        f"Which is heavier, the {a} or the {gone}? Illegal. Why?",
        f"Which is heavier, the {a} or the {b}? a name",
    ]


def test_rewards_of_both_roles_follow_the_formulas():
    episode = started(quota=2, illegal_share=0.5)
    a, b, _, gone = things(episode)
    bare = f"<question>Which is heavier, the {a} or the {b}?</question>"
    rewards = episode.hear_questions([asks(a, b), asks(a, gone), bare, bare * 2])
    assert rewards == pytest.approx([1.0, 0.1, 0.05, -1.0])
    episode.solver_rows()
    told = [write_answer(f"the {gone} is not there"), "", "<answer>left</answer>", gone]
    right = [write_answer(b), write_answer(a), b, f"{write_answer(b)} or not"]
    assert episode.hear_answers([*right, *told]) == pytest.approx(
        [1.0, 0.1, 0.0, 0.9, 1.0, 0.0, 0.1, 0.0]
    )
    assert episode.totals() == {"heavier": (2.0, 4)}


def test_novelty_shares_a_reward_among_equal_questions():
    episode = started(novelty=True)
    a, b, c, _ = things(episode)
    rewards = episode.hear_questions([asks(a, b), asks(a, b), asks(b, c), asks(c, b)])
    assert rewards == pytest.approx([0.5, 0.5, 1.0, 1.0])


def test_consensus_rewards_the_majority_and_still_reports_the_truth():
    episode = started(quota=1, reward="consensus")
    a, b, _, _ = things(episode)
    episode.hear_questions([asks(a, b)] * 4)
    episode.solver_rows()
    said = [write_answer(word) for word in (a, f"the {a}", b, a)]
    assert episode.hear_answers(said) == pytest.approx([1.0, 1.0, 0.1, 1.0])
    assert [each.accuracy for each in episode.chosen[0].answers] == [0.0, 0.0, 1.0, 0.0]


def test_the_first_of_equally_common_answers_is_the_majority():
    assert majority(["left", "right", "", "Right", "the left"]) == "left"
    assert majority(["", ""]) == ""


def test_a_fault_leaves_its_row_unscored_and_is_counted():
    def broken(reply: str, answer: object) -> float:
        raise KeyError("bed")

    episode = started(replace(TASK, score=broken), quota=1, illegal_share=0.0)
    a, b, _, _ = things(episode)
    episode.hear_questions([asks(a, b)] * 4)
    episode.solver_rows()
    assert episode.hear_answers([write_answer(b)] * 4) == [None] * 4
    assert episode.faults == {"heavier": 4}
    assert episode.totals() == {}


def test_a_fault_while_judging_is_neither_legal_nor_illegal():
    def solve(view: Any, query: Heavier, terms: Any) -> Any:
        if query.sense == "lighter":
            raise ZeroDivisionError
        return TASK.solve(view, query, terms)

    episode = started(replace(TASK, solve=solve), quota=2)
    a, b, _, _ = things(episode)
    faulty = write_question("x", f"Which is lighter, the {a} or the {b}?")
    rewards = episode.hear_questions([faulty, asks(a, b), asks(a, b), faulty])
    assert rewards[0] is None
    assert rewards[3] is None
    episode.solver_rows()
    assert all(each.legal for each in episode.chosen)
    rows = list(asked_records(episode, 3))
    assert [row.question is None for row in rows[:4]] == [True, False, False, True]


def test_a_task_that_breaks_on_a_view_is_not_drawn():
    def broken(view: Any, rng: Random) -> Iterator[Any]:
        raise KeyError("bed")

    session = Session(settings(), school(replace(TASK, candidates=broken), LOAD))
    places = session.begin(0, range(6)).places
    assert {place.task.name for place in places} == {"load"}
    assert session.stage.take_faults()["heavier"] >= 6


@dataclass(frozen=True)
class Torn(ShelfView):
    """A view whose image cannot be read to its end."""

    def images(self) -> Sequence[Any]:
        raise OSError("image file is truncated")


def test_an_image_that_cannot_be_read_is_counted_and_another_place_is_drawn():
    torn = replace(LOAD, name="torn", world=Torn)
    session = Session(settings(), school(TASK, torn))
    places = session.begin(0, range(12)).places
    assert {place.task.name for place in places} == {"heavier"}
    assert session.stage.take_faults()["torn"] >= 1


def test_half_of_a_score_is_forgotten_after_the_half_life_in_questions():
    session = Session(settings(scenes=1, n=4, schedule={"half_life": 2}), school(TASK))
    session.scheduler.update({"heavier": (8.0, 8)})
    session.scheduler.update({"heavier": (0.0, 8)})
    assert session.scheduler.accuracy("heavier") == pytest.approx((4 + 0.7) / (4 + 8 + 2))


def test_records_read_back_what_was_asked_and_answered():
    episode = started(quota=2)
    a, b, _, gone = things(episode)
    episode.hear_questions([asks(a, b), asks(a, gone), "", ""])
    episode.solver_rows()
    episode.hear_answers([write_answer(b)] * 8)
    rows = [AskedRecord.of_line(row.line()) for row in asked_records(episode, 5)]
    assert [row.fallback for row in rows] == [False] * 4 + [True]
    assert [len(row.answers) for row in rows] == [4, 0, 0, 0, 4]
    assert rows[0].question is not None
    assert rows[0].question.answer is not None
    assert rows[0].question.answer.value == b
    assert rows[1].question is not None
    assert [reason.code for reason in rows[1].question.reasons] == ["thing.missing"]


def test_without_questioner_every_question_is_the_oracles():
    episode = started(quota=2, ablation={"questioner": False})
    episode.solver_rows()
    assert [each.fallback for each in episode.chosen] == [True, True]


def test_the_scheduler_learns_from_the_answers():
    session = Session(settings(scenes=1, quota=1), school(TASK))
    episode = session.begin(0, [0])
    a, b, _, _ = things(episode)
    episode.hear_questions([asks(a, b)] * 2)
    episode.solver_rows()
    episode.hear_answers([write_answer(b), write_answer(a)])
    session.end()
    assert session.scheduler.accuracy("heavier") == pytest.approx((1 + 2 * 0.35) / (2 + 2))
    other = Session(settings(scenes=1, quota=1), school(TASK))
    other.restore(SessionState.model_validate_json(session.state(1).model_dump_json()))
    assert other.scheduler.state() == session.scheduler.state()


REFUSED = {
    "there is no task 'heavyer'; did you mean 'heavier'?": {"tasks": ("heavyer",)},
    "there is no dataset 'scool'; did you mean 'school'?": {"data": ({"dataset": "scool"},)},
    "no data is chosen; set data, a list of tables with the key 'dataset'": {"data": ()},
}


@pytest.mark.parametrize(("message", "changes"), REFUSED.items())
def test_a_session_refuses_what_is_not_there(message: str, changes: dict[str, Any]):
    with pytest.raises(Exception, match=message.replace("?", r"\?")) as caught:
        Session(settings(**changes), school())
    assert str(caught.value) == message


def test_a_session_refuses_tasks_that_a_plugin_problem_affects():
    problem = Problem("strict-rules", "spatialevo_rules", "KeyError: 'bed'", frozenset({"load"}))
    registry = school(problems=(problem,))
    with pytest.raises(ConfigError, match=r"plugin 'strict-rules' failed in spatialevo_rules"):
        Session(settings(), registry)
    Session(settings(tasks=("heavier",)), registry)


def test_data_on_which_nothing_is_feasible_is_refused():
    empty = replace(TASK, candidates=lambda view, rng: iter(()))
    with pytest.raises(ConfigError, match="no task is feasible in 50 views drawn from the data"):
        Session(settings(), school(empty)).begin(0, [0])


def test_the_school_has_worlds():
    assert len(School().ids(None)) == 8
