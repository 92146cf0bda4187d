"""What the rows of one donor must agree in: arm, sex, outcome, age, and days in the order of the visits.

Imported while Snakemake parses the workflow.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from cd20scope.study.arms import TREATED, UNTREATED
from cd20scope.study.levels import TISSUES, misspelt, name_tissue, plain
from cd20scope.study.sheet_checks import Problems, cells_of
from cd20scope.study.times import stated_days

DAYS = "days_since_first_infusion"
YEAR = 365.25
ROUNDED = 1.0
"""Years that an age in whole years may be off."""

CONSTANT = {
    "sex": "a donor has one sex: correct it, or the donor of the row",
    "outcome": "an outcome is one per donor: write it alike in all rows of the donor",
}
"""Columns that are the same in all rows of a donor, with what to do."""


def check_donors(
    sheet: pd.DataFrame, problems: Problems, *, visits: Mapping[str, Sequence[str]], arm: str
) -> None:
    """Check rows against other rows of their donor, and levels against those of other rows.

    Parameters
    ----------
    sheet
        Indexed by the number of the row in the file; visits by the study's names. Tissues are brought to their usual
        names in place.
    visits
        In order of time, each with its other names.
    arm
        Name of the column of the arm.
    """
    if "tissue" in sheet:
        sheet["tissue"] = [name_tissue(cell) for _, cell in cells_of(sheet, "tissue")]
    for column, usual in (("tissue", TISSUES.values()), (arm, ()), ("drug", ())):
        _check_levels(sheet, column, list(dict.fromkeys(usual)), problems)
    if not {"donor", "visit"} <= set(sheet):
        return
    constant = CONSTANT | {
        arm: "a donor is in one arm: correct it, or give the donor of one row another name"
    }
    order, stated = {visit: number for number, visit in enumerate(visits)}, stated_days(visits)
    visit_of = dict(cells_of(sheet, "visit"))
    days, ages = (dict(zip(sheet.index, numbers_of(sheet, name), strict=True)) for name in (DAYS, "age"))
    known = {
        row: stated.get(visit, math.nan) if math.isnan(days[row]) else days[row]
        for row, visit in visit_of.items()
    }
    rows_of: dict[str, list[int]] = {}
    for row, donor in cells_of(sheet, "donor"):
        rows_of.setdefault(donor, []).append(row)
    rows_of.pop("", None)
    for column, remedy in constant.items():
        cell_of = dict(cells_of(sheet, column))
        for donor, rows in rows_of.items():
            given = [(row, cell_of[row]) for row in rows if row in cell_of]
            _check_constant(given, donor, column, remedy, problems)
    for rows in rows_of.values():
        ordered = sorted(
            (row for row in rows if visit_of[row] in order), key=lambda row: order[visit_of[row]]
        )
        _check_days([row for row in ordered if not math.isnan(days[row])], visit_of, days, problems)
        _check_age([row for row in ordered if not math.isnan(ages[row])], visit_of, ages, known, problems)


def numbers_of(sheet: pd.DataFrame, column: str) -> pd.Series:
    """Numbers of a column; missing where it is empty, unknown or not there."""
    given = sheet.get(column, pd.Series("", index=sheet.index))
    return pd.to_numeric(given, errors="coerce").astype(float)


def _check_levels(sheet: pd.DataFrame, column: str, known: list[str], problems: Problems) -> None:
    cells = cells_of(sheet, column)
    wrong = misspelt((cell for _, cell in cells), known)
    for row, cell in cells:
        # untreated is no slip of treated
        if cell in wrong and plain(cell) not in TREATED | UNTREATED:
            problems.add(
                f"{cell!r} looks misspelt. Did you mean {wrong[cell]!r}? Correct it, or write a name that differs "
                "more.",
                row=row,
                column=column,
            )


def _check_constant(
    given: Sequence[tuple[int, str]], donor: str, column: str, remedy: str, problems: Problems
) -> None:
    cells = [(row, cell) for row, cell in given if cell and cell.casefold() != "unknown"]
    for row, cell in cells[1:]:
        if cell != cells[0][1] and plain(cell) != plain(cells[0][1]):
            problems.add(
                f"{cell!r} of donor {donor!r}, and {cells[0][1]!r} in row {cells[0][0]}; {remedy}.",
                row=row,
                column=column,
            )


def _check_days(
    rows: Sequence[int], visit_of: Mapping[int, str], days: Mapping[int, float], problems: Problems
) -> None:
    for one, other in pairwise(rows):
        earlier, later = visit_of[one], visit_of[other]
        if earlier != later and days[other] <= days[one]:
            problems.add(
                f"{days[other]:g} at {later}, and {days[one]:g} at {earlier} (row {one}): {later} comes after "
                f"{earlier} in 'visits' of the config. Are visits, samples or days swapped? Correct them, or write "
                "unknown.",
                row=other,
                column=DAYS,
            )


def _check_age(
    rows: Sequence[int],
    visit_of: Mapping[int, str],
    ages: Mapping[int, float],
    days: Mapping[int, float],
    problems: Problems,
) -> None:
    for one, other in pairwise(rows):
        grown, passed = ages[other] - ages[one], (days[other] - days[one]) / YEAR
        if visit_of[one] != visit_of[other] and (grown < 0 or grown > passed + ROUNDED):
            what = "falls" if grown < 0 else "rises by more than the time between the visits"
            problems.add(
                f"{ages[other]:g} years, and {ages[one]:g} at the earlier visit (row {one}): the age of a donor "
                f"{what}. Correct it, or the donor of the row; or write unknown.",
                row=other,
                column="age",
            )
