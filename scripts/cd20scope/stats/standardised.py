"""Change in standard deviations between donors at baseline, with what that standard deviation is uncertain of.

A mean change divided by a standard deviation taken for known has intervals that are too short: the larger the effect,
the more of its uncertainty is that of the divisor.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from cd20scope.stats.paired_tests import PairedT, paired_t

type Numbers = NDArray[np.float64]

POINTS = 401
"""Points of the integral over one of the two distributions; twice as many give the same p-values to 1e-8."""
FEWER_POINTS = {9: 201, 14: 101}
"""Points that are enough over the scale, from so many of its degrees of freedom on: p-values are those of twice as many
to 1e-14, as log W is then nearly normal."""


@dataclass(frozen=True, slots=True)
class StandardisedT:
    r"""A mean paired difference in standard deviations between donors at baseline.

    With :math:`\bar d` the mean difference, :math:`e` its standard error and :math:`s` the standard deviation at
    baseline, all uncertainty is that of

    .. math:: \theta^* = \frac{\bar d - T e}{s} \sqrt{W / k}, \quad T \sim t_{N-1},\ W \sim \chi^2_k,

    and p-values are its tail probabilities: :math:`p(\theta \le \theta_0) = P(\theta^* \le \theta_0)`. At
    :math:`\theta_0 = 0` the divisor does not matter and this is the paired t-test itself; away from 0 the variance
    is, to first order, :math:`e^2 / s^2 + \theta^2 / 2k`. Two one-sided tests against :math:`\pm\delta` compare
    :math:`\bar d \mp \delta s` with 0, the variance :math:`\delta^2 s^2 / 2k` of the margin included.

    Attributes
    ----------
    n
        Number of pairs.
    estimate, se
        Mean difference and its standard error, both over the standard deviation at baseline as if that were known.
        The estimate is too large by the factor :attr:`bias` on average.
    df
        Degrees of freedom of ``se``, as of :class:`cd20scope.stats.paired_tests.PairedT`.
    df_scale
        Degrees of freedom of the standard deviation at baseline, donors measured there less 1.

    References
    ----------
    Weerahandi (1993), Generalized confidence intervals. doi:10.1080/01621459.1993.10476355
    Hedges (1981), the variance and the bias. doi:10.3102/10769986006002107
    """

    n: int
    estimate: float
    se: float
    df: float
    df_scale: int

    @property
    def no_spread(self) -> str:
        """Why nothing can be tested; empty where it can."""
        return "" if self.se > 0 else "the change is the same in every donor, so there is no spread to test"

    @property
    def total_se(self) -> float:
        r"""Standard error with that of the divisor, :math:`\sqrt{e^2/s^2 + \hat\theta^2 / 2k}`."""
        return float(np.hypot(self.se, self.estimate / np.sqrt(2 * self.df_scale)))

    @property
    def bias(self) -> float:
        r"""Mean of :math:`\sigma/s`, by which the estimate is too large on average; missing below 2 ``df_scale``."""
        k = self.df_scale
        if k < 2:
            return float("nan")
        return float(np.sqrt(k / 2) * np.exp(special.gammaln((k - 1) / 2) - special.gammaln(k / 2)))

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "the change is 0", that of the paired t-test."""
        return 2 * min(self.p_above(0.0), self.p_below(0.0))

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value of "the change is not above ``null``" SDs."""
        if null == 0:
            return float(special.stdtr(self.df, -self.estimate / self.se))
        return _tail_of_one(null, self.estimate, self.se, self.df, self.df_scale)

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value of "the change is not below ``null``" SDs."""
        return self.flipped().p_above(-null)

    def lower(self, alpha: float = 0.05) -> float:
        """One-sided lower ``1 - alpha`` limit."""
        if not self.se > 0:
            return float("nan")
        step = max(self.total_se, 1e-12)
        low, high = self.estimate - step, self.estimate + step
        while self.p_above(low) > alpha:
            low -= (step := 2 * step)
        while self.p_above(high) < alpha:
            high += (step := 2 * step)
        return float(optimize.brentq(lambda null: self.p_above(null) - alpha, low, high, xtol=1e-10))

    def upper(self, alpha: float = 0.05) -> float:
        """One-sided upper ``1 - alpha`` limit."""
        return -self.flipped().lower(alpha)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Two-sided ``1 - alpha`` interval."""
        return self.lower(alpha / 2), self.upper(alpha / 2)

    def flipped(self) -> Self:
        """Return the same test with the sign turned round."""
        return type(self)(self.n, -self.estimate, self.se, self.df, self.df_scale)


def standardised_t(differences: ArrayLike, *, sd: float, n_sd: int) -> StandardisedT:
    """Test of a change in standard deviations between donors at baseline.

    Parameters
    ----------
    differences
        Shape (N,), one finite change per donor, later minus earlier, in the units of the score.
    sd
        Standard deviation of the score between donors at baseline, above 0.
    n_sd
        Donors that ``sd`` is of, at least 2; they need not all have a pair.

    Raises
    ------
    ValueError
        If there is no difference or one is not finite, if ``sd`` is not above 0, or ``n_sd`` is below 2.
    """
    return standardise(paired_t(differences), sd=sd, n_sd=n_sd)


def standardise(t: PairedT, *, sd: float, n_sd: int) -> StandardisedT:
    """Divide a tested change by the standard deviation at baseline; parameters as for :func:`standardised_t`."""
    if not sd > 0 or n_sd < 2:
        raise ValueError(
            f"standardised_t needs the spread of at least 2 donors at baseline; found SD {sd:g} of {n_sd} donors. "
            "Report the change as not testable, or in the units of the score."
        )
    return StandardisedT(n=t.n, estimate=t.estimate / sd, se=t.se / sd, df=t.df, df_scale=n_sd - 1)


def tail(null: ArrayLike, estimate: ArrayLike, se: ArrayLike, *, df: float, df_scale: int) -> Numbers:
    r"""Probability :math:`P(\theta^* \le \mathrm{null})` of :class:`StandardisedT`, of any shape.

    It is integrated over W where the null is small beside the standard error and over T elsewhere: each integrand is a
    step where the other is smooth. Missing where ``se`` is not above 0.
    """
    null, estimate, se = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (null, estimate, se))
    )
    result = np.full(null.shape, np.nan)
    usable = se > 0
    for chosen, over in (
        (usable & (np.abs(null) <= 2 * se), _over_scale),
        (usable & (np.abs(null) > 2 * se), _over_mean),
    ):
        if chosen.any():
            result[chosen] = over(null[chosen], estimate[chosen], se[chosen], df, df_scale)
    return result


@lru_cache(maxsize=1024)
def _tail_of_one(null: float, estimate: float, se: float, df: float, df_scale: int) -> float:
    """Tail of one test; kept, since the rules hold the same p-value against several levels, for several claims."""
    return float(tail(null, estimate, se, df=df, df_scale=df_scale))


def _over_scale(null: Numbers, estimate: Numbers, se: Numbers, df: float, df_scale: int) -> Numbers:
    root, weight = _scales(df_scale)
    t = (null[:, None] / root - estimate[:, None]) / se[:, None]
    return np.asarray(special.stdtr(df, t) @ weight)


def _over_mean(null: Numbers, estimate: Numbers, se: Numbers, df: float, df_scale: int) -> Numbers:
    t, weight = _means(df)
    mean = estimate[:, None] - t * se[:, None]
    with np.errstate(divide="ignore"):
        w = df_scale * (null[:, None] / mean) ** 2
    below = np.where(
        null[:, None] > 0,
        np.where(mean > 0, special.chdtr(df_scale, w), 1.0),
        np.where(mean < 0, special.chdtrc(df_scale, w), 0.0),
    )
    return np.asarray(below @ weight)


@lru_cache
def _scales(df: int) -> tuple[Numbers, Numbers]:
    """Points and weights of the distribution of sqrt(W / k), evenly spaced in log W."""
    low, high = stats.chi2.ppf(1e-14, df), stats.chi2.isf(1e-14, df)
    points = next((n for least, n in sorted(FEWER_POINTS.items(), reverse=True) if df >= least), POINTS)
    y = np.linspace(np.log(low), np.log(high), points)
    density = np.exp(df / 2 * y - np.exp(y) / 2)
    return np.exp(y / 2) / np.sqrt(df), density / density.sum()


@lru_cache
def _means(df: float) -> tuple[Numbers, Numbers]:
    """Points and weights of Student's t, evenly spaced in its inverse hyperbolic sine: fine within, far without."""
    reach = np.arcsinh(min(float(stats.t.isf(1e-14, df)), 1e8))
    u = np.linspace(-reach, reach, POINTS)
    density = np.exp(-(df + 1) / 2 * np.log1p(np.sinh(u) ** 2 / df)) * np.cosh(u)
    return np.sinh(u), density / density.sum()
