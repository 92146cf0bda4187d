"""The interval beside a verdict is the one that its rule reads: the verdict follows from it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cd20scope.report import deciding

CHANGES = np.array([-2.1, -1.4, -3.0, -2.2, -1.1, -2.9, -2.4, -1.9])


def row(**keys):
    fit = stats.ttest_1samp(CHANGES, 0)
    low, high = fit.confidence_interval(0.95)
    made = {
        **{
            "id": "A",
            "question": "A",
            "endpoint": "abundance",
            "population": "B cells",
            "denominator": "PBMC",
        },
        **{"program": "", "component": "", "contrast": "week2-baseline", "direction": "down", "margin": 5.0},
        **{"strength": "plain", "level": 0.01, "level_same": 0.005, "verdict": "supported", "n_pairs": 8},
        **{"estimate": CHANGES.mean(), "ci_low": low, "ci_high": high},
    }
    return made | keys


def added(*rows, floor=-4.2, sd=1.0):
    table = {"se": stats.sem(CHANGES), "df": 7.0, "estimate": CHANGES.mean()}
    key = {"contrast": "week2-baseline", "status": "tested"}
    abundance = [{"population": "B cells", "denominator": "PBMC", "floor": floor} | key | table]
    programs = [{"population": "Treg", "program": "Th1", "component": "total"} | key | table]
    scores = [("Treg", "Th1", f"D{n}", "baseline", 0.1 * n * sd) for n in range(9)]
    return deciding.add(
        pd.DataFrame(rows),
        abundance=pd.DataFrame(abundance),
        programs=pd.DataFrame(programs),
        scores=pd.DataFrame(scores, columns=["population", "program", "donor", "visit", "score"]),
        baseline="baseline",
        alpha=0.05,
    )


def limits(*rows, **keys):
    found = added(*rows, **keys)
    return found.loc[0, ["decide_low", "decide_high", "coverage"]].tolist()


@pytest.mark.parametrize(
    ("keys", "coverage"),
    [
        ({}, 0.99),  # a plain claim: two-sided at its level
        ({"strength": "strong"}, 0.98),  # one-sided at its level
        ({"strength": "strong", "verdict": "contradicted"}, 0.99),
        ({"verdict": "not supported"}, 0.99),  # one-sided at the level of no change
        ({"direction": "none", "verdict": "inconclusive"}, 0.99),
        ({"direction": "none", "verdict": "contradicted"}, 0.99),
    ],
)
def test_the_coverage_is_that_of_the_rule(keys, coverage):
    low, high, found = limits(row(**keys))
    assert found == pytest.approx(coverage)
    expected = stats.ttest_1samp(CHANGES, 0).confidence_interval(coverage)
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_strong_verdict_follows_from_the_limit_that_is_printed():
    """The claim of 80 % is supported exactly where the printed upper limit lies beyond the margin."""
    for level in (0.2, 0.05, 0.01, 1e-3, 1e-5):
        high = limits(row(strength="strong", level=level))[1]
        t = stats.ttest_1samp(CHANGES, -np.log(5), alternative="less")
        assert (high < -np.log(5)) == (t.pvalue < level)


def test_no_change_that_is_contradicted_has_the_level_of_the_question():
    first = row(level=0.02)
    second = row(id="B", direction="none", verdict="contradicted", level=0.005)
    assert added(first, second)["coverage"].tolist() == pytest.approx([0.98, 0.98])


def test_below_the_detection_limit_only_the_upper_limit_is_known_and_not_below_the_floor():
    low, high, _ = limits(row(ci_low=np.nan, strength="strong"), floor=-0.5)
    assert np.isnan(low)
    assert high == -0.5


def test_a_programme_has_the_limits_of_its_own_test():
    from cd20scope.stats.standardised import StandardisedT

    test = StandardisedT(8, CHANGES.mean(), stats.sem(CHANGES), 7, 8)
    low, high = test.interval(0.05)
    own = row(
        endpoint="program", population="Treg", program="Th1", component="total", ci_low=low, ci_high=high
    )
    assert limits(own) == pytest.approx([*test.interval(0.01), 0.99])


@pytest.mark.parametrize(
    "keys",
    [
        {"ci_low": -9.0},  # of another test than that of the table
        {"endpoint": "biphasic", "population": "Treg", "program": "Th1"},
        {"population": "none such"},
        {"level": np.nan},
    ],
)
def test_where_the_test_is_not_known_the_interval_of_the_table_stands(keys):
    own = row(**keys)
    assert limits(own) == pytest.approx([own["ci_low"], own["ci_high"], 0.95])
