"""Tables beside count files that say who gave which sample: joined by file name, by library, or by cell."""

import csv
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.counts.hdf5 import NO_STRINGS
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.empty_droplets import SEQUENCE, sequences
from cd20scope.ingest.formats.mtx_names import open_text
from cd20scope.ingest.formats.text_table import separator_of
from cd20scope.init.columns import MOST_VALUES, PATTERN, Column, make_column
from cd20scope.init.found import Found
from cd20scope.init.paths import ENDINGS

LARGEST = 1 << 26
"""Bytes of a table that is read: of a million cells with ten columns."""
MOST_LINES, MOST_VALUES_READ = 1 << 20, 1 << 24
"""Lines, and values, of such a table: gzip packs more of them than the memory can hold."""
SHORT = re.compile(r"\d{0,2}|nan|n/?a|none|yes|no|true|false|[mf]", flags=re.IGNORECASE)
"""Values that name no file."""
NEARLY_ALL = 0.9
"""Part of a file's cells that a table of cells must have."""
PATHS = re.compile(
    r"molecule_h5|sample_outs|.*path|.*folder|.*dir(ectory)?|.*url|.*md5.*|.*sha\d*", flags=re.IGNORECASE
)
"""Columns that describe no sample."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table beside the count files, as text."""

    path: Path
    values: pd.DataFrame


def read_table(path: Path) -> Table | None:
    """Read a small table with a header; None for a file that is none."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        with open_text(path) as handle:
            stored = handle.read(LARGEST)
        separators = max(stored.count(sign) for sign in (b"\t", b",", b";"))
        if len(stored) == LARGEST or stored.count(b"\n") > MOST_LINES or separators > MOST_VALUES_READ:
            return None
        text = stored.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, IngestError):
        return None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    separator = separator_of(lines[0]) if lines else ""
    if separator not in ("\t", ",", ";") or len(lines) < 2:
        return None
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return None
    header = rows[0]
    if len(rows[1]) == len(header) + 1:
        header = ["", *header]
    body = [row for row in rows[1:] if len(row) == len(header)]
    if len(header) < 2 or len(body) < len(rows) - 1 or len(set(header)) < len(header):
        return None
    return Table(path, pd.DataFrame(body, columns=header, dtype=str))


def join(files: Sequence[Found], tables: Sequence[Table]) -> tuple[list[Found], list[str]]:
    """Give files the columns of tables that describe them.

    Returns
    -------
    The files, and what was joined how.
    """
    joined, notes = list(files), []
    for table in tables:
        for way in (_by_file, _by_library, _by_cell):
            found = way(table, joined)
            if found is None:
                continue
            columns, how = found
            joined = [
                replace(file, columns=[*file.columns, *own]) if own else file
                for file, own in zip(joined, columns, strict=True)
            ]
            notes.append(f"{table.path.name}: {how}.")
            break
    return joined, notes


type Joined = tuple[list[list[Column]], str] | None


def _by_file(table: Table, files: Sequence[Found]) -> Joined:
    """Join by the column whose values are names of the files, or parts of their paths, each file one row."""
    best: tuple[int, str, list[int]] | None = None
    for name in table.values:
        values = [value.casefold() for value in table.values[name]]
        rows = [_row_of(file, values, table.path.parent) for file in files]
        if None not in rows and (best is None or len(set(rows)) > best[0]):
            best = (len(set(rows)), str(name), [row for row in rows if row is not None])
    if best is None or (best[0] < 2 and len(files) > 1):
        return None
    _, key, chosen = best
    columns = []
    for file, row in zip(files, chosen, strict=True):
        n = max(file.n_cells, 1)
        columns.append(
            [
                Column(str(name), [value], np.zeros(n, dtype=np.int64), joined=True)
                for name, value in table.values.iloc[row].items()
                if _describes(str(name), file) and value
            ]
        )
    return columns, f"joined to the files by its column {key!r}"


def _row_of(file: Found, values: Sequence[str], folder: Path) -> int | None:
    """Find the only row whose value names a file or is a part of its path; the longest value, if several do."""
    below = file.path.relative_to(folder).parts if file.path.is_relative_to(folder) else (file.path.name,)
    parts = {text.casefold() for part in below for text in (part, ENDINGS.sub("", part))} | {
        file.name.casefold()
    }
    words = {word for part in parts for word in re.split(r"[-_.\s]+", part)}
    fits = {
        value
        for value in set(values)
        if not SHORT.fullmatch(value)
        and (
            value in parts | words or Path(value).name in parts or any(_begins(part, value) for part in parts)
        )
    }
    longest = max(fits, key=len, default="")
    rows = [row for row, value in enumerate(values) if value == longest]
    return rows[0] if longest and len(rows) == 1 else None


def _begins(part: str, value: str) -> bool:
    return part.startswith(value) and not part[len(value) : len(value) + 1].isalnum()


def _by_library(table: Table, files: Sequence[Found]) -> Joined:
    """Join Cell Ranger's aggregation.csv: the n-th row is the library whose barcodes end in n."""
    if not {"molecule_h5", "sample_outs"} & {str(name).lower() for name in table.values}:
        return None
    suffixes = {f"*-{i + 1}": i for i in range(len(table.values))}
    columns: list[list[Column]] = []
    for file in files:
        pattern = next((column for column in file.columns if column.name == PATTERN), None)
        fits = pattern is not None and set(pattern.values) <= set(suffixes)
        if pattern is None or not fits or not file.path.is_relative_to(table.path.parent):
            columns.append([])
            continue
        rows = np.array([suffixes[value] for value in pattern.values])[pattern.codes]
        columns.append(_of_cells(table, file, rows))
    if not any(columns):
        return None
    return columns, "joined to the libraries by the numbers behind their barcodes"


