"""Choice of donors by columns of the sheet. Imported while Snakemake parses the workflow."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope.study.nearest import nearest
from cd20scope.study.strict_yaml import ConfigError

type Values = str | float | Sequence[str | float]


def choose_donors(
    sheet: pd.DataFrame, *, include: Mapping[str, Values], exclude: Mapping[str, Values]
) -> dict[str, str]:
    """Find the donors that a choice leaves out.

    A donor fits a value when one of its rows has it; case is ignored.

    Parameters
    ----------
    sheet
        ``donor`` and the columns that the choice names.
    include, exclude
        Column -> value or values. All columns of ``include`` must fit, and none of ``exclude`` may.

    Returns
    -------
    Donor -> reason.

    Raises
    ------
    ConfigError
        When the sheet lacks a column or value, or no donor is left.
    """
    problems: list[str] = []
    left_out: dict[str, str] = {}
    for key, choice in (("include", include), ("exclude", exclude)):
        for column, given in choice.items():
            place = f"donors > {key} > {column}"
            if column not in sheet:
                problems.append(
                    f"{place}: the sheet has no column {column!r}{_hint(column, list(sheet.columns))}"
                )
                continue
            wanted = [str(v) for v in (given if isinstance(given, list | tuple) else [given])]
            cells = sheet[column].astype(str)
            known = set(cells.str.casefold())
            problems += [
                f"{place}: no row has {value!r}{_hint(value, list(dict.fromkeys(cells)))}"
                for value in wanted
                if value.casefold() not in known
            ]
            fits = cells.str.casefold().isin([value.casefold() for value in wanted])
            for donor, own in fits.groupby(sheet["donor"].astype(str), sort=False):
                if bool(own.any()) == (key == "exclude"):
                    found = ", ".join(dict.fromkeys(cells[own.index])) or "nothing"
                    word = "excluded" if key == "exclude" else "not included"
                    left_out.setdefault(str(donor), f"{word} by {column} ({found})")
    if not problems and set(sheet["donor"].astype(str)) <= set(left_out):
        problems.append("donors: the choice leaves no donor. Correct include and exclude.")
    if problems:
        raise ConfigError("configuration", problems)
    return left_out


def _hint(word: str, known: Sequence[str]) -> str:
    close = nearest(word, [str(name) for name in known if name])
    shown = ", ".join(str(name) for name in list(known)[:12] if name)
    return f". Did you mean {close!r}?" if close else f"; found {shown}. Correct it."
