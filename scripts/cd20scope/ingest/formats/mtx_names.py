"""Lists of genes and cells beside a matrix in MTX format, with or without header, quotes and row numbers."""

import csv
import gzip
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

import numpy as np

from cd20scope.counts.foreign import check_regular, explained
from cd20scope.counts.hdf5 import NO_STRINGS
from cd20scope.counts.matrix import BARCODE, ENSEMBL, IngestError, Strings, share
from cd20scope.ingest.formats.features import are_types
from cd20scope.ingest.formats.layouts import Bundle

GZIP_SIGNATURE = b"\x1f\x8b"
LONGEST = 1 << 28
"""Bytes of names that are read: twice a list of all the barcodes that there are."""
MOST_NAMES = 1 << 24
"""Lines of a list of names: twice all the barcodes that there are."""
SOME = 1000
"""Names by which a column is told."""
LONGEST_LINE = 4096
"""Bytes of a line of names, or of the head of a matrix."""
IDS = re.compile(
    r"(ensembl|ensg|gene|feature)?[-_. ]?ids?|ensembl(_?gene)?(_?id)?|geneid", flags=re.IGNORECASE
)
SYMBOLS = re.compile(
    r"(gene|feature)?[-_. ]?(symbols?|names?)|gene|feature|hgnc(_symbol)?", flags=re.IGNORECASE
)
"""Columns of a list of genes with a header."""
HEADER = re.compile(
    rf"{IDS.pattern}|{SYMBOLS.pattern}|v?\d+|x|index|names?|(row|col(umn)?)[-_. ]?names?|(cell[-_. ]?)?barcodes?|"
    r"(cell|sample)s?[-_. ]?(ids?|names?)?|bc|",
    flags=re.IGNORECASE,
)
"""Names of the only column of a list with a header."""


def open_text(path: Path) -> IO[bytes]:
    """Open a file of text that may be gzipped, whatever its name says."""
    check_regular(path)
    with path.open("rb") as handle:
        zipped = handle.read(2) == GZIP_SIGNATURE
    if zipped:
        # lines are taken from the buffer; gzip's own way to the next line is some ten times slower
        return cast("IO[bytes]", io.BufferedReader(gzip.GzipFile(path), buffer_size=2**18))
    return path.open("rb")


type Rows = Sequence[Sequence[str]]


def read_list(path: Path) -> Rows:
    """Read a list of names: its rows, split at tabs or commas, without the quotes that R puts around text.

    Raises
    ------
    IngestError
    """
    with explained(path), open_text(path) as handle:
        text = handle.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise IngestError(
                f"{path}: more than {LONGEST:,} bytes of names: no list of genes or cells. Copy it again."
            )
        _check_lines(text, path)
        plain = path.name.removesuffix(".gz").endswith(".csv") or any(sign in text for sign in b"\"'\r")
        if not plain and (width := _width(text)):
            parts = text.decode("utf-8-sig").removesuffix("\n").replace("\n", "\t").split("\t")
            return list(zip(*(parts[i::width] for i in range(width)), strict=True))
        # line ends alone: a rarer separator within a name is no new line, and would shift the counts
        decoded = text.decode("utf-8-sig").removesuffix("\n").split("\n") if text else []
        lines = [line.rstrip("\r") for line in decoded]
    if path.name.removesuffix(".gz").endswith(".csv") and lines and "\t" not in lines[0]:
        return [row or [""] for row in csv.reader(lines)]
    rows = [line.split("\t") for line in lines]
    if any(sign in text for sign in (b'"', b"'")):
        rows = [[_unquoted(part) for part in row] for row in rows]
    return rows


def _width(text: bytes) -> int:
    """Columns of a text whose lines all have as many, with tabs between them; 0 for another."""
    if not text:
        return 0
    found = np.frombuffer(text.removesuffix(b"\n") + b"\n", dtype=np.uint8)
    ends = found[(found == ord("\t")) | (found == ord("\n"))] == ord("\n")
    width = int(ends.argmax()) + 1
    alike = len(ends) % width == 0 and np.array_equal(
        np.flatnonzero(ends), np.arange(width - 1, len(ends), width)
    )
    return width if alike else 0


def fits(rows: Rows, n: int) -> bool:
    """Whether a list of names has ``n`` of them, below a header or not; empty lines at its end do not count."""
    return len(rows) >= n and all(map(_is_blank, rows[n + 1 :]))


def _is_blank(row: Sequence[str]) -> bool:
    return len(row) == 1 and not row[0]


def _check_alike(rows: Rows, path: Path) -> None:
    """Refuse a list whose rows have other numbers of columns; R leaves out the name of the column of row names."""
    shifted = len(rows) > 1 and len(rows[1]) == len(rows[0]) + 1
    width = len(rows[shifted]) if rows else 0
    if set(map(len, rows[shifted:])) <= {width}:
        return
    number, row = next(
        (number, row) for number, row in enumerate(rows[shifted:], start=1 + shifted) if len(row) != width
    )
    raise IngestError(
        f"{path}, row {number}: {len(row)} columns where row {shifted + 1} has {width}. Write every row alike, "
        "separated by tabs."
    )


