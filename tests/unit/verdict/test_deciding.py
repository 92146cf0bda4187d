"""The interval beside a verdict is the one that its rule reads: the verdict follows from it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from verdict_cases import change, hypothesis, score

from cd20scope.stats.covariates import Covariates, covariate_t
from cd20scope.stats.standardised import standardised_t
from cd20scope.verdict import deciding
from cd20scope.verdict.claims import Levels
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.rules import Verdict

KEY = ("abundance", "Treg", "PBMC", "month6-baseline")
LEVELS = Levels(0.01, 0.005)


def decision(verdict="supported", *, levels=LEVELS, of=None, **keys):
    """A decision on a change of eight donors, with these levels and this verdict."""
    of = of or {KEY: change(-2.0, 0.25)}
    (made,) = decide_all([hypothesis("A", **({"direction": "down"} | keys))], of)
    return replace(made, levels=levels, verdict=Verdict(verdict, ""))


def limits(made):
    return deciding.find_interval(made, alpha=0.05)


@pytest.mark.parametrize(
    ("verdict", "keys", "coverage"),
    [
        ("supported", {}, 0.99),  # a plain claim: two-sided at its level
        ("supported", {"strength": "strong"}, 0.98),  # one-sided at its level
        ("contradicted", {"strength": "strong"}, 0.99),
        ("not supported", {}, 0.99),  # one-sided at the level of no change
        ("inconclusive", {"direction": "none"}, 0.99),
        ("contradicted", {"direction": "none"}, 0.99),
    ],
)
def test_the_coverage_is_that_of_the_rule(verdict, keys, coverage):
    low, high, found = limits(decision(verdict, **keys))
    assert found == pytest.approx(coverage)
    expected = stats.ttest_1samp(change(-2.0, 0.25).values, 0).confidence_interval(coverage)
    assert (low, high) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("level", [0.2, 0.05, 0.01, 1e-3, 1e-5])
def test_a_strong_verdict_follows_from_the_limit_that_is_printed(level):
    """The claim of a fivefold fall is supported exactly where the printed upper limit lies beyond the margin."""
    made = decision(levels=Levels(level, level), strength="strong", margin=5.0)
    said = made.judge(made.evidence.claim).verdict
    assert (limits(made)[1] < -np.log(5)) == (said == "supported")


def test_no_change_that_is_contradicted_has_the_level_of_a_change():
    made = decision("contradicted", levels=Levels(0.02, 0.005), direction="none")
    assert limits(made)[2] == pytest.approx(0.98)


def test_below_the_detection_limit_only_the_upper_limit_is_known_and_not_below_the_floor():
    low, high, _ = limits(decision(strength="strong", of={KEY: change(-2.0, 0.25, floor=-0.5)}))
    assert np.isnan(low)
    assert high == -0.5


@pytest.mark.parametrize("floor", [-9.0, -0.9])
def test_covariates_are_in_the_interval(floor):
    """Limits are those of the test beside the covariate, also where the detection limit decides."""
    x = np.array([[1.0], [0], [2], [5], [3], [2], [6], [4]])
    plain = change(-1.0, 0.03, floor=floor)
    beside = plain.beside(Covariates(("age",), x, np.array([False])), {})
    low, high, covered = limits(decision(of={KEY: beside}))
    expected = covariate_t(plain.values, x).interval(0.01)
    assert covered == pytest.approx(0.99)
    assert high == pytest.approx(max(expected[1], floor))
    assert np.isnan(low) if floor > -1 else low == pytest.approx(expected[0])
    assert expected[1] != pytest.approx(stats.ttest_1samp(plain.values, 0).confidence_interval(0.99)[1])


def test_a_programme_has_the_limits_of_its_own_test():
    ((key, own),) = score("Treg", "Th1", estimate=-2.0, se=0.2).items()
    made = decision(endpoint="program", of={key: replace(own, n_sd=9)})
    assert limits(made) == pytest.approx([*standardised_t(own.values, sd=1, n_sd=9).interval(0.01), 0.99])


def test_what_was_not_tested_has_no_interval():
    assert limits(decision("not testable", of={KEY: change(n=3)})) == pytest.approx(
        [np.nan, np.nan, 0.95], nan_ok=True
    )
