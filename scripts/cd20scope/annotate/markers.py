"""Markers in the labelled cells: summed over samples, and chosen and compared for the report."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope import schema

Array = npt.NDArray[Any]


def named_genes(populations: Mapping[str, Any], *, genes: Iterable[str]) -> list[str]:
    """Markers of branches and populations that are among ``genes``, each once, in the order of the tree."""
    known = set(genes)
    named = [gene for node in populations["nodes"] if node["level"] != "subset" for gene in node["markers"]]
    return [gene for gene in dict.fromkeys(named) if gene in known]


def add_up(sums: pd.DataFrame, *, genes: Sequence[str], names: Sequence[str]) -> Array:
    """Add up a sample's sums per leaf over the leaves of each population.

    Parameters
    ----------
    sums
        The columns ``population gene n_on lognorm`` of :data:`schema.SUMS`; other genes are passed over.
    genes, names
        Genes and populations, in the order of the result.

    Returns
    -------
    numpy.ndarray
        Shape (names, genes, 2): cells with at least one molecule, and summed log-normalised values.
    """
    schema.require_columns(sums, ("population", "gene", "n_on", "lognorm"), name="summed expression")
    at = pd.Index(genes).get_indexer(pd.Index(sums["gene"].astype(str)))
    row = pd.Index(names).get_indexer(pd.Index(sums["population"].astype(str)))
    total = np.zeros((len(names), len(genes), 2))
    kept = (at >= 0) & (row >= 0)
    np.add.at(total, (row[kept], at[kept]), sums.loc[kept, ["n_on", "lognorm"]].to_numpy(dtype=np.float64))
    return total


def tabulate(totals: Array, n_cells: Array, *, genes: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Turn sums over all samples into the table of markers.

    Parameters
    ----------
    totals
        Sum of what :func:`add_up` gives for each sample, shape (names, genes, 2).
    n_cells
        Sum of what :func:`cd20scope.annotate.overview.count_cells` gives, shape (names,).
    genes, names
        As there.

    Returns
    -------
    pandas.DataFrame
        ``population gene n_cells share_on mean``, one row per population that has cells and gene: share of its cells
        with at least one molecule, and mean of log(1 + counts per 10,000), zeros included.
    """
    index = pd.MultiIndex.from_product([names, genes], names=["population", "gene"])
    table = pd.DataFrame(totals.reshape(-1, 2), index=index, columns=["share_on", "mean"])
    table.insert(0, "n_cells", np.repeat(n_cells, len(genes)))
    table = table[table["n_cells"] > 0].reset_index()
    return table.assign(share_on=table["share_on"] / table["n_cells"], mean=table["mean"] / table["n_cells"])
