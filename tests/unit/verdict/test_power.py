"""The smallest effect that a cohort could have shown has the power it states: by simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from cd20scope.stats import paired_tests
from cd20scope.verdict import evidence
from cd20scope.verdict.claim import AnyClaim
from cd20scope.verdict.endpoints.order import Order
from cd20scope.verdict.power import smallest_effect, smallest_effect_range
from cd20scope.verdict.rules import Verdict

SE, N, LEVEL = 0.2, 8, 0.01


def claim(t, **options):
    return evidence.Claim(t=t, floor=-np.inf, ceiling=np.inf, **{"strong": False, "same": False} | options)


def power(effect, *, decide, size=20_000):
    """Share of simulated cohorts that are supported when this is the true effect."""
    d = np.random.default_rng(1).normal(effect, SE * np.sqrt(N), (size, N))
    return np.mean([decide(paired_tests.paired_t(row)).verdict == "supported" for row in d])


@pytest.mark.parametrize(
    "kind",
    [{"delta": 0.1}, {"delta": 1.2}, {"delta": np.log(5), "strong": True}, {"delta": 2.0, "same": True}],
    ids=["plain", "plain, large margin", "strong", "no change"],
)
def test_power_of_claims(kind):
    own = claim(paired_tests.PairedT(N, 0.0, SE, N - 1), **kind)
    effect = smallest_effect(own, level=LEVEL)
    if kind.get("same"):
        found = power(0.0, decide=lambda t: claim(t, **kind | {"delta": effect}).decide(LEVEL))
    else:
        found = power(effect, decide=lambda t: claim(t, **kind).decide(LEVEL))
    # five standard errors of a rate of 0.8 over 20,000 cohorts
    assert found == pytest.approx(0.8, abs=0.015)


def test_without_a_margin_the_smallest_effect_is_that_of_statsmodels():
    effect = smallest_effect(claim(paired_tests.PairedT(N, 0.0, SE, N - 1), delta=0.0), level=LEVEL)
    size = TTestPower().solve_power(nobs=N, alpha=LEVEL, power=0.8, alternative="two-sided")
    assert effect / (SE * np.sqrt(N)) == pytest.approx(float(np.squeeze(size)), rel=1e-3)


def test_power_of_the_change_of_a_biphasic_claim():
    fell, later = paired_tests.PairedT(N, -5.0, 0.05, N - 1), paired_tests.PairedT(N, 5.0, 0.05, N - 1)

    def waves(t):
        return Order(fell, -9.0, fell, -9.0, t, later, fall=5.0, delta=0.1)

    effect = smallest_effect(waves(paired_tests.PairedT(N, 0.0, SE, N - 1)), level=LEVEL)
    assert power(effect, decide=lambda t: waves(t).decide(LEVEL)) == pytest.approx(0.8, abs=0.015)


class Twice(AnyClaim):
    """A claim of another kind: twice the interval of a one-sided test must be above none."""

    same = False

    def __init__(self, t):
        self.t = t

    @property
    def shown(self):
        return self.t

    @property
    def p_value(self):
        return self.t.p_above(0.0)

    def decide(self, level):
        called = self.t.estimate >= self.needed(np.array(self.t.se), self.t.df, level)
        return Verdict("supported" if called else "inconclusive", "")

    def needed(self, se, df, level):
        return 2 * stats.t.isf(level, df) * se


def test_a_claim_of_another_kind_brings_its_own_power():
    effect = smallest_effect(Twice(paired_tests.PairedT(N, 0.0, SE, N - 1)), level=LEVEL)
    assert power(effect, decide=lambda t: Twice(t).decide(LEVEL)) == pytest.approx(0.8, abs=0.015)


def test_more_power_asks_for_more_and_other_tests_have_none():
    own = claim(paired_tests.PairedT(N, 0.0, SE, N - 1), delta=0.1)
    assert smallest_effect(own, level=LEVEL, power=0.9) > smallest_effect(own, level=LEVEL)
    assert np.isnan(smallest_effect(claim(paired_tests.PairedT(1, 0.0, np.nan, 0), delta=0.1), level=LEVEL))


def test_what_the_cells_cannot_show_has_no_smallest_effect():
    t = paired_tests.PairedT(N, 0.0, SE, N - 1)
    strong = {"t": t, "delta": np.log(5), "strong": True, "same": False, "floor": -9.0}
    assert np.isnan(smallest_effect(evidence.Claim(**strong, ceiling=np.log(5)), level=LEVEL))
    assert smallest_effect(evidence.Claim(**strong, ceiling=4.0), level=LEVEL) > np.log(5)
    same = {"t": t, "delta": 2.0, "strong": False, "same": True}
    margin = smallest_effect(evidence.Claim(**same, floor=-9.0, ceiling=9.0), level=LEVEL)
    for reach in ({"floor": 0.01 - margin, "ceiling": 9.0}, {"floor": -9.0, "ceiling": margin - 0.01}):
        assert np.isnan(smallest_effect(evidence.Claim(**same, **reach), level=LEVEL))


@pytest.mark.parametrize(
    "kind",
    [{"delta": 0.2}, {"delta": np.log(5), "strong": True}, {"delta": 2.0, "same": True}],
    ids=["plain", "strong", "no change"],
)
def test_the_range_holds_the_true_smallest_effect(kind):
    rng, held = np.random.default_rng(8), 0
    truth = smallest_effect(claim(paired_tests.PairedT(N, 0.0, SE, N - 1), **kind), level=LEVEL)
    for _ in range(150):
        t = paired_tests.paired_t(rng.normal(0, SE * np.sqrt(N), N))
        low, high = smallest_effect_range(claim(t, **kind), level=LEVEL)
        assert low < high
        held += low <= truth <= high
    # 0.8 and three standard errors of 150 draws
    assert 0.7 <= held / 150 <= 0.9
