"""Exact sign flips against scipy's permutation test and plain enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cd20scope.stats.exact_flips import exact_flip_p, pairs_needed, say_reach, smallest_p


@pytest.mark.parametrize("n", [2, 5, 6, 9, 12])
def test_it_is_the_permutation_test_of_scipy(n):
    d = np.random.default_rng(n).normal(0.6, 1, n)
    found = stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert exact_flip_p(d) == pytest.approx(found.pvalue)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_ties_count_as_reached(d):
    signs = np.array(list(product((-1, 1), repeat=len(d))))
    assert exact_flip_p(d) == pytest.approx((np.abs(signs @ d) >= abs(sum(d))).mean())


def test_scaling_changes_nothing():
    d = np.random.default_rng(7).normal(0.4, 1, 14)
    assert exact_flip_p(d) == exact_flip_p(d * 0.1) == exact_flip_p(-d)


def test_many_pairs_agree_with_the_t_test():
    d = np.random.default_rng(3).normal(0.45, 1, 30)
    assert exact_flip_p(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, rel=0.1)


def test_one_sign_gives_the_smallest_p():
    for n in (1, 5, 6, 8, 20):
        assert exact_flip_p(np.arange(1.0, n + 1)) == smallest_p(n)


def test_pairs_that_a_level_needs():
    assert [pairs_needed(level) for level in (1, 0.05, 0.05 / 2, 0.05 / 7, 0.05 / 19)] == [1, 6, 7, 9, 10]
    for level in (0.5, 0.25, 0.031, 0.05, 1e-4):
        n = pairs_needed(level)
        assert smallest_p(n) <= level < smallest_p(n - 1)
    assert say_reach(8, 0.05) == ""
    assert "smallest p-value is 0.0078; 9 pairs could" in say_reach(8, 0.05 / 7)


@pytest.mark.parametrize("d", [[], [np.nan, 1], np.ones(41), np.ones((2, 2))])
def test_what_cannot_be_counted_is_refused(d):
    with pytest.raises(ValueError, match="1 to 40 finite differences"):
        exact_flip_p(d)


@pytest.mark.parametrize("level", [0, -1, 1.5, float("nan")])
def test_no_level_is_refused(level):
    with pytest.raises(ValueError, match="a level lies above 0"):
        pairs_needed(level)
