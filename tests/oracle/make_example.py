"""Make the example that R and this project both analyse: `.venv/bin/python tests/oracle/make_example.py`.

Eight donors at three visits, one visit of one donor missing: pseudobulk counts of 600 genes, with donor effects, a
dispersion of each gene's own, unequal depth and true changes; a hundredth of the same counts, many of them zero; and
cells per population, of which B cells vanish after treatment.
"""

from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent / "golden"
VISITS = ("baseline", "week2", "month6")
GENES = 600


def make_samples() -> pd.DataFrame:
    """Sample, donor and visit; donor D8 has no month 6."""
    rows = [(f"D{d}", visit) for d in range(1, 9) for visit in VISITS if (d, visit) != (8, "month6")]
    samples = pd.DataFrame(rows, columns=["donor", "visit"])
    samples.insert(0, "sample", samples["donor"] + "_" + samples["visit"])
    return samples


def make_counts(samples: pd.DataFrame, *, seed: int = 20) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Negative binomial counts, samples x genes, and the same thinned to a hundredth."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(4.0, 1.4, GENES))
    # scattered about their trend, or the priors of R's variances would have nothing to weigh
    dispersion = (0.03 + 0.6 / mean) * np.exp(rng.normal(0, 0.5, GENES))
    change = np.zeros((3, GENES))
    change[1, :30] = rng.choice([-1, 1], 30) * np.log(2)
    change[2, 20:60] = rng.choice([-1, 1], 40) * np.log(2.5)
    donor = {d: rng.normal(0, 0.35, GENES) for d in samples["donor"].unique()}
    counts = np.empty((len(samples), GENES), dtype=int)
    for i, row in enumerate(samples.itertuples()):
        mu = mean * np.exp(donor[row.donor] + change[VISITS.index(row.visit)] + rng.normal(0, 0.4))
        counts[i] = rng.poisson(rng.gamma(1 / dispersion, mu * dispersion))
    names = {"index": samples["sample"], "columns": [f"G{i:03d}" for i in range(GENES)]}
    return pd.DataFrame(counts, **names), pd.DataFrame(rng.binomial(counts, 1 / 100), **names)


def make_cells(samples: pd.DataFrame, *, seed: int = 21) -> pd.DataFrame:
    """Cells per sample and population, and of the denominator: B falls to a five-hundredth, Treg rises a little."""
    rng = np.random.default_rng(seed)
    cells = []
    for row in samples.itertuples():
        n = int(rng.integers(800, 3000))
        fall = 1.0 if row.visit == "baseline" else 0.002
        share = {"B": 0.09 * fall, "Treg": 0.02 + 0.004 * (row.visit == "month6"), "NK": 0.12}
        for population, mean_share in share.items():
            x = rng.binomial(n, mean_share * np.exp(rng.normal(0, 0.2)))
            cells.append((row.sample, row.donor, row.visit, population, x, n))
    columns = ["sample", "donor", "visit", "population", "n_cells", "n_denominator"]
    return pd.DataFrame(cells, columns=columns)


if __name__ == "__main__":
    samples = make_samples()
    samples.to_csv(GOLDEN / "samples.tsv", sep="\t", index=False)
    make_cells(samples).to_csv(GOLDEN / "cells.tsv", sep="\t", index=False)
    for name, table in zip(("counts", "faint"), make_counts(samples), strict=True):
        table.to_csv(GOLDEN / f"{name}.tsv", sep="\t")
