"""Batches and chemistries of the sample sheet beside its visits."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

UNKNOWN = ("", "unknown")
"""What stands for a name that is not known, in lower case."""


@dataclass(frozen=True, slots=True)
class NameGap:
    """How far two visits differ in a column of names.

    Attributes
    ----------
    name
        The name whose part of the donors differs most; of two that differ as much, the one that became more common.
    n
        Donors that have a known name at both visits.
    later, earlier
        Of how many of them this is the name; two samples of a visit with two names count half each.
    usual
        Commonest name at the later and at the earlier visit.
    detail
        All this in words.
    """

    name: str
    n: int
    later: float
    earlier: float
    usual: tuple[str, str]
    detail: str

    @property
    def share(self) -> float:
        """Difference in the part of the donors with this name, later minus earlier."""
        return (self.later - self.earlier) / self.n


def compare_names(samples: pd.DataFrame, column: str, contrast: Sequence[str]) -> NameGap | None:
    """Compare a column of names between two visits.

    Parameters
    ----------
    samples
        ``donor``, ``visit`` and ``column``, one row per sample; empty, missing or ``unknown`` where it is not known.
    column
        Such as chemistry or batch.
    contrast
        The later and the earlier visit.

    Returns
    -------
    None where no donor has a known name at both.
    """
    names = samples[column].astype(object).fillna("").astype(str).str.strip().str.casefold()
    known = samples[~names.isin(UNKNOWN)]
    visit = known["visit"].astype(str)
    later, earlier = (
        pd.crosstab(own["donor"].astype(str), own[column].astype(str), normalize="index")
        for own in (known[visit == name] for name in contrast)
    )
    donors = sorted(set(later.index) & set(earlier.index))
    if not donors:
        return None
    now, before = (table.loc[donors].sum() for table in (later, earlier))
    gap = now.sub(before, fill_value=0.0)
    name = str(gap.idxmax() if gap.max() >= -gap.min() - 1e-9 else gap.idxmin())
    n, at = len(donors), (float(now.get(name, 0.0)), float(before.get(name, 0.0)))
    detail = f"{name} in {at[0]:.3g} of {n} donors against {at[1]:.3g} of {n} at {contrast[1]}"
    return NameGap(name, n, *at, (str(now.idxmax()), str(before.idxmax())), detail)


def integrable(samples: pd.DataFrame, column: str) -> bool:
    """Whether a column of the sheet may be evened out without evening out the treatment.

    It may when it has several values, all of them known, and none of them occurs at one visit only; a batch
    that holds one visit alone is the visit in disguise.

    Parameters
    ----------
    samples
        The sheet: ``visit`` and perhaps ``column``.
    column
        Name of the column, or ``none``.
    """
    if column not in samples.columns:
        return False
    batch = samples[column].astype(object).fillna("").astype(str).str.strip()
    visits = samples.groupby(batch)["visit"].nunique()
    known = ~batch.str.casefold().isin(UNKNOWN)
    return bool(known.all() and len(visits) > 1 and (visits > 1).all())
