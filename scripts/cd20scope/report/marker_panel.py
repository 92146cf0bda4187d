"""Which markers the dot plot of the report shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import schema

MIN_CELLS = 10
"""Minimum cells of a population whose markers are shown: means of fewer depend on single cells."""


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
    """Find the population in which the genes shown for each population are highest, on average.

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
