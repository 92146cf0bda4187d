"""Proofs that whole numbers are counts of molecules: rounded, scaled or corrected values are whole numbers too."""

import numpy as np
from scipy import sparse

from cd20scope.counts.matrix import NotRawError

FEWEST_CELLS = 20
FEWEST_VALUES = 500
"""Cells and stored values below which nothing is said."""
MOST_CELLS = 500
"""Cells that are looked at, evenly over the file."""
MANY_GENES = 50
"""Genes of a cell from which it is judged: of so many, one at least has a single molecule."""
EVEN = 0.15
"""Standard deviation of the totals over their mean, below which they were made equal. Libraries of blood have 0.25 to
1; counts corrected by sctransform (doi:10.1186/s13059-019-1874-1) for depth 0.04 to 0.14, values scaled to a total and
rounded about 0.01."""
FEWEST_GENES = 20
"""Genes with a molecule per cell or more, below which their variances say nothing."""
VARIANCE = 0.7
"""Variance of the median gene over its mean, below which values were transformed. Counts of molecules have 1 at least,
that of their sampling (doi:10.1038/s41587-019-0379-5), and 1.3 even in sorted B cells; rounded roots and logs, imputed
values and counts with a number added have 0.1 to 0.5."""
RANKED_CELLS = 100
FEWEST_RANKS = 10
RANKED = 0.9
"""Part of so many cells, each of so many different values, whose values are their own ranks, above which all are.
Large counts leave gaps: where sampled down to a tenth, of 0 to 0.3 of the cells with ten values or more none is missing
below the largest; of dense ranks it is all."""
MANY_MOLECULES = 8
CLIPPED = 0.5
"""Part of the cells that share one largest value, of so many molecules at least, from which values were cut off."""


def check_plausible(matrix: sparse.csr_matrix, *, where: str, place: str) -> None:
    """Refuse integers that are no counts.

    Those are: all ones, ranks within each cell, none of them one, cells of all but equal totals, genes that vary less
    than sampling makes them, and values cut off at one.

    Parameters
    ----------
    matrix
        Cells of one sample x genes, integers as stored.
    where
        File and place in it, for the error.
    place
        What the configuration would name to take it all the same.

    Raises
    ------
    NotRawError
    """
    why = _why_no_counts(matrix)
    if why:
        raise NotRawError(
            f"{where}: {why}. Give the raw counts, before any normalisation; if these are counts all the same, write "
            f'ingest: {{place: "{place}"}} into the configuration.'
        )


def _why_no_counts(matrix: sparse.csr_matrix) -> str:
    some = np.unique(np.linspace(0, matrix.shape[0] - 1, MOST_CELLS).astype(np.int64))
    filled = matrix[some[np.diff(matrix.indptr)[some] > 0]]
    if filled.shape[0] < FEWEST_CELLS or filled.nnz < FEWEST_VALUES:
        return ""
    if filled.data.max() <= 1:
        return "no value is above 1: presence and absence of genes, not counts"
    rich = filled[np.diff(filled.indptr) >= MANY_GENES]
    if rich.shape[0] < FEWEST_CELLS:
        return ""
    if _are_ranked(rich):
        return (
            "the values of each cell are 1, 2, 3, ... without a gap, or the number of values below them: looks ranked "
            "within each cell"
        )
    smallest = float(np.median(_smallest(rich)))
    if smallest > 1:
        return (
            f"the smallest value of the median cell is {smallest:g}, and in counts of molecules it is 1: looks scaled "
            "to a total (CPM) and rounded"
        )
    totals = np.asarray(rich.sum(axis=1), dtype=np.float64).ravel()
    if totals.std() < EVEN * totals.mean():
        return (
            f"the totals of its cells hardly vary ({totals.mean():,.0f}, standard deviation {totals.std():,.0f}): "
            "looks scaled to a total and rounded, corrected for depth (SCTransform) or sampled down"
        )
    if rich.data.max() >= MANY_MOLECULES:
        shared = float((rich.max(axis=1).toarray() == rich.data.max()).mean())
        if shared > CLIPPED:
            return f"{shared:.0%} of its cells have the same largest value, {rich.data.max():g}: looks cut off there"
    means = np.asarray(rich.mean(axis=0), dtype=np.float64).ravel()
    high = np.flatnonzero(means >= 1)
    if len(high) >= FEWEST_GENES:
        squares = np.asarray(rich[:, high].astype(np.float64).power(2).mean(axis=0)).ravel()
        ratio = float(np.median((squares - means[high] ** 2) / means[high]))
        if ratio < VARIANCE:
            return (
                f"the variance of the median gene is {ratio:.2g} of its mean, and in counts of molecules it is as "
                "large at least: looks transformed (roots, logs) or imputed and rounded"
            )
    return ""


def _smallest(matrix: sparse.csr_matrix) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Smallest value above zero of each row; no row is empty, and one of zeros alone has infinity."""
    values = np.where(matrix.data > 0, matrix.data, np.inf)
    return np.minimum.reduceat(values, matrix.indptr[:-1].astype(np.int64))


def _are_ranked(matrix: sparse.csr_matrix) -> bool:
    """Whether the values of each cell are their own ranks, ties as one (dense) or by the lowest or highest of them."""
    some = np.unique(np.linspace(0, matrix.shape[0] - 1, RANKED_CELLS).astype(np.int64))
    n_told, n_others = 0, 0
    for start, stop in zip(matrix.indptr[some].tolist(), matrix.indptr[some + 1].tolist(), strict=True):
        values = matrix.data[start:stop]
        found, times = np.unique(values[values > 0], return_counts=True)
        if len(found) < FEWEST_RANKS:
            continue
        up_to = np.cumsum(times)
        ranks = (np.arange(1, len(found) + 1), up_to - times + 1, up_to)
        n_told += 1
        n_others += not any(np.array_equal(found, each) for each in ranks)
        if n_others > (1 - RANKED) * len(some):
            return False
    return n_told >= FEWEST_CELLS and n_others < (1 - RANKED) * n_told
