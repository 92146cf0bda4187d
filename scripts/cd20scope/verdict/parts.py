"""The parts of the claims that need more than one test: what each says, and whether it is shown."""

from collections.abc import Sequence

import pandas as pd

from cd20scope.verdict.decide import Decision

COLUMNS = ("id", "part", "statement", "estimate", "limit", "margin", "unit", "p_value", "holds")
"""Columns of the table of parts; ``limit`` is one-sided at the level that decided, and must lie beyond ``margin``."""


def tabulate_parts(decisions: Sequence[Decision]) -> pd.DataFrame:
    """Write one row per part of every claim on the order of events.

    Returns
    -------
    :data:`COLUMNS`, in natural sign: log odds for cells, baseline SDs for programmes. ``holds`` is "yes", "no" where
    the opposite is shown, and "not shown" otherwise.
    """
    rows = []
    for decision in decisions:
        for part, unit in decision.endpoint.parts(decision.hypothesis, decision.evidence, decision.level):
            rows.append(
                {
                    "id": decision.hypothesis["id"],
                    "part": part.name,
                    "statement": part.statement,
                    "estimate": part.estimate,
                    "limit": part.limit,
                    "margin": part.margin,
                    "unit": unit.name,
                    "p_value": part.p_value,
                    "holds": "yes" if part.holds else "no" if part.excluded else "not shown",
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
