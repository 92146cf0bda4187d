"""Text and rows out of HDF5 and zarr, a bounded block at a time, with errors that name the file."""

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.matrix import IngestError, Strings

type Rows = npt.NDArray[np.int64]


type Node = Any
"""Group or array of an HDF5 file or a zarr store; the two libraries share no type."""


BLOCK_ROWS = 1024
"""Cells read together: a few tens of MB at usual depth, 120 MB of a dense matrix with 30,000 genes in float32."""


BLOCK_VALUES = 1 << 22
"""Stored values read together from a matrix that is stored gene by gene."""


PER_BYTE = 250
"""Numbers that one byte of a file can stand for at most: what gzip makes of zeros. Real counts reach about two."""


NO_STRINGS: Strings = np.array([], dtype=np.str_)


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
