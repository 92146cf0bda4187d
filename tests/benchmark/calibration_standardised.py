"""Simulated scores: how often intervals of a change in baseline SDs hold the truth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cd20scope.stats.standardised import tail

DONORS, VISIT_SDS, CHANGES = (6, 8, 12, 20), (0.15, 0.35), (0.0, 0.5, 1.0, 2.0, 3.0)
"""Donors; SD between visits of a donor, and true changes, both in SDs between donors at a visit."""


def draw(
    rng: np.random.Generator, *, cohorts: int, donors: int, visit_sd: float, change: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate and standard error in SDs at baseline, shape (cohorts,) each; the true SD at a visit is 1."""
    own = rng.normal(0, np.sqrt(1 - visit_sd**2), (cohorts, donors, 1))
    score = own + rng.normal(0, visit_sd, (cohorts, donors, 2))
    d, sd = score[..., 1] - score[..., 0] + change, score[..., 0].std(axis=1, ddof=1)
    return d.mean(axis=1) / sd, d.std(axis=1, ddof=1) / np.sqrt(donors) / sd


def coverage(
    *,
    cohorts: int,
    donors: Sequence[int] = DONORS,
    visit_sds: Sequence[float] = VISIT_SDS,
    alpha: float = 0.05,
    seed: int = 31,
) -> pd.DataFrame:
    """Coverage of the two-sided interval, beside one that takes the SD for known and the symmetric one of the ratio."""
    rows = []
    for n in donors:
        for visit_sd in visit_sds:
            for change in CHANGES:
                rng = np.random.default_rng([seed, n, int(100 * visit_sd), int(10 * change)])
                m, se = draw(rng, cohorts=cohorts, donors=n, visit_sd=visit_sd, change=change)
                p = tail(change, m, se, df=n - 1, df_scale=n - 1)
                reach = stats.t.isf(alpha / 2, n - 1)
                ratio = np.sqrt(se**2 + m**2 / (2 * (n - 1)))
                rows.append(
                    {
                        "N": n,
                        "visit SD": visit_sd,
                        "change": change,
                        "coverage": np.mean((p > alpha / 2) & (p < 1 - alpha / 2)),
                        "divisor known": np.mean(np.abs(m - change) < reach * se),
                        "symmetric": np.mean(np.abs(m - change) < reach * ratio),
                    }
                )
    return pd.DataFrame(rows)


def equivalence(
    *,
    cohorts: int,
    donors: Sequence[int] = DONORS,
    visit_sds: Sequence[float] = VISIT_SDS,
    margin: float = 0.5,
    level: float = 0.05,
    seed: int = 32,
) -> pd.DataFrame:
    """How often a change of exactly the margin is called no change, and no change is called so."""
    rows = []
    for n in donors:
        for visit_sd in visit_sds:
            row: dict[str, float] = {"N": n, "visit SD": visit_sd}
            for name, change in (("called same", margin), ("power", 0.0)):
                rng = np.random.default_rng([seed, n, int(100 * visit_sd)])
                m, se = draw(rng, cohorts=cohorts, donors=n, visit_sd=visit_sd, change=change)
                freedom = {"df": n - 1, "df_scale": n - 1}
                p = np.maximum(tail(-margin, m, se, **freedom), tail(-margin, -m, se, **freedom))
                row[name] = float(np.mean(p <= level))
            rows.append(row)
    return pd.DataFrame(rows)
