"""Tests beside covariates, against the closed form of least squares, scipy's regression and plain t."""

import numpy as np
import pytest
from scipy import stats
from verdict_cases import CONTRASTS, change, hypothesis

from cd20scope.stats.covariates import Covariates, covariate_t, too_few_beside
from cd20scope.stats.paired_tests import paired_t
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.table import tabulate


def cohort(n=12, k=2, *, slope=0.5, seed=1):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(50, 12, n), rng.integers(0, 2, n).astype(float)])[:, :k]
    return 0.3 + slope * (x[:, 0] - x[:, 0].mean()) / 12 + rng.normal(0, 0.3, n), x


def made(x, *, turns=False):
    return Covariates(
        tuple(f"c{j}" for j in range(x.shape[1])), np.asarray(x, dtype=float), np.full(x.shape[1], turns)
    )


def by_hand(d, x):
    """Normal equations."""
    X = np.column_stack([np.ones(len(d)), x - x.mean(axis=0)])
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ d
    df = len(d) - X.shape[1]
    s2 = float(((d - X @ beta) ** 2).sum()) / df
    return beta[0], np.sqrt(s2 * inverse[0, 0]), df


def test_it_is_least_squares():
    d, x = cohort()
    ours = covariate_t(d, x)
    estimate, se, df = by_hand(d, x)
    assert (ours.estimate, ours.se, ours.df) == pytest.approx((estimate, se, df), rel=1e-10)


def test_one_covariate_is_scipys_regression_at_its_mean():
    d, x = cohort(k=1)
    theirs = stats.linregress(x[:, 0] - x[:, 0].mean(), d)
    ours = covariate_t(d, x)
    assert ours.estimate == pytest.approx(theirs.intercept, rel=1e-12)
    assert ours.se == pytest.approx(theirs.intercept_stderr, rel=1e-10)
    p = 2 * stats.t.sf(abs(theirs.intercept / theirs.intercept_stderr), len(d) - 2)
    assert ours.p_value == pytest.approx(p, rel=1e-10)


def test_covariates_move_the_spread_and_never_the_estimate():
    d, x = cohort()
    assert covariate_t(d, x).estimate == paired_t(d).estimate
    assert covariate_t(d, x).se < 0.8 * paired_t(d).se
    none = covariate_t(d, np.empty((len(d), 0)))
    assert (none.estimate, none.se, none.df) == pytest.approx(
        (paired_t(d).estimate, paired_t(d).se, len(d) - 1), rel=1e-12
    )


def test_collinear_and_constant_covariates_cost_nothing():
    d, x = cohort(k=1)
    once = covariate_t(d, x)
    again = covariate_t(d, np.column_stack([x, 3 - 2 * x[:, 0], np.full(len(d), 7.0)]))
    assert (again.se, again.df) == pytest.approx((once.se, once.df), rel=1e-9)


def test_it_holds_its_level_and_gains_power():
    """Unchanged on average, with an age that matters: .05 and three standard errors of 600 cohorts."""
    called = {"plain": 0, "beside": 0, "null": 0}
    for seed in range(600):
        d, x = cohort(10, 1, seed=seed)
        called["beside"] += covariate_t(d, x).p_value < 0.05
        called["plain"] += paired_t(d).p_value < 0.05
        called["null"] += covariate_t(d - 0.3, x).p_value < 0.05
    # of the donors drawn the mean is unchanged: what covariates explain is no error of it
    assert called["null"] / 600 <= 0.077
    assert called["beside"] / 600 > called["plain"] / 600 + 0.2


@pytest.mark.parametrize("bad", [np.full((12, 1), np.nan), np.zeros((11, 1)), np.eye(12)])
def test_what_cannot_be_fitted_is_refused(bad):
    d, _ = cohort()
    with pytest.raises(ValueError, match="covariate_t"):
        covariate_t(d, bad)


def test_each_covariate_costs_a_donor():
    _, x = cohort(7)
    assert too_few_beside(7, made(x), 6) == "7 complete pairs, 8 needed beside the covariates c0, c1"
    assert too_few_beside(8, made(cohort(8)[1]), 6) == ""
    assert too_few_beside(6, made(np.ones((6, 1))), 6) == ""
    assert too_few_beside(6, None, 6) == ""


def test_a_question_is_tested_beside_its_covariates():
    rng = np.random.default_rng(3)
    plain = change(0.3, 0.1, 8)
    beside = plain.beside(made(rng.normal(size=(8, 1))), {})
    entry = hypothesis("up")
    key = ("abundance", "Treg", "PBMC", "month6-baseline")
    ours = endpoint_of(entry).evaluate(entry, {key: beside}, min_pairs=6)
    assert ours.t.df == 6
    assert ours.t.se == pytest.approx(covariate_t(plain.values, beside.covariates.values).se)
    row = tabulate(decide_all([entry], {key: beside}), contrasts=CONTRASTS, alpha=0.05).iloc[0]
    assert ", beside c0; Holm" in row["test"]
    few = endpoint_of(entry).evaluate(
        entry, {key: plain.beside(made(rng.normal(size=(8, 3))), {})}, min_pairs=6
    )
    assert few.claim is None
    assert few.reason == "8 complete pairs, 9 needed beside the covariates c0, c1, c2"
    none_left = endpoint_of(entry).evaluate(
        entry, {key: plain.beside(made(rng.normal(size=(8, 7))), {})}, min_pairs=6
    )
    assert none_left.claim is None


def test_a_donor_without_a_covariate_leaves_with_the_reason():
    _, x = cohort(8)
    left = change(0.3, 0.1, 8).beside(made(x), {"D2": "no age"})
    assert "D2" not in left.paired.donors
    assert left.paired.dropped == {"D2": "no age", "D9": "no month6"}
    assert np.array_equal(left.covariates.values, np.delete(x, 2, axis=0))
    assert len(left.values) == 7


def test_exchanged_visits_turn_covariates_that_are_changes():
    x = np.arange(16.0).reshape(8, 2)
    both = Covariates(("age", "dose"), x, np.array([False, True]))
    signs = np.array([1.0, -1, 1, 1, -1, 1, 1, 1])
    flipped = change(0.3, 0.1, 8).beside(both, {}).flip(signs).covariates.values
    assert np.array_equal(flipped[:, 0], x[:, 0])
    assert np.array_equal(flipped[:, 1], x[:, 1] * signs)
