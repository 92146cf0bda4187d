"""Pairing is shown on small sheets; the paired t-test is held against scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cd20scope.stats import multiplicity, paired_tests, pairs

WEEK2 = ("week2", "baseline")

differences = hnp.arrays(float, st.integers(2, 20), elements=st.floats(-5, 5)).filter(
    lambda d: d.std() > 1e-3
)


def sheet(*rows: str) -> pd.DataFrame:
    return pd.DataFrame([row.split() for row in rows], columns=["donor", "visit"])


def test_donors_without_both_visits_are_dropped_with_the_reason():
    paired = pairs.pair(
        sheet("D2 baseline", "D2 week2", "D1 baseline", "D1 week2", "D3 baseline", "D4 month6"), WEEK2
    )
    assert paired.donors == ("D1", "D2")
    assert paired.dropped == {"D3": "no week2", "D4": "no week2, no baseline"}
    assert paired.dropped_text == "D3: no week2; D4: no week2, no baseline"
    assert len(paired) == 2


def test_a_visit_that_cannot_be_used_drops_the_donor_unless_a_second_sample_can():
    table = sheet("D1 baseline", "D1 week2", "D2 baseline", "D2 week2", "D2 week2")
    table["unusable"] = ["", "only 3 cells", None, "only 4 cells", ""]
    paired = pairs.pair(table, WEEK2)
    assert paired.donors == ("D2",)
    assert paired.dropped == {"D1": "week2 has only 3 cells"}


def test_controls_are_never_paired_with_the_treated():
    table = sheet("D2 baseline", "D2 week2", "D1 baseline", "D1 week2", "D3 baseline")
    # an empty cell of a table that was read again is missing
    table["control"] = ["placebo", "placebo", None, "", "healthy"]
    paired = pairs.pair(table, WEEK2)
    assert paired.donors == ("D1",)
    assert paired.dropped == {"D2": "control arm (placebo)", "D3": "control arm (healthy)"}
    assert set(pairs.of_treated(table)["donor"]) == {"D1"}
    controls = pairs.pair(pairs.of_control(table), WEEK2)
    assert controls.donors == ("D2",)
    assert controls.dropped == {"D3": "no week2"}
    plain = table.drop(columns="control")
    assert len(pairs.of_treated(plain)) == 5
    assert pairs.of_control(plain).empty


def test_three_visits_can_be_asked_for():
    table = sheet("D1 a", "D1 b", "D1 c", "D2 a", "D2 b")
    assert pairs.pair(table, ("a", "b", "c")).dropped == {"D2": "no c"}


def test_donors_and_reasons_are_written_as_text():
    paired = pairs.Pairs(("D1", "D2"), {"D3": "no week2, no baseline", "D4": "week2 has only 3 cells"})
    assert paired.donors_text == "D1, D2"
    assert paired.dropped_text == "D3: no week2, no baseline; D4: week2 has only 3 cells"


def test_intersection_keeps_every_reason():
    one = pairs.Pairs(("D1", "D2"), {"D3": "no week2"})
    other = pairs.Pairs(("D1", "D3"), {"D2": "no month6"})
    assert one.intersect(other) == pairs.Pairs(("D1",), {"D2": "no month6", "D3": "no week2"})


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match="visit missing"):
        pairs.pair(pd.DataFrame({"donor": ["D1"]}), WEEK2)


@given(differences)
def test_paired_t_equals_scipy(d):
    t, oracle = paired_tests.paired_t(d), stats.ttest_rel(d, np.zeros_like(d))
    assert t.estimate == pytest.approx(d.mean())
    assert t.df == oracle.df
    assert t.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
    assert t.interval(0.05) == pytest.approx(oracle.confidence_interval(0.95), rel=1e-9, abs=1e-9)


@given(differences, st.floats(-2, 2), st.floats(0.001, 0.2))
def test_one_sided_tests_and_limits_equal_scipy(d, null, alpha):
    t = paired_tests.paired_t(d)
    above = stats.ttest_1samp(d, null, alternative="greater")
    below = stats.ttest_1samp(d, null, alternative="less")
    assert t.p_above(null) == pytest.approx(above.pvalue, rel=1e-9)
    assert t.p_below(null) == pytest.approx(below.pvalue, rel=1e-9)
    assert t.lower(alpha) == pytest.approx(above.confidence_interval(1 - alpha).low, rel=1e-9, abs=1e-9)
    assert t.upper(alpha) == pytest.approx(below.confidence_interval(1 - alpha).high, rel=1e-9, abs=1e-9)


def test_small_p_values_are_not_lost_in_rounding():
    t = paired_tests.paired_t(-10 + 1e-3 * np.arange(12))
    assert t.p_below(0) == pytest.approx(stats.t.sf(-t.estimate / t.se, 11), rel=1e-6)
    assert 0 < t.p_below(0) < 1e-30


def test_turning_the_sign_swaps_the_sides():
    t = paired_tests.paired_t([1.0, 2.0, 4.0])
    assert t.flipped().p_below(-1) == pytest.approx(t.p_above(1))
    assert t.flipped().upper(0.1) == pytest.approx(-t.lower(0.1))


@pytest.mark.parametrize(
    "d", [[0.3], [0.1 + 0.2, 0.3, 0.3], [0.0, 0.0]], ids=["one pair", "rounding", "zero"]
)
def test_no_spread_is_said_rather_than_tested(d):
    assert "no spread" in paired_tests.paired_t(d).no_spread


@pytest.mark.parametrize("d", [[], [1.0, np.nan], [[1.0, 2.0]]])
def test_what_is_not_one_number_per_donor_is_refused(d):
    with pytest.raises(ValueError, match="one finite difference per donor"):
        paired_tests.paired_t(d)


def test_too_few_pairs_are_counted_in_words():
    assert pairs.too_few(6, 6) == ""
    assert pairs.too_few(1, 6) == "1 complete pair, 6 needed"


def test_benjamini_hochberg_runs_within_groups_and_skips_missing():
    p = pd.Series([0.01, 0.04, np.nan, 0.03, 0.5], index=list("abcde"))
    by = pd.Series(["x", "x", "x", "y", "y"], index=p.index)
    adjusted = multiplicity.benjamini_hochberg(p, by=by)
    assert adjusted[["a", "b"]].tolist() == pytest.approx(multipletests([0.01, 0.04], method="fdr_bh")[1])
    assert adjusted[["d", "e"]].tolist() == pytest.approx(multipletests([0.03, 0.5], method="fdr_bh")[1])
    assert np.isnan(adjusted["c"])
