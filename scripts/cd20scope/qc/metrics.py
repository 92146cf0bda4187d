"""Quality of the cells of one sample: metrics, and whether a cell is kept or why not."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.counts.matrix import log_normalise
from cd20scope.schema import REASONS

Array = npt.NDArray[Any]

MITOCHONDRIAL = re.compile(r"^MT-")


def coarse_stratum(counts: sp.csr_matrix, genes: Array, *, populations: Mapping[str, Any]) -> Array:
    """Guess the lineage of each cell from markers alone, to stratify the sketch; no result rests on it.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    genes
        Names, shape (n_genes,).
    populations
        The population tree; its top nodes are the strata.

    Returns
    -------
    numpy.ndarray
        Name of the top node whose markers are highest on average, or ``unassigned`` where none is found.
    """
    at = {gene: position for position, gene in enumerate(genes)}
    tops = [node for node in populations["nodes"] if node["parent"] is None]
    found = [[at[gene] for gene in node["markers"] if gene in at] for node in tops]
    ends = np.cumsum([len(own) for own in found])
    lognorm = log_normalise(counts, columns=np.concatenate(found).astype(np.intp))
    scores = np.zeros((counts.shape[0], len(tops)))
    for top, columns in enumerate(np.split(np.arange(ends[-1]), ends[:-1])):
        if columns.size:
            scores[:, top] = np.asarray(lognorm[:, columns].mean(axis=1)).ravel()
    names = np.array([node["name"] for node in tops], dtype=object)
    return np.where(scores.max(axis=1) > 0, names[scores.argmax(axis=1)], schema.UNASSIGNED)


def flag_cells(
    counts: sp.csr_matrix,
    genes: Array,
    *,
    populations: Mapping[str, Any],
    min_counts: int,
    min_genes: int,
    max_percent_mito: float,
) -> pd.DataFrame:
    """Measure every cell and flag those that are kept.

    There is no upper bound on genes or counts: plasmablasts and cycling cells, which the study is about, lie there.

    Parameters
    ----------
    counts
        Raw counts of one sample, cells x genes.
    genes
        Names, shape (n_genes,).
    populations
        The population tree, for the strata.
    min_counts, min_genes
        Minimum molecules (UMIs) and genes per cell.
    max_percent_mito
        Highest share of mitochondrial molecules, in percent.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`schema.QC`, one row per cell. ``reason`` joins all reasons by ``; `` and is empty
        when kept.
    """
    n_counts = np.asarray(counts.sum(axis=1)).ravel().astype(np.int64)
    n_genes = np.diff(counts.indptr)
    mito = np.flatnonzero([MITOCHONDRIAL.match(gene) is not None for gene in genes])
    percent_mito = 100 * np.asarray(counts[:, mito].sum(axis=1)).ravel() / np.maximum(n_counts, 1)
    failed = np.column_stack([n_counts < min_counts, n_genes < min_genes, percent_mito > max_percent_mito])
    return pd.DataFrame(
        {
            "n_counts": n_counts,
            "n_genes": n_genes,
            "percent_mito": percent_mito.astype(np.float32),
            "stratum": pd.Categorical(coarse_stratum(counts, genes, populations=populations)),
            "keep": ~failed.any(axis=1),
            "reason": ["; ".join(np.array(REASONS)[row]) for row in failed],
        }
    )
