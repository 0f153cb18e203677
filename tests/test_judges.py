"""A judge's word counts where a run asked for it; the deterministic scores are never lost."""

from dataclasses import dataclass, field, replace

import pytest

from jars import only_problem
from shelf_school import school, settings
from shelves import TASK
from spatialevo_core.errors import UnknownName
from spatialevo_core.judges import Judge, Judgement
from spatialevo_core.plugins import load
from spatialevo_trainer.episode import Episode
from spatialevo_trainer.judged import MOST_FAULTS
from spatialevo_trainer.metrics import means, measure
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.records import AskedRecord, asked_records
from spatialevo_trainer.session import Session


@dataclass
class Says:
    """A judge that says or raises the same to everything, and keeps what it was asked."""

    said: object
    name: str = "says"
    asked: list = field(default_factory=list)

    def observation(self, text, question, view):
        return self._say(text, question)

    def explanation(self, text, reasons, question):
        return self._say(text, question, *(each.code for each in reasons))

    def _say(self, *asked):
        self.asked.append(asked)
        said = self.said.pop(0) if isinstance(self.said, list) else self.said
        if isinstance(said, BaseException):
            raise said
        return said


def started(judge=None, **changes) -> Episode:
    registry = school(TASK)
    chosen = {"judge": judge.name} if judge else {}
    if judge:
        registry = replace(registry, judges={judge.name: judge})
    config = settings(
        **{"scenes": 1, "n": 4, "quota": 1, "illegal_share": 1.0, **chosen, **changes}
    )
    return Session(config, registry).begin(0, [0])


def legal_question(episode):
    a, b, _ = episode.places[0].view.vocabulary().names
    return (
        f"The shelf holds a tall {a} left of a small {b}",
        f"Which is heavier, the {a} or the {b}?",
    )


def played(episode, *, question=None, observation=None):
    """The rewards of four equal questions, and of four equal explanations of an illegal one."""
    seen, legal = legal_question(episode)
    reply = write_question(seen if observation is None else observation, question or legal)
    asked = episode.hear_questions([reply] * 4)
    episode.solver_rows()
    return asked, episode.hear_answers([write_answer("the piano is not there")] * 4)


ILLEGAL = "Which is heavier, the piano or the piano?"


def test_without_a_judge_the_deterministic_scores_count_and_nothing_is_judged():
    episode = started()
    asked, _ = played(episode)
    assert asked == [1.0] * 4
    assert not [name for name in means(measure(episode)) if "_judged" in name]
    assert {record.judged for record in asked_records(episode, 1)} == {None}


def test_a_judges_word_counts_and_both_scores_are_kept():
    judge = Says(Judgement(score=0.25, reason="vague"))
    episode = started(judge)
    asked, _ = played(episode)
    seen, question = legal_question(episode)
    assert judge.asked == [(seen, question)] * 4
    assert asked == [pytest.approx(0.1 + 0.9 * 0.25)] * 4
    row = means(measure(episode))
    assert (row["questioner/f_obs"], row["questioner/f_obs_judged"]) == (1.0, 0.25)
    assert row["questioner/f_obs_judged/heavier"] == 0.25
    record = next(asked_records(episode, 1))
    assert (record.f_obs, record.judged) == (1.0, Judgement(score=0.25, reason="vague"))
    assert AskedRecord.of_line(record.line()) == record


def test_explanations_are_judged_with_the_true_reasons():
    judge = Says(Judgement(score=0.5))
    episode = started(judge)
    _, explained = played(episode, question=ILLEGAL)
    codes = ("thing.missing", "thing.repeated")
    assert judge.asked == [("the piano is not there", ILLEGAL, *codes)] * 4
    assert explained == [pytest.approx(0.1 + 0.9 * 0.5)] * 4
    row = means(measure(episode))
    assert row["solver/f_explain_judged"] == 0.5
    assert row["solver/f_explain"] != 0.5
    answer = next(asked_records(episode, 1)).answers[0]
    assert (answer.f_explain, answer.judged) == (row["solver/f_explain"], Judgement(score=0.5))


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({}, {"observation": ""}),
        ({}, {"question": "Which is heavier? Or not?"}),
        ({"ablation": {"observation": False}}, {}),
        ({"ablation": {"explanation": False}}, {"question": ILLEGAL}),
    ],
)
def test_a_judge_is_not_asked_where_its_word_would_not_count(changes, reply):
    judge = Says(Judgement(score=0.5))
    rewards = played(started(judge, **changes, illegal_share=1.0), **reply)
    if "ablation" in changes or reply == {"observation": ""}:
        assert not judge.asked
    assert not [each for each in judge.asked if len(each) == 2]
    unjudged = played(started(**changes, illegal_share=1.0), **reply)
    assert rewards[0] == unjudged[0]


