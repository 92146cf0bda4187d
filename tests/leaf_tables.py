"""A small population tree, and cells per leaf of donors and visits on it."""

import numpy as np
import pandas as pd

WEEK2 = ("week2", "baseline")
POPULATIONS = {
    "nodes": [
        *(
            {"name": name, "level": "population", "parent": None}
            for name in ("B naive", "Treg", "CD4 memory", "NK")
        ),
        {"name": "effector", "level": "subset", "parent": "Treg"},
    ],
    "sets": [
        {"name": "PBMC", "members": ["B naive", "Treg", "CD4 memory", "NK", "unassigned"]},
        {"name": "CD4 T", "members": ["Treg", "CD4 memory"]},
    ],
}
LEAVES = (
    ("B naive", "unassigned"),
    ("Treg", "effector"),
    ("Treg", "unassigned"),
    ("CD4 memory", "unassigned"),
    ("NK", "unassigned"),
    ("unassigned", "unassigned"),
)


def cohort(counts: dict[tuple[str, str], list[int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the sheet and the leaves of one sample per donor and visit."""
    sheet = pd.DataFrame([(f"{d}_{v}", d, v) for d, v in counts], columns=["sample", "donor", "visit"])
    leaves = pd.DataFrame(
        [
            (f"{donor}_{visit}", population, subset, n)
            for (donor, visit), cells in counts.items()
            for (population, subset), n in zip(LEAVES, cells, strict=True)
        ],
        columns=["sample", "population", "subset", "n_cells"],
    )
    leaves["expected"] = leaves["n_cells"].astype(float)
    return sheet, leaves


def random_cohort(n_donors: int = 8, *, seed: int = 0) -> dict[tuple[str, str], list[int]]:
    rng = np.random.default_rng(seed)
    mean = {"baseline": [60, 10, 20, 150, 100, 5], "week2": [4, 12, 20, 150, 120, 5]}
    return {(f"D{i}", visit): rng.poisson(mean[visit]).tolist() for i in range(n_donors) for visit in mean}
