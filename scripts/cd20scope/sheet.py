"""The sample sheet: read, checked row by row, and its visits brought to the names of the config.

Imported while Snakemake parses the workflow, hence nothing but the standard library and pandas.
"""

import csv
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from cd20scope.cell_choice import parse_cells
from cd20scope.schema import FORMATS
from cd20scope.schema import SHEET_REQUIRED as REQUIRED

SAMPLE = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
"""Sample names become file names and wildcards: nothing that a shell, a path or Snakemake reads otherwise."""

DONOR = r"[^,;\t]+"
"""Donors are listed with commas and semicolons between them in the result tables."""

AMOUNT = r"([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|unknown)?"
SIGNED = r"(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|unknown)?"
NUMBERS = {
    "age": AMOUNT,
    "days_since_first_infusion": SIGNED,
    "hours_since_steroid": AMOUNT,
    "lymphocytes_per_ul": AMOUNT,
}
"""Columns that hold numbers, with the pattern of each; a baseline draw may lie days before the infusion."""

SHA256 = r"([0-9a-fA-F]{64})?"

ADDRESS = re.compile(r"(?:https?|s3)://[^/]+/.+")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

OPTIONAL = (
    "cells",
    "raw",
    "library",
    "sha256",
    "format",
    "tissue",
    "batch",
    "sex",
    "chemistry",
    "drug",
    "outcome",
    *NUMBERS,
)
"""Columns with a meaning of their own that a sheet may have; any other is carried along."""

AS_GIVEN = "visit_as_given"


class SheetError(ValueError):
    """A sample sheet that cannot be used; a line per problem, with file, row, column and remedy."""


@dataclass
class _Problems:
    """What is wrong with a sheet, gathered so that one run tells it all."""

    path: Path
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, text: str, *, row: int = 0, column: str = "") -> None:
        place = [str(self.path), f"row {row}" if row else "", f"column {column}" if column else ""]
        self.found.append((row, f"{', '.join(part for part in place if part)}: {text}"))

    def stop(self) -> None:
        if self.found:
            raise SheetError("\n".join(text for _, text in sorted(self.found, key=lambda item: item[0])))


def is_remote(path: str) -> bool:
    """Whether a path of the sheet is an address from which the file is fetched."""
    return ADDRESS.fullmatch(path) is not None


def read_sheet(
    path: Path | str,
    *,
    visits: Mapping[str, Sequence[str]],
    donors: Mapping[str, Sequence[str]] = MappingProxyType({}),
    pattern: str = "",
) -> pd.DataFrame:
    """Read and check a sample sheet.

    Parameters
    ----------
    path
        A tab-separated table with a header. Lines that start with ``#`` and empty lines are skipped; a
        byte-order mark and Windows line ends are tolerated.
    visits
        Each visit of the study with the other names it may have in the sheet; case does not matter.
    donors
        The same for donors; a donor that is not named here keeps the name of the sheet.
    pattern
        Regular expression with the groups ``donor`` and ``visit``, which names of samples are read by where the sheet
        lacks these columns; empty (default) when it has them.

    Returns
    -------
    One row per sample in the sheet's order, all values stripped strings, an empty cell an empty string.
    ``visit`` holds the study's name, ``visit_as_given`` what the sheet says; ``path`` has the folder of the
    sheet in front; other columns are as they were, save that Unknown becomes unknown where a number belongs.

    Raises
    ------
    SheetError
        Listing every problem: a column missing or misspelt, an empty cell, a sample or a donor's visit twice,
        an unknown visit or format, a path that is not there, a number that is none.
    """
    path = Path(path)
    problems = _Problems(path)
    sheet = _parse(path, problems, pattern=pattern)
    _check_cells(sheet, problems)
    if "donor" in sheet:
        sheet["donor"] = _name_donors(sheet, donors, problems)
    if "visit" in sheet:
        # Beside the visit, where a reader looks for it.
        sheet.insert(sheet.columns.tolist().index("visit") + 1, AS_GIVEN, sheet["visit"])
        sheet["visit"] = _name_visits(sheet, visits, problems)
    if "path" in sheet:
        sheet["path"] = [
            str(path.parent / cell) if cell and not SCHEME.match(cell) else cell for cell in sheet["path"]
        ]
        _check_addresses(sheet, problems)
        if "raw" in sheet:
            sheet["raw"] = [str(path.parent / cell) if cell else "" for cell in sheet["raw"]]
        _check_paths(sheet, problems)
    _check_raw(sheet, problems)
    _check_rows(sheet, problems)
    problems.stop()
    return sheet.reset_index(drop=True)


