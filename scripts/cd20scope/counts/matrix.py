"""Raw counts of one sample, the proofs that a matrix and its names are that, and their log-normalisation.

Nothing here knows a file format: readers hand over a matrix and names, and get :class:`Counts` or an error
that says what was found, where, and what to do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.remembered import remembered

if TYPE_CHECKING:
    import pandas as pd

type Strings = npt.NDArray[np.str_]

type Genes = Mapping[str, npt.NDArray[np.object_]]
"""Columns ``gene`` (symbols, unique) and, where ids are known, ``gene_id``, in the order of the columns of a matrix.
Arrays of Python's text, so that a sample is read without pandas, whose import takes longer; antibodies and dense tables
need it."""

LIMIT = 2**31
"""First count that int32 cannot hold; exact in float32, which the largest int32 is not."""
BLOCK = 1 << 22
"""Stored values looked at together: keeps the temporary arrays of the proof at a few tens of MB."""

LONGEST_NAME = 256
"""Characters of a name of a gene or a cell; the longest in use, joined from several names, have some 80."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that no name has: HDF5, figures and terminals end or break at them, or no eye sees them."""
ENSEMBL = re.compile(r"ENS[A-Z]*G\d{11}(?:\.?\d+)?")
"""Ids of genes with or without version, which has lost its point in some files (``ENSG0000016329412``)."""
BARCODE = re.compile(r".*[ACGTN]{10,}.*")
ANCHORS = ("ACTB", "B2M", "CD3D", "CD74", "GAPDH", "LYZ", "MALAT1", "MS4A1", "NKG7", "RPLP0")
"""Genes that nearly every data set of human blood has; as names of cells they betray a transposed matrix."""


class IngestError(ValueError):
    """A count file that cannot be read as raw counts; the message names file, place, finding and remedy."""


class NotRawError(IngestError):
    """A matrix that could be read, but holds something other than raw integer counts."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Raw counts of one sample.

    Attributes
    ----------
    matrix
        Cells x genes, int32, sorted indices, no explicit zeros.
    barcodes
        One name per cell, unique.
    genes
        Columns ``gene`` (symbol, unique) and ``gene_id`` (of what is read from a count file), in the order of the
        columns of the matrix.
    protein
        Cells x antibodies, int32, barcodes as index (``barcode``), unique names of antibodies as columns; None
        (default) for a sample without antibody counts.
    empty
        Molecules per gene in droplets without a cell, shape (n_genes,); None (default) where the sheet gives no
        unfiltered matrix.
    """

    matrix: sparse.csr_matrix
    barcodes: Strings
    genes: Genes
    protein: "pd.DataFrame | None" = None
    empty: npt.NDArray[np.int64] | None = None


def share(names: Sequence[str] | Strings, pattern: re.Pattern[str]) -> float:
    """Fraction of names that match a pattern from end to end."""
    # counted by the interpreter's own loops: tens of thousands of names, several times for each sample
    return (len(names) - list(map(pattern.fullmatch, names)).count(None)) / max(len(names), 1)


def make_unique(names: list[str]) -> list[str]:
    """Append -1, -2, ... to the second and later of equal names, as anndata does, avoiding names in use."""
    taken = set(names)
    repeats: dict[str, int] = {}
    unique = []
    for name in names:
        new = name
        if name in repeats:
            while new in taken:
                repeats[name] += 1
                new = f"{name}-{repeats[name]}"
            taken.add(new)
        else:
            repeats[name] = 0
        unique.append(new)
    return unique


def check_names(barcodes: Strings, names: Strings, *, shape: tuple[int, int], where: str) -> None:
    """Stop when names do not fit the matrix, are empty or repeated, or cells and genes are swapped.

    Parameters
    ----------
    barcodes, names
        Of the cells and of all features.
    shape
        Of the matrix: cells x features.
    where
        The file, for the error.

    Raises
    ------
    IngestError
    """
    if 0 in (*shape, len(barcodes), len(names)):
        raise IngestError(
            f"{where}: empty: a matrix of {shape[0]:,} cells x {shape[1]:,} genes, {len(barcodes):,} "
            f"barcodes and {len(names):,} gene names. Give a file with cells and genes, or take the sample "
            "off the sheet."
        )
    _check_each(barcodes, kind="cell", where=where)
    _check_each(names, kind="gene", where=where)
    swapped = shape == (len(names), len(barcodes)) and shape[0] != shape[1]
    genes_on_cells = int(np.isin(ANCHORS, barcodes).sum()) >= 2 or share(barcodes[:1000], ENSEMBL) > 0.5
    if swapped or genes_on_cells or share(names[:1000], BARCODE) > 0.5:
        raise IngestError(
            f"{where}: transposed: genes lie where cells are expected (first cell {str(barcodes[0])!r}, "
            f"first gene {str(names[0])!r}, {shape[0]:,} cells x {shape[1]:,} genes). Transpose it and write "
            "it again (in anndata: adata.T)."
        )
    if shape != (len(barcodes), len(names)):
        raise IngestError(
            f"{where}: the matrix has {shape[0]:,} cells x {shape[1]:,} genes, but there are "
            f"{len(barcodes):,} barcodes and {len(names):,} gene names. The files do not belong together, or "
            "one was cut short: copy them again."
        )
    repeated, times = np.unique(barcodes, return_counts=True)
    if times.max() > 1 or "" in repeated:
        worst = times.argmax()
        raise IngestError(
            f"{where}: {int((times > 1).sum()):,} barcodes occur more than once or are empty (such as "
            f"{str(repeated[worst])!r}, {times[worst]} times). If libraries were put together, make the "
            "barcodes unique first (a suffix per library)."
        )


