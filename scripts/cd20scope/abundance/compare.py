"""Change of a population's share, donor by donor."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_expit

from cd20scope import schema
from cd20scope.abundance.shares import DONOR_COLUMNS
from cd20scope.stats import multiplicity, paired_tests, pairs
from cd20scope.stats.changes import Change
from cd20scope.stats.low_counts import LEAST_EXPECTED, equal_log_odds, too_few_expected

ABUNDANCE_COLUMNS = (
    *("population", "denominator", "contrast", "n_pairs"),
    *("estimate", "se", "df", "ci_low", "ci_high", "p_value", "p_adjusted"),
    *(
        "odds_ratio",
        "fraction_before",
        "fraction_after",
        "fell_at_least",
        "upper_bound",
        "floor",
        "ceiling",
    ),
    *("donors", "dropped", "status", "reason"),
)
"""Columns of the table of tests; ``estimate`` is a change of log odds, as are its limits."""


def measure_change(
    rows: pd.DataFrame,
    *,
    contrast: pairs.Contrast,
    min_denominator: int = 20,
    least_expected: float = LEAST_EXPECTED,
    equal_cells: bool = False,
) -> Change:
    r"""Change of log odds per donor, with the largest fall and rise that the numbers of cells can show.

    .. math:: \mathrm{floor}_i = \log\frac{3 / n_{i1}}{(x_{i0} + 1/2) / n_{i0}}, \quad
        \mathrm{ceiling}_i = \log\frac{(x_{i1} + 1/2) / n_{i1}}{3 / n_{i0}}

    as 3/n is the 95 % upper limit of a fraction when none of n cells is found.

    Parameters
    ----------
    rows
        The rows of one population and denominator of :func:`cd20scope.abundance.shares.donor_table`.
    contrast
        Later and earlier visit.
    min_denominator
        A visit with fewer cells in the denominator is not used. Of 20 cells, one is a share of 5 %.
    least_expected
        Not testable when, had the share not changed, the population or its complement would have had fewer cells per
        donor than this at a visit: the log odds of so few follow the number of cells loaded rather than the share.
    equal_cells
        Whether both visits of a donor are read at the number of cells of the one with fewer
        (:func:`cd20scope.stats.low_counts.equal_log_odds`), whose bias then cancels.
    """
    small = rows["n_denominator"] < max(min_denominator, 1)
    reasons = rows["n_denominator"].map("only {:.0f} cells in the denominator".format)
    shallow = rows["unusable"].fillna("")
    paired = pairs.pair(rows.assign(unusable=reasons.where(small, shallow)), contrast)
    if not paired.donors:
        return Change.nothing(paired, "")
    (x1, n1, y1), (x0, n0, y0) = counts_at(rows, contrast, paired.donors)
    x, n = np.column_stack([x0, x1]), np.column_stack([n0, n1])
    return Change(
        paired=paired,
        values=np.diff(equal_log_odds(x, n), axis=1)[:, 0] if equal_cells else y1 - y0,
        floor=np.log((3 / n1) / ((x0 + 0.5) / n0)),
        ceiling=np.log(((x1 + 0.5) / n1) / (3 / n0)),
        reason=_too_few_cells(rows, x, n, least_expected),
    )


def counts_at(
    rows: pd.DataFrame, visits: Sequence[str], donors: Sequence[str]
) -> list[tuple[NDArray[np.float64], ...]]:
    """Cells, cells of the denominator and log odds of these donors, visit by visit."""
    keys = zip(rows["visit"].tolist(), rows["donor"].astype(str).tolist(), strict=True)
    place = {key: row for row, key in enumerate(keys)}
    columns = [rows[name].to_numpy(dtype=float) for name in ("n_cells", "n_denominator", "logit")]
    at_visits = [[place[visit, donor] for donor in donors] for visit in visits]
    return [tuple(column[at] for column in columns) for at in at_visits]


def compare(
    donors: pd.DataFrame,
    *,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
    min_denominator: int = 20,
    least_expected: float = LEAST_EXPECTED,
) -> pd.DataFrame:
    """Paired t-test of the log odds of every population, for every contrast.

    Parameters
    ----------
    donors
        From :func:`cd20scope.abundance.shares.donor_table`.
    contrasts
        Pairs (later, earlier) of visits.
    alpha
        Intervals are two-sided ``1 - alpha``, ``upper_bound`` and ``fell_at_least`` one-sided.
    min_pairs
        Below this the estimate is given without interval and p-value. 6 is the first number of pairs at which
        an exact sign-flip test could reach 0.05.
    min_denominator, least_expected
        As for :func:`measure_change`.

    Returns
    -------
    :data:`ABUNDANCE_COLUMNS`, one row per population, denominator and contrast, ``status`` "tested" or "not
    testable". ``p_adjusted`` is Benjamini-Hochberg within the contrast over the tested rows. Fractions before
    and after are geometric means over donors. ``fell_at_least`` is the fall of the odds that the one-sided
    limit and the detection limit allow to claim. Where the detection limit decides (``upper_bound`` below
    ``floor``), ``ci_low`` is missing, as nothing bounds the residual from below, and ``ci_high`` is not below
    ``floor``.
    """
    schema.require_columns(donors, DONOR_COLUMNS, name="abundance per donor")
    rows = [
        {"population": population, "denominator": denominator, "contrast": schema.contrast_name(contrast)}
        | _test_one(
            block,
            measure_change(
                block,
                contrast=contrast,
                min_denominator=min_denominator,
                least_expected=least_expected,
            ),
            contrast=contrast,
            alpha=alpha,
            min_pairs=min_pairs,
        )
        for contrast in contrasts
        for (population, denominator), block in donors.groupby(["population", "denominator"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=list(ABUNDANCE_COLUMNS))
    table["p_adjusted"] = multiplicity.benjamini_hochberg(table["p_value"], by=table["contrast"])
    return table


def _test_one(
    block: pd.DataFrame, change: Change, *, contrast: pairs.Contrast, alpha: float, min_pairs: int
) -> dict[str, object]:
    """Test one population in one contrast: every column that follows its name."""
    row: dict[str, object] = {
        "n_pairs": len(change.paired),
        "donors": change.paired.donors_text,
        "dropped": change.paired.dropped_text,
        "status": "not testable",
        "reason": change.reason or pairs.too_few(len(change.paired), max(min_pairs, 1)),
    }
    if not change.measured:
        return row
    t = paired_tests.paired_t(change.values)
    (_, _, y1), (_, _, y0) = counts_at(block, contrast, change.paired.donors)
    row |= {
        "estimate": t.estimate,
        "odds_ratio": float(np.exp(t.estimate)),
        "fraction_before": float(np.exp(np.mean(log_expit(y0)))),
        "fraction_after": float(np.exp(np.mean(log_expit(y1)))),
        "floor": change.mean_floor,
        "ceiling": change.mean_ceiling,
        "reason": row["reason"] or t.no_spread,
    }
    if row["reason"]:
        return row
    spread = {"se": t.se, "df": t.df, "upper_bound": t.upper(alpha)}
    return (
        row
        | spread
        | show_limits(t, floor=change.mean_floor, alpha=alpha)
        | {
            "p_value": t.p_value,
            "status": "tested",
        }
    )


def show_limits(t: paired_tests.PairedTest, *, floor: float, alpha: float) -> dict[str, float]:
    """Limits that may be shown: ``ci_low``, ``ci_high`` and ``fell_at_least``.

    Where the detection limit decides (upper limit below ``floor``), nothing bounds the residual from below, so
    ``ci_low`` is missing, and ``ci_high`` is not below ``floor``.
    """
    low, high = t.interval(alpha)
    shown = max(upper := t.upper(alpha), floor)
    limited = upper < min(floor, 0.0)
    return {
        "ci_low": float("nan") if limited else low,
        "ci_high": max(high, floor) if limited else high,
        "fell_at_least": 1 - float(np.exp(shown)) if shown < 0 else float("nan"),
    }


def _too_few_cells(block: pd.DataFrame, x: NDArray[np.float64], n: NDArray[np.float64], least: float) -> str:
    """Reason why cells are too few to tell a share from the number of cells loaded; empty if they are enough."""
    name, denominator = block["population"].iloc[0], block["denominator"].iloc[0]
    for cells, what in ((x, name), (n - x, f"{denominator} outside {name}")):
        if not cells.any():
            return f"no cell of {what} at either visit in any of the {len(x)} pairs"
        if expected := too_few_expected(cells, n, least=least):
            return f"{min(expected):.2g} cells of {what} per donor expected at the visit with fewer, {least:g} needed"
    return ""
