"""Intervals and tests, against scipy and figures worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spatialevo_trainer.estimates import over_questions, over_seeds, paired, sign_test, wilson

values = st.lists(st.floats(0, 1), min_size=2, max_size=12)


@given(values)
def test_the_interval_over_seeds_is_students(found):
    mine = over_seeds(found)
    sem = stats.sem(found)
    if sem < 1e-6:
        assert mine.half_width == pytest.approx(0, abs=1e-4)
        return
    low, high = stats.t.interval(0.95, len(found) - 1, loc=sum(found) / len(found), scale=sem)
    assert (mine.low, mine.high) == (pytest.approx(low), pytest.approx(high))


def test_one_seed_has_no_interval_and_none_no_mean():
    assert over_seeds([0.4]).half_width is None
    with pytest.raises(ValueError, match="needs a value"):
        over_seeds([])


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shares_have_wilsons_interval(case):
    right, n = case
    known = stats.binomtest(right, n).proportion_ci(method="wilson")
    mine = wilson(right, n)
    assert (mine.low, mine.high) == (
        pytest.approx(known.low, abs=1e-12),
        pytest.approx(known.high, abs=1e-12),
    )
    assert over_questions([1.0] * right + [0.0] * (n - right)) == mine


def test_a_known_interval():
    # 7 of 10, computed by hand: (0.7 + 0.19207 +- 1.96 sqrt(0.021 + 0.0096)) / 1.38415
    mine = wilson(7, 10)
    assert (mine.low, mine.high) == (
        pytest.approx(0.3968, abs=1e-4),
        pytest.approx(0.8922, abs=1e-4),
    )


def test_scores_between_0_and_1_stay_there():
    mine = over_questions([0.9, 1.0, 1.0, 0.2])
    assert 0 <= mine.low < mine.mean < mine.high <= 1
    assert mine.low == pytest.approx(over_seeds([0.9, 1.0, 1.0, 0.2]).low)
    assert over_questions([0.5]).low is None


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_sign_test_is_the_exact_one(higher, lower):
    n = higher + lower
    known = stats.binomtest(higher, n).pvalue if n else 1.0
    assert sign_test(higher, lower) == pytest.approx(known)


def test_pairs_are_those_of_common_seeds():
    found = paired({0: 0.9, 1: 0.8, 2: 0.5, 7: 0.0}, {2: 0.5, 1: 0.6, 0: 0.5, 8: 1.0})
    assert found.difference.mean == pytest.approx(0.2)
    assert (found.higher, found.lower, found.difference.n) == (2, 0, 3)
    assert found.p == 0.5, "two signs of two, the tie left out"
    low, high = stats.t.interval(0.95, 2, loc=0.2, scale=stats.sem([0.4, 0.2, 0.0]))
    assert (found.difference.low, found.difference.high) == (
        pytest.approx(low),
        pytest.approx(high),
    )
    assert paired({0: 1.0}, {1: 1.0}) is None
