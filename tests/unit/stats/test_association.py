"""Rank associations against scipy's own tests, enumeration by hand, and simulated donors."""

from itertools import combinations, permutations

import numpy as np
import pytest
from scipy import stats

from cd20scope.stats import association


def donors(n, *, rho=0.0, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n)


def two_sided(null, seen):
    """Twice the smaller tail, as with ties the two differ."""
    tails = [np.mean(np.array(null) >= seen - 1e-9), np.mean(np.array(null) <= seen + 1e-9)]
    return min(1.0, 2 * min(tails))


@pytest.mark.parametrize("tied", [False, True])
def test_numbers_are_tested_over_all_arrangements(tied):
    x, y = donors(6, rho=0.6)
    y = np.round(y) if tied else y
    ours = association.associate_numbers(x, y)
    assert ours.estimate == pytest.approx(stats.spearmanr(x, y).statistic, rel=1e-12)
    null = [stats.spearmanr(x, np.array(order)).statistic for order in permutations(y)]
    assert ours.p_value == pytest.approx(two_sided(null, ours.estimate), abs=1e-9)


def test_many_donors_agree_with_the_t_approximation():
    x, y = donors(30, rho=0.3, seed=4)
    ours = association.associate_numbers(x, y)
    assert ours.p_value == pytest.approx(stats.spearmanr(x, y).pvalue, abs=0.01)
    again = association.associate_numbers(x, y)
    assert again == ours


@pytest.mark.parametrize("tied", [False, True])
def test_levels_are_tested_over_all_arrangements(tied):
    x, _ = donors(9, seed=2)
    x = np.round(x) if tied else x
    second = np.arange(9) % 2 == 0
    ours = association.associate_levels(x, second)
    pairs = np.sign(x[second][:, None] - x[~second][None, :])
    assert ours.estimate == pytest.approx(pairs.mean(), rel=1e-12)
    null = []
    for chosen in combinations(range(9), 5):
        own = np.isin(np.arange(9), chosen)
        null.append(np.sign(x[own][:, None] - x[~own][None, :]).mean())
    assert ours.p_value == pytest.approx(two_sided(null, ours.estimate), abs=1e-9)


def test_the_interval_is_that_of_bonett_and_wright():
    x, y = donors(12, rho=0.7)
    ours = association.associate_numbers(x, y)
    z = np.arctanh(ours.estimate)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 + ours.estimate**2 / 2) / 9)
    assert (ours.low, ours.high) == pytest.approx((np.tanh(z - reach), np.tanh(z + reach)))


def test_a_perfect_association_has_an_interval():
    x = np.arange(8.0)
    ours = association.associate_numbers(x, x**3)
    assert ours.estimate == pytest.approx(1)
    assert 0.5 < ours.low < ours.high <= 1
    assert ours.p_value == pytest.approx(2 / 40320)
    apart = association.associate_levels(x, x > 3)
    assert apart.estimate == 1
    assert 0 < apart.low < apart.high == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_limits_of_two_levels_are_where_the_score_reaches_its_quantile(seed):
    """The equation of Newcombe's method 5, by the variance of Hanley and McNeil written out."""
    x, _ = donors(15, seed=seed)
    second = np.arange(15) < 6
    ours = association.associate_levels(x, second)
    theta = (ours.estimate + 1) / 2
    for limit in ((ours.low + 1) / 2, (ours.high + 1) / 2):
        q1, q2 = limit / (2 - limit), 2 * limit**2 / (1 + limit)
        # both groups of the mean size
        variance = (limit * (1 - limit) + (7.5 - 1) * (q1 + q2 - 2 * limit**2)) / (6 * 9)
        assert abs(theta - limit) / np.sqrt(variance) == pytest.approx(stats.norm.ppf(0.975), rel=1e-6)


@pytest.mark.parametrize("n", [5, 7])
def test_the_smallest_correlation_is_the_first_that_reaches_the_level(n):
    smallest = association.smallest_rank_correlation(n, 0.05)
    ranks = np.arange(n)
    null = [stats.spearmanr(ranks, order).statistic for order in permutations(range(n))]
    p = np.mean(np.abs(null) >= smallest - 1e-9)
    below = max(abs(r) for r in null if abs(r) < smallest - 1e-9)
    assert p <= 0.05 < np.mean(np.abs(null) >= below - 1e-9)


def test_so_few_donors_show_no_association_at_all():
    assert np.isnan(association.smallest_rank_correlation(4, 0.05))
    assert np.isnan(association.smallest_rank_biserial(3, 3, 0.05))
    assert association.smallest_rank_biserial(4, 4, 0.05) == 1.0


@pytest.mark.parametrize(("n_first", "n_second"), [(4, 5), (6, 5), (3, 9)])
def test_the_smallest_difference_of_levels_is_the_first_that_reaches_the_level(n_first, n_second):
    smallest = association.smallest_rank_biserial(n_first, n_second, 0.05)
    n = n_first + n_second
    null = []
    for chosen in combinations(range(n), n_first):
        u = sum(chosen) - n_first * (n_first - 1) / 2
        null.append(abs(1 - 2 * u / (n_first * n_second)))
    null = np.array(null)
    below = null[null < smallest - 1e-9].max()
    assert np.mean(null >= smallest - 1e-9) <= 0.05 < np.mean(null >= below - 1e-9)


def test_large_groups_end_the_search():
    assert 0 < association.smallest_rank_biserial(15, 15, 0.05) < 0.5
    assert association.smallest_rank_correlation(12, 0.05) == pytest.approx(0.576, abs=0.001)


@pytest.mark.parametrize("bad", [([1.0, 2, 3], [1.0, 2, 3]), ([1.0, 1, 1, 1], [1.0, 2, 3, 4])])
def test_what_has_no_ranks_is_refused(bad):
    with pytest.raises(ValueError, match="at least four donors"):
        association.associate_numbers(*bad)


def test_one_donor_of_a_level_is_refused():
    with pytest.raises(ValueError, match="two donors of each level"):
        association.associate_levels([1.0, 2, 3, 4], [True, False, False, False])
