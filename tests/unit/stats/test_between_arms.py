"""Difference between two arms in their changes, against scipy and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from cd20scope.stats import between_arms
from cd20scope.stats.changes import Change
from cd20scope.stats.covariates import Covariates
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


def beside(seed, n_treated, n_control, k=2):
    """Changes of two arms with other variances that covariates move, and those covariates."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n_treated + n_control, k))
    arm = np.arange(len(x)) < n_treated
    x[:, 0] += arm  # the arms differ in it
    d = 0.5 * arm + x @ np.linspace(1, 2, k) + rng.normal(0, 1, len(x)) * np.where(arm, 0.8, 0.3)
    return d[arm], d[~arm], x


def fitted(treated, control, x):
    design = np.column_stack([np.ones(len(x)), np.arange(len(x)) < len(treated), x])
    return OLS(np.concatenate([treated, control]), design).fit(cov_type="HC2")


@pytest.mark.parametrize(("seed", "sizes"), [(1, (4, 4)), (2, (9, 4)), (3, (20, 7))])
def test_beside_covariates_it_is_least_squares_with_hc2(seed, sizes):
    treated, control, x = beside(seed, *sizes)
    ours, theirs = between_arms.welch_t_beside(treated, control, x), fitted(treated, control, x)
    assert ours.estimate == pytest.approx(theirs.params[1], rel=1e-10)
    assert ours.se == pytest.approx(theirs.bse[1], rel=1e-10)
    assert ours.n == sum(sizes)
    # the covariate that differs between the arms would be taken for treatment
    assert abs(treated.mean() - control.mean() - ours.estimate) > 0.3


def test_its_degrees_of_freedom_are_those_of_its_variance():
    """The quadratic form of the variance, found by statsmodels alone on one donor or two of error 1."""
    treated, control, x = beside(4, 6, 5)
    n, arm = len(x), np.arange(len(x)) < len(treated)

    def variance(d):
        return fitted(d[arm], d[~arm], x).bse[1] ** 2

    unit = np.eye(n)
    single = np.array([variance(unit[i]) for i in range(n)])
    form = (
        np.array([[variance(unit[i] + unit[j]) - single[i] - single[j] for j in range(n)] for i in range(n)])
        / 2
    )
    fit = fitted(treated, control, x)
    free = 1 - fit.get_influence().hat_matrix_diag
    spread = np.where(
        arm, (fit.resid[arm] ** 2).sum() / free[arm].sum(), (fit.resid[~arm] ** 2).sum() / free[~arm].sum()
    )
    scaled = form * spread
    df = np.trace(scaled) ** 2 / np.trace(scaled @ scaled)
    assert between_arms.welch_t_beside(treated, control, x).df == pytest.approx(df, rel=1e-6)


def test_without_covariates_se_and_degrees_of_freedom_are_welchs():
    treated, control = arms(6, 9, 5)
    arm = np.arange(14) < 9
    residuals = np.concatenate([treated - treated.mean(), control - control.mean()])
    se, df = between_arms._hc2(np.column_stack([np.ones(14), arm]), residuals, arm)
    welch = between_arms.welch_t(treated, control)
    assert (se, df) == pytest.approx((welch.se, welch.df), rel=1e-10)
    constant = between_arms.welch_t_beside(treated, control, np.ones((14, 1)))
    assert (constant.se, constant.df) == (welch.se, welch.df)


def test_a_covariate_of_one_donor_takes_that_donor_out():
    treated, control = arms(7, 6, 6)
    alone = (np.arange(12) == 2).astype(float)[:, None]
    ours = between_arms.welch_t_beside(treated, control, alone)
    rest = between_arms.welch_t(np.delete(treated, 2), control)
    assert (ours.estimate, ours.se, ours.df) == pytest.approx((rest.estimate, rest.se, rest.df), rel=1e-9)


def test_covariates_that_explain_all_or_are_the_arm():
    x = np.arange(9.0)[:, None]
    arm = np.arange(9) < 5
    d = 0.5 * arm + 2 * x[:, 0]
    assert between_arms.welch_t_beside(d[arm], d[~arm], x).no_spread
    with pytest.raises(ValueError, match="cannot tell the arm from covariates"):
        between_arms.welch_t_beside(*arms(8, 5, 4), arm[:, None].astype(float))
    with pytest.raises(ValueError, match="one finite row per donor"):
        between_arms.welch_t_beside(*arms(8, 5, 4), x[:4])


def with_covariates(values, x, **of_cells):
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    made = of(values, **of_cells)
    return replace(made, covariates=Covariates(names, x, np.zeros(x.shape[1], dtype=bool)))


def test_changes_are_compared_beside_their_covariates():
    treated, control, x = beside(9, 7, 6)
    cells = {"floor": -5.0, "ceiling": 5.0}
    pair = with_covariates(treated, x[:7], **cells), with_covariates(control, x[7:], **cells)
    assert between_arms.rank_beside(*pair) == 2
    t = between_arms.difference_t(*pair)
    assert t.se == pytest.approx(fitted(treated, control, x).bse[1], rel=1e-10)
    # what the covariates move the difference by, they move its limits by
    raw = between_arms.difference_reach(of(treated, **cells), of(control, **cells))
    moved = t.estimate - (treated.mean() - control.mean())
    assert between_arms.difference_reach(*pair) == pytest.approx((raw[0] + moved, raw[1] + moved))


def test_covariates_cost_donors_and_cannot_be_the_arm():
    treated, control, x = beside(10, 4, 4)
    cells = {"floor": -5.0, "ceiling": 5.0}
    pair = with_covariates(treated, x[:4], **cells), with_covariates(control, x[4:], **cells)
    why = between_arms.why_not_compared(*pair, 4)
    assert why == "8 donors with both visits in the two arms, 10 needed beside covariates with 2 columns"
    assert between_arms.why_not_compared(*pair, 3) == ""
    arm = np.array([[1.0]] * 4), np.array([[0.0]] * 4)
    pair = with_covariates(treated, arm[0], **cells), with_covariates(control, arm[1], **cells)
    assert "(x0) cannot be told from the arm" in between_arms.why_not_compared(*pair, 3)


def test_the_fewest_donors_are_the_first_whose_exchange_can_reach_the_level():
    def best(n):
        low, high = np.arange(n, dtype=float), 100 + np.arange(n, dtype=float)
        return stats.mannwhitneyu(low, high, method="exact").pvalue

    n = between_arms.MIN_PER_ARM
    assert best(n - 1) > 0.05 >= best(n)
    assert between_arms.too_few_in_arm(n, n, n) == ""
    assert "3 control donors" in between_arms.too_few_in_arm(n, 3, n)
