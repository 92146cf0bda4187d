"""A first look at a sample: its names and first cells, and checks of the files over the looks of all samples.

What is found here concerns count files alone; :mod:`cd20scope.preflight.study` holds it against the study.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cd20scope.ingest.empty_droplets import sequences
from cd20scope.ingest.gene_names import FEMALE, MALE
from cd20scope.ingest.look import Look
from cd20scope.ingest.same_cells import are_same, count_nearest

if TYPE_CHECKING:
    import pandas as pd

SHARED = 0.5
"""Part of a sample's barcodes in another above which their cells are compared; by chance it is one in a hundred."""
MANY = 20_000
"""Barcodes that a lane of cells does not reach, and any lane of droplets does."""
FEW_MOLECULES = 20
FEWEST = 20
"""Cells of a look below which nothing is said of all."""
PANEL = 2_000
"""Genes below which a file holds a panel; whole transcriptomes have ten times as many."""


def count_sex(look: Look) -> tuple[int, int]:
    """Count the molecules of XIST and of genes of the Y chromosome in the first cells."""
    xist, y = (
        int(look.cells[:, np.flatnonzero(np.isin(look.genes, names))].sum()) for names in (FEMALE, MALE)
    )
    return xist, y


def count_molecules(look: Look) -> float:
    """Median of the molecules per cell over the first cells."""
    return float(np.median(np.asarray(look.cells.sum(axis=1)))) if look.cells.shape[0] else 0.0


def count_genes(looks: Sequence[Look]) -> "pd.DataFrame":
    """Count in how many samples each gene is measured: ``gene n_samples``."""
    import pandas as pd

    # samples of one reference have the same genes, which are gone through once
    alike = Counter(tuple(look.genes.tolist()) for look in looks)
    n_samples_of: Counter[str] = Counter()
    for genes, n_samples in alike.items():
        n_samples_of.update(dict.fromkeys(genes, n_samples))
    return pd.DataFrame(sorted(n_samples_of.items()), columns=["gene", "n_samples"])


def find_unfiltered(looks: Sequence[Look]) -> list[tuple[str, str]]:
    """Find matrices of all droplets, most of them empty: cells must have been called.

    Returns
    -------
    For each the name of the sample, and what is wrong.
    """
    found = []
    for look in looks:
        molecules = (
            float(np.median(np.asarray(look.cells.sum(axis=1)).ravel())) if look.cells.shape[0] else 0.0
        )
        if len(look.barcodes) >= MANY and molecules < FEW_MOLECULES:
            found.append(
                (
                    look.sample,
                    f"{len(look.barcodes):,} barcodes, and the median of the first {look.cells.shape[0]} has "
                    f"{molecules:.0f} molecules: an unfiltered matrix. Give the filtered one "
                    "(filtered_feature_bc_matrix) in the column path of the sample sheet, and this one in the "
                    "column raw.",
                )
            )
    return found


def find_thin(looks: Sequence[Look], *, min_counts: int, min_genes: int) -> list[tuple[str, str]]:
    """Find samples of which no cell would be kept: gene panels, or hardly any molecules.

    Parameters
    ----------
    looks
        Of the samples.
    min_counts, min_genes
        As ``qc`` of the configuration has them.

    Returns
    -------
    For each the name of the sample, and what is wrong.
    """
    found = []
    for look in looks:
        n, n_genes = look.cells.shape
        molecules = np.asarray(look.cells.sum(axis=1)).ravel()
        genes = np.asarray((look.cells > 0).sum(axis=1)).ravel()
        if (
            n < FEWEST
            or len(look.barcodes) >= MANY
            or ((molecules >= min_counts) & (genes >= min_genes)).any()
        ):
            continue
        panel = f": a panel of {n_genes:,} genes" if n_genes < PANEL else ""
        found.append(
            (
                look.sample,
                f"none of the first {n} cells has {min_counts} molecules of {min_genes} genes; the median has "
                f"{np.median(molecules):.0f} of {np.median(genes):.0f}{panel}. No cell would be kept: give counts of "
                "all genes, or lower qc: min_counts and min_genes in the configuration.",
            )
        )
    return found


def find_copies(looks: Sequence[Look]) -> list[tuple[str, str]]:
    """Find samples that are the same library: shared barcodes, whose cells are each other's nearest in expression.

    Barcodes are compared by their bases, since files that were put together give them other prefixes and suffixes. A
    copy corrected for ambient RNA or counted in another way has other counts, and still the same cells.

    Returns
    -------
    For each pair the names of both samples, and what is wrong.
    """
    found = []
    sets = {look.sample: set(sequences(look.barcodes).tolist()) for look in looks}
    for one, other in combinations(looks, 2):
        first, second = sets[one.sample], sets[other.sample]
        shared = len(first & second)
        if shared < SHARED * min(len(first), len(second)):
            continue
        nearest, n = count_nearest(one, other)
        if not are_same(nearest, n, shared=shared, of=min(len(first), len(second)), sample=next(iter(first))):
            continue
        found.append(
            (
                f"{one.sample}, {other.sample}",
                f"the same library twice: {shared / min(len(first), len(second)):.0%} of the barcodes are in both, and "
                f"{nearest} of {n} cells compared are nearest to themselves: a copy, perhaps corrected (CellBender, "
                "SoupX), counted in another way or with other suffixes. Correct the path of one in the sample sheet, "
                "or take it off.",
            )
        )
    return found


def find_overlaps(looks: Sequence[Look], paths: Sequence[str]) -> list[tuple[str, str]]:
    """Find samples of one file that share cells, which would be counted twice.

    Parameters
    ----------
    looks, paths
        Of the samples, in one order.

    Returns
    -------
    For each pair the names of both samples, and what is wrong.
    """
    found = []
    sets = {look.sample: set(look.barcodes.tolist()) for look in looks}
    for (one, path), (other, second) in combinations(zip(looks, paths, strict=True), 2):
        if path != second:
            continue
        if shared := sets[one.sample] & sets[other.sample]:
            text = (
                f"{path}: {len(shared):,} cells are in both (such as {min(shared)!r}). Correct the column cells of "
                "one in the sample sheet, so that each cell is in one sample."
            )
            found.append((f"{one.sample}, {other.sample}", text))
    return found
