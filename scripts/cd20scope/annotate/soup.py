"""How much of a sample's molecules is soup: transcripts of broken cells that every droplet takes in.

Its profile is that of droplets without a cell where the sample comes with them; else the sample's mean stands for it.
Its share is read off genes that a kind of cell cannot make: their molecules found there, over those expected if all
its molecules were soup.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.special import pdtrc

from cd20scope.annotate.likelihood.genes import Names

Array = npt.NDArray[Any]

FOREIGN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "B": (("CD79A", "CD79B", "MS4A1", "IGKC", "IGHM", "IGHD", "BANK1"), ("CD4 T", "CD8 T", "Myeloid")),
    "T": (("CD3D", "CD3E", "CD3G", "TRAC", "TRBC1", "TRBC2", "IL7R"), ("B", "Myeloid")),
    "Myeloid": (
        ("LYZ", "S100A8", "S100A9", "S100A12", "FCN1", "VCAN", "CST3"),
        ("B", "CD4 T", "CD8 T", "NK"),
    ),
    "NK": (("GNLY", "NKG7", "GZMB", "PRF1", "KLRD1"), ("B", "Myeloid")),
    "Platelet": (("PPBP", "PF4"), ("B", "CD4 T", "CD8 T", "NK")),
    "Erythroid": (("HBA1", "HBA2", "HBB"), ("B", "CD4 T", "CD8 T", "NK", "Myeloid")),
}
"""Genes of a kind of cell, and the roles of the lineages that do not transcribe them (Hao 2021,
doi:10.1016/j.cell.2021.04.048). CD79B is also in NK cells, CST3 in dendritic cells; those pairs are not used."""
MOST = 0.3
"""Share of soup above which droplets are not cells; a cell with more of a foreign set than this is a doublet."""
UNLIKELY = 1e-3
"""Chance under which a cell is taken for such a doublet and left out."""
MIN_EXPECTED = 20.0
"""Molecules that must be expected, were all soup, before a set of genes in a lineage is used."""
UNKNOWN = 0.1
"""Share taken when nothing can be read off: an upper bound for droplets from blood, so that gates err to no call."""


@dataclass(frozen=True)
class Soup:
    """Estimate for one sample.

    Attributes
    ----------
    share
        Part of a cell's molecules that is soup; NaN when nothing could be read off.
    low, high
        95 % confidence interval.
    n_sets
        Pairs of gene set and lineage that it rests on.
    profile
        Part of the soup's molecules by gene, shape (n_genes,).
    measured
        Whether the profile is that of droplets without a cell, and not the sample's mean.
    """

    share: float
    low: float
    high: float
    n_sets: int
    profile: Array
    measured: bool = False

    @property
    def bound(self) -> float:
        """Share that a gate should reckon with: the upper limit, or :data:`UNKNOWN`."""
        return UNKNOWN if np.isnan(self.high) else self.high


def estimate_soup(counts: sp.csr_matrix, genes: Names, role: Array, *, empty: Array | None = None) -> Soup:
    """Estimate the share of soup in a sample.

    For gene set s and lineage l that lacks it, O = molecules seen, E = (molecules of these cells) * (part of the
    set in the profile). The share is sum O / sum E; its variance is that of a quasi-Poisson model over the pairs.

    Parameters
    ----------
    counts
        Raw counts of the kept cells, cells x genes.
    genes
        Gene names, shape (n_genes,).
    role
        Role of the lineage of each cell (:mod:`cd20scope.study.roles`), shape (n_cells,), by a first guess; cells of
        any other role are not read.
    empty
        Molecules per gene in droplets without a cell, shape (n_genes,); None (default) to take the sample's mean.

    References
    ----------
    Young & Behjati 2020 (SoupX), doi:10.1093/gigascience/giaa151.
    """
    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    ambient = np.asarray(counts.sum(axis=0), dtype=float).ravel() if empty is None else empty.astype(float)
    profile = ambient / max(ambient.sum(), 1.0)
    observed, expected = [], []
    for names, foreign in FOREIGN.values():
        columns = np.flatnonzero(np.isin(genes, names))
        part = float(profile[columns].sum())
        molecules = np.asarray(counts[:, columns].sum(axis=1), dtype=float).ravel()
        for name in foreign:
            rows = role == name
            # Poisson chance of as many molecules or more; scipy.stats would cost every job half a second of import
            chance = np.where(molecules > 0, pdtrc(np.maximum(molecules - 1, 0), MOST * total * part), 1.0)
            single = rows & (chance > UNLIKELY)
            if total[single].sum() * part >= MIN_EXPECTED:
                observed.append(molecules[single].sum())
                expected.append(total[single].sum() * part)
    return replace(_combine(np.array(observed), np.array(expected), profile), measured=empty is not None)


def _combine(observed: Array, expected: Array, profile: Array) -> Soup:
    if not len(observed):
        return Soup(np.nan, np.nan, np.nan, 0, profile)
    share = observed.sum() / expected.sum()
    # without a molecule seen, three expected is what 95 % of samples would stay under
    excess = 1.0
    if len(observed) > 1 and share > 0:
        excess = max(
            1.0, float(np.sum((observed - share * expected) ** 2 / (share * expected)) / (len(observed) - 1))
        )
    half = 1.96 * np.sqrt(excess * share / expected.sum())
    high = min(1.0, max(share + half, 3 / expected.sum()))
    return Soup(float(share), float(max(0.0, share - half)), float(high), len(observed), profile)


def tabulate(soup: Soup, genes: Names, *, n_genes: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the estimate as a table of one row, and the genes that most of the soup is made of.

    Returns
    -------
    DataFrame, DataFrame
        ``share low high n_sets profile``; and ``gene share``, the first ``n_genes`` genes.
    """
    top = np.argsort(-soup.profile, kind="stable")[:n_genes]
    estimate: dict[str, float | str] = {
        name: getattr(soup, name) for name in ("share", "low", "high", "n_sets")
    }
    estimate["profile"] = "droplets without a cell" if soup.measured else "mean of the sample"
    return pd.DataFrame([estimate]), pd.DataFrame({"gene": genes[top], "share": soup.profile[top]})
