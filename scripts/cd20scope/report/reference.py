"""Shares in healthy donors, beside which those of the treated are drawn; they are never tested as a change."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from cd20scope.stats.pairs import control_of
from cd20scope.study.arms import HEALTHY
from cd20scope.study.levels import plain

LEAST_DONORS = 3
"""Healthy donors below which their range says nothing."""

COLUMNS = ("donor", "visit", "population", "denominator", "percent")


class Band(NamedTuple):
    """Shares of healthy donors, percent: number of donors, smallest, median and largest share."""

    n: int
    low: float
    median: float
    high: float


def healthy_shares(donors: pd.DataFrame, visits: Sequence[str]) -> pd.DataFrame:
    """Take the share of each population in healthy donors, each at the first of its visits.

    Parameters
    ----------
    donors
        ``abundance/donors.tsv``, all arms.
    visits
        In the order of time.

    Returns
    -------
    :data:`COLUMNS`; no rows where no control arm has a usual word for healthy donors.
    """
    healthy = control_of(donors).map(lambda level: plain(str(level)) in HEALTHY).astype(bool)
    own = donors[healthy & (donors["n_denominator"] > 0)]
    if own.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    order = own["visit"].map({visit: number for number, visit in enumerate(visits)})
    first = order == order.groupby(own["donor"].astype(str)).transform("min")
    keys = ["donor", "visit", "population", "denominator"]
    summed = own[first].groupby(keys, as_index=False, sort=False)[["n_cells", "n_denominator"]].sum()
    return summed.assign(percent=100 * summed["n_cells"] / summed["n_denominator"])[list(COLUMNS)]


def band_of(reference: pd.DataFrame, population: str, denominator: str) -> Band | None:
    """Range of a share in healthy donors; None with fewer than :data:`LEAST_DONORS`."""
    same = (reference["population"] == population) & (reference["denominator"] == denominator)
    values = reference.loc[same, "percent"].astype(float)
    if len(values) < LEAST_DONORS:
        return None
    return Band(len(values), float(values.min()), float(values.median()), float(values.max()))


def caption(reference: pd.DataFrame) -> str:
    """Explain the band in the caption of a figure; empty where there is none."""
    n = reference["donor"].nunique()
    if n < LEAST_DONORS:
        return ""
    return f" Green band: range of {n} healthy donors at one visit, with their median; it is not tested."
