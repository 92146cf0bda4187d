"""A first look at a sample: its names and first cells, and checks of the files over the looks of all samples.

What is found here concerns count files alone; :mod:`cd20scope.preflight.study` holds it against the study.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cd20scope.ingest.gene_names import FEMALE, MALE
from cd20scope.ingest.look import Look

if TYPE_CHECKING:
    import pandas as pd

SHARED = 0.5
"""Part of a sample's barcodes in another above which their counts are compared; by chance it is one in a hundred."""
MANY = 20_000
"""Barcodes that a lane of cells does not reach, and any lane of droplets does."""
FEW_MOLECULES = 20


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


def find_copies(looks: Sequence[Look]) -> list[tuple[str, str]]:
    """Find samples that are the same library: shared barcodes, and equal counts in the cells that both show.

    Returns
    -------
    For each pair the names of both samples, and what is wrong.
    """
    found = []
    sets = {look.sample: set(look.barcodes.tolist()) for look in looks}
    for one, other in combinations(looks, 2):
        shared = len(sets[one.sample] & sets[other.sample]) / min(
            len(sets[one.sample]), len(sets[other.sample])
        )
        if shared < SHARED or not _equal(one, other):
            continue
        found.append(
            (
                f"{one.sample}, {other.sample}",
                f"the same library twice: {shared:.0%} of the barcodes are in both, with the same counts. Correct the "
                "path of one in the sample sheet.",
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


def _equal(one: Look, other: Look) -> bool:
    """Whether the first cells of both that have the same barcode have the same counts, of the genes of both."""
    first = {barcode: row for row, barcode in enumerate(one.barcodes[: one.cells.shape[0]].tolist())}
    found = {barcode: row for row, barcode in enumerate(other.barcodes[: other.cells.shape[0]].tolist())}
    common = [barcode for barcode in first if barcode in found]
    genes = np.intersect1d(one.genes, other.genes)
    if not common or not genes.size:
        return False
    sums = []
    for look, rows in ((one, first), (other, found)):
        place = {gene: column for column, gene in enumerate(look.genes.tolist())}
        columns = [place[gene] for gene in genes.tolist()]
        sums.append(np.asarray(look.cells[[rows[barcode] for barcode in common]][:, columns].sum(axis=1)))
    return bool(np.array_equal(sums[0], sums[1]) and sums[0].sum() > 0)
