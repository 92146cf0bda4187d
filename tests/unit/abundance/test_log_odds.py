"""Log odds of a share, and its upper limit held against statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from cd20scope.abundance.log_odds import fraction_upper, log_odds


@pytest.mark.parametrize(("x", "n"), [(0, 8412), (3, 100), (99, 100), (100, 100), (0, 1)])
def test_the_upper_limit_of_a_fraction_is_clopper_pearson(x, n):
    # A one-sided 95 % limit is the upper end of the two-sided 90 % interval.
    oracle = proportion_confint(x, n, alpha=0.10, method="beta")[1]
    assert fraction_upper(x, n) == pytest.approx(oracle, rel=1e-9)


def test_a_multiplied_population_moves_the_log_odds_by_the_log_of_the_factor():
    assert log_odds(2000, 10_000) - log_odds(1000, 9000) == pytest.approx(np.log(2), abs=1e-3)
