"""Sums over the kept cells of one sample, leaf by leaf of the population tree: all that donor-level steps read."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.study import catalogue

Array = npt.NDArray[Any]


def count_leaves(
    labels: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    chances: pd.Series | None = None,
    shallow: bool = False,
) -> pd.DataFrame:
    """Count cells per leaf, zeros included (columns of :data:`schema.CELLS`).

    Parameters
    ----------
    labels
        Population and subset of each cell.
    populations
        The population tree.
    chances
        Sum of the posterior of each population over the same cells, split over its subsets as called. Without (a
        judge that gives none) the called cells stand in their place.
    shallow
        Whether the sample is too shallow to be compared.
    """
    index = pd.MultiIndex.from_frame(catalogue.leaves(populations))
    sizes = labels.groupby(["population", "subset"]).size()
    table = sizes.reindex(index, fill_value=0).rename("n_cells").reset_index()
    if chances is None:
        return table.assign(posterior=table["n_cells"].astype(float), shallow=shallow)
    called = table.groupby("population")["n_cells"].transform("sum")
    # what no cell was called for goes to the cells without subset
    part = (table["n_cells"] / called).where(called > 0, (table["subset"] == schema.UNASSIGNED).astype(float))
    assigned = table["population"] != schema.UNASSIGNED
    summed = part * table["population"].map(chances).fillna(0.0)
    rest = max(0.0, len(labels) - float(summed[assigned].sum()))
    return table.assign(posterior=summed.where(assigned, rest), shallow=shallow)


def name_genes(genes: Array) -> pd.CategoricalDtype:
    """Categories that genes are written with, checked once for all tables of a sample."""
    return pd.CategoricalDtype(pd.Index(genes.tolist()))


def sum_leaves(
    counts: sp.csr_matrix,
    lognorm: sp.csr_matrix,
    genes: Array,
    labels: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    gene_names: pd.CategoricalDtype | None = None,
) -> pd.DataFrame:
    """Sum raw and log-normalised counts per leaf and gene, and count the cells that show the gene.

    Since programme scores are linear in log-normalised expression, these sums are all that later steps need: no
    step after this one reads a cell's counts again.

    Parameters
    ----------
    counts, lognorm
        Raw and log-normalised counts of the kept cells, cells x genes, the same values stored in the same order.
    genes
        Gene names, shape (n_genes,).
    labels
        Labels of the same cells, in the same order.
    populations
        The population tree.
    gene_names
        From :func:`name_genes`, where the same genes are summed more than once.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`schema.SUMS`, rows with at least one molecule only, leaf by leaf.

    Raises
    ------
    ValueError
        When a label is not in the tree.
    """
    tree = catalogue.leaves(populations)
    own = pd.MultiIndex.from_frame(labels[["population", "subset"]])
    # only leaves that have cells, so that the sums of a few cells are not looked for among all leaves
    present, row = np.unique(pd.MultiIndex.from_frame(tree).get_indexer(own), return_inverse=True)
    if len(present) and present[0] < 0:
        stray = labels.loc[row == 0, ["population", "subset"]].iloc[0]
        raise ValueError(
            f"sums of a sample: a cell is labelled {stray['population']!r}, subset {stray['subset']!r}, which the "
            "population tree does not have. Take the labels and the tree of the same run."
        )
    n_genes = counts.shape[1]
    size = len(present) * n_genes
    place = np.repeat(row * n_genes, np.diff(counts.indptr))
    place += counts.indices
    n_on = np.bincount(place, minlength=size)
    nonzero = np.flatnonzero(n_on)
    leaf = present[nonzero // n_genes]
    if gene_names is None:
        gene_names = name_genes(genes)
    categories = {level: pd.Categorical(tree[level]) for level in ("population", "subset")}
    return pd.DataFrame(
        {
            **{level: categories[level][leaf] for level in categories},
            "gene": pd.Categorical.from_codes(nonzero % n_genes, dtype=gene_names),
            "counts": np.bincount(place, counts.data, size)[nonzero].astype(np.int64),
            "lognorm": np.bincount(place, lognorm.data, size)[nonzero].astype(np.float32),
            "n_on": n_on[nonzero].astype(np.int32),
        },
        columns=list(schema.SUMS),
    )
