"""Simulated technical quantities: how often a caution names a difference that is there, and one that is not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cd20scope.verdict.technique import compare_technique

SCATTER = {
    "depth": 0.2,
    "ambient_share": 0.01,
    "doublet_rate": 0.01,
    "kept_share": 0.05,
}
"""SD of a sample around its donor: of the logarithm for depth, of the share elsewhere."""
BASE = {
    "depth": 3000.0,
    "ambient_share": 0.05,
    "doublet_rate": 0.04,
    "kept_share": 0.85,
}
PLANTED = {
    "depth": (1.5, 2.0, 0.5, 0.25),
    "ambient_share": (0.1,),
    "doublet_rate": (0.05,),
    "kept_share": (-0.3,),
}
"""Differences at the later visit: factors of the depth, additions to shares."""


def draw(rng: np.random.Generator, *, donors: int, quantity: str, planted: float) -> pd.DataFrame:
    """Draw the table of one quantity in one cohort with a difference planted at the later visit."""
    rows = []
    for donor in range(donors):
        for visit in ("baseline", "month6"):
            noise, late = rng.normal(0, SCATTER[quantity]), visit == "month6"
            if quantity == "depth":
                value = BASE[quantity] * np.exp(noise) * (planted if late else 1.0)
            else:
                value = max(BASE[quantity] + noise + (planted if late else 0.0), 0.0)
            rows.append((f"D{donor}_{visit}", f"D{donor}", visit, quantity, value))
    return pd.DataFrame(rows, columns=["sample", "donor", "visit", "quantity", "value"])


def tabulate(*, cohorts: int, donors: Sequence[int] = (6, 8, 12), seed: int = 71) -> pd.DataFrame:
    """Share of cohorts in which the planted quantity is named, and in which it is named without being planted."""
    rows = []
    for quantity, differences in PLANTED.items():
        for planted in differences:
            for n in donors:
                rng = np.random.default_rng([seed, n, list(PLANTED).index(quantity)])
                named = {"named": 0, "named in the twin": 0}
                for _ in range(cohorts):
                    for key, size in (
                        ("named", planted),
                        ("named in the twin", 1.0 if quantity == "depth" else 0.0),
                    ):
                        table = draw(rng, donors=n, quantity=quantity, planted=size)
                        found = compare_technique(table, contrasts=[("month6", "baseline")])
                        named[key] += int(found["moved"].iloc[0] == "yes")
                rows.append(
                    {"quantity": quantity, "planted": planted, "N": n}
                    | {key: count / cohorts for key, count in named.items()}
                )
    return pd.DataFrame(rows)
