"""Subsets below populations by absolute evidence: what cannot be told stays at the parent.

The evidence for a subset is the mean expression of its markers minus that of its negative markers, on the scale of
expression and after the soup is taken off. Scores relative to the other cells would always find every subset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.genes import Names, find_genes

Array = npt.NDArray[Any]

NOT_TOLD = "unassigned"


@dataclass(frozen=True)
class Subset:
    """A subset of a population and the genes that speak for and against it."""

    parent: str
    name: str
    markers: tuple[str, ...]
    negative: tuple[str, ...]


def read_subsets(populations: Mapping[str, Any]) -> tuple[Subset, ...]:
    """Read the subsets of a catalogue of populations."""
    return tuple(
        Subset(node["parent"], node["name"], tuple(node["markers"]), tuple(node.get("negative", ())))
        for node in populations["nodes"]
        if node["level"] == "subset"
    )


def subset_evidence(
    counts: sp.csr_matrix,
    genes: Names,
    subsets: Sequence[Subset],
    *,
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
    total: Array | None = None,
) -> tuple[Array, Array]:
    """Evidence for each subset in each cell, and how many of its markers a cell shows.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    genes
        Gene names.
    subsets
        What is looked for.
    ambient, share
        Soup of the sample: molecules by gene (default the mean of these cells), and its part of a cell's molecules.
    total
        Molecules of each cell; default the sums of the rows.

    Returns
    -------
    evidence, seen
        Cells x subsets: mean of ``log(1 + 10^4 x / n)`` over markers minus that over negative markers, x
        without the molecules that soup explains; and the number of markers with a molecule left.
    """
    every = list(dict.fromkeys(gene for one in subsets for gene in (*one.markers, *one.negative)))
    at = find_genes(every, genes)
    every, at = [gene for gene, place in zip(every, at, strict=True) if place >= 0], at[at >= 0]
    size = np.asarray(counts.sum(axis=1), dtype=float).ravel() if total is None else total
    spilt = (
        np.asarray(counts.sum(axis=0), dtype=float).ravel()
        if ambient is None
        else np.asarray(ambient, dtype=float)
    )
    soup = spilt[at] / max(spilt.sum(), 1.0)
    own = np.maximum(counts[:, at].toarray() - share * np.outer(size, soup), 0.0)
    logs = np.log1p(1e4 * own / np.maximum(size, 1.0)[:, None])
    # less than half a molecule left is soup's rounding, no sight of the gene
    shown = own > 0.5
    evidence, seen = np.zeros((len(size), len(subsets))), np.zeros((len(size), len(subsets)), dtype=int)
    for place, one in enumerate(subsets):
        positive, negative = np.isin(every, one.markers), np.isin(every, one.negative)
        if positive.any():
            evidence[:, place] = logs[:, positive].mean(axis=1)
            seen[:, place] = shown[:, positive].sum(axis=1)
        if negative.any():
            evidence[:, place] -= logs[:, negative].mean(axis=1)
    return evidence, seen


def tell_subsets(
    counts: sp.csr_matrix,
    genes: Names,
    population: Array,
    subsets: Sequence[Subset],
    *,
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
) -> pd.DataFrame:
    """Tell the subset of each cell, or leave it at its population.

    A subset is told when at least :data:`constants.SUBSET_MARKERS` of its markers are seen, its evidence reaches
    :data:`constants.SUBSET_EVIDENCE` and exceeds that of every sibling by :data:`constants.SUBSET_MARGIN`.

    Parameters
    ----------
    counts, genes, subsets, ambient, share
        As for :func:`subset_evidence`.
    population
        Label of each cell.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``subset`` (``unassigned`` where it is not told) and ``subset_evidence`` (NaN where
        the population has no subsets).
    """
    spilt = np.asarray(counts.sum(axis=0), dtype=float).ravel() if ambient is None else ambient
    label = np.full(len(population), NOT_TOLD, dtype=object)
    strength = np.full(len(population), np.nan, dtype=np.float32)
    for parent in dict.fromkeys(one.parent for one in subsets):
        rows = np.flatnonzero(population == parent)
        own = [one for one in subsets if one.parent == parent]
        if not len(rows):
            continue
        evidence, seen = subset_evidence(counts[rows], genes, own, ambient=spilt, share=share)
        best = evidence.argmax(axis=1)
        every = np.arange(len(rows))
        top = evidence[every, best]
        rest = np.where(np.arange(len(own)) == best[:, None], -np.inf, evidence).max(axis=1)
        told = (
            (seen[every, best] >= constants.SUBSET_MARKERS)
            & (top >= constants.SUBSET_EVIDENCE)
            & (top - rest >= constants.SUBSET_MARGIN)
        )
        label[rows[told]] = np.array([one.name for one in own], dtype=object)[best[told]]
        strength[rows] = top
    return pd.DataFrame({"subset": label, "subset_evidence": strength})
