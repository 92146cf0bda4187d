"""Elements, text and rows out of HDF5 and zarr, a bounded block at a time, with errors that name the file."""

import warnings
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import anndata as ad
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata.io import read_elem, sparse_dataset
from scipy import sparse

from cd20scope.counts.foreign import LONGEST_TEXT, check_lengths, checked
from cd20scope.counts.matrix import Strings

type Rows = npt.NDArray[np.int64]

type Node = Any
"""Group or array of an HDF5 file or a zarr store; the two libraries share no type."""

type Element = Any
"""What anndata reads of a node: an array, a column of pandas, a table, a sparse matrix."""

BLOCK_ROWS = 1024
"""Cells read together: a few tens of MB at usual depth, 120 MB of a dense matrix with 30,000 genes in float32."""

BLOCK_VALUES = 1 << 22
"""Stored values read together from a matrix that is stored gene by gene."""

HALF_LIMIT = 2048
"""Whole number from which half precision (float16) rounds."""

NO_STRINGS: Strings = np.array([], dtype=np.str_)


def is_array(node: Node) -> bool:
    """Whether a node of an HDF5 file or a zarr store is an array and not a group."""
    return hasattr(node, "shape")


def take_rows(
    read: Callable[[int, int], sparse.csr_matrix], rows: Rows, *, n_columns: int, dtype: npt.DTypeLike
) -> sparse.csr_matrix:
    """Take chosen rows of a matrix that anndata's readers do not know, holding no more than a block of the others.

    Parameters
    ----------
    read
        Rows ``start`` to ``stop`` of the matrix.
    rows
        Positions, ascending, without repeats.
    n_columns, dtype
        Of the matrix.
    """
    wide = np.float32 if dtype == np.float16 else np.dtype(dtype).newbyteorder("=")
    parts = [sparse.csr_matrix((0, n_columns), dtype=wide)]
    for block in np.unique(rows // BLOCK_ROWS):
        inside = rows[rows // BLOCK_ROWS == block]
        # From the first to the last row wanted, so that few wanted rows read few chunks.
        parts.append(read(int(inside[0]), int(inside[-1]) + 1)[inside - inside[0]])
    taken: sparse.csr_matrix = sparse.vstack(parts, format="csr")
    return taken


def native[T: np.generic](values: npt.NDArray[T]) -> npt.NDArray[T]:
    """Bring numbers into the byte order of the machine: scipy knows no other."""
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def as_sparse(values: npt.NDArray[np.generic]) -> sparse.csr_matrix:
    """Make a dense array sparse by row; half precision, which scipy does not know, becomes single.

    Raises
    ------
    ValueError
        For half precision with values above which it does not hold every whole number.
    """
    if values.dtype != np.float16:
        return sparse.csr_matrix(native(values))
    if values.size and np.abs(values).max() >= HALF_LIMIT:
        raise ValueError(
            f"values up to {np.abs(values).max():g} in half precision, which rounds whole numbers from {HALF_LIMIT:,}"
        )
    return sparse.csr_matrix(values.astype(np.float32))


def read_matrix(node: Node, rows: Rows | None = None) -> sparse.csr_matrix:
    """Read a matrix that anndata wrote, sparse by row or by column or dense: all of it (default) or chosen rows.

    Parameters
    ----------
    node
        Group or array of the file.
    rows
        As for :func:`take_rows`.

    Returns
    -------
    Rows x columns, in the type that the file has; every index is proven to lie inside.
    """
    if is_array(node):
        wanted = np.arange(node.shape[0]) if rows is None else rows
        # h5py reads single rows of a dense matrix one by one
        return take_rows(
            lambda start, stop: as_sparse(node[start:stop]),
            wanted,
            n_columns=node.shape[1],
            dtype=node.dtype,
        )
    stored: Element = sparse_dataset(node)
    if rows is None:
        return checked(stored.to_memory())
    if stored.format == "csc":
        # anndata would hold the whole matrix
        blocks = (checked(block)[rows] for block in column_blocks(node))
        return sparse.csr_matrix(sparse.hstack(list(blocks), format="csr"))
    if not rows.size:  # of none, anndata makes floats
        return sparse.csr_matrix((0, stored.shape[1]), dtype=node["data"].dtype)
    # by a mask, anndata reads rows that follow each other at once, and not one by one
    mask = np.zeros(stored.shape[0], dtype=bool)
    mask[rows] = True
    return checked(stored[mask])


def column_blocks(node: Node) -> Iterator[sparse.csc_matrix]:
    """Pass over a matrix stored by column, at most :data:`BLOCK_VALUES` values (or one column) at a time."""
    stored: Element = sparse_dataset(node)
    pointers = node["indptr"][:].astype(np.int64)
    start = 0
    while start < stored.shape[1]:
        last = int(np.searchsorted(pointers, pointers[start] + BLOCK_VALUES, side="right")) - 1
        stop = max(start + 1, last)
        yield stored[:, start:stop]
        start = stop


def read_head(node: Node, n_values: int) -> sparse.csr_matrix:
    """Read the first stored values of a matrix that anndata wrote; the rest of its shape is empty."""
    if is_array(node):
        first = as_sparse(node[: max(1, n_values // node.shape[1])])
        first.resize(node.shape)
        return first
    stored: Element = sparse_dataset(node)
    whole = max(1, int(np.searchsorted(node["indptr"][:], n_values)))
    head = checked(stored[:, :whole] if stored.format == "csc" else stored[:whole])
    head.resize(stored.shape)
    return head


def read_element(node: Node) -> Element:
    """Read an element of an h5ad file or a zarr store as anndata does, of any version since 0.7.

    Raises
    ------
    ValueError
        For an element that anndata does not know, whatever it raises then.
    """
    if is_array(node):
        _check_width(node)
    elif node.attrs.get("encoding-type") == "nullable-string-array":
        # anndata makes a column of pandas of it, from which the same text has to be taken again
        texts = np.array(read_element(node["values"]), dtype=object)
        texts[read_element(node["mask"])] = None
        return texts
    try:
        with warnings.catch_warnings():
            # files without marks of what an element is: 10x, loom, and old ones of anndata
            warnings.simplefilter("ignore", ad.OldFormatWarning)
            return read_elem(node)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, RuntimeError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"anndata cannot read {node.name}: {error}") from error


def read_columns(frame: Node) -> Callable[[str], Element]:
    """Give the reader of single columns of a table, of any anndata since 0.7, its index among them."""
    if frame.attrs.get("encoding-version") != "0.1.0":
        return lambda name: read_element(frame[name])

    # anndata before 0.8 kept the categories of a column elsewhere, and its own reader of that takes the whole table
    @cache
    def whole() -> Element:
        return read_element(frame)

    index = index_of(frame)
    return lambda name: whole().index.array if name == index else whole()[name].array


def index_of(frame: Node) -> str:
    """Name of the column that names the rows of a table."""
    return str(frame.attrs.get("_index", "_index"))


def as_strings(values: Element) -> Strings:
    """Write what anndata read as text; missing is empty, and whole numbers have no point (1.0 of a column is 1)."""
    if isinstance(values, pd.Categorical):
        # One entry more, which code -1 (missing) picks.
        labels: Strings = np.append(as_strings(values.categories.array), "")[values.codes]
        return labels
    # anndata gives the only value of an array without marks by itself
    array = np.atleast_1d(np.array(values, dtype=object))
    if array.ndim != 1:
        raise ValueError(f"an array of shape {array.shape} where one value for each row is expected")
    texts = array.tolist()
    if set(map(type, texts)) - {str}:
        array[pd.isna(array)] = ""
        texts = [v if isinstance(v, str) else _text(v) for v in array.tolist()]
    check_lengths(texts, most=LONGEST_TEXT)
    return np.array(texts, dtype=np.str_)


def _text(value: object) -> str:
    """Text of what else a column may hold; bytes are UTF-8."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (int, np.generic)):
        return str(value)
    raise ValueError(f"a value of type {type(value).__name__} where text is expected")


def read_strings(node: Node) -> Strings:
    """Read an element of an h5ad file, or an array of a 10x or loom file, as text."""
    if is_array(node) and node.dtype.kind == "S" and len(node.shape) == 1 and not node.attrs:
        _check_width(node)
        stored: npt.NDArray[np.bytes_] = node[()]
        try:
            return stored.astype(np.str_)  # of ASCII, as all but few are, without a loop
        except UnicodeDecodeError:
            return np.array([text.decode() for text in stored.tolist()], dtype=np.str_)
    return as_strings(read_element(node))


def _check_width(node: Node) -> None:
    """Refuse text of one width, the bytes of which no name or value has."""
    if node.dtype.kind in "SU" and node.dtype.itemsize > 4 * LONGEST_TEXT:
        raise ValueError(
            f"text of {node.dtype.itemsize:,} bytes in each place; {4 * LONGEST_TEXT:,} are the most"
        )
