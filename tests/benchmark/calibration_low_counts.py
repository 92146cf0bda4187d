"""Simulated rare populations with unequal numbers of cells: how often an unchanged share is called."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cd20scope.stats.low_counts import equal_log_odds, too_few_expected

DONOR_SD, VISIT_SD = 0.4, 0.25


def draw(
    rng: np.random.Generator, *, donors: int, share: float, cells: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells of the population and of its denominator, shape (donors, visits); nothing changes but how many are read."""
    shape = (donors, len(cells))
    logit = (
        np.log(share / (1 - share)) + rng.normal(0, DONOR_SD, (donors, 1)) + rng.normal(0, VISIT_SD, shape)
    )
    n = np.maximum(50, np.asarray(cells) * np.exp(rng.normal(0, 0.3, shape))).astype(int)
    return rng.binomial(n, 1 / (1 + np.exp(-logit))), n


def tabulate(
    *,
    cohorts: int,
    donors: Sequence[int] = (6, 8, 12, 20),
    shares: Sequence[float] = (0.001, 0.003, 0.01),
    cells: Sequence[int] = (10_000, 500),
    seed: int = 51,
) -> pd.DataFrame:
    """Share of cohorts called at 0.05, plain, thinned, and plain where enough cells are expected."""
    rows = []
    for share in shares:
        for n_donors in donors:
            rng = np.random.default_rng([seed, n_donors, int(1e5 * share)])
            called = {"plain": 0, "thinned": 0, "testable": 0, "plain and testable": 0}
            for _ in range(cohorts):
                x, n = draw(rng, donors=n_donors, share=share, cells=cells)
                y = np.log((x + 0.5) / (n - x + 0.5))
                plain = _called(y[:, 1] - y[:, 0])
                thinned = np.diff(equal_log_odds(x, n), axis=1)[:, 0]
                testable = too_few_expected(x, n) is None
                called["plain"] += plain
                called["thinned"] += _called(thinned)
                called["testable"] += testable
                called["plain and testable"] += plain and testable
            rows.append(
                {"share": share, "N": n_donors} | {name: count / cohorts for name, count in called.items()}
            )
    return pd.DataFrame(rows)


def _called(d: NDArray[np.float64], alpha: float = 0.05) -> bool:
    if np.ptp(d) == 0:
        return False
    return bool(stats.ttest_1samp(d, 0).pvalue < alpha)
