"""What every reader of a foreign count file hands over: the places that may hold counts, not yet loaded."""

import csv
import fnmatch
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.study.cell_choice import parse_cells

if TYPE_CHECKING:
    import pandas as pd

type Rows = npt.NDArray[np.int64]

type Node = Any
"""Group or array of an HDF5 file or a zarr store; the two libraries share no type."""

N_HEAD = 4096
"""Stored values that a first look reads: normalised data show a fraction within the first few."""

HEAD_CELLS = 100
"""Cells that a first look reads where a sample is some cells of a file."""

BLOCK_ROWS = 1024
"""Cells read together: a few tens of MB at usual depth, 120 MB of a dense matrix with 30,000 genes in float32."""

BLOCK_VALUES = 1 << 22
"""Stored values read together from a matrix that is stored gene by gene."""

PER_BYTE = 250
"""Numbers that one byte of a file can stand for at most: what gzip makes of zeros. Real counts reach about two."""

NO_STRINGS: Strings = np.array([], dtype=np.str_)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of antibodies that an h5ad file keeps beside its genes.

    Attributes
    ----------
    place
        Its name in the file's own words: ``obsm['protein']``.
    load
        Its first rows, or all for None, as cells x antibodies in the type that the file has.
    """

    place: str
    load: "Callable[[int | None], pd.DataFrame]"


@dataclass(frozen=True, eq=False)
class Source:
    """One place of a file that may hold counts.

    Attributes
    ----------
    place
        Its name in the file's own words, for messages: ``matrix``, ``X``, ``layers['counts']``.
    shape
        Cells x features as the file declares it.
    barcodes, names, ids
        Of cells and features; ``ids`` is empty where the file has none.
    keep, antibodies
        Which features are genes, and which antibodies; hashtags of their own type and guides are neither.
    head, load
        The first :data:`N_HEAD` stored values; and the cells at these positions (ascending; None for all of them),
        as cells x features CSR in the type that the file has.
    tables
        Antibodies kept beside the genes, the likeliest counts first.
    first
        The first n cells, where that takes less than ``load``; None where it does not.
    columns
        What the file says of its cells: a column's name, and how to read it.
    """

    place: str
    shape: tuple[int, int]
    barcodes: Strings
    names: Strings
    ids: Strings
    keep: npt.NDArray[np.bool_]
    antibodies: npt.NDArray[np.bool_]
    head: Callable[[], sparse.csr_matrix]
    load: Callable[[Rows | None], sparse.csr_matrix]
    tables: tuple[Table, ...] = ()
    first: Callable[[int], sparse.csr_matrix] | None = None
    columns: Mapping[str, Callable[[], Strings]] = field(default_factory=dict)


def choose_cells(source: Source, cells: str, *, where: str) -> Source:
    """Narrow a source to the cells that are one sample.

    Parameters
    ----------
    source
        The place of the counts.
    cells
        As :func:`cd20scope.study.cell_choice.parse_cells` reads it; the value of ``barcode`` may hold ``*``, as in
        ``barcode=*-2`` for the second library of an aggregated run. Empty for all cells.
    where
        The file, for the error.

    Raises
    ------
    IngestError
        A column that the file lacks, or a value that no cell has.
    """
    if not cells:
        return source
    chosen = np.ones(len(source.barcodes), dtype=bool)
    try:
        wanted = parse_cells(cells)
    except ValueError as error:
        raise IngestError(f"{where}: cells: {error}.") from error
    for column, value in wanted.items():
        if column == "barcode":
            found = source.barcodes
            fits = np.array([fnmatch.fnmatchcase(name, value) for name in found], dtype=bool)
        elif column in source.columns:
            found = source.columns[column]()
            fits = found == value
        else:
            known = ", ".join(source.columns) or "none"
            raise IngestError(
                f"{where}: no column {column!r} tells its cells apart; found {known}. Correct 'cells' in the "
                "sample sheet."
            )
        if not fits.any():
            seen = sorted(set(found.tolist()))
            raise IngestError(
                f"{where}: no cell has {value!r} in column {column!r}; found {', '.join(seen[:8])}"
                f"{', ...' if len(seen) > 8 else ''}. Correct 'cells' in the sample sheet."
            )
        chosen &= fits
    rows = np.flatnonzero(chosen)
    if not rows.size:
        raise IngestError(f"{where}: no cell has all of {cells!r}. Correct 'cells' in the sample sheet.")
    return _narrowed(source, rows)


def _narrowed(source: Source, rows: Rows) -> Source:
    def narrow(table: Table) -> Table:
        return Table(table.place, lambda n: table.load(None).iloc[rows if n is None else rows[:n]])

    return replace(
        source,
        shape=(len(rows), source.shape[1]),
        barcodes=source.barcodes[rows],
        head=lambda: source.load(rows[:HEAD_CELLS]),
        load=lambda wanted: source.load(rows if wanted is None else rows[wanted]),
        tables=tuple(narrow(table) for table in source.tables),
        first=None,
        columns={name: partial(_some, read, rows) for name, read in source.columns.items()},
    )


def _some(read: Callable[[], Strings], rows: Rows) -> Strings:
    return read()[rows]


def is_array(node: Node) -> bool:
    """Whether a node of an HDF5 file or a zarr store is an array and not a group."""
    return hasattr(node, "shape")


def check_size(n: int, *, path: Path, what: str) -> None:
    """Refuse a file that declares more numbers than its bytes can hold, before anything is made room for.

    Raises
    ------
    IngestError
    """
    if n < 1 << 24:
        return
    parts = [part for part in path.rglob("*") if part.is_file()] if path.is_dir() else [path]
    size = sum(part.stat().st_size for part in parts)
    if n > PER_BYTE * size:
        raise IngestError(
            f"{path}: declares {n:,} {what} but has {size:,} bytes, which cannot hold them: damaged, or made to fill "
            "the memory. Give the original file."
        )


def take_rows(group: Node, rows: Rows, *, n_columns: int) -> sparse.csr_matrix:
    """Read chosen rows of a matrix stored by row, never holding more than a block of the others.

    Parameters
    ----------
    group
        Holds ``data``, ``indices`` and ``indptr``.
    rows
        Positions, ascending, without repeats.
    n_columns
        Of the matrix.
    """
    pointers = group["indptr"][:]
    parts = [sparse.csr_matrix((0, n_columns), dtype=group["data"].dtype)]
    for block in np.unique(rows // BLOCK_ROWS):
        inside = rows[rows // BLOCK_ROWS == block]
        # From the first to the last row wanted, so that few wanted rows read few chunks.
        bounds = pointers[inside[0] : inside[-1] + 2].astype(np.int64)
        span = slice(int(bounds[0]), int(bounds[-1]))
        stored = (group["data"][span], group["indices"][span], bounds - bounds[0])
        read = checked(sparse.csr_matrix(stored, shape=(len(bounds) - 1, n_columns)))
        parts.append(read[inside - inside[0]])
    taken: sparse.csr_matrix = sparse.vstack(parts, format="csr")
    return taken


def take_rows_by_column(group: Node, rows: Rows, *, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Read chosen rows of a matrix stored by column: all of it passes by, a block of values at a time."""
    pointers = group["indptr"][:].astype(np.int64)
    place = np.full(shape[0], -1)
    place[rows] = np.arange(len(rows))
    parts = []
    start = 0
    while start < shape[1]:
        stop = max(
            start + 1, int(np.searchsorted(pointers, pointers[start] + BLOCK_VALUES, side="right")) - 1
        )
        span = slice(int(pointers[start]), int(pointers[stop]))
        stored = (group["data"][span], group["indices"][span], pointers[start : stop + 1] - pointers[start])
        block = sparse.csc_matrix(stored, shape=(shape[0], stop - start))
        block.check_format(full_check=True)
        kept = place[block.indices] >= 0
        counted = np.concatenate([[0], np.cumsum(kept)])[block.indptr]
        inner = (block.data[kept], place[block.indices[kept]], counted)
        parts.append(sparse.csc_matrix(inner, shape=(len(rows), stop - start)))
        start = stop
    return sparse.csr_matrix(sparse.hstack(parts, format="csc"))