def _by_cell(table: Table, files: Sequence[Found]) -> Joined:
    """Join by the column that holds the barcodes of one file or of several."""
    keys = {str(name): _keys_of(table.values[name].tolist()) for name in table.values}
    columns: list[list[Column]] = []
    used = ""
    for file in files:
        few = file.read_barcodes is None or len(table.values) < NEARLY_ALL * file.n_cells
        barcodes = NO_STRINGS if few or file.read_barcodes is None else file.read_barcodes()
        found = ((name, _rows_of(barcodes, file.bases, key)) for name, key in keys.items() if len(barcodes))
        name, rows = next(((name, rows) for name, rows in found if rows is not None), ("", None))
        columns.append([] if rows is None else _of_cells(table, file, rows))
        used = used or name
    return (columns, f"joined to the cells by its column {used!r}") if any(columns) else None


@dataclass(frozen=True, eq=False)
class _Keys:
    """Rows of a table by the values of a column; and, for each name beside the bases of barcodes, by the bases."""

    whole: dict[str, int]
    by_name: dict[str, dict[str, int]]


def _keys_of(values: Sequence[str]) -> _Keys:
    whole = {value: row for row, value in enumerate(values)}
    if len(whole) < len(values):
        return _Keys({}, {})
    by_name: dict[str, dict[str, int]] = {}
    for value, row in whole.items() if SEQUENCE.search(values[0]) else ():
        if found := SEQUENCE.search(value):
            by_name.setdefault(value[: found.start()] + value[found.end() :], {})[found[0]] = row
    return _Keys(whole, by_name)


def _rows_of(barcodes: Strings, bases: frozenset[str], keys: _Keys) -> npt.NDArray[np.int64] | None:
    """Find the row of each barcode, -1 for one without; None where the column holds other names.

    In a table of several samples each barcode has the name of its sample before or behind the bases (``P01_ACGT...``):
    the one name of all of a file's cells.
    """
    fewest = NEARLY_ALL * len(barcodes)
    rows = [keys.whole.get(barcode, -1) for barcode in barcodes.tolist()]
    if len(rows) - rows.count(-1) >= fewest:
        return np.array(rows, dtype=np.int64)
    fit = [own for own in keys.by_name.values() if len(bases & own.keys()) >= NEARLY_ALL * len(bases) > 0]
    if len(fit) != 1:
        return None
    return np.array([fit[0].get(base, -1) for base in sequences(barcodes).tolist()], dtype=np.int64)


def _of_cells(table: Table, file: Found, rows: npt.NDArray[np.int64]) -> list[Column]:
    found = []
    for name in table.values:
        values = np.where(rows >= 0, table.values[name].to_numpy(dtype=str)[rows], "")
        column = make_column(str(name), values)
        if _describes(str(name), file) and len(column.values) <= MOST_VALUES:
            found.append(replace(column, joined=True))
    return found


def _describes(name: str, file: Found) -> bool:
    return (
        bool(name) and not PATHS.fullmatch(name) and not any(name == column.name for column in file.columns)
    )
