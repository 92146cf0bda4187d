"""The mixed model against closed forms of balanced visits, a likelihood written out, and with donors who leave."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from benchmark import calibration_dropout
from cd20scope.stats.mixed_model import mixed_change
from cd20scope.stats.paired_tests import paired_t

VISITS = ("baseline", "week2", "month6")
CONTRAST = ("month6", "baseline")


def tidy(y):
    return pd.DataFrame(
        [(f"D{i:02d}", VISITS[v], y[i, v]) for i in range(y.shape[0]) for v in range(y.shape[1])],
        columns=["donor", "visit", "value"],
    )


def scores(n=8, visits=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.3, (n, visits)) + np.array([0, 0.2, 0.5])[:visits]


@pytest.mark.parametrize("n", [6, 8, 15])
def test_two_complete_visits_are_the_paired_t(n):
    y = scores(n)[:, [0, 2]]
    table = tidy(y).replace({"week2": "month6"})
    found, plain = mixed_change(table, CONTRAST), paired_t(y[:, 1] - y[:, 0])
    assert found.t.estimate == pytest.approx(plain.estimate)
    assert found.t.se == pytest.approx(plain.se, rel=1e-4)
    assert found.t.df == plain.df
    assert found.n_complete == n
    assert found.dropout == ""


@pytest.mark.parametrize("n", [6, 12])
def test_three_complete_visits_are_the_two_way_analysis_of_variance(n):
    y = scores(n, seed=n)
    found = mixed_change(tidy(y), CONTRAST)
    residual = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean()
    variance = (residual**2).sum() / ((n - 1) * 2)
    assert found.t.estimate == pytest.approx((y[:, 2] - y[:, 0]).mean())
    assert found.t.se == pytest.approx(np.sqrt(2 * variance / n), rel=1e-4)
    assert found.t.df == (n - 1) * 2


def test_missing_visits_give_the_restricted_likelihood_written_out():
    table = tidy(scores(12, seed=4)).drop([2, 5, 12, 21])
    found = mixed_change(table, CONTRAST)
    y = table["value"].to_numpy()
    z = pd.get_dummies(table["donor"]).to_numpy(dtype=float)
    x = np.column_stack([(table["visit"] == visit).to_numpy(dtype=float) for visit in VISITS])

    def parts(log_ratio):
        v = np.eye(len(y)) + np.exp(log_ratio) * z @ z.T
        w = np.linalg.inv(v)
        a = x.T @ w @ x
        beta = np.linalg.solve(a, x.T @ w @ y)
        s2 = (y - x @ beta) @ w @ (y - x @ beta) / (len(y) - 3)
        minus = (len(y) - 3) * np.log(s2) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(a)[1]
        return minus, beta, s2 * np.linalg.inv(a)

    best = optimize.minimize_scalar(lambda r: parts(r)[0], bounds=(-8, 8), method="bounded").x
    _, beta, covariance = parts(best)
    c = np.array([-1.0, 0.0, 1.0])
    assert found.t.estimate == pytest.approx(c @ beta, abs=1e-4)
    assert found.t.se == pytest.approx(np.sqrt(c @ covariance @ c), rel=1e-3)
    assert found.n_complete == 8
    assert found.t.n == 12
    assert found.dropout == "D00: no month6; D01: no month6; D04: no baseline; D07: no baseline"


def test_order_of_rows_and_scale_change_nothing():
    table = tidy(scores(9, seed=2)).drop([2])
    one = mixed_change(table, CONTRAST).t
    other = mixed_change(
        table.sample(frac=1, random_state=1).assign(value=lambda t: 1000 * t["value"]), CONTRAST
    ).t
    assert other.estimate == pytest.approx(1000 * one.estimate, rel=1e-4)
    assert other.se == pytest.approx(1000 * one.se, rel=1e-3)


def test_donors_that_do_not_differ_are_fitted():
    """The variance between donors is 0 there, at the edge of what it can be."""
    rng = np.random.default_rng(3)
    fits = 0
    for _ in range(30):
        y = rng.normal(0, 1, (8, 3))
        y -= 0.8 * y.mean(axis=1, keepdims=True)  # visits of a donor are less alike than those of others
        found = mixed_change(tidy(y), CONTRAST)
        fits += found.t is not None
        if found.t is not None:
            assert found.t.se > 0
    assert fits == 30


@pytest.mark.parametrize("n", [2, 5])
def test_few_donors_are_typed(n):
    found = mixed_change(tidy(scores(n)), CONTRAST)
    assert found.t is None
    assert found.reason == f"{n} donors with month6 and baseline, 6 needed"


def test_values_without_spread_are_typed():
    found = mixed_change(tidy(np.ones((8, 3))), CONTRAST)
    assert found.t is None
    assert "no spread" in found.reason


def test_a_visit_that_nobody_has_is_typed():
    table = tidy(scores(8)[:, :2])
    found = mixed_change(table, CONTRAST)
    assert found.t is None
    assert found.reason.startswith("0 donors with month6")
    assert found.dropout.count("no month6") == 8


def test_two_values_of_a_visit_are_refused():
    table = tidy(scores(8))
    with pytest.raises(ValueError, match="donor D00 has more than one value at baseline"):
        mixed_change(pd.concat([table, table.iloc[[0]]]), CONTRAST)


def test_leaving_after_a_visible_change_misleads_completers_only():
    table = calibration_dropout.tabulate(cohorts=100, donors=(20,)).set_index("depends")
    assert table.loc[True, "completers"] > 0.08
    # 0.05 and three standard errors of 100 cohorts
    assert table["mixed model"].max() <= 0.115
    assert table["no fit"].max() == 0


def test_sixty_donors_run():
    found = mixed_change(tidy(scores(60, seed=9)), CONTRAST)
    assert found.t.p_value == pytest.approx(
        stats.ttest_rel(scores(60, seed=9)[:, 2], scores(60, seed=9)[:, 0]).pvalue, abs=1e-3
    )