def _check_each(names: Strings, *, kind: str, where: str) -> None:
    """Refuse names that are longer than a name is, or hold a control character."""
    longest, odd = _odd_names(names)
    if longest:
        raise IngestError(
            f"{where}: a name of a {kind} has {len(longest):,} characters ({longest[:40]!r}...), and {LONGEST_NAME} "
            "are the most. Give the original file, or shorten the name."
        )
    if odd:
        raise IngestError(
            f"{where}: {odd!r} is no name of a {kind}: it holds a control character or an unseen one. Take it out."
        )


@remembered
def _odd_names(names: Strings) -> tuple[str, str]:
    """Longest name, where it is longer than a name is, and the first with a control character; else empty."""
    texts = names.tolist()
    longest = max(texts, key=len)
    odd = next(filter(CONTROL.search, texts)) if CONTROL.search("".join(texts)) else ""
    return longest if len(longest) > LONGEST_NAME else "", odd


def _why_not_raw(value: float, data: npt.NDArray[np.generic]) -> str:
    finite = data[np.isfinite(data)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    if not np.isfinite(value):
        return "it is missing or infinite"
    if low < 0:
        return f"values go down to {low:.3g}: looks scaled or corrected for a batch"
    if value >= LIMIT:
        return f"it is not below {LIMIT:,}"
    if high < 25:
        return f"looks log-normalised: max {high:.3g}"
    return f"fractions, max {high:.4g}: looks normalised to a total, or corrected for ambient RNA"


def check_raw(matrix: sparse.csr_matrix, *, barcodes: Strings, names: Strings, where: str) -> None:
    """Prove that every stored value is a non-negative integer, whatever its type.

    Parameters
    ----------
    matrix
        Cells x genes; integral floats are accepted, since anndata and scanpy store counts as float32.
    barcodes, names
        Of its rows and columns, for the error.
    where
        File and place in it, for the error.

    Raises
    ------
    NotRawError
        Naming the first offending value with its cell and gene.
    """
    data = matrix.data
    if data.dtype.kind not in "uif":
        raise NotRawError(f"{where}: values of type {data.dtype} are no counts. Give the raw integer counts.")
    for start in range(0, data.size, BLOCK):
        block = data[start : start + BLOCK]
        fine = (block >= 0) & (block < LIMIT)
        if data.dtype.kind == "f":
            fine &= block == np.floor(block)
        if not fine.all():
            at = start + int(fine.argmin())
            row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
            raise NotRawError(
                f"{where}: {data[at]:.10g} in cell {barcodes[row]}, gene {names[matrix.indices[at]]} is no "
                f"raw count: {_why_not_raw(float(data[at]), data)}. Give the raw counts (integers, before "
                "any normalisation)."
            )


def finish_matrix(matrix: sparse.csr_matrix, *, where: str) -> sparse.csr_matrix:
    """Bring a proven matrix into the one form that later steps read: int32, sorted, no explicit zeros.

    Raises
    ------
    IngestError
        When no cell has any count, or entries add up past what a count can be.
    """
    if not matrix.has_canonical_format:
        # entries of one cell and gene are summed, and int32 would turn a large sum negative
        matrix = matrix.astype(np.int64)
        matrix.sum_duplicates()
        if matrix.nnz and matrix.data.max() >= LIMIT:
            raise NotRawError(
                f"{where}: entries of one cell and gene add up to {matrix.data.max():,}, which is not below {LIMIT:,}: "
                "damaged. Give the original file."
            )
    matrix = matrix.astype(np.int32)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    if matrix.nnz == 0:
        raise IngestError(
            f"{where}: empty: every count of {matrix.shape[0]:,} cells is zero. Give another file."
        )
    return matrix


def log_normalise(
    matrix: sparse.csr_matrix, *, columns: npt.NDArray[np.intp] | None = None, target: float = 10_000.0
) -> sparse.csr_matrix:
    """Scale each cell to the same total and take logs: y = log(1 + target * count / total of the cell).

    Parameters
    ----------
    matrix
        Raw counts, cells x all genes: the total is taken from what is given.
    columns
        Positions of the genes to give back, in that order; None (default) gives all of them.
    target
        Total after scaling; 10,000 is the field's habit, so that values compare with published ones.

    Returns
    -------
    Cells x genes, float32; a cell without counts stays all zero. The input is not changed.
    """
    total = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    factor = np.divide(target, total, out=np.zeros_like(total), where=total > 0)
    chosen = matrix if columns is None else matrix[:, columns]
    values = chosen.data * np.repeat(factor, np.diff(chosen.indptr))
    return sparse.csr_matrix(
        (np.log1p(values, out=values).astype(np.float32), chosen.indices.copy(), chosen.indptr.copy()),
        shape=chosen.shape,
    )
