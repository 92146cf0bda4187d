"""Simulated donors who leave after a visible change: completers against a mixed model of all visits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cd20scope.stats.mixed_model import mixed_change

DONOR_SD, VISIT_SD, LEAVE_SHARE = 0.8, 0.35, 0.4
"""SDs between donors and between visits; part of the donors that leave before the last visit where leaving depends."""


def draw(rng: np.random.Generator, *, donors: int, depends: bool, change: float = 0.0) -> pd.DataFrame:
    """Draw values at three visits; donors whose value rose most by week 2 are gone at month 6, or random ones are."""
    y = rng.normal(0, DONOR_SD, (donors, 1)) + rng.normal(0, VISIT_SD, (donors, 3))
    y[:, 2] += change
    rank = np.argsort(np.argsort(y[:, 1] - y[:, 0])) if depends else rng.permutation(donors)
    gone = rank >= donors - round(LEAVE_SHARE * donors)
    return pd.DataFrame(
        [
            (f"D{i:02d}", visit, y[i, v])
            for i in range(donors)
            for v, visit in enumerate(("baseline", "week2", "month6"))
            if not (v == 2 and gone[i])
        ],
        columns=["donor", "visit", "value"],
    )


def tabulate(*, cohorts: int, donors: Sequence[int] = (10, 12, 20), seed: int = 81) -> pd.DataFrame:
    """Share of unchanged cohorts called at 0.05, by completers and by the model, and how often the model failed."""
    rows = []
    for depends in (True, False):
        for n in donors:
            rng = np.random.default_rng([seed, n, depends])
            called = {"completers": 0, "mixed model": 0, "no fit": 0}
            for _ in range(cohorts):
                table = draw(rng, donors=n, depends=depends)
                wide = table.pivot_table(index="donor", columns="visit", values="value").dropna()
                called["completers"] += stats.ttest_rel(wide["month6"], wide["baseline"]).pvalue < 0.05
                found = mixed_change(table, ("month6", "baseline"))
                called["no fit"] += found.t is None
                called["mixed model"] += found.t is not None and found.t.p_value < 0.05
            rows.append(
                {"depends": depends, "N": n} | {key: count / cohorts for key, count in called.items()}
            )
    return pd.DataFrame(rows)
