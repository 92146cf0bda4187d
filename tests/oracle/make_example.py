"""Make the example that R and this project both analyse: `.venv/bin/python tests/oracle/make_example.py`.

Eight donors at three visits, one visit of one donor missing: pseudobulk counts of 600 genes, faint ones among them,
with donor effects, unequal depth and true changes; and cells per population with zeros after treatment.
"""

from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent / "golden"
VISITS = ("baseline", "week2", "month6")


def make_example(seed: int = 20) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Counts (samples x genes), the samples, and cells per sample and population."""
    rng = np.random.default_rng(seed)
    rows = [(f"D{d}", visit) for d in range(1, 9) for visit in VISITS if (d, visit) != (8, "month6")]
    samples = pd.DataFrame(rows, columns=["donor", "visit"])
    samples.insert(0, "sample", samples["donor"] + "_" + samples["visit"])
    n_genes = 600
    mean = np.exp(rng.normal(4.0, 1.4, n_genes))
    dispersion = 0.03 + 0.6 / mean
    change = np.zeros((3, n_genes))
    change[1, :30] = rng.choice([-1, 1], 30) * np.log(2)
    change[2, 20:60] = rng.choice([-1, 1], 40) * np.log(2.5)
    donor = {d: rng.normal(0, 0.35, n_genes) for d in samples["donor"].unique()}
    counts = np.empty((len(samples), n_genes), dtype=int)
    for i, row in enumerate(samples.itertuples()):
        mu = mean * np.exp(donor[row.donor] + change[VISITS.index(row.visit)] + rng.normal(0, 0.4))
        counts[i] = rng.poisson(rng.gamma(1 / dispersion, mu * dispersion))
    table = pd.DataFrame(counts, index=samples["sample"], columns=[f"G{i:03d}" for i in range(n_genes)])
    cells = []
    for i, row in enumerate(samples.itertuples()):
        n = int(rng.integers(800, 3000))
        fall = 1.0 if row.visit == "baseline" else 0.002
        share = {"B": 0.09 * fall, "Treg": 0.02 + 0.004 * (row.visit == "month6"), "NK": 0.12}
        for population, mean_share in share.items():
            x = rng.binomial(n, mean_share * np.exp(rng.normal(0, 0.2)))
            cells.append((samples["sample"][i], row.donor, row.visit, population, x, n))
    columns = ["sample", "donor", "visit", "population", "n_cells", "n_denominator"]
    return table, samples, pd.DataFrame(cells, columns=columns)


if __name__ == "__main__":
    counts, samples, cells = make_example()
    counts.to_csv(GOLDEN / "counts.tsv", sep="\t")
    samples.to_csv(GOLDEN / "samples.tsv", sep="\t", index=False)
    cells.to_csv(GOLDEN / "cells.tsv", sep="\t", index=False)
