"""Tests of shares by scanpro, which is no part of this project's environment; run by a Python that has it.

    python comparison_peers.py COUNTS.tsv > CALLS.tsv

Input: one row per sample (``sample``, ``donor``, ``visit``), one column per population, cells. Output: ``method``,
``contrast``, ``population``, ``effect``, ``called``. scanpro is propeller in Python (Alayoubi 2024,
doi:10.1038/s41598-024-66381-7); two visits are two groups to it, and donors are not paired.
"""

import contextlib
import io
import sys
import warnings

import pandas as pd
from scanpro import scanpro

BASELINE = "baseline"
METHODS = {"scanpro, logit": "logit", "scanpro, arcsine": "arcsin"}


def calls(pair, populations, *, later, transform):
    """Difference of the mean shares of each population, and whether its adjusted p value is at most 5 %."""
    cells = pair.melt(["sample", "visit"], populations, "population", "n")
    cells = cells.loc[cells.index.repeat(cells["n"]), ["sample", "visit", "population"]].reset_index(
        drop=True
    )
    with contextlib.redirect_stdout(io.StringIO()):  # it tells its steps
        result = scanpro(
            cells,
            clusters_col="population",
            conds_col="visit",
            samples_col="sample",
            transform=transform,
            verbosity=0,
        ).results
    change = result[f"mean_props_{later}"] - result[f"mean_props_{BASELINE}"]
    return pd.DataFrame({"effect": change, "called": result["adjusted_p_values"] <= 0.05})


def main():
    """Test every contrast with baseline."""
    warnings.simplefilter("ignore")
    counts = pd.read_csv(sys.argv[1], sep="\t")
    populations = [name for name in counts.columns if name not in ("sample", "donor", "visit")]
    rows = []
    for later in [visit for visit in counts["visit"].unique() if visit != BASELINE]:
        pair = counts[counts["visit"].isin([BASELINE, later])].reset_index(drop=True)
        seen = [name for name in populations if pair[name].sum()]
        for method, transform in METHODS.items():
            found = calls(pair, seen, later=later, transform=transform)
            found = found.rename_axis("population").reset_index()
            rows.append(found.assign(method=method, contrast=f"{later}-{BASELINE}"))
    columns = ["method", "contrast", "population", "effect", "called"]
    pd.concat(rows)[columns].to_csv(sys.stdout, sep="\t", index=False)


if __name__ == "__main__":
    main()
