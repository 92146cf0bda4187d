"""Every decision rule by hand-made cases; families against statsmodels; error rates by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from cd20scope import schema
from cd20scope.stats import multiplicity, paired_tests
from cd20scope.verdict import rules

LOG12 = np.log(1.2)


def t(estimate, se=0.1, n=8):
    return paired_tests.PairedT(n=n, estimate=estimate, se=se, df=n - 1)


# At level 0.05 and 7 degrees of freedom: two-sided t 2.365, one-sided 1.895.
@pytest.mark.parametrize(
    ("estimate", "expected", "reason"),
    [
        (0.50, "supported", "lies wholly beyond the margin"),
        (0.30, "supported", "the estimate reaches the margin"),
        (-0.30, "contradicted", "other direction"),
        (-0.05, "not supported", "as large as the margin is excluded"),
        (0.10, "inconclusive", "does not exclude the margin"),
    ],
)
def test_plain_claims(estimate, expected, reason):
    result = rules.decide(t(estimate), delta=LOG12, level=0.05, strong=False)
    assert result.verdict == expected
    assert reason in result.reason


def test_a_certain_change_below_the_margin_is_not_support():
    assert rules.decide(t(0.10, 0.02), delta=LOG12, level=0.05, strong=False) == rules.Verdict(
        "not supported",
        "the change is in the stated direction, but an effect as large as the margin is excluded at level 0.05",
    )
    result = rules.decide(t(0.15, 0.05), delta=LOG12, level=0.05, strong=False)
    assert result.verdict == "inconclusive"
    assert "the estimate does not reach" in result.reason


@pytest.mark.parametrize(
    ("estimate", "se", "ceiling", "expected", "reason"),
    [
        (2.5, 0.2, 4.0, "supported", "beyond the margin"),
        (1.7, 0.2, 4.0, "inconclusive", "the limit does not reach"),
        (1.0, 0.2, 4.0, "not supported", "the change is in the stated direction, but"),
        (0.1, 0.2, 4.0, "not supported", "excluded"),
        (0.5, 2.0, 4.0, "inconclusive", "includes zero"),
        (-0.6, 0.2, 4.0, "contradicted", "other direction"),
        (2.5, 0.2, 1.5, "inconclusive", "detection limit"),
        (1.0, 0.2, 0.5, "inconclusive", "detection limit"),
        (0.1, 0.2, 0.5, "not supported", "excluded"),
    ],
)
def test_strong_claims(estimate, se, ceiling, expected, reason):
    result = rules.decide(t(estimate, se), delta=np.log(5), level=0.05, strong=True, ceiling=ceiling)
    assert result.verdict == expected
    assert reason in result.reason


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.001, 0.2), st.floats(0.05, 2), st.booleans())
def test_support_needs_the_p_value_and_the_level_agrees_with_it(estimate, se, level, delta, strong):
    effect = t(estimate, se)
    p = rules.p_for_support(effect, delta=delta, strong=strong)
    decided = rules.decide(effect, delta=delta, level=level, strong=strong).verdict
    if strong:
        assert (decided == "supported") == (p < level) or p == pytest.approx(level)
    else:
        assert (decided == "supported") == (p < level and estimate >= delta) or p == pytest.approx(level)
    assert decided in schema.VERDICTS


def test_p_values_of_claims():
    assert rules.p_for_support(t(0.3), delta=LOG12, strong=False) == pytest.approx(2 * stats.t.sf(3, 7))
    strong = rules.p_for_support(t(2.0, 0.2), delta=np.log(5), strong=True, ceiling=3.0)
    assert strong == pytest.approx(stats.t.sf((2 - np.log(5)) / 0.2, 7))
    assert rules.p_for_support(t(2.0, 0.2), delta=np.log(5), strong=True, ceiling=1.6) == 1


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_false_discovery_levels_agree_with_the_adjusted_p_values(alpha):
    rng = np.random.default_rng(4)
    for size in (1, 2, 5, 40):
        p = rng.random(size) ** 4
        result = multiplicity.false_discovery(p, alpha=alpha)
        rejected, adjusted, *_ = multipletests(p, alpha=alpha, method="fdr_bh")
        assert result.p_adjusted.tolist() == pytest.approx(adjusted.tolist())
        assert ((p <= result.level) == rejected).all()
    assert multiplicity.false_discovery([], alpha=0.05).level.shape == (0,)


@pytest.mark.parametrize(
    ("estimate", "se", "floor", "expected", "reason"),
    [
        (0.01, 0.05, -9.0, "supported", "either way, is excluded"),
        (0.08, 0.03, -9.0, "supported", "either way, is excluded"),
        (0.30, 0.1, -9.0, "contradicted", "the estimate reaches the margin"),
        (-0.30, 0.1, -9.0, "contradicted", "the estimate reaches the margin"),
        (0.0, 0.3, -9.0, "inconclusive", "is not excluded"),
        (0.15, 0.05, -9.0, "inconclusive", "is not excluded"),
        (0.01, 0.05, -0.1, "inconclusive", "detection limit"),
    ],
)
def test_claims_of_no_change(estimate, se, floor, expected, reason):
    result = rules.decide_equivalence(t(estimate, se), delta=LOG12, level=0.05, floor=floor)
    assert result.verdict == expected
    assert reason in result.reason


def test_no_change_needs_cells_that_could_show_a_rise_as_well():
    reach = {"floor": -9.0, "ceiling": 0.1}
    result = rules.decide_equivalence(t(0.01, 0.05), delta=LOG12, level=0.05, **reach)
    assert result.verdict == "inconclusive"
    assert "detection limit" in result.reason


def test_equivalence_is_two_one_sided_tests():
    d = np.random.default_rng(5).normal(0.05, 0.2, 9)
    p, *_ = ttost_paired(d, np.zeros(9), -LOG12, LOG12)
    assert rules.p_for_equivalence(paired_tests.paired_t(d), delta=LOG12) == pytest.approx(p)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.001, 0.2), st.floats(0.05, 2))
def test_a_change_and_its_absence_are_never_both_supported(estimate, se, level, delta):
    effect = t(estimate, se)
    same = rules.decide_equivalence(effect, delta=delta, level=level).verdict
    changes = [
        rules.decide(side, delta=delta, level=level, strong=False).verdict
        for side in (effect, effect.flipped())
    ]
    assert not (same == "supported" and "supported" in changes)
    assert ("supported" in changes) == (same == "contradicted")
    p = rules.p_for_equivalence(effect, delta=delta)
    assert (same == "supported") == (p < level) or p == pytest.approx(level) or same == "contradicted"


def test_no_effect_is_rarely_supported():
    """4,000 unchanged shares of 8 donors; the claim of a rise may be made in at most 2.5 % (three SEs of 0.0025)."""
    d = np.random.default_rng(12).normal(0, 0.4, (4000, 8))
    decided = [
        rules.decide(paired_tests.paired_t(row), delta=LOG12, level=0.05, strong=False).verdict for row in d
    ]
    assert np.mean([one == "supported" for one in decided]) < 0.025 + 0.0075


def test_a_fall_at_the_margin_is_rarely_claimed():
    """4,000 cohorts whose true fall is exactly 80 %; the claim of at least 80 % is wrong at its boundary in 5 %."""
    d = np.random.default_rng(13).normal(-np.log(5), 0.5, (4000, 8))
    decided = [
        rules.decide(paired_tests.paired_t(-row), delta=np.log(5), level=0.05, strong=True).verdict
        for row in d
    ]
    assert abs(np.mean([one == "supported" for one in decided]) - 0.05) < 0.0105
