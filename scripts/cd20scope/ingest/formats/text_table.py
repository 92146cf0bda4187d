"""Dense tables of counts as text, as found in public archives: genes in rows or in columns, gzipped or not."""

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from scipy import sparse

from cd20scope.counts.foreign import check_lengths, explained
from cd20scope.counts.hdf5 import NO_STRINGS, Rows
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.formats.features import tell_apart
from cd20scope.ingest.formats.mtx_names import SYMBOLS, check_ends, open_text
from cd20scope.ingest.formats.source import Source
from cd20scope.ingest.formats.table_shape import (
    ABOUT_GENES,
    check_long,
    check_named,
    check_title,
    complain,
    looks_like_genes,
    names_behind,
    texts_beside,
)

SEPARATORS = ("\t", ",", ";", " ")
BLOCK_CELLS = 1 << 22
"""Table cells parsed together."""
HEAD_LINES = 40
WIDE = 20
"""Columns from which a table of numbers may be one of counts."""
LONGEST = 1 << 26
"""Bytes of a line above which the file is no table: a million counts and more."""
MOST_ROWS = 1 << 20
"""Rows of a table: genes, or cells of a cohort."""
MOST_COLUMNS = 1 << 21
MOST_BLANK = 1000
"""Lines without anything in a table."""


def separator_of(line: str) -> str:
    """Find the separator that splits a header into most parts; empty when none does."""
    best = max(SEPARATORS, key=line.count)
    return best if best in line else ""


def open_table(path: Path) -> list[Source]:
    """Give the counts of a table; see :func:`cd20scope.ingest.formats.detect.open_sources`.

    The first column names the rows; the header may lack a name for it, as R writes it. Comments above the header, and
    columns that describe genes (symbol, chromosome, length) or sum others, are passed over.

    Raises
    ------
    IngestError
    """
    with explained(path), open_text(path) as handle:
        top = _read_top(handle, path)
        header, aside, texts = top.header, top.aside, top.texts
        symbols = top.counted or next((i for i in aside if SYMBOLS.fullmatch(header[i])), 0)
        handle.seek(0)
        for _ in range(top.skipped + 1):
            handle.readline(LONGEST)
        found = list(_row_names(handle, top.separator, path, symbols, width=len(header)))
    check_lengths(header)
    rows, names = [row for row, _ in found], [name for _, name in found]
    kept = [i for i in range(1, len(header)) if i not in aside]
    across, down = np.array([header[i] for i in kept], dtype=np.str_), np.array(names, dtype=np.str_)
    genes_down = looks_like_genes(down) >= looks_like_genes(across)
    if not genes_down and aside:
        # a table of cells: what is called length there is a gene, or a measure that is refused by its values
        kept, symbols = [i for i in range(1, len(header)) if i not in texts], 0
        across, down = (
            np.array([header[i] for i in kept], dtype=np.str_),
            np.array(names if top.counted else rows, dtype=np.str_),
        )
    barcodes, features_of = (across, down) if genes_down else (down, across)
    ids = np.array(rows, dtype=np.str_) if genes_down and symbols and not top.counted else NO_STRINGS
    features = tell_apart(features_of, ids, NO_STRINGS, where=str(path))
    left_out = dict(features.left_out)
    if genes_down and aside:
        left_out |= {f"columns about genes ({', '.join(header[i] for i in aside)})": len(aside)}

    def load(wanted: Rows | None, stop: int | None = None) -> sparse.csr_matrix:
        blocks = list(_blocks(path, top, kept=kept, stop=stop, names=rows))
        empty = sparse.csr_matrix((0, len(across)), dtype=np.float64)
        matrix = sparse.vstack(blocks or [empty], format="csr")
        matrix.resize((len(down), len(across)))
        cells = sparse.csr_matrix(matrix.T) if genes_down else matrix
        return cells if wanted is None else cells[wanted]

    return [
        Source(
            place="table",
            shape=(len(barcodes), len(features_of)),
            barcodes=barcodes,
            names=features_of,
            ids=ids,
            keep=features.keep,
            antibodies=features.antibodies,
            left_out=left_out,
            head=lambda: load(None, HEAD_LINES),
            load=load,
            columns={} if genes_down else {header[i]: partial(_texts_of, path, top, i) for i in texts},
        )
    ]


class _Top(NamedTuple):
    """Header of a table: comments above it, columns of text, and those that are not counts of a gene or a cell."""

    skipped: int
    separator: str
    header: list[str]
    texts: list[int]
    aside: list[int]
    counted: int
    """Column that names the rows, where the first one only counts them; else 0."""


def _read_top(handle: IO[bytes], path: Path) -> _Top:
    skipped, first, second = _head(handle)
    separator = separator_of(_decode(first, path))
    _check_line(first, separator, path)
    _check_line(second, separator, path)
    header = _split(first, separator, path)
    check_title(header, path)
    if header[-1] == "" and len(header) > 1:
        raise IngestError(
            f"{path}, row {skipped + 1}: ends with a separator. Remove it, and that of every row."
        )
    width = len(_split(second, separator, path)) if second.strip() else len(header)
    if len(header) == width - 1:
        header = ["", *header]
    if len(header) != width or width < 2:
        raise IngestError(
            f"{path}, row {skipped + 2}: {width} columns where the header has {len(header)}. Write names of cells "
            "(or genes) in the first row and in the first column, and nothing but counts elsewhere."
        )
    check_long(header, path)
    check_named(header, path)
    row = _split(second, separator, path)
    texts = texts_beside(row)
    aside = [i for i, name in enumerate(header) if i and (i in texts or ABOUT_GENES.fullmatch(name))]
    return _Top(skipped, separator, header, texts, aside, names_behind(row, header, texts))


