"""Whether steroids can be told from an effect, against a regression and by simulation."""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from cd20scope.stats.paired_tests import adjusted_t
from cd20scope.verdict.steroid import steroid_reach


def test_the_inflation_is_that_of_the_intercept():
    g = np.random.default_rng(1).normal(0.5, 0.6, 9)
    fit = OLS(np.zeros(9) + np.arange(9.0), np.column_stack([np.ones(9), g])).fit()
    expected = fit.bse[0] / np.sqrt(fit.mse_resid / 9)
    assert steroid_reach(g).inflation == pytest.approx(expected)


def test_a_score_that_did_not_move_needs_no_caution():
    found = steroid_reach([0.3, -0.4, 0.1, -0.2, 0.25, -0.1])
    assert not found.moved
    assert found.askable
    assert found.caution == ""


def test_a_score_that_moved_alike_cannot_be_told():
    found = steroid_reach([1.0, 1.1, 0.9, 1.05, 0.95, 1.0])
    assert found.moved
    assert not found.askable
    assert found.caution.startswith("possible steroid effect")
    assert "+1.00 SD" in found.caution
    same = steroid_reach([1.0] * 6)
    assert same.moved
    assert not same.askable


def test_a_score_that_moved_in_some_can_be_told():
    found = steroid_reach([2.0, 0.1, 1.8, -0.1, 1.9, 0.2, 2.1, 0.1])
    assert found.moved
    assert found.askable
    assert found.caution == ""


def test_what_is_not_asked_would_have_been_lost():
    """True effects beside steroids that shift all donors alike: the adjusted arm loses nearly all of them."""
    rng = np.random.default_rng(2)
    lost = asked = 0
    for _ in range(300):
        g, d = rng.normal(1, 0.2, 8), rng.normal(1, 0.35, 8)
        found = steroid_reach(g)
        asked += found.askable
        lost += adjusted_t(d, g).p_value > 0.05
    assert asked == 0
    assert lost > 200


def test_too_few_donors_are_refused():
    with pytest.raises(ValueError, match="at least three donors, found 2"):
        steroid_reach([1.0, 2.0])
