"""Simulated donors with an outcome: how often an association is shown that is not there, and what intervals hold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cd20scope.stats.association import Association, associate_levels, associate_numbers

TRUE = (0.0, 0.6)
"""Pearson correlations of change and outcome, before the outcome is read as a number or as one of two levels."""
COUNTS = 4.0
"""Mean of an outcome that counts, such as relapses: ties are many."""


def associate(x: np.ndarray, y: np.ndarray, kind: str) -> Association | None:
    """Associate by the library; None where the donors drawn cannot be asked."""
    if kind == "two levels":
        second = y > 0
        return associate_levels(x, second) if 2 <= second.sum() <= len(y) - 2 else None
    if kind == "counts":
        y = stats.poisson.ppf(stats.norm.cdf(y), COUNTS)
    return associate_numbers(x, y) if np.ptp(y) > 0 else None


def truth(rho: float, kind: str) -> float:
    """What the estimate tends to: Spearman's correlation, or the rank-biserial one of two halves."""
    if kind == "two levels":
        rng = np.random.default_rng(0)
        y = rng.normal(size=4000)
        x = rho * y + np.sqrt(1 - rho**2) * rng.normal(size=4000)
        u = stats.mannwhitneyu(x[y > 0], x[y <= 0]).statistic
        return float(2 * u / ((y > 0).sum() * (y <= 0).sum()) - 1)
    return float(6 / np.pi * np.arcsin(rho / 2))


def tabulate(
    *,
    cohorts: int,
    donors: Sequence[int] = (8, 12, 20),
    kinds: Sequence[str] = ("numbers", "counts", "two levels"),
    seed: int = 95,
) -> pd.DataFrame:
    """Share of cohorts with p <= 0.05 and of intervals that hold the truth, by kind of outcome and correlation."""
    rows = []
    for kind in kinds:
        for n in donors:
            for rho in TRUE:
                rng = np.random.default_rng([seed, n, int(10 * rho), len(kind)])
                expected, found = truth(rho, kind), []
                while len(found) < cohorts:
                    y = rng.normal(size=n)
                    x = rho * y + np.sqrt(1 - rho**2) * rng.normal(size=n)
                    if (one := associate(x, y, kind)) is not None:
                        found.append((one.p_value <= 0.05, one.low <= expected <= one.high))
                called, held = np.mean(found, axis=0)
                rows.append({"kind": kind, "N": n, "rho": rho, "called": called, "covered": held})
    return pd.DataFrame(rows)