COPY_AGAIN = "compare its size and checksum with the original and copy it again"


@contextmanager
def explained(path: Path, *, remedy: str = COPY_AGAIN) -> Iterator[None]:
    """Turn what libraries say about an unreadable file into one error that names it.

    Raises
    ------
    IngestError
    """
    try:
        yield
    except IngestError:
        raise
    except (OSError, EOFError, zlib.error, csv.Error, ValueError, KeyError, RuntimeError) as error:
        raise IngestError(
            f"{path}: cannot be read ({type(error).__name__}: {str(error).strip()[:300]}). It may be truncated "
            f"or damaged: {remedy}."
        ) from error


def checked(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Prove of a matrix, by row or by column, that every index lies inside: scipy would write outside its arrays."""
    matrix.check_format(full_check=True)
    return sparse.csr_matrix(matrix)


def read_strings(node: Node) -> Strings:
    """Read text as 10x and anndata write it, in HDF5 or zarr: plain, categorical, or nullable (missing is empty)."""
    if not is_array(node):
        if "categories" in node:
            codes = node["codes"][:]
            # One entry more, which code -1 (missing) picks.
            labels: Strings = np.append(read_strings(node["categories"]), "")[codes]
            return labels
        values = read_strings(node["values"])
        return np.where(node["mask"][:], "", values) if "mask" in node else values
    if isinstance(node, h5py.Dataset) and h5py.check_string_dtype(node.dtype) is not None:
        return np.asarray(node.asstr()[:], dtype=np.str_)
    # zarr gives numpy's strings of any length, which do not cast to those of a fixed one
    return np.array(node[:].tolist(), dtype=np.str_)


def tell_apart(
    types: Strings, *, n_features: int, where: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell genes and antibodies from each other, and from hashtags and guides, by 10x feature type.

    Parameters
    ----------
    types
        One per feature; empty where the file has none: then all are genes.
    n_features
        Length of the answers when ``types`` is empty.
    where
        The file, for the error.

    Returns
    -------
    Which features are genes, and which are antibodies.

    Raises
    ------
    IngestError
        When no feature is a gene.
    """
    if not types.size:
        return np.ones(n_features, dtype=bool), np.zeros(n_features, dtype=bool)
    keep = np.asarray(types == "Gene Expression")
    if not keep.any():
        raise IngestError(
            f"{where}: no feature is of type 'Gene Expression'; found "
            f"{', '.join(sorted(set(types.tolist())))}. Give the file with the gene counts."
        )
    return keep, np.asarray(types == "Antibody Capture")