NO_JUDGEMENTS = {
    "raises": OSError("no line"),
    "leaves": SystemExit(3),
    "a number": 0.9,
    "a text": "1.0",
    "a class": Judgement,
    "a mapping": {"score": 1.0},
    "more than all": Judgement.model_construct(score=7.0, reason=""),
    "less than nothing": Judgement.model_construct(score=-0.1, reason=""),
    "not a number": Judgement.model_construct(score=float("nan"), reason=""),
    "true": Judgement.model_construct(score=True, reason=""),
    "a word for a number": Judgement.model_construct(score="1", reason=""),
    "no score": Judgement.model_construct(reason="good"),
    "a novel": Judgement.model_construct(score=1.0, reason="x" * 10_000),
}


@pytest.mark.parametrize("question", [None, ILLEGAL])
@pytest.mark.parametrize("said", NO_JUDGEMENTS)
def test_what_is_no_judgement_is_counted_and_the_deterministic_score_stands(said, question):
    episode = started(Says(NO_JUDGEMENTS[said]))
    rewards = played(episode, question=question)
    assert rewards == played(started(), question=question)
    assert None not in (*rewards[0], *rewards[1])
    assert episode.faults == {"judge.says": MOST_FAULTS}
    row = means(measure(episode))
    assert row["faults/judge.says"] == MOST_FAULTS
    assert "questioner/f_obs_judged" not in row


def test_no_opinion_is_no_fault():
    episode = started(Says(None))
    assert played(episode) == played(started())
    assert not episode.faults


def test_a_broken_judge_is_left_in_peace_for_the_rest_of_the_step():
    broken, good = OSError("down"), Judgement(score=0.5)
    judge = Says([broken, broken, good, broken])
    episode = started(judge)
    asked, _ = played(episode)
    whole, half = 1.0, pytest.approx(0.55)
    assert asked == [whole, whole, half, whole]  # one good word, and the count begins anew
    assert episode.faults == {"judge.says": 3}
    judge = Says(broken)
    episode = started(judge, n=8)
    seen, question = legal_question(episode)
    episode.hear_questions([write_question(seen, question)] * 8)
    assert len(judge.asked) == MOST_FAULTS


def test_a_judge_that_is_not_there_ends_a_run_before_it_begins():
    registry = replace(school(TASK), judges={"says": Says(None)})
    with pytest.raises(UnknownName, match="there is no judge 'sais'; did you mean 'says'"):
        Session(settings(judge="sais"), registry)
    with pytest.raises(UnknownName, match="there is no judge 'says'; none is registered"):
        Session(settings(judge="says"), school(TASK))


PLUGIN = """
from spatialevo_core.judges import Judgement

class Kind:
    name = "kind"
    def observation(self, text, question, view):
        return Judgement(score=1.0)
    def explanation(self, text, reasons, question):
        return Judgement(score=1.0)

@hookimpl
def spatialevo_judges():
    return [Kind()]
"""


def test_a_plugin_brings_a_judge_and_says_so(install, run):
    points = install("jars", PLUGIN)
    registry = load(points)
    assert not registry.problems
    assert isinstance(registry.judge("Kind"), Judge)
    assert registry.plugins[0].judges == ("kind",)
    shown = run("plugins", points=points)
    assert "judge kind" in shown.stdout


def test_no_verdict_depends_on_a_judge_that_fails_to_load(install):
    registry = load(install("jars", PLUGIN.replace('name = "kind"', "name = 'two words'")))
    assert only_problem(registry).message == "judge name 'two words' is no single word"
    assert not registry.affecting()
    assert not registry.judges
