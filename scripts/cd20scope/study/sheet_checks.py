"""What a sample sheet may hold: the patterns of its cells, and the checks of cells, files and rows.

Imported while Snakemake parses the workflow, hence nothing but the standard library, pandas and a YAML reader.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cd20scope.schema import CONTROL, FORMATS
from cd20scope.schema import SHEET_REQUIRED as REQUIRED
from cd20scope.study import levels, names
from cd20scope.study.cell_choice import parse_cells
from cd20scope.study.nearest import nearest
from cd20scope.study.number_columns import NUMBERS

SAMPLE = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
"""Sample names become file names and wildcards: nothing that a shell, a path or Snakemake reads otherwise."""

DONOR = r"[^,;\t]+"
"""Donors are listed with commas and semicolons between them in the result tables."""

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
    "arm",
    "drug",
    "outcome",
    *NUMBERS,
    "drawn_at",
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
    taken = (AS_GIVEN, CONTROL)
    for name in sorted({column for column in header if header.count(column) > 1 or column in ("", *taken)}):
        what = (
            "without a name" if not name else "named twice" if name not in taken else "that is written here"
        )
        problems.add(f"a column {what}. Rename it, or remove it.", row=row, column=name)
    for name in header:
        plain = re.sub(r"[\s-]+", "_", name.casefold())
        # Carried along under another spelling, it would be ignored without a word.
        if plain in OPTIONAL and name != plain:
            problems.add(f"write this column's name as {plain!r}.", row=row, column=name)


def check_cells(sheet: pd.DataFrame, problems: Problems, *, arm: str) -> None:
    """Check cells one by one; empty words for missing, and bring sexes to F and M."""
    _check_names(sheet, problems)
    _check_files(sheet, problems)
    for column in sheet.columns.difference([*REQUIRED, "cells", "raw", "sha256", "format", "library"]):
        # without a drug is an arm, and nothing that is missing
        words = names.MISSING - {"none"} if column in ("drug", arm) else names.MISSING
        sheet[column] = ["" if cell.lower() in words else cell for cell in sheet[column]]
    if "sex" in sheet:
        sheet["sex"] = [levels.SEXES.get(cell.casefold(), cell) for cell in sheet["sex"]]
    for row, cell in cells_of(sheet, "sex"):
        if cell not in ("", "F", "M") and cell.casefold() != "unknown":
            problems.add(
                f"{cell!r} is no sex of the donor: write F or M (female, male), unknown, or nothing.",
                row=row,
                column="sex",
            )


def _check_names(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that what every sample needs is there, and can be a name."""
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
            elif cell and (odd := names.why_not(column, cell)):
                problems.add(odd, row=row, column=column)
    for column in sheet.columns.difference(["sample", "donor", "cells"]):
        for row, cell in cells_of(sheet, column):
            if odd := names.invisible(cell):
                problems.add(odd, row=row, column=column)


def _check_files(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check what is stated about the files: format, cells and checksum."""
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


def check_alike(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that no two samples or donors are alike to the eye, and none has the name of another's results."""
    for column in ("sample", "donor"):
        cells = cells_of(sheet, column)
        for one, other in names.look_alike(cell for _, cell in cells if cell):
            row = next(row for row, cell in cells if cell == other)
            problems.add(
                f"{other!r} and {one!r} look alike and are two{names.code_points(one, other)}. Write one of them, or "
                "names that differ more.",
                row=row,
                column=column,
            )
    taken = names.shadows(cell for _, cell in cells_of(sheet, "sample"))
    for row, cell in cells_of(sheet, "sample"):
        if cell in taken:
            problems.add(
                f"results of {taken[cell]!r} would have the names of those of {cell!r}. Rename it, such as "
                f"{cell.replace('.', '_')!r}.",
                row=row,
                column="sample",
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
    libraries, tissues = (sheet.get(name, pd.Series("", index=sheet.index)) for name in ("library", "tissue"))
    seen: dict[tuple[str, str, str], dict[str, int]] = {}
    for row, donor, visit in zip(sheet.index, sheet["donor"], sheet["visit"], strict=True):
        if not (donor and visit):
            continue
        # blood and CSF of one visit are two strata
        others = seen.setdefault((donor, visit, tissues[row]), {})
        if others and ("" in others or libraries[row] in ("", *others)):
            problems.add(
                f"donor {donor!r} already has visit {visit!r}, in row {next(iter(others.values()))}. If both rows "
                "are libraries of one draw, name each in a column library, and their cells are counted together; if "
                "they are of two tissues, name these in a column tissue; or correct the donor or visit.",
                row=row,
                column="visit",
            )
        others.setdefault(libraries[row], row)
