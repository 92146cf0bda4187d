"""Further columns of the sample sheet, recognised among the columns of a table of cells."""

import re

import numpy as np
import numpy.typing as npt

from cd20scope.init.columns import JUNK, Column
from cd20scope.init.names import Guess, count, natural
from cd20scope.study.levels import SEXES
from cd20scope.study.number_columns import NUMBERS

NAMES = {
    "sex": r"^(donor_|patient_|subject_)?(sex|gender)$",
    "age": r"^(donor_|patient_|subject_)?age(_(years|at_\w+))?$",
    "batch": r"^(batch|run|pool|seq(uencing)?_run|(seq|library|processing)_batch)(_?(id|no|nr))?$",
    "tissue": r"^(tissue|compartment|specimen_type|sample_type|source_tissue)(_(type|name))?$",
    "drug": r"^(drug|therapy|dmt|medication|antibody_given)(_name)?$",
    "chemistry": r"^(chemistry|assay_chemistry|kit|library_chemistry|10x_chemistry)$",
    "outcome": r"^(clinical_)?(outcome|response|responder)$",
    "hours_since_steroid": r"^(h|hrs?|hours?)_.*(steroid|pred|premed)|(steroid|pred|premed).*_(h|hrs?|hours?)$",
    "lymphocytes_per_ul": r"^(alc|lymphocytes?_(per_ul|count|abs(olute)?|ul)|abs(olute)?_lymphocyte(s|_count))",
    "days_since_first_infusion": r"^days?_(since|after|post|from)_.*(infusion|treatment|dose|ocr)",
}
"""Columns of the sheet, with what tables of cells call them."""

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
            why = _unfit(name, values)
            if why:
                notes.append(f"column {column.name!r} looks like {name} and was left out: {why}.")
            else:
                found[name] = _written(name, values)
                different = sorted(set(found[name]), key=natural)
                shown = ", ".join(value or "(empty)" for value in different[:4])
                guesses.append(
                    Guess(
                        name,
                        f"column {column.name!r}",
                        "likely",
                        f"{count(len(different), 'value')} ({shown})",
                    )
                )
    return found, guesses, notes


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
