"""Changes of shares in cohorts of real cells, by calls and by sums of posteriors, at full and at equal depth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate import labels
from cd20scope.annotate.likelihood import depth, fit
from cd20scope.ingest import read as ingest

T_POPULATIONS = ("CD4 naive", "CD4 memory", "Treg", "CD8 naive", "CD8 memory", "MAIT", "gdT")
ARMS = ("calls full", "sums full", "calls equal", "sums equal")
CD4 = ["CD4 naive", "CD4 memory", "Treg"]
SHARES = {
    "Treg of CD4": (["Treg"], CD4),
    "CD4 naive of CD4": (["CD4 naive"], CD4),
    "CD8 memory of CD8": (["CD8 memory"], ["CD8 naive", "CD8 memory"]),
    "B memory of B": (["B memory"], ["B naive", "B memory"]),
    "B of all": (["B naive", "B memory"], None),
    "NK of non-B": (["NK"], None),
    "Monocyte and DC of all": (["Monocyte", "DC"], None),
}
"""Part and whole; None for all cells."""
CRITICAL = 2.365
"""|t| of eight pairs at 5 %."""


class Cohort:
    """Samples of a cohort of tools/real_cohort.py with the truth of every cell."""

    def __init__(self, folder: Path):
        self.sheet = pd.read_csv(folder / "samples.tsv", sep="\t").set_index("sample")
        planted = json.loads((folder / "truth.json").read_text())["samples"]
        self.counts = {
            sample: ingest.read_sample(folder / path) for sample, path in self.sheet["path"].items()
        }
        self.genes = np.asarray(next(iter(self.counts.values())).genes["gene"])
        self.truth = pd.DataFrame(
            {
                sample: pd.Series(list(planted[sample]["barcodes"].values())).value_counts()
                for sample in self.counts
            }
        ).T.fillna(0)


def count_cells(
    cohort: Cohort, table, decisions, populations, *, refit: bool = False
) -> dict[str, pd.DataFrame]:
    """Cells by sample and population, in each of :data:`ARMS`."""
    matrices = {sample: counts.matrix.tocsr() for sample, counts in cohort.counts.items()}
    model = fit.fit_likelihood(sp.vstack(list(matrices.values())), cohort.genes, table, decisions)
    found: dict[str, dict] = {arm: {} for arm in ARMS}
    rows = {}
    for sample, counts in matrices.items():
        told = label_sample(counts, cohort.genes, model, populations)
        found["calls full"][sample], found["sums full"][sample] = _sums(told)
        of_t = np.flatnonzero(told.cells["likeliest"].isin(T_POPULATIONS))
        rows[sample] = {
            "donor": cohort.sheet.loc[sample, "donor"],
            "molecules": np.median(np.asarray(counts.sum(axis=1)).ravel()[of_t]) if len(of_t) else np.nan,
            "t_cells": len(of_t),
        }
    chosen = depth.choose_depth(pd.DataFrame(rows).T.astype({"molecules": float, "t_cells": int}))
    thinned = {
        sample: depth.thin_counts(
            counts,
            barcodes=cohort.counts[sample].barcodes,
            genes=cohort.genes,
            keep=chosen.loc[sample, "keep"],
            sample=sample,
        )
        for sample, counts in matrices.items()
    }
    if refit:
        model = fit.fit_likelihood(sp.vstack(list(thinned.values())), cohort.genes, table, decisions)
    for sample, counts in thinned.items():
        told = label_sample(matrices[sample], cohort.genes, model, populations, thinned=counts)
        found["calls equal"][sample], found["sums equal"][sample] = _sums(told)
    return {arm: pd.DataFrame(values).T.fillna(0.0) for arm, values in found.items()}


def label_sample(counts, genes, model, populations, *, thinned=None):
    """Label as the workflow does, with the likeliest population of every cell."""
    return labels.label_sample(
        counts, genes, model, populations=populations, min_probability=0.0, thinned=thinned
    )


def _sums(told) -> tuple[pd.Series, pd.Series]:
    calls = told.cells["likeliest"].value_counts()
    sums = told.chances.sum()
    sums["unassigned"] = len(told.chances) - sums.sum()
    return calls, sums


def log_odds_change(
    cells: pd.DataFrame, sheet: pd.DataFrame, part, whole, *, later="month6", earlier="baseline"
):
    """Change of the log odds of a part in its whole by donor; half a cell is added to both."""
    inside = cells.reindex(columns=part, fill_value=0).sum(axis=1)
    total = cells.sum(axis=1) if whole is None else cells.reindex(columns=whole, fill_value=0).sum(axis=1)
    odds = np.log((inside + 0.5) / (total - inside + 0.5))

    def at(visit):
        samples = sheet.index[sheet["visit"] == visit]
        return odds.loc[samples].set_axis(sheet.loc[samples, "donor"])

    return at(later) - at(earlier)


def t_value(change) -> float:
    """t of a paired change."""
    return float(np.mean(change) / (np.std(change, ddof=1) / np.sqrt(len(change))))
