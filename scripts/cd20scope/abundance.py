"""Change of a population's share, donor by donor.

Shares are compared within a denominator that was fixed beforehand, because the loss of one population makes
every other share of the whole rise (Gloor et al. 2017, doi:10.3389/fmicb.2017.02224).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import catalogue, leafsums, pairs, schema
from cd20scope.proportions import fraction_upper, log_odds

DONOR_COLUMNS = (
    *("sample", "donor", "visit", "population", "denominator"),
    *("n_cells", "n_denominator", "fraction", "fraction_upper", "logit", "logit_expected"),
)
"""Columns of the table of shares per donor and visit."""

ABUNDANCE_COLUMNS = (
    *("population", "denominator", "contrast", "n_pairs"),
    *("estimate", "se", "df", "ci_low", "ci_high", "p_value", "p_adjusted"),
    *(
        "estimate_expected",
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
"""Columns of the table of tests; ``estimate`` is a change of log odds, as are its limits. ``estimate_expected`` is the
same from cells estimated by probability rather than called: where it is larger, misclassified cells hide a change."""


def donor_table(
    leaves: pd.DataFrame,
    *,
    sheet: pd.DataFrame,
    populations: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
) -> pd.DataFrame:
    """Count each population and its denominator per donor and visit.

    Parameters
    ----------
    leaves
        Kept cells per leaf: ``sample`` and the columns of :data:`schema.CELLS`; zeros included.
    sheet
        Sample sheet: ``sample``, ``donor``, ``visit``. Samples of one donor and visit are added up.
    populations
        The population catalogue, parsed.
    tests
        Pairs of selectors (population, denominator); repeated pairs are counted once.

    Returns
    -------
    :data:`DONOR_COLUMNS`, one row per test, donor and visit. ``fraction_upper`` is the one-sided 95 % limit.

    Raises
    ------
    ValueError
        If a denominator does not contain its population, or a sample of the sheet has no leaves.
    """
    units, unit = leafsums.merge_visits(sheet)
    cells, tree = leafsums.count_cells(leaves, unit=unit)
    expected, _ = leafsums.count_cells(leaves, unit=unit, value="expected")
    blocks = []
    for population, denominator in dict.fromkeys(tests):
        inside = catalogue.select(populations, population, tree).to_numpy(dtype=bool)
        whole = catalogue.select(populations, denominator, tree).to_numpy(dtype=bool)
        if (inside & ~whole).any():
            raise ValueError(
                f"abundance of {population}: its denominator {denominator} does not contain it, so there is "
                "no share. Name a denominator that holds the whole population."
            )
        block = units.assign(population=population, denominator=denominator)
        block["n_cells"] = cells[:, inside].sum(axis=1)
        block["n_denominator"] = cells[:, whole].sum(axis=1)
        part = expected[:, inside].sum(axis=1)
        block["logit_expected"] = log_odds(part, np.maximum(expected[:, whole].sum(axis=1), part))
        blocks.append(block)
    if not blocks:
        return pd.DataFrame(columns=list(DONOR_COLUMNS))
    table = pd.concat(blocks, ignore_index=True)
    x, n = table["n_cells"].to_numpy(), table["n_denominator"].to_numpy()
    table["fraction"] = np.divide(x, n, out=np.full(len(table), np.nan), where=n > 0)
    table["fraction_upper"] = fraction_upper(x, n)
    table["logit"] = log_odds(x, n)
    return table[list(DONOR_COLUMNS)]


@dataclass(frozen=True, slots=True)
class Change:
    """Change of one population's log odds between two visits.

    Attributes
    ----------
    t
        Paired t of the log odds (natural log).
    floor
        Mean over donors of the log of (detection limit at the later visit / fraction at the earlier): no fall
        beyond it can be shown, however the t interval comes out.
    ceiling
        The same for a rise: log of (fraction at the later visit / detection limit at the earlier).
    fraction_before, fraction_after
        Geometric means over donors of (x + 1/2) / (n + 1).
    """

    t: pairs.PairedT
    floor: float
    ceiling: float
    fraction_before: float
    fraction_after: float


def measure_change(rows: pd.DataFrame, *, donors: Sequence[str], contrast: pairs.Contrast) -> Change:
    r"""Paired change of log odds, with the largest fall and rise that the numbers of cells can show.

    .. math:: \mathrm{floor} = \frac1N \sum_i \log\frac{3 / n_{i1}}{(x_{i0} + 1/2) / n_{i0}}, \quad
        \mathrm{ceiling} = \frac1N \sum_i \log\frac{(x_{i1} + 1/2) / n_{i1}}{3 / n_{i0}}

    as 3/n is the 95 % upper limit of a fraction when none of n cells is seen.

    Parameters
    ----------
    rows
        The rows of one population and denominator of :func:`donor_table`.
    donors
        Complete donors of the contrast, at least one.
    contrast
        Later and earlier visit.
    """
    wide = rows.assign(donor=rows["donor"].astype(str)).set_index(["visit", "donor"])
    x0, n0, y0 = _columns(wide, contrast[1], donors)
    x1, n1, y1 = _columns(wide, contrast[0], donors)
    return Change(
        t=pairs.paired_t(y1 - y0),
        floor=float(np.mean(np.log((3 / n1) / ((x0 + 0.5) / n0)))),
        ceiling=float(np.mean(np.log(((x1 + 0.5) / n1) / (3 / n0)))),
        fraction_before=float(np.exp(np.mean(np.log((x0 + 0.5) / (n0 + 1))))),
        fraction_after=float(np.exp(np.mean(np.log((x1 + 0.5) / (n1 + 1))))),
    )


def _columns(wide: pd.DataFrame, visit: str, donors: Sequence[str]) -> tuple[NDArray[np.float64], ...]:
    at_visit = wide.loc[pd.MultiIndex.from_product([[visit], donors]), ["n_cells", "n_denominator", "logit"]]
    return tuple(at_visit[column].to_numpy(dtype=float) for column in at_visit)


def compare(
    donors: pd.DataFrame,
    *,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
    min_denominator: int = 20,
    min_mean_cells: float = 1.0,
) -> pd.DataFrame:
    """Paired t-test of the log odds of every population, for every contrast.

    Parameters
    ----------
    donors
        From :func:`donor_table`.
    contrasts
        Pairs (later, earlier) of visits.
    alpha
        Intervals are two-sided ``1 - alpha``, ``upper_bound`` and ``fell_at_least`` one-sided.
    min_pairs
        Below this the estimate is given without interval and p-value. 6 is the first number of pairs at which
        an exact sign-flip test could reach 0.05.
    min_denominator
        A visit with fewer cells in the denominator is not used. Of 20 cells, one is a share of 5 %.
    min_mean_cells
        Not testable when the population, or its complement, has fewer cells per donor than this at both
        visits: below one cell the log odds follow the number of cells loaded rather than the share.

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
        {"population": population, "denominator": denominator, "contrast": pairs.contrast_name(contrast)}
        | _test_one(
            block,
            contrast=contrast,
            alpha=alpha,
            min_pairs=min_pairs,
            min_denominator=min_denominator,
            min_mean_cells=min_mean_cells,
        )
        for contrast in contrasts
        for (population, denominator), block in donors.groupby(["population", "denominator"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=list(ABUNDANCE_COLUMNS))
    table["p_adjusted"] = pairs.benjamini_hochberg(table["p_value"], by=table["contrast"])
    return table


def _test_one(
    block: pd.DataFrame,
    *,
    contrast: pairs.Contrast,
    alpha: float,
    min_pairs: int,
    min_denominator: int,
    min_mean_cells: float,
) -> dict[str, object]:
    """Test one population in one contrast: every column that follows its name."""
    small = block["n_denominator"] < max(min_denominator, 1)
    reasons = block["n_denominator"].map("only {} cells in the denominator".format)
    paired = pairs.pair(block.assign(unusable=reasons.where(small, "")), contrast)
    row: dict[str, object] = {
        "n_pairs": len(paired),
        "donors": paired.donors_text,
        "dropped": paired.dropped_text,
        "status": "not testable",
    }
    if not paired.donors:
        return row | {"reason": pairs.too_few(0, max(min_pairs, 1))}
    if reason := _too_few_cells(block, paired, contrast, min_mean_cells):
        return row | {"reason": reason}
    change = measure_change(block, donors=paired.donors, contrast=contrast)
    row |= {
        "estimate": change.t.estimate,
        "estimate_expected": _mean_change(block, "logit_expected", donors=paired.donors, contrast=contrast),
        "odds_ratio": float(np.exp(change.t.estimate)),
        "fraction_before": change.fraction_before,
        "fraction_after": change.fraction_after,
        "floor": change.floor,
        "ceiling": change.ceiling,
    }
    if reason := pairs.too_few(len(paired), min_pairs) or change.t.no_spread:
        return row | {"reason": reason}
    return row | _limits(change, alpha) | {"p_value": change.t.p_value, "status": "tested", "reason": ""}


def _mean_change(
    block: pd.DataFrame, column: str, *, donors: Sequence[str], contrast: pairs.Contrast
) -> float:
    wide = block.assign(donor=block["donor"].astype(str)).set_index(["visit", "donor"])[column]
    later, earlier = (wide.loc[visit].loc[list(donors)] for visit in contrast)
    return float((later - earlier).mean())


def _too_few_cells(block: pd.DataFrame, paired: pairs.Pairs, contrast: pairs.Contrast, least: float) -> str:
    """Say that there are too few cells to tell a share from the number of cells loaded."""
    used = block[block["donor"].astype(str).isin(paired.donors) & block["visit"].isin(contrast)]
    inside = used.groupby("visit")["n_cells"].mean().max()
    outside = (used["n_denominator"] - used["n_cells"]).groupby(used["visit"]).mean().max()
    name, denominator = used["population"].iloc[0], used["denominator"].iloc[0]
    for cells, what in ((inside, name), (outside, f"{denominator} outside {name}")):
        if cells == 0:
            return f"no cell of {what} at either visit in any of the {len(paired)} pairs"
        if cells < least:
            return f"{cells:.2g} cells of {what} per donor at the visit with more, {least:g} needed"
    return ""


def _limits(change: Change, alpha: float) -> dict[str, float]:
    """Intervals; where the detection limit decides, the lower end of the two-sided one is unknown (NaN)."""
    low, high = change.t.interval(alpha)
    shown = max(upper := change.t.upper(alpha), change.floor)
    limited = upper < min(change.floor, 0.0)
    return {
        "se": change.t.se,
        "df": change.t.df,
        "ci_low": float("nan") if limited else low,
        "ci_high": max(high, change.floor) if limited else high,
        "upper_bound": upper,
        "fell_at_least": 1 - float(np.exp(shown)) if shown < 0 else float("nan"),
    }