def _cells(sheet: pd.DataFrame, column: str) -> list[tuple[int, str]]:
    """Row numbers and cells of a column, which may be absent."""
    return list(zip(sheet.index, sheet[column], strict=True)) if column in sheet else []


def _suggest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.casefold(), [name.casefold() for name in known], n=1)
    return next((f" Did you mean {name!r}?" for name in known if [name.casefold()] == close), "")


def _parse(path: Path, problems: _Problems, *, pattern: str) -> pd.DataFrame:
    """Read the cells as stripped strings, indexed by the number of their row in the file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SheetError(
            f"{path}: cannot be read ({error.strerror}). Set 'samples' in the config to your sample sheet."
        ) from error
    except UnicodeDecodeError as error:
        raise SheetError(
            f"{path}: not UTF-8 text (byte {error.start + 1}). Save it as tab-separated text in UTF-8; a "
            "spreadsheet (.xlsx) cannot be read."
        ) from error
    rows = {}
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                rows[number] = [cell.strip() for cell in next(csv.reader([line], delimiter="\t"))]
            except csv.Error as error:
                raise SheetError(f"{path}, row {number}: no row of a table ({error}). Correct it.") from error
    if not rows:
        raise SheetError(f"{path}: empty. Write a header with {', '.join(REQUIRED)} and one row per sample.")
    start, header = next(iter(rows.items()))
    del rows[start]
    while header and not header[-1]:
        header.pop()
    for separator, name in ((",", "commas"), (";", "semicolons"), (" ", "spaces")):
        if len(header) == 1 and separator in header[0]:
            raise SheetError(
                f"{path}, row {start}: separated by {name}. Save the sheet with tabs between columns."
            )
    read_off = [name for name in re.compile(pattern).groupindex if name not in header]
    _check_header([*header, *read_off], start, problems)
    if not rows:
        problems.add("no samples below the header. Write one row per sample.")
    for number, cells in rows.items():
        if any(cells[len(header) :]):
            problems.add(
                f"{len(cells)} cells under {len(header)} column names. Remove the tabs too many.", row=number
            )
    width = len(header)
    padded = [(cells + [""] * width)[:width] for cells in rows.values()]
    table = pd.DataFrame(padded, index=list(rows), columns=header).astype("str")
    _read_off(table, read_off, pattern, problems)
    return table.loc[:, ~table.columns.duplicated() & (table.columns != AS_GIVEN)]


def _read_off(table: pd.DataFrame, columns: list[str], pattern: str, problems: _Problems) -> None:
    """Fill columns that the sheet lacks from the names of the samples."""
    if not columns or "sample" not in table:
        return
    for row, sample in _cells(table, "sample"):
        if sample and not re.fullmatch(pattern, sample):
            problems.add(
                f"{sample!r} does not fit {pattern!r}, the pattern that donor and visit are read by. Rename the "
                "sample, correct ingest: sample_pattern in the config, or write the columns donor and visit.",
                row=row,
                column="sample",
            )
    found = [re.fullmatch(pattern, sample) for sample in table["sample"]]
    for name in columns:
        # a sample that does not fit is told once, above
        table[name] = [match[name] or "" if match else "?" for match in found]


def _check_header(header: list[str], row: int, problems: _Problems) -> None:
    known = (*REQUIRED, *OPTIONAL)
    for name in REQUIRED:
        if name not in header:
            others = [column for column in header if column not in known]
            problems.add(
                f"column {name!r} is missing; found {', '.join(header)}.{_suggest(name, others)} Name "
                f"every required column: {', '.join(REQUIRED)}.",
                row=row,
            )
    for name in sorted({column for column in header if header.count(column) > 1 or column in ("", AS_GIVEN)}):
        what = "without a name" if not name else "named twice" if name != AS_GIVEN else "that is written here"
        problems.add(f"a column {what}. Rename it, or remove it.", row=row, column=name)
    for name in header:
        plain = re.sub(r"[\s-]+", "_", name.casefold())
        # Carried along under another spelling, it would be ignored without a word.
        if plain in OPTIONAL and name != plain:
            problems.add(f"write this column's name as {plain!r}.", row=row, column=name)


def _check_cells(sheet: pd.DataFrame, problems: _Problems) -> None:
    """Check cells one by one; write 'unknown' in one way."""
    for column in REQUIRED:
        for row, cell in _cells(sheet, column):
            if not cell:
                problems.add("empty. Every sample needs one.", row=row, column=column)
    for column, pattern, remedy in (
        ("sample", SAMPLE, "Use letters, digits, '.', '_' and '-', and begin with a letter, a digit or '_'."),
        ("donor", DONOR, "Leave out commas and semicolons."),
    ):
        for row, cell in _cells(sheet, column):
            if cell and not re.fullmatch(pattern, cell, flags=re.ASCII):
                problems.add(f"{cell!r} cannot be the name of a {column}. {remedy}", row=row, column=column)
    for row, cell in _cells(sheet, "format"):
        if cell and cell not in FORMATS:
            known = ", ".join(FORMATS)
            problems.add(
                f"unknown format {cell!r}.{_suggest(cell, FORMATS)} Use one of {known}, or leave it empty.",
                row=row,
                column="format",
            )
    for row, cell in _cells(sheet, "cells"):
        try:
            parse_cells(cell)
        except ValueError as error:
            problems.add(f"{error}.", row=row, column="cells")
    for row, cell in _cells(sheet, "sha256"):
        if not re.fullmatch(SHA256, cell):
            problems.add(
                f"{cell!r} is no SHA-256, which has 64 digits and letters from a to f. Correct it (sha256sum), or "
                "leave it empty.",
                row=row,
                column="sha256",
            )
    for column, pattern in NUMBERS.items():
        if column in sheet:
            sheet[column] = [cell.lower() if cell.casefold() == "unknown" else cell for cell in sheet[column]]
        for row, cell in _cells(sheet, column):
            if not re.fullmatch(pattern, cell, flags=re.ASCII):
                kind = "number" if pattern == SIGNED else "number of zero or more"
                problems.add(
                    f"{cell!r} is no {kind}. Write it like 12 or 1.5, without unit; or unknown, or nothing.",
                    row=row,
                    column=column,
                )


def _name_visits(sheet: pd.DataFrame, visits: Mapping[str, Sequence[str]], problems: _Problems) -> list[str]:
    """Translate visits to the study's names; an unknown one stays as it is, once it is reported."""
    names: dict[str, str] = {}
    for visit, aliases in visits.items():
        for name in (visit, *aliases):
            other = names.setdefault(name.casefold(), visit)
            if other != visit:
                problems.add(
                    f"'visits' in the config gives {name!r} to {other!r} and to {visit!r}. Remove one."
                )
    known = "; ".join(
        f"{visit} (or {', '.join(aliases)})" if aliases else visit for visit, aliases in visits.items()
    )
    spellings = [name for visit, aliases in visits.items() for name in (visit, *aliases)]
    for row, cell in _cells(sheet, "visit"):
        if cell and cell.casefold() not in names:
            problems.add(
                f"{cell!r} is no visit of this study: {known}.{_suggest(cell, spellings)} Correct it, or "
                "add it to 'visits' in the config.",
                row=row,
                column="visit",
            )
    return [names.get(cell.casefold(), cell) for _, cell in _cells(sheet, "visit")]