def _texts_of(path: Path, top: _Top, column: int) -> Strings:
    with explained(path), open_text(path) as handle:
        for _ in range(top.skipped + 1):
            handle.readline(LONGEST)
        return np.array([text for _, text in _row_names(handle, top.separator, path, column)], dtype=np.str_)


def is_wide(path: Path) -> bool:
    """Whether a text looks like a table of counts: many columns, and numbers below the header."""
    try:
        with open_text(path) as handle:
            _, first, second = _head(handle)
        separator = separator_of(_decode(first, path))
        cells = _split(second, separator, path)[1:]
    except (OSError, EOFError, zlib.error, csv.Error, IngestError):
        return False
    return len(cells) >= WIDE and sum(cell.isdecimal() for cell in cells) > 0.8 * len(cells)


def _head(handle: IO[bytes]) -> tuple[int, bytes, bytes]:
    """Read past comments: how many lines they are, the header, and the line below it."""
    comments = 0
    line, below = handle.readline(LONGEST), handle.readline(LONGEST)
    while line.removeprefix(b"\xef\xbb\xbf").startswith(b"#") and below and comments < MOST_BLANK:
        separator = max((sep.encode() for sep in SEPARATORS), key=below.count)
        # a header may begin with the sign of a comment
        if below.count(separator) and abs(line.count(separator) - below.count(separator)) <= 1:
            break
        comments += 1
        line, below = below, handle.readline(LONGEST)
    return comments, line, below


def _check_line(line: bytes, separator: str, path: Path) -> None:
    """Refuse a line that is none of a table, before it is split."""
    check_ends(line, path)
    if len(line) >= LONGEST or line.count(separator.encode() or b"\t") > MOST_COLUMNS:
        raise IngestError(
            f"{path}: a row of {len(line):,} bytes or more; {LONGEST:,} and {MOST_COLUMNS:,} columns are the most. It "
            "is no table of counts: give the original file."
        )


def _decode(line: bytes, path: Path) -> str:
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise IngestError(
            f"{path}: not UTF-8 text (byte {error.start + 1}). Save it as text in UTF-8."
        ) from error


def _split(line: bytes, separator: str, path: Path) -> list[str]:
    text = _decode(line, path)
    cells = next(csv.reader([text], delimiter=separator or "\t"), [])
    return [cell.strip() for cell in cells]


def _row_names(
    handle: IO[bytes], separator: str, path: Path, column: int, *, width: int = 0
) -> Iterator[tuple[str, str]]:
    """First and another column of the rows below the header; :func:`_blocks` proves that pandas reads the same."""
    blank, rows = 0, 0
    while line := handle.readline(LONGEST):
        if len(line) == LONGEST:
            raise IngestError(
                f"{path}: a row of {LONGEST:,} bytes or more: no table. Give the original file."
            )
        if line.strip():
            rows += 1
            if rows > MOST_ROWS:
                raise IngestError(
                    f"{path}: more than {MOST_ROWS:,} rows: no table of counts. Give the original file."
                )
            names = _names(line, separator, column)
            # pandas passes over what a row has more, as after a comma within a number; names that go on are found later
            if width and line.count(separator.encode()) != width - 1 and not line.count(b'"') % 2:
                found = len(_split(line, separator, path))
                if found != width:
                    raise IngestError(
                        f"{path}, row of {names[0][:40]!r}: {found} columns where the header has {width}. A separator "
                        "within a number or a name, or a row cut short: copy the file again, or take it out."
                    )
            check_lengths(names)
            yield names
        elif (blank := blank + 1) > MOST_BLANK:
            raise IngestError(f"{path}: more than {MOST_BLANK:,} empty rows. Remove them.")


def _names(line: bytes, separator: str, column: int) -> tuple[str, str]:
    start = line.split(separator.encode(), column + 1)
    if any(part.lstrip().startswith(b'"') for part in start[: column + 1]):
        text = line.decode("utf-8", "replace").strip("\r\n")
        cells = next(csv.reader([text], delimiter=separator))
    else:
        cells = [part.decode("utf-8", "replace") for part in start]
    return cells[0].strip(), cells[min(column, len(cells) - 1)].strip()


def _blocks(
    path: Path, top: _Top, *, kept: list[int], stop: int | None, names: Sequence[str]
) -> Iterator[sparse.csr_matrix]:
    import pandas as pd

    width = len(top.header)
    lines = max(1, BLOCK_CELLS // width)
    with open_text(path) as handle:
        for _ in range(top.skipped + 1):
            handle.readline(LONGEST)
        text = io.TextIOWrapper(handle, encoding="utf-8", errors="replace", newline="")
        table = pd.read_csv(
            text,
            sep=top.separator,
            header=None,
            names=list(range(width)),
            usecols=[0, *kept],
            index_col=0,
            chunksize=min(lines, stop or lines),
            nrows=stop,
            dtype={0: "str"},
            keep_default_na=False,
            skip_blank_lines=True,
            low_memory=False,
        )
        done = 1
        for chunk in table:
            _check_same(chunk.index.tolist(), names[done - 1 :], path, done)
            values = chunk.to_numpy()
            if values.dtype.kind not in "uif":
                complain(chunk, path, done)
            yield sparse.csr_matrix(np.asarray(values, dtype=np.float64))
            done += len(chunk)


def _check_same(found: list[str], names: Sequence[str], path: Path, done: int) -> None:
    """Prove that pandas takes the rows for those that their names were read from: a quote may join two of them."""
    for number, (one, other) in enumerate(zip(found, names, strict=False), start=done):
        if one.strip() != other:
            raise IngestError(
                f"{path}, row {number + 1}: its name is {other[:40]!r} by itself and {one[:40]!r} among the others: a "
                "quote that opens in one row and closes in another. Remove the quotes."
            )
