"""Which donors enter a contrast, and the paired t-test on what they contribute.

The one place where both are decided: abundance, programs and verdict all ask here, so that a donor is never
in one table and silently out of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special, stats

from cd20scope import schema

type Contrast = tuple[str, str]
"""A later and an earlier visit; the change is later minus earlier."""


def contrast_name(contrast: Contrast) -> str:
    """Name of a contrast as the tables write it, ``later-earlier``."""
    later, earlier = contrast
    return f"{later}-{earlier}"


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

    @classmethod
    def from_text(cls, donors: object, dropped: object) -> Self:
        """Read back :attr:`donors_text` and :attr:`dropped_text`; a missing value reads as nobody."""
        names = donors.split(", ") if isinstance(donors, str) and donors else []
        items = dropped.split("; ") if isinstance(dropped, str) and dropped else []
        return cls(tuple(names), dict(item.split(": ", 1) for item in items))

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
        why that row cannot be used, empty or missing where it can. A sample sheet will do.
    visits
        The visits needed: a contrast (two), or all three for a claim about their order.

    Returns
    -------
    Complete donors, and all other donors of ``observations`` with the reason.
    """
    schema.require_columns(observations, ("donor", "visit"), name="observations to pair")
    unusable = observations.get("unusable", pd.Series("", index=observations.index)).astype(object).fillna("")
    state: dict[str, dict[str, str]] = {}
    for donor, visit, reason in zip(observations["donor"], observations["visit"], unusable, strict=True):
        seen = state.setdefault(str(donor), {})
        # A donor may have two rows for a visit; one usable row is enough.
        if visit not in seen or not reason:
            seen[visit] = reason
    donors, dropped = [], {}
    for donor in sorted(state):
        reasons = [
            f"no {visit}" if visit not in state[donor] else f"{visit} has {state[donor][visit]}"
            for visit in visits
            if state[donor].get(visit, "absent")
        ]
        if reasons:
            dropped[donor] = ", ".join(reasons)
        else:
            donors.append(donor)
    return Pairs(tuple(donors), dropped)


class PairedTest(Protocol):
    """What a verdict asks of a test of paired differences; limits and p-values agree at every level."""

    @property
    def n(self) -> int:
        """Number of pairs."""

    @property
    def estimate(self) -> float:
        """Centre of the differences."""

    @property
    def no_spread(self) -> str:
        """Why nothing can be tested; empty where it can."""

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "the centre is 0"."""

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value of "the centre is not above ``null``"."""

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value of "the centre is not below ``null``"."""

    def lower(self, alpha: float = 0.05) -> float:
        """One-sided lower ``1 - alpha`` limit."""

    def upper(self, alpha: float = 0.05) -> float:
        """One-sided upper ``1 - alpha`` limit."""

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Two-sided ``1 - alpha`` interval."""

    def flipped(self) -> Self:
        """Return the same test with the sign turned round."""


@dataclass(frozen=True, slots=True)
class PairedT:
    """A mean paired difference with its t distribution.

    Attributes
    ----------
    n
        Number of pairs.
    estimate, se
        Mean difference and its standard error, in the units of the differences; ``se`` is NaN for one pair.
    df
        Degrees of freedom, ``n - 1``.
    """

    n: int
    estimate: float
    se: float
    df: int

    @property
    def no_spread(self) -> str:
        """Why nothing can be tested: one pair, or the same difference in every donor. Empty where it can."""
        return "" if self.se > 0 else "the change is the same in every donor, so there is no spread to test"

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "the mean difference is 0"."""
        return 2 * self._below(-abs(self.estimate) / self.se)

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value of "the mean difference is not above ``null``"; small when it is above."""
        return self._below((null - self.estimate) / self.se)

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value of "the mean difference is not below ``null``"; small when it is below."""
        return self._below((self.estimate - null) / self.se)

    def lower(self, alpha: float = 0.05) -> float:
        """One-sided lower ``1 - alpha`` limit."""
        return self.estimate + float(special.stdtrit(self.df, alpha)) * self.se

    def upper(self, alpha: float = 0.05) -> float:
        """One-sided upper ``1 - alpha`` limit."""
        return self.estimate - float(special.stdtrit(self.df, alpha)) * self.se

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Two-sided ``1 - alpha`` interval."""
        return self.lower(alpha / 2), self.upper(alpha / 2)

    def _below(self, t: float) -> float:
        # The lower tail of Student's t at every use, so that small p-values are not differences from 1.
        return float(special.stdtr(self.df, t))

    def flipped(self) -> Self:
        """Return the same test with the sign turned round, so that a hypothesised fall reads as a rise."""
        return type(self)(self.n, -self.estimate, self.se, self.df)


def paired_t(differences: ArrayLike) -> PairedT:
    r"""Paired t-test from one difference per donor.

    .. math:: t = \bar d / (s_d / \sqrt{N}), \quad s_d^2 = \sum_i (d_i - \bar d)^2 / (N - 1)

    Parameters
    ----------
    differences
        Shape (N,), one finite number per donor, later minus earlier.

    Returns
    -------
    Estimate, standard error and degrees of freedom, from which p-values and limits at any level follow. A
    spread that is only rounding error gives a standard error of exactly 0 (see :attr:`PairedT.no_spread`).

    Raises
    ------
    ValueError
        If there is no difference, or one is not finite.

    References
    ----------
    Student (1908), The probable error of a mean. doi:10.1093/biomet/6.1.1
    """
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or d.size == 0 or not np.isfinite(d).all():
        raise ValueError(
            f"paired_t needs one finite difference per donor; found shape {d.shape} with "
            f"{int((~np.isfinite(d)).sum())} not finite. Pair the donors with pairs.pair first."
        )
    estimate = float(d.mean())
    if d.size == 1:
        return PairedT(n=1, estimate=estimate, se=float("nan"), df=0)
    spread = float(d.std(ddof=1))
    if spread <= 1e-12 * max(1.0, float(np.abs(d).max())):
        spread = 0.0
    return PairedT(n=d.size, estimate=estimate, se=spread / float(np.sqrt(d.size)), df=d.size - 1)


def too_few(n_pairs: int, min_pairs: int) -> str:
    """Say why a contrast with too few pairs is only described; empty if there are enough.

    With five pairs or fewer no sign-flip test can reach p = 0.05, so all would hang on the t distribution.
    """
    if n_pairs >= min_pairs:
        return ""
    return f"{n_pairs} complete {'pair' if n_pairs == 1 else 'pairs'}, {min_pairs} needed"


def benjamini_hochberg(p_values: pd.Series, *, by: pd.Series) -> pd.Series:
    """Benjamini-Hochberg adjusted p-values within each group; a missing p-value is no test and stays missing.

    References
    ----------
    Benjamini & Hochberg (1995). doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    adjusted = pd.Series(np.nan, index=p_values.index, dtype=float)
    tested = p_values.dropna().astype(float)
    for _, group in tested.groupby(by.loc[tested.index]):
        adjusted[group.index] = stats.false_discovery_control(group.to_numpy(), method="bh")
    return adjusted
