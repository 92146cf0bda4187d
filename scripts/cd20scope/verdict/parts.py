"""The parts of the claims that need more than one test: what each says, and whether it is shown."""

from collections.abc import Sequence

import pandas as pd

from cd20scope.verdict.decide import Decision
from cd20scope.verdict.evidence import DIRECTIONS
from cd20scope.verdict.order import Order

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
        claim = decision.evidence.claim
        if not isinstance(claim, Order):
            continue
        for part in claim.parts(decision.level):
            cells = part.name in ("first", "last")
            sign = 1 if cells else DIRECTIONS[decision.hypothesis["direction"]]
            rows.append(
                {
                    "id": decision.hypothesis["id"],
                    "part": part.name,
                    "statement": part.statement,
                    "estimate": sign * part.estimate,
                    "limit": sign * part.limit,
                    "margin": part.margin,
                    "unit": "log odds" if cells else "baseline SD",
                    "p_value": part.p_value,
                    "holds": "yes" if part.holds else "no" if part.excluded else "not shown",
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