def _name_donors(sheet: pd.DataFrame, donors: Mapping[str, Sequence[str]], problems: _Problems) -> list[str]:
    """Translate donors to the study's names."""
    names: dict[str, str] = {}
    for donor, aliases in donors.items():
        for name in (donor, *aliases):
            if names.setdefault(name.casefold(), donor) != donor:
                problems.add(
                    f"'donors' in the config gives {name!r} to {names[name.casefold()]!r} and to {donor!r}. Remove one."
                )
    return [names.get(cell.casefold(), cell) for _, cell in _cells(sheet, "donor")]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def _check_paths(sheet: pd.DataFrame, problems: _Problems) -> None:
    first: dict[tuple[str, str], int] = {}
    chosen = sheet["cells"] if "cells" in sheet else pd.Series("", index=sheet.index)
    for row, path in _cells(sheet, "path"):
        if not path:
            continue
        key = (path, "; ".join(sorted(part.strip() for part in chosen[row].split(";"))))
        other = first.get((path, ""), first.setdefault(key, row))
        if other != row:
            problems.add(
                f"{path} is also in row {other}. Each sample has a file of its own, or cells of its own in a file, "
                "named in the column cells: correct one.",
                row=row,
                column="path",
            )
        elif not SCHEME.match(path) and not _is_there(path):
            problems.add(
                f"{path} is not there. Correct it; a path starts from the folder of the sheet.",
                row=row,
                column="path",
            )


