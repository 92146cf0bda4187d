"""10x MTX folders of Cell Ranger 2 (genes.tsv) and later (features.tsv), gzipped or not."""

import gzip
import io
from pathlib import Path
from typing import IO, cast

import numpy as np
import scipy  # scipy.io is imported where it is first used
from scipy import sparse

from cd20scope.counts.foreign import check_regular
from cd20scope.counts.hdf5 import NO_STRINGS, Rows, check_size, explained
from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.source import N_HEAD, Source, tell_apart

PER_CELL = 1500
"""Entries of a cell, about: as many are read as the first cells may have."""

GZIP_SIGNATURE = b"\x1f\x8b"
BLOCK = 2**20
"""Bytes that are read at a time."""

MATRIX = "matrix.mtx"
LONGEST = 1 << 28
"""Bytes of names that are read: twice a list of all the barcodes that there are."""
MOST_NAMES = 1 << 24
"""Lines of a list of names: twice all the barcodes that there are."""
LONGEST_LINE = 4096
"""Bytes of a line of names, or of the head of a matrix."""
MOST_COMMENTS = 1000
"""Lines of comment above a matrix."""


def locate(place: Path, *names: str) -> Path:
    """Find the first of these files of a 10x folder, plain or with .gz.

    Parameters
    ----------
    place
        The folder; or the matrix itself, when what stands before ``matrix.mtx`` in its name stands before the names
        of the other files too, as in public archives (``GSM123_P01_matrix.mtx.gz``).
    names
        In order of preference.

    Raises
    ------
    IngestError
    """
    folder, prefix = (place, "") if place.is_dir() else (place.parent, place.name.split(MATRIX)[0])
    if not place.is_dir() and MATRIX not in place.name:
        raise IngestError(
            f"{place}: a matrix on its own. Name it (something)matrix.mtx, with (something)features.tsv and "
            "(something)barcodes.tsv beside it, or give the folder of the three."
        )
    for name in names:
        for path in (folder / f"{prefix}{name}", folder / f"{prefix}{name}.gz"):
            if path.exists():
                return path
    found = sorted(path.name for path in folder.iterdir())
    raise IngestError(
        f"{folder}: a folder without {' or '.join(prefix + name for name in names)} (plain or .gz); it holds "
        f"{', '.join(found[:8]) or 'nothing'}{', ...' if len(found) > 8 else ''}. Give the folder that holds "
        "matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv under exactly these names."
    )


def open_text(path: Path) -> IO[bytes]:
    """Open a file of text that may be gzipped, whatever its name says."""
    check_regular(path)
    with path.open("rb") as handle:
        zipped = handle.read(2) == GZIP_SIGNATURE
    if zipped:
        # lines are taken from the buffer; gzip's own way to the next line is some ten times slower
        return cast("IO[bytes]", io.BufferedReader(gzip.GzipFile(path), buffer_size=2**18))
    return path.open("rb")


def _table(path: Path) -> list[list[str]]:
    with explained(path), open_text(path) as handle:
        text = handle.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise IngestError(
                f"{path}: more than {LONGEST:,} bytes of names: no list of genes or cells. Copy it again."
            )
        _check_lines(text, path)
        # line ends alone: a rarer separator within a name is no new line, and would shift the counts
        lines = text.decode("utf-8-sig").removesuffix("\n").split("\n") if text else []
        rows = [line.rstrip("\r").split("\t") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise IngestError(
                f"{path}, row {number}: {len(row)} columns where row 1 has {len(rows[0])}. Write every row "
                "alike, separated by tabs."
            )
    return rows


def _check_lines(text: bytes, path: Path) -> None:
    """Refuse lists of names with more lines, or longer ones, than such a list has, before they are split."""
    n_lines, longest = text.count(b"\n"), 0
    if n_lines <= MOST_NAMES:
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        longest = int(np.diff(ends, prepend=-1, append=len(text)).max())
    if n_lines > MOST_NAMES or longest > LONGEST_LINE:
        found = f"a line of {longest:,} bytes" if longest else f"{n_lines:,} lines"
        raise IngestError(f"{path}: {found}, more than a list of names has. Copy it again.")


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
    banner = handle.readline(LONGEST_LINE).decode("utf-8-sig", "replace").lower().split()
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


def _mtx_entries(path: Path, stop: int | None = None) -> sparse.csr_matrix:
    """Read the entries, or the first ``stop``, of a features x cells MTX file as cells x features."""
    with explained(path), open_text(path) as handle:
        rows, columns, entries = _mtx_shape(handle, path)
        body = handle
        if stop is not None and stop < entries:
            entries, body = stop, io.BytesIO(_first_lines(handle, stop))
        # Always read as real: in a file that says "integer" scipy would cut 1.5 to 1 without a word.
        header = f"%%MatrixMarket matrix coordinate real general\n{rows} {columns} {entries}\n"
        # scipy reads past its memory when the last line has no end and something odd behind its number
        parts = (io.BytesIO(header.encode()), body, io.BytesIO(b"\n"))
        matrix = scipy.io.mmread(_Joined(*parts), spmatrix=False)
        return sparse.csr_matrix(matrix.T)


def open_mtx(folder: Path) -> Source:
    """Open a 10x MTX folder, or the matrix of one; see :func:`cd20scope.ingest.formats.detect.open_sources`.

    Raises
    ------
    IngestError
    """
    matrix = locate(folder, MATRIX) if folder.is_dir() else folder
    features = _table(locate(folder, "features.tsv", "genes.tsv"))
    barcodes = [row[0] for row in _table(locate(folder, "barcodes.tsv"))]
    with explained(matrix), open_text(matrix) as handle:
        n_features, n_cells, _ = _mtx_shape(handle, matrix)
    columns = [np.array(column, dtype=np.str_) for column in zip(*features, strict=True)] or [NO_STRINGS]
    types = columns[2] if len(columns) > 2 else NO_STRINGS
    keep, antibodies = tell_apart(types, n_features=len(features), where=str(folder))

    def load(rows: Rows | None) -> sparse.csr_matrix:
        entries = _mtx_entries(matrix)
        return entries if rows is None else entries[rows]

    return Source(
        place=matrix.name,
        shape=(n_cells, n_features),
        barcodes=np.array(barcodes, dtype=np.str_),
        names=columns[1] if len(columns) > 1 else columns[0],
        ids=columns[0] if len(columns) > 1 else NO_STRINGS,
        keep=keep,
        antibodies=antibodies,
        head=lambda: _mtx_entries(matrix, N_HEAD),
        load=load,
        first=lambda n: _mtx_entries(matrix, n * PER_CELL)[:n],
    )
