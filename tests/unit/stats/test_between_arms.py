"""Difference between two arms in their changes, against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from cd20scope.stats import between_arms
from cd20scope.stats.changes import Change
from cd20scope.stats.pairs import Pairs


def arms(seed, n_treated, n_control, *, scale=(0.6, 0.3)):
    rng = np.random.default_rng(seed)
    return rng.normal(0.4, scale[0], n_treated), rng.normal(0.0, scale[1], n_control)


@pytest.mark.parametrize(("seed", "sizes"), [(1, (4, 4)), (2, (9, 4)), (3, (20, 7))])
def test_it_is_scipys_welch_test(seed, sizes):
    treated, control = arms(seed, *sizes)
    ours = between_arms.welch_t(treated, control)
    theirs = stats.ttest_ind(treated, control, equal_var=False)
    assert ours.estimate == pytest.approx(treated.mean() - control.mean(), rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert ours.df == pytest.approx(theirs.df, rel=1e-12)
    assert ours.interval(0.1) == pytest.approx(tuple(theirs.confidence_interval(0.9)), rel=1e-10)
    above = stats.ttest_ind(treated, control, equal_var=False, alternative="greater")
    assert ours.p_above(0.0) == pytest.approx(above.pvalue, rel=1e-10)


def test_exchanged_arms_turn_the_sign():
    treated, control = arms(4, 6, 8)
    there, back = between_arms.welch_t(treated, control), between_arms.welch_t(control, treated)
    assert (back.estimate, back.se, back.df) == pytest.approx((-there.estimate, there.se, there.df))


def test_no_spread_and_one_donor_say_so():
    alike = between_arms.welch_t([0.5, 0.5, 0.5], [0.1, 0.1])
    assert alike.se == 0
    assert alike.no_spread
    assert between_arms.welch_t([0.5, 0.7], [0.1]).no_spread
    # one arm without spread leaves that of the other
    assert between_arms.welch_t([0.5, 0.7, 0.1], [0.1, 0.1]).df == pytest.approx(2)


@pytest.mark.parametrize("bad", [([], [1.0, 2.0]), ([1.0, np.nan], [1.0, 2.0])])
def test_missing_changes_are_refused(bad):
    with pytest.raises(ValueError, match="one finite difference per donor"):
        between_arms.welch_t(*bad)


def of(values, *, floor, ceiling, n_sd=0):
    n = len(values)
    paired = Pairs(tuple(f"D{i}" for i in range(n)))
    return Change(paired, np.asarray(values), np.full(n, floor), np.full(n, ceiling), "", n_sd)


def test_cells_of_both_arms_limit_what_can_be_shown():
    treated = of([-3.0, -2.0], floor=-4.0, ceiling=9.0)
    # a fall of the controls by 1 leaves 3 of the 4 that the treated can show; they can rise by at most 1.5
    control = of([-1.0, -1.0], floor=-8.0, ceiling=1.5)
    assert between_arms.difference_reach(treated, control) == pytest.approx((-3.0, 5.5))
    control = of([-1.0, -1.0], floor=-8.0, ceiling=0.0)
    assert between_arms.difference_reach(treated, control)[0] == pytest.approx(-2.5)


def test_programmes_hold_what_their_unit_is_uncertain_of():
    treated, control = (part for part in arms(5, 8, 8))
    with_unit = between_arms.difference_t(
        of(treated + 3, floor=-np.inf, ceiling=np.inf, n_sd=8),
        of(control, floor=-np.inf, ceiling=np.inf, n_sd=8),
    )
    plain = between_arms.welch_t(treated + 3, control)
    # no change needs no unit, its size does
    assert with_unit.p_value == pytest.approx(plain.p_value, rel=1e-8)
    assert np.ptp(with_unit.interval()) > 1.5 * np.ptp(plain.interval())


def test_the_fewest_donors_are_the_first_whose_exchange_can_reach_the_level():
    def best(n):
        low, high = np.arange(n, dtype=float), 100 + np.arange(n, dtype=float)
        return stats.mannwhitneyu(low, high, method="exact").pvalue

    n = between_arms.MIN_PER_ARM
    assert best(n - 1) > 0.05 >= best(n)
    assert between_arms.too_few_in_arm(n, n, n) == ""
    assert "3 control donors" in between_arms.too_few_in_arm(n, 3, n)
