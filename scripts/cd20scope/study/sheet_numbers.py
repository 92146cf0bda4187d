"""Checks of the numbers of a sample sheet: how they are written, their range, and their unit.

Imported while Snakemake parses the workflow.
"""

import math
import re

import pandas as pd

from cd20scope.study.number_columns import NUMBERS, PLAUSIBLE, SIGNED, UNITS
from cd20scope.study.sheet_checks import Problems, cells_of

DATE = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{1,2}[- ]?[A-Za-z]{3}[- ]?\d{2,4}"
)
COUNT = "lymphocytes_per_ul"
UNITS_OF_COUNTS = {"10^9 per litre": 1e3, "cells per millilitre": 1e-3, "cells per litre": 1e-6}
"""Units in which counts are also written, with the factor to cells per microlitre."""


def check_numbers(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check the numbers of a sheet row by row; write 'unknown' in one way."""
    for column, pattern in NUMBERS.items():
        if column in sheet:
            sheet[column] = [cell.lower() if cell.casefold() == "unknown" else cell for cell in sheet[column]]
        for row, cell in cells_of(sheet, column):
            if not re.fullmatch(pattern, cell, flags=re.ASCII):
                problems.add(_no_number(cell, pattern, column), row=row, column=column)
            elif cell not in ("", "unknown") and (text := _out_of_range(column, float(cell), cell)):
                problems.add(text, row=row, column=column)


def _no_number(cell: str, pattern: str, column: str) -> str:
    if DATE.fullmatch(cell):
        return (
            f"{cell!r} is a date. Write {UNITS[column]}, counted from the donor's first infusion where it is days; or "
            "unknown."
        )
    kind = "number" if pattern == SIGNED else "number of zero or more"
    return f"{cell!r} is no {kind}. Write it like 12 or 1.5, without unit; or unknown, or nothing."


def _out_of_range(column: str, value: float, cell: str) -> str:
    low, high = PLAUSIBLE.get(column, (-math.inf, math.inf))
    if low <= value <= high:
        return ""
    text = f"{cell} is not between {low:,g} and {high:,g}. "
    plain = f"{text}Correct it, or the unit: {UNITS[column]}; or write unknown."
    if column != COUNT:
        return plain
    for unit, factor in UNITS_OF_COUNTS.items():
        if low <= value * factor <= high:
            how = f"multiply by {factor:,g}" if factor > 1 else f"divide by {1 / factor:,.0f}"
            return (
                f"{text}It looks like {unit}: {how} for cells per microlitre, as {value * factor:,.0f}; or write "
                "unknown."
            )
    return plain
