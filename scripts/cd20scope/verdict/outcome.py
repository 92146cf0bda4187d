"""Association of an outcome of the donors with the change behind each question, and with the return of B cells.

Exploratory: with as few donors as such studies have, an association is a hint for another study and never a cause.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.stats import multiplicity
from cd20scope.stats.association import RANKS, Association, associate_levels, associate_numbers
from cd20scope.stats.changes import Change, Key
from cd20scope.study.themes import Row
from cd20scope.verdict.endpoints.catalogue import endpoint_of

COLUMNS = (
    *("id", "asks", "population", "program", "contrast", "outcome", "measure", "n"),
    *("association", "ci_low", "ci_high", "p_value", "p_adjusted", "smallest", "status", "reason"),
    *("statement", "donors"),
)
"""Columns of ``results/verdict/outcome.tsv``: one row per question, and per visit after baseline for the B cells that
are left. ``p_adjusted`` is Benjamini-Hochberg over all rows; ``smallest`` is the smallest association, either way, that
so many donors could show."""

EXPLORATORY = "exploratory; an association is no cause"


def relate_outcome(
    hypotheses: Sequence[Row],
    changes: Mapping[Key, Change],
    repopulation: pd.DataFrame,
    outcomes: pd.Series,
    *,
    population: str,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Associate the outcome of the donors with their changes.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue; the first claim of each question stands for it, and a change is asked of once.
    changes
        From :func:`cd20scope.verdict.measure.measure_needed`.
    repopulation
        From :func:`cd20scope.abundance.repopulation.follow`.
    outcomes
        Donor -> number, or one of two levels as text (:func:`cd20scope.study.outcome.donor_outcomes`).
    population
        Population whose return is taken from ``repopulation``.
    alpha
        Of the intervals, and false discovery rate of what is called shown.

    Returns
    -------
    :data:`COLUMNS`; no rows without outcomes.
    """
    if outcomes.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    rows, asked = [], set()
    for entry in hypotheses:
        keys = endpoint_of(entry).needs(entry)
        key = keys.get("main", keys.get("change", ()))
        # the order of events reads the change of another question
        if entry["id"] != entry["question"] or key in asked:
            continue
        asked.add(key)
        change = changes[key]
        values = pd.Series(change.values, index=list(change.paired.donors), dtype=float)
        named = {key: entry.get(key, "") for key in ("id", "asks", "population", "program", "contrast")}
        usable = values if change.measured else values.iloc[:0]
        rows.append(named | _relate(usable, outcomes, reason=change.reason, alpha=alpha))
    rows += _returns(repopulation, outcomes, population=population, alpha=alpha)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p_adjusted"] = multiplicity.benjamini_hochberg(
        table["p_value"], by=pd.Series("all", index=table.index)
    )
    table["statement"] = [_say(row, alpha) for _, row in table.iterrows()]
    return table


def _returns(
    repopulation: pd.DataFrame, outcomes: pd.Series, *, population: str, alpha: float
) -> list[dict[str, Any]]:
    """Rows on the share of B cells that is left at each visit."""
    rows = []
    own = repopulation[repopulation["population"] == population]
    for visit, at in own.groupby("visit", sort=False):
        left = at.set_index(at["donor"].astype(str))["ratio"].astype(float).dropna().map(np.log)
        named = {
            "id": f"B cells left at {visit}",
            "asks": f"Are the B cells that are left at {visit} associated with the outcome?",
            "population": population,
            "program": "",
            "contrast": str(visit),
        }
        rows.append(named | _relate(left, outcomes, reason="", alpha=alpha))
    return rows


def _relate(values: pd.Series, outcomes: pd.Series, *, reason: str, alpha: float) -> dict[str, Any]:
    """Associate one number per donor with the outcomes: the columns after ``contrast``."""
    donors = sorted(set(values.index) & set(outcomes.index))
    x, y = values.loc[donors], outcomes.loc[donors]
    levels = [] if pd.api.types.is_numeric_dtype(outcomes) else sorted(map(str, outcomes.unique()))
    row: dict[str, Any] = {
        "outcome": f"{levels[1]} against {levels[0]}" if levels else "number",
        "n": len(donors),
        "donors": ", ".join(donors),
        "status": "not testable",
        "reason": reason or _why_not(x, y, levels),
    }
    if row["reason"]:
        return row
    found: Association = (
        associate_levels(x, (y == levels[1]).to_numpy(), alpha=alpha)
        if levels
        else associate_numbers(x, y.astype(float), alpha=alpha)
    )
    row |= {"measure": found.measure, "association": found.estimate, "smallest": found.smallest}
    if np.isnan(found.smallest):
        return row | {"reason": f"{len(donors)} donors can show no association at level {alpha:g}"}
    return row | {
        "ci_low": found.low,
        "ci_high": found.high,
        "p_value": found.p_value,
        "status": "tested",
    }


def _why_not(x: pd.Series, y: pd.Series, levels: Sequence[str]) -> str:
    if len(x) < 4:
        return f"{len(x)} donors with a change and an outcome, 4 needed"
    if levels and min(int((y == level).sum()) for level in levels) < 2:
        return f"fewer than two donors with a change are {' or are '.join(levels)}"
    if y.nunique() < 2 or x.nunique() < 2:
        return f"the {'outcome' if y.nunique() < 2 else 'change'} is the same in all {len(x)} donors"
    return ""


def _say(row: pd.Series, alpha: float) -> str:
    if row["status"] != "tested":
        return f"not testable: {row['reason']}"
    shown = row["p_adjusted"] <= alpha
    with_what = "outcome" if row["measure"] == RANKS else row["outcome"]
    size = f"{row['association']:+.2f} ({100 * (1 - alpha):g} % CI {row['ci_low']:+.2f} to {row['ci_high']:+.2f})"
    said = (
        "associated"
        if shown
        else f"no association shown; {row['n']} donors show one from {row['smallest']:.2f} on"
    )
    return f"{row['measure']} with {with_what} {size}, q = {row['p_adjusted']:.2g}: {said} ({EXPLORATORY})"
