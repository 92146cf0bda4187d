"""What the rows of one donor must agree in: arm, sex, outcome, age, and days in the order of the visits.

Imported while Snakemake parses the workflow.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

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
    for column, known in (("tissue", TISSUES.values()), (arm, ()), ("drug", ())):
        _check_levels(sheet, column, list(dict.fromkeys(known)), problems)
    if not {"donor", "visit"} <= set(sheet):
        return
    constant = CONSTANT | {
        arm: "a donor is in one arm: correct it, or give the donor of one row another name"
    }
    for donor, own in sheet[sheet["donor"] != ""].groupby("donor", sort=False):
        for column, remedy in constant.items():
            _check_constant(own, str(donor), column, remedy, problems)
        ordered = own[own["visit"].isin(list(visits))]
        ordered = ordered.sort_values("visit", key=lambda v: v.map(list(visits).index), kind="stable")
        _check_days(ordered, problems)
        _check_age(ordered, stated_days(visits), problems)


def numbers_of(sheet: pd.DataFrame, column: str) -> pd.Series:
    """Numbers of a column; missing where it is empty, unknown or not there."""
    given = sheet.get(column, pd.Series("", index=sheet.index))
    return pd.to_numeric(given, errors="coerce").astype(float)


def _check_levels(sheet: pd.DataFrame, column: str, known: list[str], problems: Problems) -> None:
    cells = cells_of(sheet, column)
    wrong = misspelt((cell for _, cell in cells), known)
    for row, cell in cells:
        if cell in wrong:
            problems.add(
                f"{cell!r} looks misspelt. Did you mean {wrong[cell]!r}? Correct it, or write a name that differs "
                "more.",
                row=row,
                column=column,
            )


def _check_constant(own: pd.DataFrame, donor: str, column: str, remedy: str, problems: Problems) -> None:
    cells = [(row, cell) for row, cell in cells_of(own, column) if cell and cell.casefold() != "unknown"]
    for row, cell in cells[1:]:
        if plain(cell) != plain(cells[0][1]):
            problems.add(
                f"{cell!r} of donor {donor!r}, and {cells[0][1]!r} in row {cells[0][0]}; {remedy}.",
                row=row,
                column=column,
            )


def _check_days(own: pd.DataFrame, problems: Problems) -> None:
    days = numbers_of(own, DAYS).dropna()
    for one, other in zip(days.index[:-1], days.index[1:], strict=True):
        earlier, later = own["visit"][one], own["visit"][other]
        if earlier != later and days[other] <= days[one]:
            problems.add(
                f"{days[other]:g} at {later}, and {days[one]:g} at {earlier} (row {one}): {later} comes after "
                f"{earlier} in 'visits' of the config. Are visits, samples or days swapped? Correct them, or write "
                "unknown.",
                row=other,
                column=DAYS,
            )


def _check_age(own: pd.DataFrame, stated: Mapping[str, float], problems: Problems) -> None:
    ages, days = numbers_of(own, "age").dropna(), numbers_of(own, DAYS)
    days = days.fillna(own["visit"].map(stated).astype(float))
    for one, other in zip(ages.index[:-1], ages.index[1:], strict=True):
        if own["visit"][one] == own["visit"][other]:
            continue
        grown, passed = ages[other] - ages[one], (days[other] - days[one]) / YEAR
        if grown < 0 or grown > passed + ROUNDED:
            what = "falls" if grown < 0 else "rises by more than the time between the visits"
            problems.add(
                f"{ages[other]:g} years, and {ages[one]:g} at the earlier visit (row {one}): the age of a donor "
                f"{what}. Correct it, or the donor of the row; or write unknown.",
                row=other,
                column="age",
            )