def _check_raw(sheet: pd.DataFrame, problems: _Problems) -> None:
    for row, path in _cells(sheet, "raw"):
        if path and not _is_there(path):
            problems.add(
                f"{path} is not there. Give the unfiltered matrix of the sample's run, a file or folder on disk, or "
                "leave it empty.",
                row=row,
                column="raw",
            )
        elif path and path == sheet["path"][row]:
            problems.add(
                "the same file as in the column path. Give the filtered matrix there and the unfiltered one here.",
                row=row,
                column="raw",
            )


def _check_addresses(sheet: pd.DataFrame, problems: _Problems) -> None:
    """Check that what is fetched can be, and can be compared with a checksum."""
    stated: dict[str, str] = {}
    for row, path in _cells(sheet, "path"):
        if not SCHEME.match(path):
            continue
        if not is_remote(path):
            problems.add(
                f"{path} is no address that files are fetched from. Write https://..., s3://bucket/key, or the path of "
                "a file.",
                row=row,
                column="path",
            )
            continue
        if path.endswith(("/", ".mtx", ".mtx.gz", ".zarr")):
            problems.add(
                f"{path}: a folder cannot be fetched. Give a single file (10x HDF5, h5ad, loom, .rds, a table), or "
                "download it.",
                row=row,
                column="path",
            )
        sha256 = str(sheet["sha256"][row]).lower() if "sha256" in sheet else ""
        if not sha256:
            problems.add(
                f"{path} is fetched, and what arrives must be compared with a checksum. Write its SHA-256 here "
                "(sha256sum).",
                row=row,
                column="sha256",
            )
        elif stated.setdefault(path, sha256) != sha256:
            problems.add(
                f"{path} has another SHA-256 in an earlier row. Correct one.", row=row, column="sha256"
            )


def _check_rows(sheet: pd.DataFrame, problems: _Problems) -> None:
    """Check what rows may not have in common, and what they must."""
    first: dict[str, int] = {}
    for row, sample in _cells(sheet, "sample"):
        if sample and first.setdefault(sample, row) != row:
            problems.add(
                f"{sample!r} is also the sample of row {first[sample]}. Give each row a name of its own.",
                row=row,
                column="sample",
            )
    if not {"donor", "visit"} <= set(sheet.columns):
        return
    libraries = sheet["library"] if "library" in sheet else pd.Series("", index=sheet.index)
    seen: dict[tuple[str, str], dict[str, int]] = {}
    for row, donor, visit in zip(sheet.index, sheet["donor"], sheet["visit"], strict=True):
        if not (donor and visit):
            continue
        others = seen.setdefault((donor, visit), {})
        if others and ("" in others or libraries[row] in ("", *others)):
            problems.add(
                f"donor {donor!r} already has visit {visit!r}, in row {next(iter(others.values()))}. If both rows "
                "are libraries of one draw, name each in a column library, and their cells are counted together; or "
                "correct the donor or visit.",
                row=row,
                column="visit",
            )
        others.setdefault(libraries[row], row)
