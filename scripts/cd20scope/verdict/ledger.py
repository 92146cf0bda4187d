"""The ledger: which donors enter each test, with which change, and why the others do not."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope.stats.changes import Change, Key
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.endpoints.catalogue import BY_NAME

COLUMNS = ("id", "part", "contrast", "donor", "enters", "change", "unit", "reason")
"""Columns of the ledger; ``part`` names the four changes of a biphasic claim and is ``main`` elsewhere."""


def tabulate_ledger(decisions: Sequence[Decision], changes: Mapping[Key, Change]) -> pd.DataFrame:
    """Write one row per hypothesis, part and donor.

    Returns
    -------
    :data:`COLUMNS`. ``change`` is later minus earlier in natural sign, in the unit of its endpoint; shown even when
    the donor is left out of another part.
    """
    rows = []
    for decision in decisions:
        entered = set(decision.evidence.paired.donors)
        for part, key in decision.endpoint.needs(decision.hypothesis).items():
            change = changes[key]
            values = dict(zip(change.paired.donors, change.values, strict=True)) if change.values.size else {}
            reasons = decision.evidence.paired.dropped | change.paired.dropped
            for donor in sorted({*change.paired.donors, *reasons}):
                enters = donor in entered and not decision.evidence.reason
                rows.append(
                    {
                        "id": decision.hypothesis["id"],
                        "part": part,
                        "contrast": key[-1],
                        "donor": donor,
                        "enters": "yes" if enters else "no",
                        "change": values.get(donor, float("nan")),
                        "unit": BY_NAME[key[0]].unit.name,
                        "reason": "" if enters else reasons.get(donor, decision.evidence.reason),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
