"""Time of day at which blood was drawn, as a sample sheet has it.

Imported while Snakemake parses the workflow, hence nothing but the standard library and pandas.
"""

import math
import re

import pandas as pd

from cd20scope.schema import SHEET_REQUIRED
from cd20scope.study.sheet_checks import OPTIONAL, Problems, cells_of, suggest

COLUMN = "drawn_at"
TIME = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d))?)?", flags=re.ASCII)


def hour_of(cell: str) -> float:
    """Hour of the day of a cell: 9.5 of ``09:30``, 9 of ``9``; missing where it is empty or unknown.

    Raises
    ------
    ValueError
        For anything else, such as ``9.30``, which may be half past nine or 18 minutes past it.
    """
    if cell.casefold() in ("", "unknown"):
        return math.nan
    found = TIME.fullmatch(cell)
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (99, 0, 0)
    if minute > 59 or second > 59 or (hour, minute, second) > (24, 0, 0):
        raise ValueError(
            f"{cell!r} is no time of day. Write hours and minutes like 09:30, or a full hour from 0 to 24, in local "
            "time; or unknown, or nothing."
        )
    return (hour + minute / 60 + second / 3600) % 24


def hours_of(sheet: pd.DataFrame) -> pd.Series:
    """Hour of the day of each row of a sheet; missing where it is not known, or the sheet has no such column."""
    cells = sheet.get(COLUMN, pd.Series("", index=sheet.index))
    return pd.Series([hour_of(str(cell)) for cell in cells], index=sheet.index, dtype=float)


def name_draw_times(sheet: pd.DataFrame, problems: Problems, *, column: str) -> pd.DataFrame:
    """Check the times of a sheet row by row, and bring the column that holds them to its usual name.

    Parameters
    ----------
    sheet
        Indexed by the number of the row in the file.
    problems
        Receives what is wrong.
    column
        Name of the column in this sheet; one that is not :data:`COLUMN` must be there.
    """
    given = sheet.columns.tolist()
    if column != COLUMN:
        why = ""
        if column in (*SHEET_REQUIRED, *OPTIONAL):
            why = f"{column!r} has another meaning. Name the column with the times."
        elif column not in given:
            why = f"the sheet has no column {column!r}; found {', '.join(given)}.{suggest(column, given)} Correct it."
        elif COLUMN in given:
            why = f"the sheet has {column!r} and {COLUMN!r}, which both would be the time of the draw. Rename one."
        if why:
            problems.add(f"draw_time > column of the config: {why}")
            return sheet
    for row, cell in cells_of(sheet, column):
        try:
            hour_of(cell)
        except ValueError as error:
            problems.add(str(error), row=row, column=column)
    return sheet.rename(columns={column: COLUMN})
