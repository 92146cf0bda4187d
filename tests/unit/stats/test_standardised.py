"""Changes in baseline SDs against direct integration, against Student's t at no change, and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from benchmark import calibration_standardised
from cd20scope.stats.paired_tests import paired_t
from cd20scope.stats.standardised import StandardisedT, standardised_t, tail


@pytest.mark.parametrize("null", [-2.5, -0.5, 0.01, 0.2, 0.5, 1.0, 3.0])
@pytest.mark.parametrize(("estimate", "se"), [(0.1, 0.15), (1.0, 0.3), (-3.0, 0.02), (0.8, 1.2)])
def test_tail_is_the_double_integral(null, estimate, se):
    df, k = 7, 9

    def inside(w):
        return stats.chi2.pdf(w, k) * stats.t.cdf((null / np.sqrt(w / k) - estimate) / se, df)

    # the step of a small standard error lies where null = estimate sqrt(w / k)
    step = k * (null / estimate) ** 2
    value, _ = integrate.quad(inside, 0, 200, points=sorted({min(step, 190.0), 5.0, 20.0}), limit=500)
    assert tail(null, estimate, se, df=df, df_scale=k) == pytest.approx(value, abs=1e-7)


@pytest.mark.parametrize("k", [9, 13, 14, 60])
@pytest.mark.parametrize("null", [-1.0, 0.2, 0.8])
def test_the_points_over_the_scale_are_enough(k, null):
    estimate, se, df = 0.9, 0.5, 11

    def inside(w):
        return stats.chi2.pdf(w, k) * stats.t.cdf((null / np.sqrt(w / k) - estimate) / se, df)

    value, _ = integrate.quad(
        inside, 0, 12 * k, points=[k / 2, k, 2 * k], limit=500, epsabs=1e-13, epsrel=1e-12
    )
    assert tail(null, estimate, se, df=df, df_scale=k) == pytest.approx(value, abs=1e-11)


@given(st.integers(2, 20), st.integers(0, 10_000))
def test_against_no_change_it_is_the_paired_t(n, seed):
    d = np.random.default_rng(seed).normal(0.4, 1, n)
    t, plain = standardised_t(d, sd=2.5, n_sd=n + 2), paired_t(d)
    assert t.p_value == pytest.approx(plain.p_value, rel=1e-9)
    assert t.p_above() == pytest.approx(plain.p_above(), rel=1e-9)
    # and the integral agrees with the closed form it has there
    whole = tail(0.0, t.estimate, t.se, df=t.df, df_scale=t.df_scale)
    assert whole == pytest.approx(plain.p_above(), abs=1e-9)
    assert t.estimate == pytest.approx(plain.estimate / 2.5)


@given(st.integers(6, 20), st.integers(0, 10_000), st.floats(0.001, 0.3), st.floats(-3, 3))
def test_limits_and_p_values_agree_at_every_level(n, seed, alpha, null):
    d = np.random.default_rng(seed).normal(0.8, 0.5, n)
    t = standardised_t(d, sd=1.1, n_sd=n)
    if abs(t.p_above(null) - alpha) > 1e-6:
        assert (t.p_above(null) <= alpha) == (t.lower(alpha) > null)
    if abs(t.p_below(null) - alpha) > 1e-6:
        assert (t.p_below(null) <= alpha) == (t.upper(alpha) < null)
    assert t.flipped().upper(alpha) == pytest.approx(-t.lower(alpha))


def test_the_bias_is_that_of_hedges():
    t = StandardisedT(8, 1.0, 0.1, 7, 7)
    assert t.bias == pytest.approx(1 / (1 - 3 / (4 * 7 - 1)), rel=5e-3)  # Hedges' approximation
    sd = np.random.default_rng(1).normal(size=(200_000, 8)).std(axis=1, ddof=1)
    assert t.bias == pytest.approx((1 / sd).mean(), rel=5e-3)


def test_a_known_divisor_is_the_limit():
    d = np.random.default_rng(2).normal(1, 0.5, 9)
    assert standardised_t(d, sd=1.0, n_sd=10**6).interval(0.05) == pytest.approx(
        paired_t(d).interval(0.05), abs=2e-3
    )


def test_the_interval_widens_with_the_effect():
    widths = [np.diff(StandardisedT(8, m, 0.1, 7, 7).interval())[0] for m in (0.0, 1.0, 3.0)]
    assert widths[0] == pytest.approx(2 * stats.t.isf(0.025, 7) * 0.1, rel=0.15)
    assert widths[2] > 4 * widths[0]


@pytest.mark.parametrize(("sd", "n"), [(0.0, 8), (-1.0, 8), (float("nan"), 8), (1.0, 1)])
def test_no_spread_at_baseline_is_refused(sd, n):
    with pytest.raises(ValueError, match="spread of at least 2 donors at baseline"):
        standardised_t([0.1, 0.2], sd=sd, n_sd=n)


@pytest.mark.parametrize("visit_sd", [0.15, 0.35])
@pytest.mark.parametrize("n", [6, 20])
def test_coverage_by_simulation(n, visit_sd):
    table = calibration_standardised.coverage(cohorts=3000, donors=(n,), visit_sds=(visit_sd,))
    assert table["coverage"].between(0.93, 0.97).all()
    # a known divisor is what was assumed before: it must show up as the fault it is
    assert table.loc[table["change"] == 3, "divisor known"].max() < 0.75


def test_equivalence_at_its_margin():
    table = calibration_standardised.equivalence(cohorts=4000, donors=(8,), visit_sds=(0.15, 0.35))
    assert (table["called same"] <= 0.06).all()
