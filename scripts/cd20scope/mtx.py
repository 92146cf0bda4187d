"""10x MTX folders of Cell Ranger 2 (genes.tsv) and later (features.tsv), gzipped or not."""

import gzip
import io
import itertools
from pathlib import Path
from typing import IO, cast

import numpy as np
import scipy.io
from scipy import sparse

from cd20scope.counts import IngestError
from cd20scope.sources import N_HEAD, NO_STRINGS, Source, explained, tell_apart

GZIP_SIGNATURE = b"\x1f\x8b"


def locate(folder: Path, *names: str) -> Path:
    """Find the first of these files in a 10x folder, plain or with .gz.

    Raises
    ------
    IngestError
    """
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                return path
    found = sorted(path.name for path in folder.iterdir())
    raise IngestError(
        f"{folder}: a folder without {' or '.join(names)} (plain or .gz); it holds "
        f"{', '.join(found[:8]) or 'nothing'}{', ...' if len(found) > 8 else ''}. Give the folder that holds "
        "matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv under exactly these names."
    )


def _open(path: Path) -> IO[bytes]:
    """Open a file that may be gzipped, whatever its name says."""
    with path.open("rb") as handle:
        zipped = handle.read(2) == GZIP_SIGNATURE
    if zipped:
        return cast("IO[bytes]", gzip.GzipFile(path))
    return path.open("rb")


def _table(path: Path) -> list[list[str]]:
    with explained(path), _open(path) as handle:
        rows = [line.decode("utf-8").rstrip("\r\n").split("\t") for line in handle]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise IngestError(
                f"{path}, row {number}: {len(row)} columns where row 1 has {len(rows[0])}. Write every row "
                "alike, separated by tabs."
            )
    return rows


class _Joined:
    """A stream that reads one part after the other; scipy's MTX reader asks nothing but ``read`` of it."""

    def __init__(self, *parts: IO[bytes]) -> None:
        self.parts = list(parts)

    def read(self, size: int = -1) -> bytes:
        while self.parts:
            chunk = self.parts[0].read(size)
            if chunk:
                return chunk
            self.parts.pop(0)
        return b""


def _mtx_shape(handle: IO[bytes], path: Path) -> tuple[int, int, int]:
    """Read the header; rows, columns and entries it declares. The stream then stands at the first entry."""
    banner = handle.readline().decode("utf-8", "replace").lower().split()
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
    line = next((line for line in handle if line.strip() and not line.startswith(b"%")), b"")
    rows, columns, entries = (int(number) for number in line.split())
    return rows, columns, entries


def _mtx_entries(path: Path, stop: int | None = None) -> sparse.csr_matrix:
    """Read the entries, or the first ``stop``, of a features x cells MTX file as cells x features."""
    with explained(path), _open(path) as handle:
        rows, columns, entries = _mtx_shape(handle, path)
        body = handle
        if stop is not None and stop < entries:
            entries, body = stop, io.BytesIO(b"".join(itertools.islice(handle, stop)))
        # Always read as real: in a file that says "integer" scipy would cut 1.5 to 1 without a word.
        header = f"%%MatrixMarket matrix coordinate real general\n{rows} {columns} {entries}\n"
        matrix = scipy.io.mmread(_Joined(io.BytesIO(header.encode()), body), spmatrix=False)
        return sparse.csr_matrix(matrix.T)


def open_mtx(folder: Path) -> Source:
    """Open a 10x MTX folder; see :func:`cd20scope.readers.open_sources`.

    Raises
    ------
    IngestError
    """
    matrix = locate(folder, "matrix.mtx")
    features = _table(locate(folder, "features.tsv", "genes.tsv"))
    barcodes = [row[0] for row in _table(locate(folder, "barcodes.tsv"))]
    with explained(matrix), _open(matrix) as handle:
        n_features, n_cells, _ = _mtx_shape(handle, matrix)
    columns = [np.array(column, dtype=np.str_) for column in zip(*features, strict=True)] or [NO_STRINGS]
    types = columns[2] if len(columns) > 2 else NO_STRINGS
    keep, antibodies = tell_apart(types, n_features=len(features), where=str(folder))
    return Source(
        place=matrix.name,
        shape=(n_cells, n_features),
        barcodes=np.array(barcodes, dtype=np.str_),
        names=columns[1] if len(columns) > 1 else columns[0],
        ids=columns[0] if len(columns) > 1 else NO_STRINGS,
        keep=keep,
        antibodies=antibodies,
        head=lambda: _mtx_entries(matrix, N_HEAD),
        load=lambda: _mtx_entries(matrix),
    )
