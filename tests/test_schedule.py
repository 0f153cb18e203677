"""The scheduler practises the weakest tasks, forgets none, and restores exactly."""

from collections import Counter
from random import Random

import pytest

from spatialevo_core.errors import ConfigError, RecordError
from spatialevo_core.schedule import Scheduler


def test_an_untried_task_is_assumed_at_the_prior():
    assert Scheduler().accuracy("new") == pytest.approx(0.35)


def test_the_estimate_is_the_published_formula():
    scheduler = Scheduler()
    scheduler.update({"a": (6.0, 8)})
    assert scheduler.accuracy("a") == pytest.approx((6 + 0.35 * 2) / (8 + 2))


def test_weights_are_one_minus_accuracy_but_at_least_delta():
    scheduler = Scheduler()
    scheduler.update({"mastered": (10_000.0, 10_000), "weak": (0.0, 10_000)})
    chances = scheduler.probabilities(["weak", "mastered"])
    weak = 1 - 0.7 / 10_002
    assert chances["mastered"] == pytest.approx(0.05 / (0.05 + weak))
    assert sum(chances.values()) == pytest.approx(1)


def test_learnability_prefers_what_is_half_known_and_uniform_nothing():
    tallies = {"half": (500.0, 1000), "known": (1000.0, 1000), "unknown": (0.0, 1000)}
    learn, even = Scheduler("learnability"), Scheduler("uniform")
    learn.update(tallies)
    even.update(tallies)
    chances = learn.probabilities(list(tallies))
    assert chances["half"] > 4 * max(chances["known"], chances["unknown"])
    assert list(even.probabilities(list(tallies)).values()) == pytest.approx([1 / 3] * 3)


def test_forgetting_halves_what_is_one_half_life_old():
    scheduler = Scheduler(half_life=10)
    scheduler.update({"a": (10.0, 10)})
    scheduler.update({"a": (0.0, 10)})
    assert scheduler.accuracy("a") == pytest.approx((5 + 0.7) / (5 + 10 + 2))


def test_an_infinite_half_life_is_the_published_rule():
    forever, never = Scheduler(half_life=1e300), Scheduler()
    for scheduler in (forever, never):
        scheduler.update({"a": (10.0, 10)})
        scheduler.update({"a": (0.0, 10)})
    assert never.accuracy("a") == forever.accuracy("a") == pytest.approx((10 + 0.7) / 22)


def test_what_is_forgotten_lets_a_task_that_was_learned_go_down_in_weight():
    forgetting, never = Scheduler(half_life=100), Scheduler()
    for scheduler in (forgetting, never):
        for _ in range(100):
            scheduler.update({"learned": (0.0, 10), "weak": (0.0, 10)})
        for _ in range(50):
            scheduler.update({"learned": (10.0, 10), "weak": (0.0, 10)})
    assert forgetting.accuracy("learned") > 0.9
    assert never.accuracy("learned") < 0.4
    chances = [each.probabilities(["learned", "weak"])["learned"] for each in (forgetting, never)]
    assert chances[0] < chances[1] / 3


def test_draws_follow_the_probabilities_and_the_generator():
    scheduler = Scheduler()
    scheduler.update({"a": (900.0, 1000), "b": (100.0, 1000)})
    draws = [scheduler.draw(["b", "a"], Random(seed)) for seed in range(2000)]
    assert draws == [scheduler.draw(["a", "b"], Random(seed)) for seed in range(2000)]
    share = Counter(draws)["b"] / 2000
    assert share == pytest.approx(scheduler.probabilities(["a", "b"])["b"], abs=0.03)


def test_a_restored_scheduler_continues_as_the_first_would():
    scheduler = Scheduler("learnability", prior=0.5, delta=0.1, half_life=30)
    scheduler.update({"a": (3.0, 7)})
    again = Scheduler.restore(scheduler.state())
    for each in (scheduler, again):
        each.update({"a": (1.0, 2), "b": (0.5, 1)})
    assert again.state() == scheduler.state()


def test_nonsense_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="nothing to draw from"):
        Scheduler().probabilities([])
    with pytest.raises(ConfigError, match="scheduler delta"):
        Scheduler(delta=0)
    with pytest.raises(RecordError, match="field 'tallies'"):
        Scheduler.restore({"tallies": 3})
