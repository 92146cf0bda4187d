"""Simulated donors whose B cells stay low, or return: how often "repopulated early" is said of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cd20scope.abundance.repopulation import VISIT_SD, follow

FRACTION = 0.1
VISITS = ("baseline", "week2", "month6")
SHARE, DONOR_SD = 0.1, 0.4
CELLS = 4000
"""Median cells of a sample."""


def draw(
    rng: np.random.Generator, *, donors: int, ratio: float, visit_sd: float = VISIT_SD, heavy: bool = False
) -> pd.DataFrame:
    """Rows of the table of shares: B cells at 2 % of baseline at week 2, at ``ratio`` of it at month 6.

    ``heavy``: the noise between visits has t-distributed tails with 3 degrees of freedom, of the same SD.
    """
    share = np.log(SHARE / (1 - SHARE)) + rng.normal(0, DONOR_SD, donors)
    rows = []
    for number in range(donors):
        for visit, left in zip(VISITS, (1.0, 0.02, ratio), strict=True):
            noise = rng.standard_t(3) / np.sqrt(3) if heavy else rng.normal()
            p = left / (1 + np.exp(-share[number] - visit_sd * noise))
            n = int(max(500, CELLS * np.exp(rng.normal(0, 0.4))))
            rows.append((f"D{number:04d}", visit, "B cells", "PBMC", rng.binomial(n, p), n))
    columns = ["donor", "visit", "population", "denominator", "n_cells", "n_denominator"]
    return pd.DataFrame(rows, columns=columns)


TREE = {
    "sets": [
        {"name": "B cells", "members": [], "role": "B cells"},
        {"name": "PBMC", "members": [], "role": "mononuclear"},
    ],
    "lineages": [],
    "nodes": [],
}
"""As much of a population tree as :func:`follow` reads."""


def tabulate(
    *, donors: int, ratios: Sequence[float] = (0.05, 0.09, 0.2, 0.3), seed: int = 97
) -> pd.DataFrame:
    """Part of the donors called back early at month 6, by the true ratio and the tails of the noise."""
    rows = []
    for heavy in (False, True):
        for ratio in ratios:
            rng = np.random.default_rng([seed, int(100 * ratio), heavy])
            table = follow(
                draw(rng, donors=donors, ratio=ratio, heavy=heavy),
                populations=TREE,
                visits=VISITS,
                fraction=FRACTION,
            )
            calls = table.loc[table["visit"] == "month6", "call"]
            rows.append(
                {"ratio": ratio, "heavy": heavy, "early": float((calls == "repopulated early").mean())}
            )
    return pd.DataFrame(rows)
