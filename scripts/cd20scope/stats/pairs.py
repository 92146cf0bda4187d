"""Donors that enter a contrast, and the reasons why others do not.

Abundance, programs and verdict all use :func:`pair`, so that a donor is never in one table and silently out of
another.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

import pandas as pd

from cd20scope import schema

type Contrast = tuple[str, str]
"""A later and an earlier visit; the change is later minus earlier."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Donors that have every visit a comparison needs, and those that do not.

    Attributes
    ----------
    donors
        Donors that enter, in alphabetical order.
    dropped
        Donor -> why it does not enter, in alphabetical order.
    """

    donors: tuple[str, ...]
    dropped: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.donors)

    @property
    def donors_text(self) -> str:
        """Donors as the tables write them: ``D01, D02``."""
        return ", ".join(self.donors)

    @property
    def dropped_text(self) -> str:
        """Dropped donors as the tables write them: ``D03: no week2; D05: no month6``."""
        return "; ".join(f"{donor}: {reason}" for donor, reason in self.dropped.items())

    def intersect(self, other: Self) -> Self:
        """Donors that enter both; every other donor keeps the reason(s) given by either."""
        donors = sorted(set(self.donors) & set(other.donors))
        dropped = {}
        for donor in sorted((self.dropped.keys() | other.dropped.keys()) - set(donors)):
            reasons = [reason for part in (self.dropped, other.dropped) if (reason := part.get(donor))]
            dropped[donor] = ", ".join(dict.fromkeys(reasons))
        return type(self)(tuple(donors), dropped)


def pair(observations: pd.DataFrame, visits: Sequence[str]) -> Pairs:
    """Find the donors that have every one of the visits.

    Parameters
    ----------
    observations
        One row per donor and visit, columns ``donor`` and ``visit`` and, optionally, ``unusable``: the reason
        why that row cannot be used, empty or missing where it can; and ``control``, the control arm of the donor. A
        sample sheet will do.
    visits
        The visits needed: a contrast (two), or all three for a claim about their order.

    Returns
    -------
    Complete donors, and all other donors of ``observations`` with the reason. Donors of a control arm are never
    among the complete ones.
    """
    schema.require_columns(observations, ("donor", "visit"), name="observations to pair")
    unusable = observations.get("unusable", pd.Series("", index=observations.index)).astype(object).fillna("")
    state: dict[str, dict[str, str]] = {}
    dropped: dict[str, str] = {}
    rows = zip(observations["donor"], observations["visit"], unusable, control_of(observations), strict=True)
    for donor, visit, reason, control in rows:
        if control:
            dropped[str(donor)] = f"control arm ({control})"
            continue
        own = state.setdefault(str(donor), {})
        # A donor may have two rows for a visit; one usable row is enough.
        if visit not in own or not reason:
            own[visit] = reason
    donors = []
    for donor in sorted(state.keys() - dropped.keys()):
        reasons = [
            f"no {visit}" if visit not in state[donor] else f"{visit} has {state[donor][visit]}"
            for visit in visits
            if state[donor].get(visit, "absent")
        ]
        if reasons:
            dropped[donor] = ", ".join(reasons)
        else:
            donors.append(donor)
    return Pairs(tuple(donors), dict(sorted(dropped.items())))


def too_few(n_pairs: int, min_pairs: int) -> str:
    """Reason why a contrast with too few pairs is only described; empty if there are enough.

    With five pairs or fewer no sign-flip test can reach p = 0.05, so all would hang on the t distribution.
    """
    if n_pairs >= min_pairs:
        return ""
    return f"{n_pairs} complete {'pair' if n_pairs == 1 else 'pairs'}, {min_pairs} needed"


def of_treated(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of treated donors: ``control`` is empty or missing; all rows where there is no such column."""
    return table[control_of(table) == ""]


def of_control(table: pd.DataFrame, levels: Collection[str] = ()) -> pd.DataFrame:
    """Rows of donors of a control arm, with ``control`` emptied, so that they are paired as the treated are.

    Parameters
    ----------
    table
        With the column ``control``.
    levels
        Of which control levels; all (default) where empty.
    """
    control = control_of(table)
    return table[control.isin(list(levels)) if levels else control != ""].assign(control="")


def control_of(table: pd.DataFrame) -> pd.Series:
    """Control arm of the donor of each row, empty for treated donors."""
    return table.get("control", pd.Series("", index=table.index)).astype(object).fillna("")
