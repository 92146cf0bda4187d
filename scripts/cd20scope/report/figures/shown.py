"""What each figure shows, as a tidy table: one row per value, named as in the tables that the steps write."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cd20scope.report.figures import storyboard
from cd20scope.report.figures.donors import in_sd, percent_found
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row

SHARES = ("sample", "donor", "visit", "population", "denominator", "n_cells", "n_denominator")
SCORES = ("sample", "donor", "visit", "population", "program", "score", "n_cells")
PROGRAMMES = (
    *("population", "component", "program", "role", "contrast", "n_pairs", "estimate", "ci_low", "ci_high"),
    *("p_value", "p_adjusted", "status", "reason"),
)
GENES = (
    *("population", "contrast", "gene", "n_pairs", "log2_fold_change", "lfc_se", "p_value", "p_adjusted"),
)
CELLS = ("sample", "barcode", "donor", "visit", "population", "x", "y")
FOREST = (
    *("id", "label", "family", "endpoint", "population", "denominator", "program", "contrast", "direction"),
    *("margin", "n_pairs", "estimate", "ci_low", "ci_high", "decide_low", "decide_high", "coverage"),
    *("verdict", "caution"),
)
"""Columns of the figures that show rows of a table as they are."""


def columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Pick the columns that a table has, in this order."""
    return table[[name for name in names if name in table]]


def shares(donors: pd.DataFrame, populations: Sequence[str]) -> pd.DataFrame:
    """Share of each population in each sample, in percent, and whether no such cell was found."""
    own = donors[donors["population"].isin(populations)]
    percent, none = percent_found(own)
    return columns(own, SHARES).assign(percent=percent, none_found=np.where(none, "yes", "no"))


def scores(table: pd.DataFrame, pairs: Sequence[tuple[str, str]], first: str) -> pd.DataFrame:
    """Scores of the programmes and populations that are drawn, and in SD between donors at the ``first`` visit."""
    wanted = set(map(tuple, pairs))
    of_rows = zip(table["population"], table["program"], strict=True)
    drawn = table[np.array([pair in wanted for pair in of_rows], dtype=bool)]
    groups = [in_sd(own, first) for _, own in drawn.groupby(["population", "program"], sort=False)]
    return columns(pd.concat(groups).sort_index() if groups else drawn, (*SCORES, "sd"))


def story(run: Judged) -> pd.DataFrame:
    """Values of the donors and, as donor ``mean``, their mean with its limits, by question and visit."""
    parts = []
    for row in storyboard.panels_of(run):
        drawn, points = storyboard.drawn_of(row, run)
        who = {key: row[key] for key in ("id", "population", "denominator", "program")}
        own = drawn[["donor", "visit", "value", "none"]].rename(columns={"none": "none_found"})
        own["none_found"] = np.where(own["none_found"], "yes", "no")
        mean = pd.DataFrame(points, columns=["visit", "value", "low", "high"]).assign(donor="mean")
        parts.append(pd.concat([own, mean], ignore_index=True).assign(**who))
    names = [
        "id",
        "population",
        "denominator",
        "program",
        "donor",
        "visit",
        "value",
        "low",
        "high",
        "none_found",
    ]
    return pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)


def of_hypothesis(row: Row, values: Sequence[tuple[str, pd.DataFrame]], ledger: pd.DataFrame) -> pd.DataFrame:
    """Values and changes of the donors of one hypothesis: ``id shows part donor at value unit enters``.

    ``at`` is the visit of a value, or the contrast of a change.
    """
    parts = [
        table.assign(shows="value", part="", at=table["visit"], unit=label, enters="")
        for label, table in values
    ]
    change = ledger.assign(shows="change", at=ledger["contrast"], value=ledger["change"])
    names = ["shows", "part", "donor", "at", "value", "unit", "enters"]
    whole = pd.concat([part[names] for part in (*parts, change) if len(part)] or [change[names]])
    return whole.assign(id=row["id"])[["id", *names]]