def check_ends(text: bytes, path: Path) -> None:
    """Refuse text whose lines end in a carriage return alone, as an old spreadsheet on a Mac writes them.

    Raises
    ------
    IngestError
    """
    if b"\r" in text.rstrip(b"\r\n").replace(b"\r\n", b""):
        raise IngestError(
            f"{path}: a carriage return within a row. Where rows end in it alone, write line feeds (tr '\\r' '\\n' "
            "< FILE > NEW, of an unpacked file); else it is damaged: copy it again."
        )


def _check_lines(text: bytes, path: Path) -> None:
    """Refuse lists of names with more lines, or longer ones, than such a list has, before they are split."""
    if b"\n" not in text:
        check_ends(text, path)
    n_lines, longest = text.count(b"\n"), 0
    if n_lines <= MOST_NAMES:
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        longest = int(np.diff(ends, prepend=-1, append=len(text)).max())
    if n_lines > MOST_NAMES or longest > LONGEST_LINE:
        found = f"a line of {longest:,} bytes" if longest else f"{n_lines:,} lines"
        raise IngestError(f"{path}: {found}, more than a list of names has. Copy it again.")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _columns(rows: Rows, n: int, path: Path) -> tuple[list[str], list[Strings]]:
    """Give header (empty names where there is none) and columns of a list of ``n`` names, without row numbers."""
    end = len(rows)
    while end > n and _is_blank(rows[end - 1]):
        end -= 1
    header, rows = list[str](), rows[:end]
    _check_alike(rows, path)
    # one row more than the matrix has is a header, unless it is a name as the others are
    if len(rows) == n + 1 and n and not _is_name(rows):
        header, rows = list(rows[0]), rows[1:]
    if rows and len(rows[0]) < len(rows[-1]):
        rows = [["", *rows[0]], *rows[1:]]
    columns = [np.array(column, dtype=np.str_) for column in zip(*rows, strict=True)] or [NO_STRINGS]
    header = ([""] * (len(columns) - len(header)) + header)[: len(columns)]
    if len(columns) > 1 and columns[0].tolist() == [str(i) for i in range(1, len(rows) + 1)]:
        header, columns = header[1:], columns[1:]
    return header, columns


def _is_name(rows: Rows) -> bool:
    """Whether the first row of a list names a gene or a cell, by what stands in the second one."""
    first, second = rows[0][-len(rows[1]) :], rows[1][-len(rows[0]) :]
    alike = [
        bool(pattern.fullmatch(one))
        for one, other in zip(first, second, strict=True)
        for pattern in (ENSEMBL, BARCODE)
        if pattern.fullmatch(other)
    ]
    return any(alike) if alike else len(first) == 1 and not HEADER.fullmatch(first[0])


def read_features(bundle: Bundle, rows: Rows, n: int) -> tuple[Strings, Strings, Strings]:
    """Take names, ids and types of the features from their list.

    Parameters
    ----------
    bundle
        Of the matrix.
    rows
        As :func:`read_list` reads them.
    n
        Features of the matrix.

    Returns
    -------
    One of each per feature; ids and types are empty where there are none.

    Raises
    ------
    IngestError
    """
    header, columns = _columns(rows, n, bundle.features)
    _check_whole(columns[0], bundle.features)
    types = next((column for column in columns[1:] if are_types(column)), NO_STRINGS)
    if bundle.symbols is not None:
        symbols = _columns(read_list(bundle.symbols), n, bundle.symbols)[1][0]
        # a gene without a symbol has an empty line
        return np.where(symbols == "", columns[0], symbols), columns[0], types
    if len(columns) == 1:
        return columns[0], NO_STRINGS, types
    by_id = next((i for i, name in enumerate(header) if name and IDS.fullmatch(name)), None)
    by_name = next((i for i, name in enumerate(header) if name and SYMBOLS.fullmatch(name)), None)
    if by_name is not None and by_id != by_name:
        return columns[by_name], columns[by_id] if by_id is not None else columns[0], types
    first, second = columns[:2]
    if share(second[:SOME], ENSEMBL) > 0.5 > share(first[:SOME], ENSEMBL):
        return first, second, types
    return second, first, types


def _check_whole(names: Strings, path: Path) -> None:
    """Refuse counts of spliced, unspliced and ambiguous molecules apart, as alevin-fry's USA mode has them."""
    third = len(names) // 3
    if (
        third
        and len(names) == 3 * third
        and names[third : 2 * third].tolist() == [f"{n}-U" for n in names[:third]]
    ):
        raise IngestError(
            f"{path}: spliced, unspliced and ambiguous counts of {third:,} genes apart (USA mode of alevin-fry). Sum "
            "them, and write h5ad (Python): pyroe.load_fry(FOLDER, output_format='snRNA').write_h5ad('x.h5ad')."
        )


def read_barcodes(path: Path, rows: Rows, n: int) -> tuple[Strings, dict[str, Strings]]:
    """Take the barcodes from their list, and what else one with a header says of each cell.

    Raises
    ------
    IngestError
    """
    header, columns = _columns(rows, n, path)
    best = max(range(len(columns)), key=lambda i: share(columns[i][:1000], BARCODE))
    others = {
        name: column
        for i, (name, column) in enumerate(zip(header, columns, strict=True))
        if name and i != best
    }
    return columns[best], others
