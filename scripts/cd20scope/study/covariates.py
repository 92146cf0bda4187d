"""Covariates of the change: values per donor, and whether the design can tell them from visit, donor and each other.

A change per donor has no level of the donor in it, so a covariate that is constant within donors (age, sex) enters by
its value: it says in whom the change is larger. One that differs between the visits (batch, hours since steroids)
enters by its own change.

Imported while Snakemake parses the workflow.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.study.nearest import nearest
from cd20scope.study.pairing import donors_with_both
from cd20scope.study.strict_yaml import ConfigError

MISSING = ("", "unknown")
OWN = 0.1
"""Spread of the changes over that between donors up to which a covariate is one of the donor, such as age."""


def change_columns(
    sheet: pd.DataFrame, names: Sequence[str], contrast: Sequence[str], donors: Iterable[str]
) -> pd.DataFrame:
    """Columns by which covariates enter the model of a change.

    Parameters
    ----------
    sheet
        ``donor``, ``visit`` and the covariates, one row per sample; samples of one donor and visit are averaged.
    names
        Covariates. One whose known values are all numbers is numeric, any other categorical.
    contrast
        The later and the earlier visit.
    donors
        Donors of the change.

    Returns
    -------
    Index ``donor`` in the order given; per covariate one column, or one per level but the first of a categorical one
    (``batch = B``), centred. Donors with an unknown covariate have a row of missing values; columns without variation
    are left out.
    """
    donors = [str(donor) for donor in donors]
    columns: dict[str, pd.Series] = {}
    for name in names:
        for label, values in _coded(sheet, name).items():
            columns[label] = _value_or_change(values, sheet, contrast, donors)
    table = _varying(pd.DataFrame(columns, index=pd.Index(donors, name="donor"), dtype=float))
    # a covariate that is the same in all other donors is not asked of the one in whom it is unknown
    table = _varying(table.mask(table.isna().any(axis=1)))
    return table - table.mean()


def _varying(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[:, (table.max() - table.min()).fillna(0) > 1e-9]


def check_covariates(
    sheet: pd.DataFrame, names: Sequence[str], *, contrasts: Sequence[Sequence[str]], reserved: Iterable[str]
) -> list[tuple[str, str, str]]:
    """Check that each covariate can be told from visit, donor and the other covariates.

    Parameters
    ----------
    sheet
        Treated donors.
    names
        Covariates of the configuration.
    contrasts
        Pairs (later, earlier) of visits.
    reserved
        Columns that cannot be covariates.

    Returns
    -------
    Contrasts in which a covariate has no part: contrast, covariate and why.

    Raises
    ------
    ConfigError
        When a column is missing, constant, or the same as visit, donor or another covariate in every contrast.
    """
    problems, notes = [], []
    for name in names:
        if name in (*reserved, "donor", "visit", "sample"):
            problems.append(f"covariates: {name} is part of the design already. Remove it.")
        elif name not in sheet:
            close = nearest(name, sheet.columns)
            hint = f" Did you mean {close!r}?" if close else f" Found {', '.join(sheet.columns)}."
            problems.append(f"covariates: the sheet has no column {name!r}.{hint}")
        elif not sheet[name].map(_known).any():
            problems.append(f"covariates: {name} is empty. Fill it in, or remove it.")
        elif len(set(sheet.loc[sheet[name].map(_known), name])) == 1:
            problems.append(
                f"covariates: {name} is {sheet[name].iloc[0]!r} in every sample, so it explains nothing. Remove it."
            )
    if problems:
        raise ConfigError("configuration", problems)
    paired = {
        schema.contrast_name(pair): pair for pair in contrasts if len(donors_with_both(sheet, pair)) > 1
    }
    for name in names:
        why = {contrast: _why_not(sheet, name, names, pair) for contrast, pair in paired.items()}
        if why and all(why.values()):
            problems.append(f"covariates: {name} {next(iter(why.values()))}, in every contrast. Remove it.")
        notes += [(contrast, name, text) for contrast, text in why.items() if text]
    if problems:
        raise ConfigError("configuration", problems)
    return notes


def split_by_arm(
    sheet: pd.DataFrame,
    names: Sequence[str],
    contrast: Sequence[str],
    *,
    treated: Sequence[str],
    control: Sequence[str],
) -> tuple[list[str], dict[str, str]]:
    """Split covariates into those that can be told from the arm, and the others with the reason.

    Parameters
    ----------
    sheet, names, contrast
        As for :func:`change_columns`.
    treated, control
        Donors of both arms.
    """
    told: list[str] = []
    others: dict[str, str] = {}
    donors, arm = [*treated, *control], set(treated)
    for name in names:
        alone = change_columns(sheet, [name], contrast, donors).dropna()
        table = change_columns(sheet, [*told, name], contrast, donors).dropna()
        both = table.assign(arm=table.index.isin(arm).astype(float))
        if alone.shape[1] and len(set(alone.index.isin(arm))) < 2:
            others[name] = "is known in one arm only"
        elif len(set(both["arm"])) > 1 and _rank(both) == _rank(table):
            others[name] = "goes with the arm in every donor"
        else:
            told.append(name)
    return told, others


def check_arms(
    sheet: pd.DataFrame,
    covariates: Mapping[str, Sequence[str]],
    *,
    contrasts: Sequence[Sequence[str]],
    controls: Sequence[str],
) -> list[tuple[str, str, str]]:
    """Find the covariates that have no part in the comparison of the arms: contrast, covariate and why.

    Parameters
    ----------
    sheet
        Samples that are analysed, with the column ``control``.
    covariates
        Of the tests within the treated, by contrast.
    contrasts
        Pairs (later, earlier) of visits.
    controls
        Levels of the control arm.
    """
    parts = [sheet[sheet[schema.CONTROL].isin(levels)] for levels in ([""], list(controls))]
    notes = []
    for pair in contrasts:
        name, donors = schema.contrast_name(pair), [donors_with_both(part, pair) for part in parts]
        if all(donors):
            others = split_by_arm(
                sheet, covariates.get(name, ()), pair, treated=donors[0], control=donors[1]
            )[1]
            notes += [
                (name, covariate, f"{why}, so it has no part in the comparison with the controls")
                for covariate, why in others.items()
            ]
    return notes


def _why_not(sheet: pd.DataFrame, name: str, names: Sequence[str], contrast: Sequence[str]) -> str:
    """Why a covariate cannot be told in a contrast; empty where it can."""
    donors = donors_with_both(sheet, contrast)
    own = change_columns(sheet, [name], contrast, donors)
    known = own.dropna() if own.shape[1] else own
    if own.shape[1] == 0:
        return _without_variation(sheet, name, contrast, donors)
    if single := _level_of_one(sheet, name, contrast, donors):
        return f"has the level {single[0]!r} in one donor ({single[1]}), from whom it cannot be told; leave out either"
    for label in known:
        alone = known.index[(known[label] - known[label].median()).abs() > 1e-9]
        if len(alone) == 1 and " = " in str(label):
            return (
                f"differs in one donor ({alone[0]}: {label}), from whom it cannot be told; leave out either"
            )
    before = list(names[: names.index(name)]) if name in names else []
    both = change_columns(sheet, [*before, name], contrast, donors).dropna()
    others = change_columns(sheet, before, contrast, donors).reindex(both.index)
    if len(both) < both.shape[1] + 3:
        return f"leaves {len(both)} donors for {both.shape[1] + 1} coefficients"
    if _rank(both) < both.shape[1] and _rank(others) == others.shape[1]:
        collinear = [o for o in before if _rank(both[_of(both, (o, name))]) < len(_of(both, (o, name)))]
        return f"is the same as {' and '.join(collinear or before)} in every donor (collinear)"
    return ""


def _level_of_one(
    sheet: pd.DataFrame, name: str, contrast: Sequence[str], donors: Sequence[str]
) -> tuple[str, str] | None:
    """Find a level of a categorical covariate that one donor alone has, and the donor."""
    if name in _coded(sheet, name):
        return None
    rows = (
        sheet["donor"].astype(str).isin(donors)
        & sheet["visit"].isin(list(contrast))
        & sheet[name].map(_known)
    )
    for level, own in sheet[rows].groupby(name)["donor"]:
        if len(set(own)) == 1:
            return str(level), str(own.iloc[0])
    return None


def _without_variation(sheet: pd.DataFrame, name: str, contrast: Sequence[str], donors: Sequence[str]) -> str:
    own = sheet[sheet["donor"].astype(str).isin(donors)]
    own = own[own["visit"].isin(list(contrast)) & own[name].map(_known)]
    within = own.groupby("donor")[name].nunique()
    if (within > 1).any():
        return f"changes alike in every donor between {contrast[1]} and {contrast[0]}: it is the visit by another name"
    return "does not vary between the donors"


def _of(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [label for label in table.columns if str(label).split(" = ")[0] in names]


def _rank(table: pd.DataFrame) -> int:
    if not table.shape[1] or not len(table):
        return 0
    centred = (table - table.mean()).to_numpy()
    scale = np.where(np.ptp(centred, axis=0) > 0, np.ptp(centred, axis=0), 1.0)
    return int(np.linalg.matrix_rank(centred / scale, tol=1e-8))


def _known(cell: object) -> bool:
    return str(cell).strip().casefold() not in MISSING


def _coded(sheet: pd.DataFrame, name: str) -> dict[str, pd.Series]:
    """Numbers of a covariate per row; of a categorical one an indicator per level but the first."""
    cells = sheet[name].astype(str).str.strip()
    known = cells.map(_known)
    numbers = pd.to_numeric(cells.where(known), errors="coerce").astype(float)
    if numbers.notna().sum() == known.sum():
        return {name: numbers}
    levels = sorted(cells[known].unique())
    return {f"{name} = {level}": (cells == level).astype(float).where(known) for level in levels[1:]}


def _value_or_change(
    values: pd.Series, sheet: pd.DataFrame, contrast: Sequence[str], donors: Sequence[str]
) -> pd.Series:
    """Change of each donor, or its value where changes are small beside the differences between donors (age)."""
    rows = sheet["visit"].isin(list(contrast))
    mean = values[rows].groupby([sheet.loc[rows, "visit"], sheet.loc[rows, "donor"].astype(str)]).mean()
    later, earlier = (
        mean.reindex(pd.MultiIndex.from_product([[visit], donors])).droplevel(0) for visit in contrast
    )
    change = later - earlier
    value = earlier.fillna(later)
    return change if change.std() > OWN * value.std() or change.std() > 1e-9 >= value.std() else value
