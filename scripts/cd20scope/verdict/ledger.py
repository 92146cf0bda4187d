"""The ledger: which donors enter each test, with which change, and why the others do not."""

import re
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from cd20scope.stats.changes import Change, Key
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.endpoints.catalogue import BY_NAME

COLUMNS = ("id", "part", "contrast", "donor", "enters", "change", "unit", "reason")
"""Columns of the ledger; ``part`` names the four changes of a biphasic claim and is ``main`` elsewhere."""


def tabulate_ledger(
    decisions: Sequence[Decision],
    changes: Mapping[Key, Change],
    *,
    left_out: Sequence[Mapping[str, str]] = (),
) -> pd.DataFrame:
    """Write one row per hypothesis, part and donor.

    Parameters
    ----------
    decisions, changes
        Of the hypotheses.
    left_out
        ``donor``, ``visit`` and ``reason`` of each sample that the run does not analyse; none by default.

    Returns
    -------
    :data:`COLUMNS`. ``change`` is later minus earlier in natural sign, in the unit of its endpoint; shown even when
    the donor is left out of another part.
    """
    rows = []
    absent = {(entry["donor"], entry["visit"]): entry["reason"] for entry in left_out}
    for decision in decisions:
        entered = set(decision.evidence.paired.donors)
        for part, key in decision.endpoint.needs(decision.hypothesis).items():
            change = changes[key]
            values = dict(zip(change.paired.donors, change.values, strict=True)) if change.values.size else {}
            reasons = decision.evidence.paired.dropped | change.paired.dropped
            asked = {*change.paired.donors, *reasons}
            reasons = _name_left_out(reasons, asked, absent, visits=key[-1].split("-"))
            for donor in sorted({*asked, *reasons}):
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


def _name_left_out(
    reasons: Mapping[str, str],
    asked: Collection[str],
    absent: Mapping[tuple[str, str], str],
    *,
    visits: Sequence[str],
) -> dict[str, str]:
    """Add donors that are left out whole, and say of a visit that is left out why it is not there."""
    named = dict(reasons)
    for (donor, visit), reason in absent.items():
        if donor not in asked:
            named[donor] = reason
        elif visit in visits and donor in named:
            # the whole name: no week2 is not part of no week24
            told = f"{visit} left out: {reason}".replace("\\", r"\\")
            named[donor] = re.sub(rf"no {re.escape(visit)}(?!\w)", told, named[donor])
    return named
