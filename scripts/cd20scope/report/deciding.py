"""The interval that decides each hypothesis: the test of its table, at the level and on the sides of its rule.

The tables of the steps have 95 % intervals. A verdict rests on another one: the level is what the family leaves, a
strong claim and a claim of no change are judged by one-sided limits. Printed beside a verdict that it does not explain,
a 95 % interval misleads.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.report.components import part_name
from cd20scope.stats.paired_tests import PairedT, PairedTest
from cd20scope.stats.standardised import StandardisedT
from cd20scope.verdict.endpoints.catalogue import endpoint_of

SAME = 1e-6
"""Largest relative difference between limits of the table and those of the test set up again."""

ADDED = ("decide_low", "decide_high", "coverage")
"""Columns that :func:`add` adds."""

KEYS = {
    "abundance": ("population", "denominator", "contrast"),
    "program": ("population", "program", "component", "contrast"),
}


def add(
    verdicts: pd.DataFrame,
    *,
    abundance: pd.DataFrame,
    programs: pd.DataFrame,
    scores: pd.DataFrame,
    baseline: str,
    alpha: float,
) -> pd.DataFrame:
    """Add to each verdict the interval that decides it.

    Parameters
    ----------
    verdicts, abundance, programs, scores
        The tables of their steps.
    baseline
        The visit whose spread between donors is the unit of programmes.
    alpha
        Level of the intervals ``ci_low`` and ``ci_high``.

    Returns
    -------
    pandas.DataFrame
        With ``decide_low``, ``decide_high``, limits on the scale of the estimate, and ``coverage``, that of the
        two-sided interval (0 to 1). Where a test cannot be set up from the tables, as the four parts of an order of
        events, these are the limits of the table.
    """
    donors = scores[(scores["visit"] == baseline) & scores["score"].notna()]
    n_baseline = donors.groupby(["population", "program"])["donor"].nunique().to_dict()
    named = {
        kind: table.assign(component=table.get("component", pd.Series("", table.index)).map(part_name))
        .drop_duplicates(list(KEYS[kind]))
        .set_index(list(KEYS[kind]), drop=False)
        .to_dict("index")
        for kind, table in (("abundance", abundance), ("program", programs))
    }
    change_level = dict(zip(verdicts["id"], verdicts["level"], strict=True))
    rows = []
    for row in verdicts.to_dict("records"):
        kind = "program" if endpoint_of(row).scored else "abundance"
        own = row | {"component": part_name(row["component"])}
        tested = named[kind].get(tuple(own[key] for key in KEYS[kind]))
        n_sd = n_baseline.get((row["population"], row["program"]), 0)
        limits = (row["ci_low"], row["ci_high"], 1 - alpha)
        if not endpoint_of(row).part_names and tested is not None and not pd.isna(row["level"]):
            limits = decide(
                row,
                tested,
                n_sd=n_sd,
                alpha=alpha,
                of_question=change_level.get(row["question"], row["level"]),
            )
        rows.append(dict(zip(ADDED, limits, strict=True)))
    return verdicts.assign(**pd.DataFrame(rows, index=verdicts.index).astype(float))


def decide(
    row: Mapping[Any, Any], tested: Mapping[Any, Any], *, n_sd: int, alpha: float, of_question: float
) -> tuple[float, float, float]:
    """Limits and coverage of the interval that decides one hypothesis.

    Parameters
    ----------
    row
        Of the verdicts.
    tested
        Its row of the table of shares or of programmes.
    n_sd
        Donors that the spread at baseline is of; not used for shares.
    alpha
        Of the limits in ``row``.
    of_question
        Level of the question's claims of a change.
    """
    covered = coverage(row, of_question=of_question)
    limited = pd.isna(row["ci_low"]) and not pd.isna(row["ci_high"])
    for test in tests(row, tested, n_sd=n_sd):
        if limited or np.allclose(test.interval(alpha), (row["ci_low"], row["ci_high"]), rtol=SAME):
            low, high = test.interval(1 - covered)
            # below the detection limit nothing bounds a fall
            return (np.nan, max(high, float(tested["floor"])), covered) if limited else (low, high, covered)
    return row["ci_low"], row["ci_high"], 1 - alpha


def tests(row: Mapping[Any, Any], tested: Mapping[Any, Any], *, n_sd: int) -> list[PairedTest]:
    """Tests that the limits of a row may be of."""
    if pd.isna(tested["se"]) or not tested["se"] > 0:
        return []
    n, estimate, se, df = int(row["n_pairs"]), row["estimate"], float(tested["se"]), int(tested["df"])
    if not endpoint_of(row).scored:
        return [PairedT(n, estimate, se, df)]
    return [StandardisedT(n, estimate, se, df, n_sd - 1)] if n_sd > 1 else []


def coverage(row: Mapping[Any, Any], *, of_question: float) -> float:
    """Coverage of the two-sided interval whose limits the rule of a hypothesis reads.

    A claim of a change is judged by the interval of its level, a strong one by the one-sided limit of that level;
    "not supported" and no change by one-sided limits at the level that all questions share.
    """
    if row["direction"] == "none":
        return 1 - of_question if row["verdict"] == "contradicted" else 1 - 2 * float(row["level_same"])
    if row["verdict"] == "not supported":
        return 1 - 2 * float(row["level_same"])
    strong = row["strength"] == "strong" and row["verdict"] != "contradicted"
    return 1 - (2 if strong else 1) * float(row["level"])
