"""Outcome of each donor, by the column of the sheet."""

import pandas as pd

COLUMN = "outcome"


def donor_outcomes(sheet: pd.DataFrame) -> tuple[pd.Series, str]:
    """Read one outcome per donor.

    Parameters
    ----------
    sheet
        ``donor`` and, where the study has one, ``outcome``: the same in all rows of a donor, or empty in some.

    Returns
    -------
    outcomes
        Donor -> number, where all known outcomes are numbers, or one of two levels (text); donors without one are not
        in it. Empty where there is none that can be used.
    reason
        Why it cannot be used; empty where it can, or the sheet has none.
    """
    nothing = pd.Series(dtype=float, name=COLUMN)
    if COLUMN not in sheet:
        return nothing, ""
    cells = sheet[COLUMN].astype(str).str.strip()
    known = cells[~cells.str.casefold().isin(["", "unknown"])]
    values = known.groupby(sheet.loc[known.index, "donor"].astype(str)).first()
    if values.empty:
        return nothing, ""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    n_numbers, n_levels = int(numbers.notna().sum()), values.str.casefold().nunique()
    if n_numbers == len(values):
        return (numbers, "") if n_levels > 1 else (nothing, f"all donors have {values.iloc[0]}")
    if n_numbers > 1 and n_numbers >= len(values) / 2:
        odd = values[numbers.isna()]
        return nothing, f"numbers, and text in {', '.join(f'{donor}: {cell}' for donor, cell in odd.items())}"
    if n_levels != 2:
        what = "one level" if n_levels == 1 else f"{n_levels} levels"
        return nothing, f"{what} ({', '.join(sorted(set(values))[:6])}) in place of numbers or two levels"
    spelling = {cell.casefold(): cell for cell in reversed(list(values))}
    return values.str.casefold().map(spelling).rename(COLUMN), ""
