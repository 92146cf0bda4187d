"""Simulated donors with three visits: how often the order claim is supported when it is false."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope.stats.paired_tests import paired_t
from cd20scope.stats.standardised import standardised_t
from cd20scope.verdict.endpoints.order import Order

GONE = (0.0, -3.0, -3.0)
CASES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "T moves first": (GONE, (0, -2, -3)),
    "B returns": ((0.0, -3.0, 0.0), (0, 0, -1)),
    "B returns to the margin": ((0.0, -3.0, float(-np.log(5))), (0, 0, -2)),
    "B falls to the margin only": ((0.0, float(-np.log(5)), -3.0), (0, 0, -2)),
    "T rebounds": (GONE, (0, 1.5, 0)),
    "T falls and returns": (GONE, (0, -1.5, 0)),
    "T falls evenly": (GONE, (0, -1.5, -3)),
    "T unchanged": (GONE, (0, 0, 0)),
    "true, 1 SD": (GONE, (0, 0, -1)),
    "true, 2 SD": (GONE, (0, 0, -2)),
}
"""Log odds of B cells and T-cell score (in SDs between donors) at the three visits; the claim is that T falls."""


def draw(
    rng: np.random.Generator, *, cohorts: int, donors: int, truth: Sequence[float], visit_sd: float
) -> NDArray[np.float64]:
    """Draw values of shape (cohorts, donors, 3); between donors at a visit the SD is 1."""
    own = rng.normal(0, np.sqrt(1 - visit_sd**2), (cohorts, donors, 1))
    return own + rng.normal(0, visit_sd, (cohorts, donors, 3)) + np.asarray(truth)


def pose(b: NDArray[np.float64], y: NDArray[np.float64], *, delta: float = 0.5) -> Order:
    """Pose the claim that the score falls later, on one cohort's values of shape (donors, 3)."""
    spread = {"sd": float(y[:, 0].std(ddof=1)), "n_sd": len(y)}
    return Order(
        first=paired_t(b[:, 1] - b[:, 0]),
        first_floor=-9.0,
        last=paired_t(b[:, 2] - b[:, 0]),
        last_floor=-9.0,
        change=standardised_t(y[:, 0] - y[:, 2], **spread),
        later=standardised_t(-(y[:, 2] - 2 * y[:, 1] + y[:, 0]), **spread),
        fall=5.0,
        delta=delta,
    )


def verdicts(
    case: str, *, cohorts: int, donors: int, visit_sd: float, level: float, seed: int
) -> Iterator[str]:
    """Verdicts of simulated cohorts."""
    rng = np.random.default_rng([seed, donors, list(CASES).index(case)])
    cells, score = CASES[case]
    b = draw(rng, cohorts=cohorts, donors=donors, truth=cells, visit_sd=0.5)
    y = draw(rng, cohorts=cohorts, donors=donors, truth=score, visit_sd=visit_sd)
    for at in range(cohorts):
        yield pose(b[at], y[at]).decide(level).verdict


def tabulate(
    *,
    cohorts: int,
    donors: Sequence[int] = (6, 8, 12, 20),
    visit_sds: Sequence[float] = (0.15, 0.35),
    level: float = 0.05,
    seed: int = 41,
) -> pd.DataFrame:
    """Share of cohorts with each verdict, by case."""
    rows = []
    for case in CASES:
        for n in donors:
            for visit_sd in visit_sds:
                settings = {
                    "cohorts": cohorts,
                    "donors": n,
                    "visit_sd": visit_sd,
                    "level": level,
                    "seed": seed,
                }
                said = pd.Series(list(verdicts(case, **settings)))
                share = said.value_counts(normalize=True)
                row = {"case": case, "N": n, "visit SD": visit_sd}
                rows.append(row | {name: share.get(name, 0.0) for name in ("supported", "not supported")})
    return pd.DataFrame(rows)
