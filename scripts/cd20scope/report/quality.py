"""Quality of each sample, summed up for the page."""

import pandas as pd

from cd20scope import schema
from cd20scope.schema import REASONS


def summarise(cells: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Sum up the quality of one sample.

    Parameters
    ----------
    cells
        Its table of quality control, the columns of :data:`cd20scope.schema.QC`.
    labels
        ``population`` and ``doublet`` of each of its cells, in the same order.

    Returns
    -------
    dict
        ``n_cells n_kept``, cells dropped for each of :data:`REASONS` (a cell may have several), ``median_counts`` and
        ``median_genes`` of kept cells, ``doublet_rate`` (heterotypic doublets among kept cells) and
        ``unassigned_rate`` (cells without a population among the others), 0 to 1.
    """
    kept = cells["keep"].to_numpy(dtype=bool)
    dropped = {reason: int(cells["reason"].str.contains(reason).sum()) for reason in REASONS}
    double = (labels["doublet"] != "").to_numpy()[kept]
    population = labels["population"].to_numpy(dtype=object)[kept][~double]
    return {
        "n_cells": len(cells),
        "n_kept": int(kept.sum()),
        **dropped,
        "median_counts": float(cells.loc[kept, "n_counts"].median()),
        "median_genes": float(cells.loc[kept, "n_genes"].median()),
        "doublet_rate": float(double.mean()) if kept.any() else 0.0,
        "unassigned_rate": float((population == schema.UNASSIGNED).mean()) if len(population) else 0.0,
    }
