"""The sample sheet: read, checked row by row, and its visits brought to the names of the config.

Imported while Snakemake parses the workflow, hence nothing but the standard library and pandas.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from cd20scope.schema import SHEET_REQUIRED as REQUIRED
from cd20scope.study import draw_time, sheet_checks, sheet_donors, sheet_files, sheet_numbers
from cd20scope.study.patterns import check_pattern
from cd20scope.study.sheet_checks import AS_GIVEN, SCHEME, Problems, SheetError, cells_of, is_remote, suggest
from cd20scope.study.text import TextError, read_text

__all__ = ["SheetError", "is_remote", "read_sheet"]


def read_sheet(
    path: Path | str,
    *,
    visits: Mapping[str, Sequence[str]],
    donors: Mapping[str, Sequence[str]] = MappingProxyType({}),
    pattern: str = "",
    arm: str = "arm",
    drawn_at: str = draw_time.COLUMN,
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
    arm
        Name of the column of the arm.
    drawn_at
        Name of the column of the time of the draw; it is brought to ``drawn_at``.

    Returns
    -------
    One row per sample in the sheet's order, all values stripped strings, an empty cell an empty string.
    ``visit`` holds the study's name, ``visit_as_given`` what the sheet says; ``path`` has the folder of the
    sheet in front; other columns are as they were, save that words for missing are empty, Unknown becomes unknown where
    a number belongs, and sexes and tissues have their usual names.

    Raises
    ------
    SheetError
        Listing every problem: a column missing or misspelt, an empty cell, a sample or a donor's visit twice,
        an unknown visit or format, a path that is not there, a number that is none, rows of a donor that contradict
        each other.
    """
    path = Path(path)
    if pattern:
        try:
            check_pattern(pattern)
        except ValueError as error:
            raise SheetError(f"ingest > sample_pattern: {pattern[:80]!r} {error}.") from None
    problems = Problems(path)
    sheet = _parse(path, problems, pattern=pattern)
    sheet_checks.check_cells(sheet, problems, arm=arm)
    sheet_numbers.check_numbers(sheet, problems)
    sheet = draw_time.name_draw_times(sheet, problems, column=drawn_at)
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
        sheet_files.check_addresses(sheet, problems)
        sheet_files.check_sums(sheet, problems)
        if "raw" in sheet:
            sheet["raw"] = [str(path.parent / cell) if cell else "" for cell in sheet["raw"]]
        sheet_files.check_paths(sheet, problems)
    sheet_files.check_raw(sheet, problems)
    sheet_donors.check_donors(sheet, problems, visits=visits, arm=arm)
    sheet_checks.check_rows(sheet, problems)
    sheet_checks.check_alike(sheet, problems)
    problems.stop()
    return sheet.reset_index(drop=True)


def _parse(path: Path, problems: Problems, *, pattern: str) -> pd.DataFrame:
    """Read the cells as stripped strings, indexed by the number of their row in the file."""
    try:
        text = read_text(path)
    except TextError as error:
        raise SheetError(
            f"{error} The sample sheet ('samples' in the config) is a table with tabs between columns."
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
    sheet_checks.check_header([*header, *read_off], start, problems)
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
    table = table.loc[:, ~table.columns.duplicated() & (table.columns != AS_GIVEN)]
    _read_off(table, read_off, pattern, problems)
    return table


def _read_off(table: pd.DataFrame, columns: list[str], pattern: str, problems: Problems) -> None:
    """Fill columns that the sheet lacks from the names of the samples."""
    if not columns or "sample" not in table:
        return
    for row, sample in cells_of(table, "sample"):
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


def _name_visits(sheet: pd.DataFrame, visits: Mapping[str, Sequence[str]], problems: Problems) -> list[str]:
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
    for row, cell in cells_of(sheet, "visit"):
        if cell and cell.casefold() not in names:
            problems.add(
                f"{cell!r} is no visit of this study: {known}.{suggest(cell, spellings)} Correct it, or "
                "add it to 'visits' in the config.",
                row=row,
                column="visit",
            )
    return [names.get(cell.casefold(), cell) for _, cell in cells_of(sheet, "visit")]


def _name_donors(sheet: pd.DataFrame, donors: Mapping[str, Sequence[str]], problems: Problems) -> list[str]:
    """Translate donors to the study's names."""
    names: dict[str, str] = {}
    for donor, aliases in donors.items():
        for name in (donor, *aliases):
            if names.setdefault(name.casefold(), donor) != donor:
                problems.add(
                    f"'donors' in the config gives {name!r} to {names[name.casefold()]!r} and to {donor!r}. Remove one."
                )
    return [names.get(cell.casefold(), cell) for _, cell in cells_of(sheet, "donor")]
