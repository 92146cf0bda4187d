"""B cells of each donor after treatment: how many are left, and whether they came back early."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from cd20scope.abundance.log_odds import fraction_upper
from cd20scope.study import roles

COLUMNS = (
    *(
        "donor",
        "population",
        "visit",
        "n_cells",
        "n_denominator",
        "n_cells_baseline",
        "n_denominator_baseline",
    ),
    *("ratio", "ci_low", "ci_high", "call", "statement", "days", "per_ul", "ratio_per_ul"),
)
"""Columns of the table; ``ratio`` is the share at the visit over that at baseline, ``days`` since the first infusion,
``per_ul`` the cells per microlitre and ``ratio_per_ul`` those over baseline; the last three are missing where the sheet
does not tell."""

VISIT_SD = 0.19
"""SD of log odds of B cells between visits of a donor, beyond counting, in 8 untreated people at days 0, 3 and 7 (Hao
et al. 2021, doi:10.1016/j.cell.2021.04.048); .15 to .37 for other populations. ``tests/benchmark/visit_noise.py``
computes it from the counts."""

CALLS = ("depleted", "repopulated early", "not depleted", "uncertain", "not measured")


def format_detection(n_cells: int, n_denominator: int) -> str:
    """Format a count with the upper limit of its share: "0 of 8,412 cells: below 0.036 %, 95 % upper bound"."""
    counts = f"{n_cells:,} of {n_denominator:,} cells"
    if n_denominator == 0:
        return counts
    upper = 100 * float(fraction_upper(n_cells, n_denominator))
    if n_cells == 0:
        return f"{counts}: below {upper:.2g} %, 95 % upper bound"
    return f"{counts}: {100 * n_cells / n_denominator:.2g} %, at most {upper:.2g} % (95 % upper bound)"


def follow(
    donors: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    visits: Sequence[str],
    fraction: float,
    alpha: float = 0.05,
    days: Mapping[tuple[str, str], float] | None = None,
    in_blood: pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""Follow the B cells of every donor.

    .. math:: r = \frac{(x_1 + 1/2) / (n_1 + 1/2)}{(x_0 + 1/2) / (n_0 + 1/2)}, \quad
        se(\log r)^2 = \frac{1}{x_1 + 1/2} - \frac{1}{n_1 + 1/2} + \frac{1}{x_0 + 1/2} - \frac{1}{n_0 + 1/2}
        + 2 \sigma_v^2

    with :math:`\sigma_v` the noise between visits, :data:`VISIT_SD`: without it a donor whose B cells stay at 9 % of
    baseline is called back in a tenth of the cases.

    Parameters
    ----------
    donors
        From :func:`cd20scope.abundance.shares.donor_table`.
    populations
        The population tree. Its set with the role ``B cells`` is followed, and each of its populations that the
        treatment takes, among the cells of the set with the role ``mononuclear``.
    visits
        In order of time, the baseline first.
    fraction
        Part of the share at baseline. Below it a donor is depleted. It is a choice, as is any such bound: with 0.1,
        B cells that were 10 % of the cells are back when they are more than 1 %.
    alpha
        Intervals are two-sided ``1 - alpha``.
    days
        (donor, visit) -> days since the first infusion; None (default) where they are not known.
    in_blood
        Cells per microlitre (:func:`cd20scope.abundance.absolute.measure_counts`); None (default) for none. They are
        shown and decide nothing: how blood counts vary between draws is not known of a donor.

    Returns
    -------
    :data:`COLUMNS`, one row per donor, population that is followed and visit after baseline. ``repopulated early``: the
    interval lies above the fraction, after a visit at which the estimate lay below; ``not depleted``: above, without
    one; ``depleted``: below; ``uncertain``: it holds the fraction.

    References
    ----------
    Katz et al. (1978), the interval. doi:10.2307/2530610
    """
    rows: list[dict[str, object]] = []
    denominator = roles.set_with(populations, roles.MONONUCLEAR)
    numbers_of = _numbers(in_blood)
    for population in (roles.set_with(populations, roles.B_CELLS), *roles.depleted(populations)):
        block = donors[(donors["population"] == population) & (donors["denominator"] == denominator)]
        for donor, of_donor in block.groupby(block["donor"].astype(str), sort=True):
            visits_of_donor = zip(
                of_donor["visit"], of_donor["n_cells"], of_donor["n_denominator"], strict=True
            )
            counts = {str(visit): (int(x), int(n)) for visit, x, n in visits_of_donor if n > 0}
            was_low = False
            for visit in visits[1:]:
                row: dict[str, object] = {"donor": donor, "population": population, "visit": visit}
                row["days"] = (days or {}).get((donor, visit), float("nan"))
                at, first = (numbers_of.get((donor, str(population), v), np.nan) for v in (visit, visits[0]))
                row |= {"per_ul": at, "ratio_per_ul": at / first}
                if missing := [name for name in (visits[0], visit) if name not in counts]:
                    statement = f"no cells at {', '.join(missing)}"
                    rows.append(row | {"call": "not measured", "statement": statement})
                    continue
                before, after = counts[visits[0]], counts[visit]
                ratio, low, high = share_ratio(before, after, alpha=alpha)
                width = f"{100 * (1 - alpha):g} % CI {100 * low:.2g} to {100 * high:.2g}"
                statement = (
                    f"{visit}: {100 * ratio:.2g} % of {visits[0]} ({width}); {format_detection(*after)}"
                )
                numbers = dict(zip(COLUMNS[3:10], (*after, *before, ratio, low, high), strict=True))
                call = _call(low, high, fraction=fraction, was_low=was_low)
                rows.append(row | numbers | {"call": call, "statement": statement})
                was_low = was_low or ratio < fraction
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _numbers(counts: pd.DataFrame | None) -> dict[tuple[str, str, str], float]:
    """(donor, population, visit) -> cells per microlitre, where they can be compared."""
    if counts is None or counts.empty:
        return {}
    usable = counts[(counts["unusable"] == "") & counts["value"].notna()]
    keys = zip(usable["donor"].astype(str), usable["population"], usable["visit"], strict=True)
    return dict(zip(keys, np.exp(usable["value"].astype(float)), strict=True))


def share_ratio(
    before: tuple[int, int], after: tuple[int, int], *, alpha: float, visit_sd: float = VISIT_SD
) -> tuple[float, float, float]:
    """Ratio of two shares, each (cells, cells of the denominator), and its limits; see :func:`follow`."""
    (x0, n0), (x1, n1) = before, after
    ratio = ((x1 + 0.5) / (n1 + 0.5)) / ((x0 + 0.5) / (n0 + 0.5))
    counting = 1 / (x1 + 0.5) - 1 / (n1 + 0.5) + 1 / (x0 + 0.5) - 1 / (n0 + 0.5)
    reach = float(np.exp(special.ndtri(1 - alpha / 2) * np.sqrt(counting + 2 * visit_sd**2)))
    return ratio, ratio / reach, ratio * reach


def _call(low: float, high: float, *, fraction: float, was_low: bool) -> str:
    if high < fraction:
        return "depleted"
    if low > fraction:
        return "repopulated early" if was_low else "not depleted"
    return "uncertain"
