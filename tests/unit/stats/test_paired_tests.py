"""Ranks against scipy, the adjusted change against statsmodels, and limits that agree with p-values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from cd20scope.stats.paired_tests import adjusted_t, null_distribution, signed_rank


@pytest.mark.parametrize("n", [6, 8, 15])
@pytest.mark.parametrize("null", [0.0, 0.4])
def test_ranks_are_the_exact_wilcoxon_test(n, null):
    d = np.random.default_rng(n).normal(0.5, 1, n)
    ranks = signed_rank(d)
    for side, p in (("greater", ranks.p_above(null)), ("less", ranks.p_below(null))):
        assert p == pytest.approx(stats.wilcoxon(d - null, alternative=side, method="exact").pvalue)
    if null == 0:
        assert ranks.p_value == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


@given(st.integers(5, 12), st.integers(0, 10_000), st.floats(0.002, 0.4), st.floats(-1, 1))
def test_limits_and_p_values_agree_at_every_level(n, seed, alpha, null):
    ranks = signed_rank(np.random.default_rng(seed).normal(0.3, 1, n))
    assert (ranks.p_above(null) <= alpha) == (ranks.lower(alpha) > null)
    assert (ranks.p_below(null) <= alpha) == (ranks.upper(alpha) < null)
    low, high = ranks.interval(alpha)
    assert low <= ranks.estimate <= high
    assert ranks.flipped().lower(alpha) == -ranks.upper(alpha)


@given(
    st.lists(st.integers(-2, 3), min_size=5, max_size=10),
    st.sampled_from([0.01, 0.03125, 0.05, 0.1, 0.3]),
    st.integers(-4, 6),
)
def test_limits_and_p_values_agree_with_ties(differences, alpha, doubled):
    ranks, null = signed_rank(differences), doubled / 2
    assert (ranks.p_above(null) <= alpha) == (ranks.lower(alpha) > null)
    assert (ranks.p_below(null) <= alpha) == (ranks.upper(alpha) < null)
    # a tie broken either way is no less clear
    assert ranks.p_above(null) >= max(ranks.p_above(null - 0.1), ranks.p_above(null - 0.2))
    assert ranks.p_below(null) >= max(ranks.p_below(null + 0.1), ranks.p_below(null + 0.2))


def test_the_null_distribution_counts_subsets():
    assert null_distribution(3).tolist() == pytest.approx(np.cumsum([1, 1, 1, 2, 1, 1, 1]) / 8)


def test_the_adjusted_change_is_the_intercept_of_a_regression():
    rng = np.random.default_rng(3)
    g = rng.normal(0.2, 1, 9)
    d = 0.4 + 0.7 * g + rng.normal(0, 0.3, 9)
    fit = OLS(d, np.column_stack([np.ones(9), g])).fit()
    t = adjusted_t(d, g)
    assert t.estimate == pytest.approx(fit.params[0])
    assert t.se == pytest.approx(fit.bse[0])
    assert t.p_value == pytest.approx(fit.pvalues[0])
    assert t.interval() == pytest.approx(tuple(fit.conf_int()[0]))


def test_a_covariate_that_moved_alike_in_all_donors_leaves_nothing_to_tell():
    rng = np.random.default_rng(4)
    d = rng.normal(-2.0, 0.3, 8)
    apart = adjusted_t(d, rng.normal(0, 1, 8))
    alike = adjusted_t(d, rng.normal(8, 0.3, 8))
    assert alike.se > 10 * apart.se
    assert adjusted_t(d, np.full(8, 2.0)).no_spread
    with pytest.raises(ValueError, match="at least three donors, found 2"):
        adjusted_t([1.0, 2.0], [0.0, 1.0])
