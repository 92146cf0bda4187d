"""What a cohort could have shown: the smallest effect with a given power, from its own variance, as a range.

statsmodels' ``TTestPower`` knows no margin; where the margin is 0 the two agree, which a test shows.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from cd20scope.stats.paired_tests import PairedT
from cd20scope.stats.standardised import StandardisedT
from cd20scope.verdict.claim import AnyClaim

QUANTILES = (np.arange(400) + 0.5) / 400
"""Points at which a distribution of standard errors is averaged over."""


def smallest_effect_range(
    claim: AnyClaim, *, level: float, power: float = 0.8, inside: float = 0.8
) -> tuple[float, float]:
    r"""Range of the smallest effect, from what a cohort's own spread leaves open of the true one.

    The limits of the true standard error, :math:`s \sqrt{df / \chi^2_{df}}` at the two ends of the middle part
    ``inside``, are put in turn for it. With 8 pairs they are a factor of two apart: one number would promise what is
    not known.

    Parameters
    ----------
    claim, level, power
        As for :func:`smallest_effect`.
    inside
        Probability that the range holds the true smallest effect.

    Returns
    -------
    Both missing where :func:`smallest_effect` is at either.
    """
    t = claim.shown
    if not isinstance(t, PairedT | StandardisedT) or not t.se > 0:
        return float("nan"), float("nan")
    low, high = (
        smallest_effect(
            claim, level=level, power=power, spread=float(np.sqrt(t.df / stats.chi2.ppf(at, t.df)))
        )
        for at in ((1 + inside) / 2, (1 - inside) / 2)
    )
    return (low, high) if not np.isnan(high) else (float("nan"), float("nan"))


def smallest_effect(claim: AnyClaim, *, level: float, power: float = 0.8, spread: float = 1.0) -> float:
    r"""Smallest true effect that would have been called supported with this power, at the level that decided.

    The power of a claim is averaged over the chi distribution of the standard error, with the cohort's own one, times
    ``spread``, for its true value:

    .. math:: P = E_s\, \Phi\!\left(\frac{\theta - c(s)}{\sigma}\right), \quad
        c(s) = \max(\delta, t_{1-a/2}\, s) \text{ (plain)},\ \delta + t_{1-a}\, s \text{ (strong)}

    with c what the claim says it needs (:meth:`cd20scope.verdict.claim.AnyClaim.needed`).
    For a hypothesis of no change it is the smallest margin within which an effect that is truly 0 would have been
    shown to lie. For one of several parts it is the change whose estimate is shown, the other parts taken as given.

    Parameters
    ----------
    claim
        The test and its margin.
    level
        Significance level after correction.
    power
        0.8 by custom.
    spread
        True standard error over that of the cohort.

    Returns
    -------
    In the unit of the test (log odds or baseline SDs), positive; missing for a test other than a t test, and where the
    detection limit lets nothing be shown, however large the effect (or the margin, of no change) is.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences. doi:10.4324/9780203771587
    """
    t = claim.shown
    if not isinstance(t, PairedT | StandardisedT) or not t.se > 0:
        return float("nan")
    se = spread * t.se
    s = se * np.sqrt(stats.chi2.ppf(QUANTILES, t.df) / t.df)
    least = claim.needed(s, t.df, level)
    if least is None:
        return float("nan")
    if claim.same:
        margin = _smallest_margin(se, least, power)
        return margin if claim.reaches(margin) else float("nan")
    top = float(least.max()) + 10 * se

    def short(effect: float) -> float:
        return float(special.ndtr((effect - least) / se).mean()) - power

    return float(optimize.brentq(short, 0.0, top))


def _smallest_margin(se: float, reach: NDArray[np.float64], power: float) -> float:
    def short(margin: float) -> float:
        inside = np.maximum(margin - reach, 0.0) / se
        return float((2 * special.ndtr(inside) - 1).mean()) - power

    return float(optimize.brentq(short, 0.0, float(reach.max()) + 10 * se))
