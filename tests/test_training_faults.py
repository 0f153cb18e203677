"""What breaks while training is counted and left out; when too little is left, the run says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shelf_school import LOAD, School, school, settings, tiny_model
from shelves import TASK, Shelf
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.registry import Registry
from spatialevo_core.task import AnyTask
from spatialevo_parsers.grammar import GrammarParser
from spatialevo_trainer.grpo import DualRoleTrainer
from spatialevo_trainer.metrics import read_rows
from spatialevo_trainer.prompts import write_answer, write_question
from spatialevo_trainer.records import AskedRecord
from spatialevo_trainer.run import make_trainer, train
from spatialevo_trainer.session import Session, TooManyFaults

quiet = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")


def broken(*given: Any) -> Any:
    raise KeyError("bed")


def breaking(*words: str) -> AnyTask:
    """The task, scoring fails on answers that say one of the words."""

    def score(reply: str, answer: Any) -> float:
        if any(word in reply for word in words):
            raise ZeroDivisionError("mass is zero")
        return TASK.score(reply, answer)

    return replace(TASK, score=score)


class Dictated(DualRoleTrainer):
    """The trainer with a model that says what it is told to."""

    replies: list[list[str]]

    def _generate_single_turn(self, prompt_ids: Sequence[Any], *_: Any) -> tuple[Any, None]:
        said = self.replies.pop(0)
        assert len(said) == len(prompt_ids)
        end = self._tokenizer.eos_token_id
        return [[*self._tokenizer(text)["input_ids"], end] for text in said], None


def dictated(task: AnyTask, out: Path, **changes: Any) -> tuple[Dictated, list[str]]:
    base = {"model": tiny_model(), "scenes": 1, "n": 4, "quota": 2}
    config = settings(**{**base, **changes})
    trainer = make_trainer(config, Session(config, school(task)), out)
    trainer.model.train()
    trainer.__class__ = Dictated
    return trainer, list(trainer.session.begin(0, [0]).places[0].view.vocabulary().names)


def asks(first: str, second: str) -> str:
    seen = f"A tall {first} stands left of a small {second}"
    return write_question(seen, f"Which is heavier, the {first} or the {second}?")


@quiet
def test_rows_that_broke_are_left_out_of_mean_and_deviation(tmp_path: Path):
    trainer, (a, b, c) = dictated(breaking("oops"), tmp_path)
    right, wrong, fault = write_answer(b), write_answer(a), write_answer("oops")
    trainer.replies = [
        [asks(a, b)] * 2 + [asks(b, c)] * 2,
        # rewards 1, 0.1, none, none; then none at all
        [right, wrong, fault, fault, fault, fault, fault, fault],
    ]
    batch = trainer._generate_and_score_completions([{"row": 0}] * 4)
    # mean 0.55, deviation with n - 1 of the two: 0.9 / sqrt(2)
    half = 0.45 / (0.9 / 2**0.5 + 1e-4)
    expected = [0.0] * 4 + [half, -half, 0.0, 0.0] + [0.0] * 4
    assert batch["advantages"].tolist() == pytest.approx(expected, abs=1e-6)
    report = trainer.session.report
    assert report["faults/heavier"] == 6
    assert report["solver/unjudged"] == report["solver/unjudged/heavier"] == 6 / 8
    assert report["solver/reward"] == pytest.approx(0.55)
    assert report["questioner/unjudged"] == 0
    assert trainer.session.told == {
        "heavier": "task 'heavier' raised in score: ZeroDivisionError: mass is zero"
    }


@quiet
def test_a_single_row_that_did_not_break_teaches_nothing_and_makes_no_nan(tmp_path: Path):
    trainer, (a, b, _) = dictated(breaking("oops"), tmp_path, quota=1)
    fault = write_answer("oops")
    trainer.replies = [[asks(a, b)] * 4, [write_answer(b), fault, fault, fault]]
    batch = trainer._generate_and_score_completions([{"row": 0}] * 4)
    assert batch["advantages"].tolist() == [0.0] * 8


def test_steps_in_which_every_reply_breaks_change_nothing_and_are_recorded(tmp_path: Path):
    said: list[str] = []
    config = settings(model=tiny_model(), steps=2, scenes=1, save_every=9, max_faults=1.0)
    # feasible, since it proposes; whatever is read or scored breaks
    task = replace(TASK, score=broken, worth=broken)
    train(config, school(task), tmp_path, on_remark=said.append)
    rows = read_rows(tmp_path / "metrics.jsonl")
    assert [row["loss"] for row in rows] == [0.0, 0.0]
    assert all(row["grad_norm"] == 0 for row in rows)
    assert all(row["solver/unjudged"] == 1 for row in rows)
    assert "solver/reward" not in rows[0]
    assert said == [
        "task 'heavier' raised in score: KeyError: 'bed'; left out, and counted as faults/heavier"
    ]
    lines = (tmp_path / "questions.jsonl").read_text().splitlines()
    answers = [each for line in lines for each in AskedRecord.of_line(line).answers]
    assert len(answers) == 2 * 2 * 2
    assert {each.fault for each in answers} == {"task 'heavier' raised in score: KeyError: 'bed'"}
    assert {each.reward for each in answers} == {None}


def stepped(session: Session, step: int, said: str) -> None:
    """One step in which every answer is the same, as the trainer would play it."""
    episode = session.begin(step, [0])
    a, b, _ = episode.places[0].view.vocabulary().names
    episode.hear_questions([asks(a, b)] * 2)
    episode.solver_rows()
    episode.hear_answers([write_answer(said)] * 2)
    session.end()
    session.require_judged()


def steps_until_too_many(max_faults: float, good: int = 0) -> tuple[int, str]:
    config = settings(scenes=1, quota=1, max_faults=max_faults)
    session = Session(config, school(breaking("oops")))
    for step in range(good):
        stepped(session, step, "vase")
    for step in range(30):
        # a resumed run counts what the one before it saw
        again = Session(config, school(breaking("oops")))
        again.restore(session.state(step))
        session = again
        try:
            stepped(session, good + step, "oops")
        except TooManyFaults as error:
            return step + 1, str(error)
    return 0, ""


def test_a_run_ends_when_too_large_a_share_of_the_replies_breaks():
    # of 4 replies a step 2 break, so 10 steps bear 4, 8 and 20 of 40
    assert steps_until_too_many(0.1)[0] == 3
    assert steps_until_too_many(0.2)[0] == 5
    assert steps_until_too_many(0.2, good=12)[0] == 5
    assert steps_until_too_many(0.5)[0] == 0
    assert steps_until_too_many(0.0) == (
        1,
        "2 replies of the last 10 steps could not be judged, more than the share max_faults = 0 "
        "allows: task 'heavier' raised in score: ZeroDivisionError: mass is zero",
    )


@dataclass(frozen=True)
class Fading(School):
    """A dataset of which only these worlds are left."""

    left: tuple[str, ...] = ()
    raised: type[Exception] = FileNotFoundError

    def load(self, root: Path | None, world_id: str) -> Shelf:
        if world_id not in self.left:
            raise self.raised(2, "No such file or directory", f"/data/{world_id}.ply")
        return School.load(self, root, world_id)


def fading(left: Sequence[str], raised: type[Exception] = FileNotFoundError) -> Registry:
    return Registry(
        tasks={TASK.name: TASK, LOAD.name: LOAD},
        parsers=(GrammarParser(),),
        datasets={"school": Fading(left=tuple(left), raised=raised)},
    )


@pytest.mark.parametrize("raised", [FileNotFoundError, KeyError, DataError])
def test_worlds_that_are_gone_are_counted_and_others_are_drawn(raised: type[Exception]):
    session = Session(settings(scenes=8), fading(["shelf-3"], raised))
    places = session.begin(0, range(8)).places
    assert {place.world for place in places} == {"shelf-3"}
    faults = session.stage.take_faults()
    # each row tries a world once: of eight, seven at most
    assert 8 <= faults["school"] <= 8 * 7
    assert "shelf-" in faults.told["school"]


def test_worlds_that_are_there_are_drawn_as_if_the_others_had_not_been_tried():
    whole = Session(settings(scenes=8), school()).begin(0, range(8)).places
    gone = whole[0].world
    left = [f"shelf-{i}" for i in range(8) if f"shelf-{i}" != gone]
    places = Session(settings(scenes=8), fading(left)).begin(0, range(8)).places
    same = [a.world == b.world for a, b in zip(whole, places, strict=True) if a.world != gone]
    assert all(same)
    assert len(same) >= 4


def test_when_no_world_is_left_the_run_ends_and_says_so():
    told = r"none of the 8 worlds can be loaded any more; school/shelf-\d cannot be loaded: "
    with pytest.raises(DataError, match=told + "FileNotFoundError: .*No such file"):
        Session(settings(), fading([])).begin(0, [0])
    single = settings(data=[{"dataset": "school", "ids": ["shelf-9"]}])
    with pytest.raises(DataError, match=r"the only world cannot be loaded any more; school/shelf"):
        Session(single, fading([])).begin(0, [0])


def test_an_empty_pool_of_worlds_is_refused_before_the_first_step():
    empty = Registry(
        tasks={TASK.name: TASK}, parsers=(GrammarParser(),), datasets={"school": Deserted()}
    )
    with pytest.raises(ConfigError, match="dataset 'school' has no worlds in split 'val'"):
        Session(settings(data=[{"dataset": "school", "split": "val"}]), empty)


@dataclass(frozen=True)
class Deserted(School):
    def ids(self, root: Path | None, split: str | None = None) -> list[str]:
        return []


def test_tasks_that_fail_on_every_view_are_named():
    session = Session(settings(), school(replace(TASK, candidates=broken)))
    told = "no task is feasible in 50 views .*; 50 times task 'heavier' raised in .*KeyError: 'bed'"
    with pytest.raises(ConfigError, match=told):
        session.begin(0, [0])


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
