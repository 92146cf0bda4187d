"""Further columns of the sample sheet, recognised among the columns of a table of cells."""

import re

import numpy as np
import numpy.typing as npt

from cd20scope.init.columns import JUNK, Column
from cd20scope.init.names import Guess, count, natural
from cd20scope.study.arms import UNTREATED
from cd20scope.study.draw_time import COLUMN, hour_of
from cd20scope.study.levels import SEXES, TISSUES, name_tissue, plain
from cd20scope.study.number_columns import NUMBERS, SIGNED

NAMES = {
    "sex": r"^(donor_|patient_|subject_)?(sex|gender)$",
    "age": r"^(donor_|patient_|subject_)?age(_(years|at_\w+))?$",
    "batch": r"^(batch|run|pool|seq(uencing)?_run|(seq|library|processing)_batch)(_?(id|no|nr))?$",
    "tissue": (
        r"^(tissue|compartment|site|source|specimen(_type)?|sample_(type|site|source)|source_tissue|tissue_site)"
        r"(_(type|name))?$"
    ),
    "drug": r"^(drug|therapy|dmt|medication|antibody_given)(_name)?$",
    "arm": (
        r"^((study|trial|treatment)_)?arm(_name)?$"
        r"|^(treatment|treatment_group|group|cohort|allocation|condition|diagnosis)$"
    ),
    "chemistry": r"^(chemistry|assay_chemistry|kit|library_chemistry|10x_chemistry)$",
    "outcome": r"^(clinical_)?(outcome|response|responder)$",
    "hours_since_steroid": r"^(h|hrs?|hours?)_.*(steroid|pred|premed)|(steroid|pred|premed).*_(h|hrs?|hours?)$",
    "lymphocytes_per_ul": r"^(alc|lymphocytes?_(per_ul|count|abs(olute)?|ul)|abs(olute)?_lymphocyte(s|_count))",
    "days_since_first_infusion": r"^days?_(since|after|post|from)_.*(infusion|treatment|dose|ocr)|^(study_)?days?$",
    "drawn_at": (
        r"^(blood_)?(draw|drawn|collection|collected|sampling|sampled|phlebotomy)_(at|time|hour)(_of_day)?$"
        r"|^(time|hour)_of_(day|draw|blood_draw|collection|sampling)$"
    ),
    "dose": r"^(cumulative_|total_)?dose(_mg)?(_cumulative|_total)?$",
}
"""Columns of the sheet, with what tables of cells call them; a dose may be a covariate."""

SURE = re.compile(
    r"sex|gender|age|batch|tissue|drug|arm|(study|trial|treatment)_arm|chemistry|outcome|days_since_\w+|dose_mg|drawn_at|"
    r"(time|hour)_of_(day|draw|blood_draw)"
)
"""Names that say what they hold; others are likely, or to be checked."""
AMBIGUOUS = {
    "arm": re.compile(r"treatment|treatment_group|group|cohort|allocation|condition|diagnosis"),
    "tissue": re.compile(r"site|source|specimen|sample_(type|site|source)|tissue_site"),
    "days_since_first_infusion": re.compile(r"(study_)?days?"),
    # of days or months as well
    "drawn_at": re.compile(r"(collection|sampling)_time"),
}
"""Names that may hold something else: taken only where the values are of the usual words, and to be checked."""

THOUSANDS = 50
"""Lymphocytes per microlitre below this are thousands of them, as hospitals also write them."""


def find_extras(
    columns: list[Column], *, taken: tuple[Column | None, ...], rows: list[npt.NDArray[np.int64]]
) -> tuple[dict[str, list[str]], list[Guess], list[str]]:
    """Find what else the sheet can use.

    Parameters
    ----------
    columns
        Of the table of cells.
    taken
        Those that hold donors, visits or samples already.
    rows
        Positions of the cells of each sample.

    Returns
    -------
    By column of the sheet, a value per sample; what was guessed; and what was recognised but cannot be used, with
    the reason.
    """
    found: dict[str, list[str]] = {}
    guesses, notes = [], []
    for name, pattern in NAMES.items():
        for column in columns:
            if any(column is other for other in taken) or JUNK.search(column.plain) or name in found:
                continue
            if not re.search(pattern, column.plain):
                continue
            values = [_only(column, own) for own in rows]
            if _ambiguous(name, column) and not _usual(name, values):
                continue
            why = _unfit(name, values)
            if why:
                notes.append(f"column {column.name!r} looks like {name} and was left out: {why}.")
            else:
                found[name] = _written(name, values)
                guesses.append(_guess(name, column, found[name]))
    return found, guesses, notes


def tissue_columns(columns: list[Column], *, taken: list[Column]) -> list[Column]:
    """Find columns that hold two or more tissues by their usual words."""
    others = [column for column in columns if not any(column is other for other in taken)]
    return [
        column
        for column in others
        if re.search(NAMES["tissue"], column.plain)
        and _usual("tissue", list(column.values))
        and len({name_tissue(value) for value in column.values if value}) > 1
    ]


def _ambiguous(name: str, column: Column) -> bool:
    return name in AMBIGUOUS and AMBIGUOUS[name].fullmatch(column.plain) is not None


def _usual(name: str, values: list[str | None]) -> bool:
    """Whether values are of the words that a column usually holds; numbers, for one of numbers."""
    known = {plain(value) for value in values if value}
    if name == "tissue":
        return bool(known) and known <= {*TISSUES, "whole blood"}
    if name == "arm":
        return len(known) > 1 and bool(known & UNTREATED) and None not in values
    if name == COLUMN:
        return all(":" in value for value in known)
    return len(known) > 1 and all(re.fullmatch(SIGNED, value) for value in known)


def _guess(name: str, column: Column, values: list[str]) -> Guess:
    different = sorted(set(values), key=natural)
    shown = ", ".join(value or "(empty)" for value in different[:4])
    sure = "check" if _ambiguous(name, column) else "sure" if SURE.fullmatch(column.plain) else "likely"
    return Guess(name, f"column {column.name!r}", sure, f"{count(len(different), 'value')} ({shown})")


def _only(column: Column, rows: npt.NDArray[np.int64]) -> str | None:
    """Give the value that all cells of a sample have, empty for one without a meaning; None where they differ."""
    codes = np.unique(column.codes[rows])
    if len(codes) != 1:
        return None
    return column.values[codes[0]].strip() if column.someone[codes[0]] else ""


def _unfit(name: str, values: list[str | None]) -> str:
    if None in values:
        return "it differs between cells of one sample"
    known = [value for value in values if value]
    if not known:
        return "it is empty"
    if name == COLUMN:
        for value in known:
            try:
                hour_of(value)
            except ValueError:
                return f"{value!r} is no time of day"
    if name in NUMBERS:
        odd = next((value for value in known if not re.fullmatch(NUMBERS[name], value, flags=re.ASCII)), "")
        if odd:
            return f"{odd!r} is no number"
        if name == "lymphocytes_per_ul" and max(map(float, known)) < THOUSANDS:
            return "its values look like thousands per microlitre. Multiply them by 1000, and add the column"
    return ""


def _written(name: str, values: list[str | None]) -> list[str]:
    texts = [value or "" for value in values]
    return [SEXES.get(text.lower(), text) for text in texts] if name == "sex" else texts
