"""Tests of paired differences: Student's t, signed ranks, and t adjusted for a covariate.

All three answer the questions of :class:`PairedTest`, so that a verdict can be repeated with each of them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special


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
        Degrees of freedom, ``n - 1``; no whole number where the variances of two arms are added.
    """

    n: int
    estimate: float
    se: float
    df: float

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


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's signed-rank test of paired differences, exact.

    Attributes
    ----------
    walsh
        Walsh averages (means of any two differences, a difference with itself included) in ascending order, of
        which the statistic for "the centre is ``null``" is the number above ``null``.
    n
        Number of pairs.

    References
    ----------
    Wilcoxon (1945). doi:10.2307/3001968
    Hodges & Lehmann (1963), the estimate and its limits. doi:10.1214/aoms/1177704172
    """

    walsh: NDArray[np.float64]
    n: int

    @property
    def estimate(self) -> float:
        """Hodges-Lehmann estimate: the median of the Walsh averages."""
        return float(np.median(self.walsh))

    @property
    def no_spread(self) -> str:
        """Always empty: ranks need no spread."""
        return ""

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "the centre is 0"."""
        return min(1.0, 2 * min(self.p_above(0.0), self.p_below(0.0)))

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value of "the centre is not above ``null``"."""
        return self._at_least(int((self.walsh > null).sum()))

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value of "the centre is not below ``null``"."""
        return self._at_least(int((self.walsh < null).sum()))

    def lower(self, alpha: float = 0.05) -> float:
        """One-sided lower ``1 - alpha`` limit; minus infinity when so few pairs cannot give one."""
        rank = int((null_distribution(self.n) <= alpha).sum())
        return float(self.walsh[rank - 1]) if rank else -np.inf

    def upper(self, alpha: float = 0.05) -> float:
        """One-sided upper ``1 - alpha`` limit."""
        return -self.flipped().lower(alpha)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Two-sided ``1 - alpha`` interval."""
        return self.lower(alpha / 2), self.upper(alpha / 2)

    def flipped(self) -> Self:
        """Return the same test with the sign turned round."""
        return type(self)(-self.walsh[::-1], self.n)

    def _at_least(self, statistic: int) -> float:
        # The distribution is symmetric: P(T >= t) = P(T <= M - t). What ties with the null speaks for neither side,
        # so that p-values agree with the limits and are never too small.
        return float(null_distribution(self.n)[len(self.walsh) - statistic])


@lru_cache
def null_distribution(n: int) -> NDArray[np.float64]:
    """P(T <= t) of the signed-rank statistic of n pairs for t = 0, 1, ..., n (n + 1) / 2: each rank is in or out."""
    density = np.ones(1)
    for rank in range(1, n + 1):
        density = np.convolve(density, [0.5, *[0.0] * (rank - 1), 0.5])
    result: NDArray[np.float64] = np.minimum(np.cumsum(density), 1.0)
    return result


def signed_rank(differences: ArrayLike) -> SignedRank:
    """Rank test from one difference per donor, shape (N,)."""
    d = np.asarray(differences, dtype=float)
    rows, columns = np.triu_indices(d.size)
    return SignedRank(np.sort((d[rows] + d[columns]) / 2), d.size)


def adjusted_t(differences: ArrayLike, covariate: ArrayLike) -> PairedT:
    r"""Change that is left where the covariate did not change: the intercept of a line through the donors.

    .. math:: d_i = \beta_0 + \beta_1 g_i + e_i, \quad \hat\beta_0 \pm t_{N-2}\, se(\hat\beta_0)

    A covariate that moved alike in every donor leaves nothing to tell the two apart, and the standard error says
    so: it grows with the distance of the covariate's mean from 0, in units of its spread.

    Parameters
    ----------
    differences
        Shape (N,), one change per donor; at least three.
    covariate
        Shape (N,), the covariate's change in the same donors, 0 for none.

    Raises
    ------
    ValueError
        With fewer than three donors, through which any line fits.

    References
    ----------
    Senn (2006), on change scores and covariates. doi:10.1002/sim.2682
    """
    d, g = np.asarray(differences, dtype=float), np.asarray(covariate, dtype=float)
    if d.size < 3:
        raise ValueError(f"adjusted_t needs at least three donors, found {d.size}.")
    X = np.column_stack([np.ones_like(g), g])
    (estimate, _), *_ = np.linalg.lstsq(X, d, rcond=None)
    df = d.size - 2
    residual = float(((d - X @ np.linalg.lstsq(X, d, rcond=None)[0]) ** 2).sum()) / df
    spread = float(((g - g.mean()) ** 2).sum())
    se = np.sqrt(residual * (1 / d.size + g.mean() ** 2 / spread)) if spread > 0 else np.nan
    return PairedT(n=d.size, estimate=float(estimate), se=float(se), df=df)
