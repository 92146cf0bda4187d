"""Markers in the labelled cells: summed over samples, and chosen and compared for the report."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope import schema

Array = npt.NDArray[Any]

MIN_CELLS = 10
"""Fewest cells of a population whose markers are shown: means of fewer are the chance of single cells."""


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


def choose_panel(
    populations: Mapping[str, Any],
    markers: pd.DataFrame,
    *,
    per_branch: int = 2,
    per_population: int = 3,
) -> dict[str, list[str]]:
    """Choose the genes of the dot plot: the first markers of each node that stand in the table, each gene once.

    Parameters
    ----------
    populations
        The population tree; its markers are ordered from most to least telling.
    markers
        The table of markers; populations and genes that it lacks are left out.
    per_branch, per_population
        Genes of a branch and of a population. Five dozen genes in all are what a page can name.

    Returns
    -------
    dict
        Genes by the name of their node, in the order of the tree.
    """
    genes, found = set(markers["gene"]), set(markers["population"])
    nodes = {node["name"]: node for node in populations["nodes"] if node["level"] != "subset"}
    above: set[str] = set()
    for name in found & set(nodes):
        while name is not None and name not in above:
            above.add(name)
            name = nodes[name]["parent"]
    taken: set[str] = set()
    panel = {}
    for name, node in nodes.items():
        wanted = per_branch if node["level"] == "branch" else per_population
        own = [gene for gene in node["markers"] if gene in genes and gene not in taken][:wanted]
        if name in above and own:
            panel[name] = own
            taken |= set(own)
    return panel


def highest_in(markers: pd.DataFrame, *, panel: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Tell in which population the genes shown for each population are highest, on average.

    Parameters
    ----------
    markers
        The table of markers, of the populations to compare.
    panel
        Genes by node (:func:`choose_panel`); nodes that are no population of the table are passed over.

    Returns
    -------
    dict
        By population, the one where the mean of its genes is highest, each gene on its scale from the lowest (0) to
        the highest (1) population. Cells without a population do not compete.
    """
    named = markers[markers["population"] != schema.UNASSIGNED]
    mean = named.pivot_table(index="population", columns="gene", values="mean", sort=False)
    scaled = (mean - mean.min()) / (mean.max() - mean.min()).replace(0, 1)
    return {
        name: str(scaled[genes].mean(axis=1).idxmax())
        for name, genes in panel.items()
        if name in scaled.index
    }
