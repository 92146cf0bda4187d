"""Change of the number of cells per microlitre, where a blood count gives the scale.

Fractions of cells cannot show it: a population that stays the same in number has a larger share once others are gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

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


def compare(
    leaves: pd.DataFrame,
    *,
    sheet: pd.DataFrame,
    populations: Mapping[str, Any],
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> pd.DataFrame:
    r"""Paired t-test of cells per microlitre, for every lymphocyte population.

    .. math:: a = \log C + \log\frac{x + 1/2}{n + 1}

    Parameters
    ----------
    leaves
        Kept cells per leaf and sample, as for :func:`cd20scope.abundance.shares.donor_table`.
    sheet
        Sample sheet; its column ``lymphocytes_per_ul`` gives C, empty where it is unknown.
    populations
        The population catalogue, parsed; ``n`` are the cells of its set with the role ``lymphocytes``.
    contrasts, alpha, min_pairs
        As for :func:`cd20scope.abundance.compare.compare`.

    Returns
    -------
    :data:`COLUMNS`. Without any count, or such a set, every row is not testable, with the reason.
    """
    units, unit = merge_visits(sheet)
    cells, tree = count_cells(leaves, unit=unit, value="posterior")
    shallow = shallow_units(leaves, unit=unit)
    scale = roles.set_with(populations, roles.LYMPHOCYTES)
    members: list[str] = []
    if scale is not None:
        inside = catalogue.select(populations, scale, tree).to_numpy(dtype=bool)
        named = [*catalogue.lineage_of(populations), *(name for name, _ in catalogue.selectors(populations))]
        for name in dict.fromkeys(named):
            own = catalogue.select(populations, name, tree).to_numpy(dtype=bool)
            if not (own & ~inside).any():
                members.append(name)
    counts = _counts(sheet, unit, len(units))
    reasons = np.where(np.isnan(counts), f"no {COUNT}", "")
    rows = []
    for contrast in contrasts:
        for name in members:
            own = catalogue.select(populations, name, tree).to_numpy(dtype=bool)
            x, n = cells[:, own].sum(axis=1), cells[:, inside].sum(axis=1)
            with np.errstate(invalid="ignore"):
                value = np.log(counts) + np.log((x + 0.5) / (n + 1))
            unusable = np.where(n == 0, "no lymphocyte", reasons)
            if follows_depth(own, tree, populations):
                unusable = np.where(shallow, schema.TOO_SHALLOW, unusable)
            table = units.assign(value=value, unusable=unusable)
            where = {"population": name, "contrast": schema.contrast_name(contrast)}
            rows.append(where | _test(table, contrast, alpha=alpha, min_pairs=min_pairs))
    tested = pd.DataFrame(rows, columns=list(COLUMNS))
    tested["p_adjusted"] = multiplicity.benjamini_hochberg(tested["p_value"], by=tested["contrast"])
    return tested


def _counts(sheet: pd.DataFrame, unit: pd.Series, n_units: int) -> np.ndarray:
    """Count of each donor-visit; samples of one donor and visit are of one draw, so their mean."""
    if COUNT not in sheet:
        return np.full(n_units, np.nan)
    values = pd.to_numeric(sheet[COUNT], errors="coerce").reset_index(drop=True)
    return values.where(values > 0).groupby(unit.to_numpy()).mean().reindex(range(n_units)).to_numpy()


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
    value = table.astype({"donor": str}).set_index(["visit", "donor"])["value"]
    later, earlier = (value.loc[[(visit, d) for d in paired.donors]].to_numpy() for visit in contrast)
    t = paired_tests.paired_t(later - earlier)
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
