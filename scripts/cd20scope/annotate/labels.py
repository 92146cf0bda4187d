"""Label the cells of one sample: the likelihood, the soup of the sample, subsets and flags in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.annotate.likelihood import subsets
from cd20scope.annotate.likelihood.fit import Likelihood, tell_cells
from cd20scope.annotate.likelihood.genes import Names
from cd20scope.annotate.likelihood.label import Labels, label_cells, soup_share
from cd20scope.annotate.likelihood.tree import lineages_of_populations
from cd20scope.annotate.soup import Soup, estimate_soup
from cd20scope.study import catalogue, roles

Array = npt.NDArray[Any]

B_ONLY = ("CD79A", "CD79B", "CD19", "BANK1", "IGKC", "IGHM", "IGHD")
"""B-cell transcripts that a true CD20+ T cell does not carry (von Essen 2024, doi:10.3389/fimmu.2024.1487530)."""


@dataclass(frozen=True)
class Labelled:
    """What the likelihood says of one sample.

    Attributes
    ----------
    cells
        The columns of :data:`schema.LABELS`, one row per cell.
    chances
        Posterior of each population, cells x populations; zero for doublets.
    soup
        Of the sample.
    """

    cells: pd.DataFrame
    chances: pd.DataFrame
    soup: Soup


def measure_soup(
    counts: sp.csr_matrix,
    genes: Names,
    model: Likelihood,
    *,
    populations: Mapping[str, Any],
    empty: Array | None = None,
) -> Soup:
    """Estimate the soup of a sample from lineages told with the usual share of it."""
    lineages, of = lineages_of_populations(populations), catalogue.lineage_of(populations)
    told = tell_cells(counts, genes, model, lineages=lineages, ambient=empty).populations
    guess = told.columns.map(of).to_numpy(dtype=object)[told.to_numpy().argmax(axis=1)]
    return estimate_soup(counts, genes, roles.of_cells(guess, populations), empty=empty)


def label_sample(
    counts: sp.csr_matrix,
    genes: Names,
    model: Likelihood,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    empty: Array | None = None,
    thinned: sp.csr_matrix | None = None,
    soup: Soup | None = None,
) -> Labelled:
    """Label the kept cells of one sample.

    Parameters
    ----------
    counts
        Raw counts of the kept cells, cells x genes.
    genes
        Gene names, shape (n_genes,); as an index where they are searched more than once
        (:func:`cd20scope.annotate.likelihood.genes.find_genes`).
    model
        The fit.
    populations
        The population tree.
    min_probability
        Below it a label is ``unassigned``; the lineage needs as much, summed over its populations.
    empty
        Molecules per gene in droplets without a cell; None (default) where they were not kept.
    thinned
        Counts at equal depth, which then tell doublets, populations and subsets; lineages are told by all counts.
    soup
        Of the sample, where it is known.
    """
    soup = soup or measure_soup(counts, genes, model, populations=populations, empty=empty)
    told = tell_populations(
        counts,
        genes,
        model,
        populations=populations,
        min_probability=min_probability,
        empty=empty,
        thinned=thinned,
        soup=soup,
    )
    below = counts if thinned is None else thinned
    population = told.cells["population"].to_numpy(dtype=object)
    listed = subsets.read_subsets(populations)
    share = soup_share(soup.share)
    found = subsets.tell_subsets(below, genes, population, listed, ambient=empty, share=share)
    role = roles.of_cells(told.cells["lineage"].to_numpy(dtype=object), populations)
    cells = told.cells.assign(
        subset=found["subset"], subset_probability=np.nan, cd20_t=is_cd20_t(counts, genes, role)
    )
    return Labelled(cells[list(schema.LABELS)], told.chances, soup)


def tell_populations(
    counts: sp.csr_matrix,
    genes: Names,
    model: Likelihood,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    soup: Soup,
    empty: Array | None = None,
    thinned: sp.csr_matrix | None = None,
) -> Labels:
    """Tell lineage, population and doublets alone; parameters as for :func:`label_sample`."""
    return label_cells(
        counts,
        genes,
        model,
        lineages=lineages_of_populations(populations),
        lineage_names=catalogue.lineage_of(populations),
        min_probability=min_probability,
        ambient=empty,
        share=soup_share(soup.share),
        thinned=thinned,
    )


def lineage_of_cells(
    chances: pd.DataFrame, populations: Mapping[str, Any], *, min_probability: float
) -> Array:
    """Lineage of each cell, by the summed probability of its populations, ``unassigned`` below the bound."""
    of = catalogue.lineage_of(populations)
    by_lineage = chances.T.groupby(lambda name: of[name]).sum().T
    best = by_lineage.to_numpy().argmax(axis=1)
    reached = by_lineage.to_numpy()[np.arange(len(best)), best] >= min_probability
    return np.where(reached, by_lineage.columns.to_numpy(dtype=object)[best], schema.UNASSIGNED)


def is_cd20_t(counts: sp.csr_matrix, genes: Names, role: Array) -> Array:
    """MS4A1 in a T cell without other B transcripts: a flag, no type, since RNA cannot prove such cells.

    ``role`` is that of the lineage of each cell (:mod:`cd20scope.study.roles`).
    """
    target = np.asarray(counts[:, np.flatnonzero(genes == "MS4A1")].sum(axis=1)).ravel() > 0
    other = np.asarray(counts[:, np.flatnonzero(np.isin(genes, B_ONLY))].sum(axis=1)).ravel() > 0
    return np.asarray(np.isin(role, roles.T) & target & ~other)


def spread(labels: pd.DataFrame, *, keep: Array, barcodes: Array) -> pd.DataFrame:
    """Bring labels of kept cells to all cells; a dropped cell is ``unassigned`` with probability 0."""
    without: dict[str, Any] = {"subset_probability": np.nan, "cd20_t": False, "doublet": ""}
    words = ("lineage", "population", "likeliest", "subset")
    every = pd.DataFrame(index=pd.Index(barcodes, name="barcode"))
    for column in map(str, labels):
        own = labels[column].to_numpy()
        empty = schema.UNASSIGNED if column in words else without.get(column, 0.0)
        values = np.full(len(barcodes), empty, dtype=own.dtype)
        values[keep] = own
        every[column] = values
    return every
