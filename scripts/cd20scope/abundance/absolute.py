"""Change of the number of cells per microlitre, where a blood count gives the scale.

Fractions of cells cannot show it: a population that stays the same in number has a larger share once others are gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.abundance.shares import follows_depth
from cd20scope.pseudobulk.leaves import count_cells, merge_visits, shallow_units
from cd20scope.stats import multiplicity, paired_tests, pairs
from cd20scope.study import catalogue, roles

COUNT = "lymphocytes_per_ul"
"""Column of the sample sheet: lymphocytes per microlitre of blood at the draw."""

COLUMNS = (
    *("population", "contrast", "n_pairs", "estimate", "fold_change", "se", "df", "ci_low", "ci_high"),
    *("p_value", "p_adjusted", "donors", "dropped", "status", "reason"),
)
"""Columns of the table of tests; ``estimate`` and its limits are natural logs of a fold change."""

NO_SCALE = f"fractions alone cannot show a change in number: give {COUNT}, from a blood count of the draw, in the sheet"


def measure_counts(
    leaves: pd.DataFrame, *, sheet: pd.DataFrame, populations: Mapping[str, Any]
) -> pd.DataFrame:
    r"""Cells per microlitre of every lymphocyte population, per donor and visit.

    .. math:: a = \log C + \log\frac{x + 1/2}{n + 1}

    Parameters
    ----------
    leaves
        Kept cells per leaf and sample, as for :func:`cd20scope.abundance.shares.donor_table`.
    sheet
        Sample sheet; its column ``lymphocytes_per_ul`` gives C, empty where it is unknown.
    populations
        The population catalogue, parsed; ``n`` are the cells of its set with the role ``lymphocytes``.

    Returns
    -------
    The donor-visits of the sheet with ``population``, ``value`` (natural log) and ``unusable``, why it cannot be
    compared; no rows where the tree has no such set.
    """
    units, unit = merge_visits(sheet)
    cells, tree = count_cells(leaves, unit=unit, value="posterior")
    shallow = shallow_units(leaves, unit=unit)
    scale = roles.set_with(populations, roles.LYMPHOCYTES)
    if scale is None:
        return units.iloc[:0].assign(population="", value=np.nan, unusable="")
    inside = catalogue.select(populations, scale, tree).to_numpy(dtype=bool)
    counts = _counts(sheet, unit, len(units))
    reasons = np.where(np.isnan(counts), f"no {COUNT}", "")
    n = cells[:, inside].sum(axis=1)
    named = [*catalogue.lineage_of(populations), *(name for name, _ in catalogue.selectors(populations))]
    blocks = []
    for name in dict.fromkeys(named):
        own = catalogue.select(populations, name, tree).to_numpy(dtype=bool)
        if (own & ~inside).any():
            continue
        with np.errstate(invalid="ignore"):
            value = np.log(counts) + np.log((cells[:, own].sum(axis=1) + 0.5) / (n + 1))
        unusable = np.where(n == 0, "no lymphocyte", reasons)
        if follows_depth(own, tree, populations):
            unusable = np.where(shallow, schema.TOO_SHALLOW, unusable)
        blocks.append(units.assign(population=name, value=value, unusable=unusable))
    return pd.concat(blocks, ignore_index=True)


def compare(
    counts: pd.DataFrame,
    *,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> pd.DataFrame:
    """Paired t-test of cells per microlitre, for every lymphocyte population.

    Parameters
    ----------
    counts
        From :func:`measure_counts`.
    contrasts, alpha, min_pairs
        As for :func:`cd20scope.abundance.compare.compare`.

    Returns
    -------
    :data:`COLUMNS`. Without any count every row is not testable, with the reason.
    """
    rows = [
        {"population": name, "contrast": schema.contrast_name(contrast)}
        | _test(table, contrast, alpha=alpha, min_pairs=min_pairs)
        for contrast in contrasts
        for name, table in counts.groupby("population", sort=False)
    ]
    tested = pd.DataFrame(rows, columns=list(COLUMNS))
    tested["p_adjusted"] = multiplicity.benjamini_hochberg(tested["p_value"], by=tested["contrast"])
    return tested


def _counts(sheet: pd.DataFrame, unit: pd.Series, n_units: int) -> NDArray[np.float64]:
    """Count of each donor-visit; samples of one donor and visit are of one draw, so their mean."""
    if COUNT not in sheet:
        return np.full(n_units, np.nan)
    values = pd.to_numeric(sheet[COUNT], errors="coerce").reset_index(drop=True)
    mean = values.where(values > 0).groupby(unit.to_numpy()).mean()
    return mean.reindex(range(n_units)).to_numpy(dtype=float)


def _test(
    table: pd.DataFrame, contrast: pairs.Contrast, *, alpha: float, min_pairs: int
) -> dict[str, object]:
    if table["value"].isna().all():
        return {"n_pairs": 0, "status": "not testable", "reason": NO_SCALE}
    paired = pairs.pair(table, contrast)
    row: dict[str, object] = {
        "n_pairs": len(paired),
        "donors": paired.donors_text,
        "dropped": paired.dropped_text,
        "status": "not testable",
        "reason": pairs.too_few(len(paired), max(min_pairs, 1)),
    }
    if not paired.donors:
        return row
    t = paired_tests.paired_t(changes_of(table, contrast, paired.donors))
    row |= {
        "estimate": t.estimate,
        "fold_change": float(np.exp(t.estimate)),
        "reason": row["reason"] or t.no_spread,
    }
    if row["reason"]:
        return row
    low, high = t.interval(alpha)
    limits = {"se": t.se, "df": t.df, "ci_low": low, "ci_high": high, "p_value": t.p_value}
    return row | limits | {"status": "tested"}


def changes_of(table: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str]) -> NDArray[np.float64]:
    """Change of the natural log of each of these donors, later minus earlier."""
    value = table.astype({"donor": str}).set_index(["visit", "donor"])["value"]
    later, earlier = (value.loc[[(visit, d) for d in donors]].to_numpy(dtype=float) for visit in contrast)
    return np.asarray(later - earlier)
