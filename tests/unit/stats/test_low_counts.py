"""Log odds at equal numbers of cells, against exhaustive sums and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark import calibration_low_counts
from cd20scope.stats.low_counts import equal_log_odds, too_few_expected


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_expectation_is_that_of_thinning(n0, n1, data):
    x0, x1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    m = min(n0, n1)
    expected = []
    for x, n in ((x0, n0), (x1, n1)):
        h = np.arange(m + 1)
        p = stats.hypergeom.pmf(h, n, x, m)
        expected.append((p * np.log((h + 0.5) / (m - h + 0.5))).sum())
    assert equal_log_odds([[x0, x1]], [[n0, n1]])[0] == pytest.approx(expected, abs=1e-9)


def test_large_counts_agree_with_the_whole_sum():
    x, n, m = 20_000, 50_000, 3_000
    h = np.arange(m + 1)
    p = stats.hypergeom.pmf(h, n, x, m)
    whole = (p * np.log((h + 0.5) / (m - h + 0.5))).sum()
    assert equal_log_odds([[x, 5]], [[n, m]])[0, 0] == pytest.approx(whole, abs=1e-9)


def test_equal_numbers_keep_the_plain_log_odds():
    x, n = np.array([[3, 0]]), np.array([[400, 400]])
    assert equal_log_odds(x, n) == pytest.approx(np.log((x + 0.5) / (n - x + 0.5)))


def test_a_change_is_kept():
    x, n = np.array([[1000, 200]]), np.array([[10_000, 4_000]])
    d = np.diff(equal_log_odds(x, n))[0, 0]
    assert d == pytest.approx(np.log(200 / 3800) - np.log(1000 / 9000), abs=0.01)


def test_expected_cells():
    x = np.array([[10, 0], [10, 1]])
    assert too_few_expected(x, [[10_000, 500], [10_000, 500]]) == pytest.approx((10.0, 0.5), rel=0.01)
    # a population that vanishes stays testable: 5 % of 2,000 cells would have been 100
    assert too_few_expected([[200, 0]], [[2000, 2000]]) is None
    assert too_few_expected([[0, 0]], [[2000, 2000]]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("x", "n"), [([[3, 1]], [[2, 5]]), ([3, 1], [4, 5]), ([[3]], [[4, 5]]), ([[-1, 0]], [[4, 5]])]
)
def test_counts_that_cannot_be_are_refused(x, n):
    with pytest.raises(ValueError, match="donors by visits"):
        equal_log_odds(x, n)


def test_a_visit_without_cells_is_refused():
    with pytest.raises(ValueError, match="1 donor-visits have none"):
        equal_log_odds([[1, 0]], [[5, 0]])


@pytest.mark.parametrize("n", [8, 20])
def test_an_unchanged_rare_population_is_rarely_called(n):
    table = calibration_low_counts.tabulate(cohorts=600, donors=(n,), shares=(0.001,)).iloc[0]
    assert table["plain"] > 0.2  # the fault
    assert 0.02 <= table["thinned"] <= 0.08  # 0.05 and three standard errors of 600 cohorts
    assert table["testable"] < 0.02
