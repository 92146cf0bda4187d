"""What a sample sheet may hold: the patterns of its cells, and the checks of cells, files and rows.

Imported while Snakemake parses the workflow, hence nothing but the standard library, pandas and a YAML reader.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cd20scope.schema import FORMATS
from cd20scope.schema import SHEET_REQUIRED as REQUIRED
from cd20scope.study.cell_choice import parse_cells
from cd20scope.study.nearest import nearest

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
class Problems:
    """What is wrong with a sheet, gathered so that one run tells it all."""

    path: Path
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, text: str, *, row: int = 0, column: str = "") -> None:
        """Note a problem and where it is."""
        place = [str(self.path), f"row {row}" if row else "", f"column {column}" if column else ""]
        self.found.append((row, f"{', '.join(part for part in place if part)}: {text}"))

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise SheetError("\n".join(text for _, text in sorted(self.found, key=lambda item: item[0])))


def is_remote(path: str) -> bool:
    """Whether a path of the sheet is an address from which the file is fetched."""
    return ADDRESS.fullmatch(path) is not None


def cells_of(sheet: pd.DataFrame, column: str) -> list[tuple[int, str]]:
    """Row numbers and cells of a column, which may be absent."""
    return list(zip(sheet.index, sheet[column], strict=True)) if column in sheet else []


def suggest(word: str, known: Sequence[str]) -> str:
    """Ask whether the word that is spelt most alike was meant; empty if none is."""
    close = nearest(word, known)
    return f" Did you mean {close!r}?" if close else ""


def check_header(header: list[str], row: int, problems: Problems) -> None:
    """Check that every required column is there, and none twice or nearly named as one with a meaning."""
    known = (*REQUIRED, *OPTIONAL)
    for name in REQUIRED:
        if name not in header:
            others = [column for column in header if column not in known]
            problems.add(
                f"column {name!r} is missing; found {', '.join(header)}.{suggest(name, others)} Name "
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


def check_cells(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check cells one by one; write 'unknown' in one way."""
    for column in REQUIRED:
        for row, cell in cells_of(sheet, column):
            if not cell:
                problems.add("empty. Every sample needs one.", row=row, column=column)
    for column, pattern, remedy in (
        ("sample", SAMPLE, "Use letters, digits, '.', '_' and '-', and begin with a letter, a digit or '_'."),
        ("donor", DONOR, "Leave out commas and semicolons."),
    ):
        for row, cell in cells_of(sheet, column):
            if cell and not re.fullmatch(pattern, cell, flags=re.ASCII):
                problems.add(f"{cell!r} cannot be the name of a {column}. {remedy}", row=row, column=column)
    for row, cell in cells_of(sheet, "format"):
        if cell and cell not in FORMATS:
            known = ", ".join(FORMATS)
            problems.add(
                f"unknown format {cell!r}.{suggest(cell, FORMATS)} Use one of {known}, or leave it empty.",
                row=row,
                column="format",
            )
    for row, cell in cells_of(sheet, "cells"):
        try:
            parse_cells(cell)
        except ValueError as error:
            problems.add(f"{error}.", row=row, column="cells")
    for row, cell in cells_of(sheet, "sha256"):
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
        for row, cell in cells_of(sheet, column):
            if not re.fullmatch(pattern, cell, flags=re.ASCII):
                kind = "number" if pattern == SIGNED else "number of zero or more"
                problems.add(
                    f"{cell!r} is no {kind}. Write it like 12 or 1.5, without unit; or unknown, or nothing.",
                    row=row,
                    column=column,
                )


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def check_paths(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that files are there, and that no two samples are the same cells."""
    first: dict[tuple[str, str], int] = {}
    chosen = sheet["cells"] if "cells" in sheet else pd.Series("", index=sheet.index)
    for row, path in cells_of(sheet, "path"):
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


def check_raw(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that unfiltered matrices are there, and others than the filtered ones."""
    for row, path in cells_of(sheet, "raw"):
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


def check_addresses(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that what is fetched can be, and can be compared with a checksum."""
    for row, path in cells_of(sheet, "path"):
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


def check_sums(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that rows of one file state one checksum: a row that states none takes that of the others."""
    stated: dict[str, str] = {}
    for row, sha256 in cells_of(sheet, "sha256"):
        path = sheet["path"][row]
        if sha256 and stated.setdefault(path, sha256.lower()) != sha256.lower():
            problems.add(
                f"{path} has another SHA-256 in an earlier row. Correct one.", row=row, column="sha256"
            )


def check_rows(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check what rows may not have in common, and what they must."""
    first: dict[str, int] = {}
    for row, sample in cells_of(sheet, "sample"):
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
