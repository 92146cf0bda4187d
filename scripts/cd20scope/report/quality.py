"""Quality of each sample, summed up for the page."""

import pandas as pd

from cd20scope import schema
from cd20scope.schema import REASONS


def summarise(cells: pd.DataFrame, population: pd.Series) -> dict[str, float]:
    """Sum up the quality of one sample.

    Parameters
    ----------
    cells
        Its table of quality control, the columns of :data:`cd20scope.schema.QC`.
    population
        Label of each of its cells, in the same order.

    Returns
    -------
    dict
        ``n_cells n_kept``, cells dropped for each of :data:`REASONS` (a cell may have several), ``median_counts`` and
        ``median_genes`` of kept cells, ``doublet_rate`` and ``unassigned_rate`` (0 to 1; of the cells past the other
        bounds, and of kept cells).
    """
    kept = cells["keep"].to_numpy(dtype=bool)
    dropped = {reason: int(cells["reason"].str.contains(reason).sum()) for reason in REASONS}
    past = int(kept.sum()) + int((cells["reason"] == "doublet").sum())
    return {
        "n_cells": len(cells),
        "n_kept": int(kept.sum()),
        **dropped,
        "median_counts": float(cells.loc[kept, "n_counts"].median()),
        "median_genes": float(cells.loc[kept, "n_genes"].median()),
        "doublet_rate": dropped["doublet"] / past if past else 0.0,
        "unassigned_rate": float((population[kept] == schema.UNASSIGNED).mean()) if kept.any() else 0.0,
    }
