"""Matrices in MTX format with lists of names beside them, of Cell Ranger and other tools, gzipped or not."""

import io
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import scipy  # scipy.io is imported where it is first used
from scipy import sparse

from cd20scope.counts.foreign import check_size, explained
from cd20scope.counts.hdf5 import Rows
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.formats.features import tell_apart
from cd20scope.ingest.formats.layouts import find_bundle
from cd20scope.ingest.formats.mtx_names import (
    LONGEST_LINE,
    check_ends,
    fits,
    open_text,
    read_barcodes,
    read_features,
    read_list,
)
from cd20scope.ingest.formats.source import N_HEAD, Source

PER_CELL = 1500
"""Entries of a cell, about: as many are read as the first cells may have."""
BLOCK = 2**20
"""Bytes that are read at a time."""
MOST_COMMENTS = 1000
"""Lines of comment above a matrix."""


class _Joined:
    """A stream that reads one part after the other; scipy's MTX reader asks nothing but ``read`` of it."""

    def __init__(self, *parts: IO[bytes]) -> None:
        self.parts = list(parts)
        self.has_nul = False

    def read(self, size: int = -1) -> bytes:
        while self.parts:
            chunk = self.parts[0].read(size)
            if chunk:
                # behind a NUL scipy looks for the end of the line at address zero, which ends the whole process
                if b"\0" in chunk:
                    self.has_nul = True
                    return chunk.replace(b"\0", b" ")
                return chunk
            self.parts.pop(0)
        return b""


def _mtx_shape(handle: IO[bytes], path: Path) -> tuple[int, int, int]:
    """Read the header; rows, columns and entries it declares. The stream then stands at the first entry."""
    first = handle.readline(LONGEST_LINE)
    check_ends(first, path)
    banner = first.decode("utf-8-sig", "replace").lower().split()
    if banner[:3] != ["%%matrixmarket", "matrix", "coordinate"] or banner[3:] not in (
        ["integer", "general"],
        ["unsigned-integer", "general"],
        ["real", "general"],
    ):
        raise IngestError(
            f"{path}, row 1: {' '.join(banner)[:80]!r} is no header of a count matrix. It must read "
            "'%%MatrixMarket matrix coordinate integer general': write the matrix again (Cell Ranger, or "
            "scipy.io.mmwrite)."
        )
    lines = (handle.readline(LONGEST_LINE) for _ in range(MOST_COMMENTS))
    line = next((line for line in lines if line.strip() and not line.startswith(b"%")), b"")
    numbers = line.split()
    if len(numbers) != 3 or not all(number.isdigit() for number in numbers):
        raise IngestError(
            f"{path}: {line.strip()[:60]!r} is no size of a matrix; below the header three whole numbers are expected. "
            "Write the matrix again."
        )
    rows, columns, entries = (int(number) for number in numbers)
    # an entry takes six characters, and text shrinks no more than counts do
    check_size(6 * entries, path=path, what="characters of entries at least")
    return rows, columns, entries


def _first_lines(handle: IO[bytes], n: int) -> bytes:
    """Read ``n`` lines, or all where there are fewer; gzip takes some ten times as long to give them one by one."""
    parts = []
    while n and (part := handle.read(BLOCK)):
        ends = np.flatnonzero(np.frombuffer(part, dtype=np.uint8) == ord("\n"))[:n]
        n -= len(ends)
        parts.append(part if n else part[: ends[-1] + 1])
    return b"".join(parts)


def _mtx_entries(path: Path, stop: int | None = None) -> sparse.coo_array:
    """Read the entries, or the first ``stop``, in the order of the file."""
    with explained(path), open_text(path) as handle:
        rows, columns, entries = _mtx_shape(handle, path)
        body = handle
        if stop is not None and stop < entries:
            entries, body = stop, io.BytesIO(_first_lines(handle, stop))
        # Always read as real: in a file that says "integer" scipy would cut 1.5 to 1 without a word.
        header = f"%%MatrixMarket matrix coordinate real general\n{rows} {columns} {entries}\n"
        # scipy reads past its memory when the last line has no end and something odd behind its number
        joined = _Joined(io.BytesIO(header.encode()), body, io.BytesIO(b"\n"))
        try:
            read = sparse.coo_array(scipy.io.mmread(joined, spmatrix=False))
        except ValueError as error:
            if "out of bounds" not in str(error):
                raise
            raise IngestError(
                f"{path}: an entry outside {rows:,} rows and {columns:,} columns, the size in its header ({error}). "
                "MTX counts rows and columns from 1: if it was written from 0, or cut short, write it again."
            ) from error
        if joined.has_nul:
            raise ValueError("a byte of zero among the entries, which no text has")
        return read


def open_mtx(place: Path) -> Source:
    """Open the matrix of a folder, or a matrix; see :func:`cd20scope.ingest.formats.detect.open_sources`.

    Raises
    ------
    IngestError
    """
    bundle = find_bundle(place)
    matrix, down = bundle.matrix, bundle.layout.cells_down
    with explained(matrix), open_text(matrix) as handle:
        n_rows, n_columns, _ = _mtx_shape(handle, matrix)
    of_features, of_cells = read_list(bundle.features), read_list(bundle.barcodes)
    n_cells, n_features = (n_rows, n_columns) if down else (n_columns, n_rows)
    # written from anndata or scanpy, cells lie in rows whatever the file is called
    if not (fits(of_features, n_features) and fits(of_cells, n_cells)) and (
        fits(of_features, n_cells) and fits(of_cells, n_features)
    ):
        down, n_cells, n_features = not down, n_features, n_cells
    names, ids, types = read_features(bundle, of_features, n_features)
    barcodes, columns = read_barcodes(bundle.barcodes, of_cells, n_cells)
    features = tell_apart(names, ids, types, where=str(place))

    def read(stop: int | None = None) -> sparse.csr_matrix:
        entries = _mtx_entries(matrix, stop)
        return sparse.csr_matrix(entries if down else entries.T)

    def load(rows: Rows | None) -> sparse.csr_matrix:
        return read() if rows is None else read()[rows]

    def first(n: int) -> sparse.csr_matrix:
        entries = _mtx_entries(matrix, n * PER_CELL)
        cells, genes = (entries.row, entries.col) if down else (entries.col, entries.row)
        by_cell = (np.diff(cells) >= 0).all() and (np.diff(genes) < 0).any()
        # in a matrix that is written gene by gene, the first entries are a part of every cell
        some = sparse.csr_matrix(entries if down else entries.T) if by_cell else read()
        return sparse.csr_matrix(some[:n])

    return Source(
        place=matrix.name,
        shape=(n_cells, n_features),
        barcodes=barcodes,
        names=names,
        ids=ids,
        keep=features.keep,
        antibodies=features.antibodies,
        left_out=features.left_out,
        head=lambda: read(N_HEAD),
        load=load,
        first=first,
        columns={name: partial(_given, column) for name, column in columns.items()},
    )


def _given(values: Strings) -> Strings:
    return values
