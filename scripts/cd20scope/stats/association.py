"""Rank association of one number per donor with an outcome of the donor: numbers, or two levels."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from math import comb, factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

MOST_EXACT = 50_000
"""Most arrangements of the donors that are counted one by one; with more, so many are drawn at random."""
SEED = 1
"""Of the arrangements drawn, so that equal donors give equal p-values."""

RANKS, LEVELS = "Spearman's rank correlation", "rank-biserial correlation"


@dataclass(frozen=True, slots=True)
class Association:
    """Association of ranks.

    Attributes
    ----------
    measure
        :data:`RANKS` for an outcome of numbers, :data:`LEVELS` for one of two levels.
    n
        Donors.
    estimate, low, high
        -1 to 1, with its two-sided interval; of two levels above 0 where the second has the higher values.
    p_value
        Two-sided, over the arrangements of the outcomes among the donors.
    smallest
        Smallest association, either way, that so many donors could show at the level; missing where none could.
    """

    measure: str
    n: int
    estimate: float
    low: float
    high: float
    p_value: float
    smallest: float


def associate_numbers(values: ArrayLike, outcomes: ArrayLike, *, alpha: float = 0.05) -> Association:
    r"""Spearman's rank correlation, with a permutation test and the interval of Bonett and Wright.

    .. math:: \tanh\left(\operatorname{artanh} r \pm z_{1-\alpha/2} \sqrt{\frac{1 + r^2/2}{N - 3}}\right)

    Parameters
    ----------
    values, outcomes
        Shape (N,), one finite number per donor each; at least four donors, neither all alike.
    alpha
        Of the interval and of the smallest association.

    Raises
    ------
    ValueError
        For fewer donors, or numbers that are missing or all alike.

    References
    ----------
    Spearman (1904). doi:10.2307/1412159
    Bonett & Wright (2000), the interval. doi:10.1007/BF02294183
    """
    x, y = (np.asarray(part, dtype=float) for part in (values, outcomes))
    _check(x, y)
    n = len(x)
    first, second = (stats.rankdata(part) - (n + 1) / 2 for part in (x, y))
    weights = second / np.sqrt((first**2).sum() * (second**2).sum())

    def correlation(ranks: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        # arrangements change no rank, so only the products with the other ranks are new
        return np.asarray(np.moveaxis(ranks, axis, -1) @ weights)

    found = stats.permutation_test(
        (first,),
        correlation,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=MOST_EXACT,
        rng=np.random.default_rng(SEED),
    )
    r = float(found.statistic)
    low, high = _limits_of_numbers(r, n, alpha)
    return Association(RANKS, n, r, low, high, float(found.pvalue), smallest_rank_correlation(n, alpha))


def associate_levels(values: ArrayLike, second: ArrayLike, *, alpha: float = 0.05) -> Association:
    r"""Rank-biserial correlation of two levels, with the exact Mann-Whitney test and Newcombe's interval.

    .. math:: r = 2\theta - 1, \quad \theta = P(X_2 > X_1) + P(X_2 = X_1) / 2

    The limits of :math:`\theta` are where :math:`(\hat\theta - \theta)^2 = z_{1-\alpha/2}^2 V(\theta)`, with

    .. math:: V = \frac{\theta (1 - \theta)}{n_1 n_2} \left(1 + \left(\frac{N}{2} - 1\right)
        \left(\frac{1 - \theta}{2 - \theta} + \frac{\theta}{1 + \theta}\right)\right)

    Parameters
    ----------
    values
        Shape (N,), one finite number per donor.
    second
        Shape (N,), whether a donor has the second level; at least two donors have each.
    alpha
        Of the interval and of the smallest association.

    Raises
    ------
    ValueError
        For fewer donors, or numbers that are missing or all alike.

    References
    ----------
    Mann & Whitney (1947). doi:10.1214/aoms/1177730491
    Cureton (1956), the correlation. doi:10.1007/BF02289138
    Newcombe (2006), the interval, his method 5. doi:10.1002/sim.2324
    """
    x, chosen = np.asarray(values, dtype=float), np.asarray(second, dtype=bool)
    _check(x, chosen.astype(float))
    n_second, n_first = int(chosen.sum()), int((~chosen).sum())
    if min(n_first, n_second) < 2:
        raise ValueError(
            f"associate_levels needs two donors of each level; found {n_first} and {n_second}. Leave the outcome out."
        )
    n = len(x)
    whole = comb(n, n_second)
    method = (
        "exact"
        if len(np.unique(x)) == n
        else stats.PermutationMethod(
            n_resamples=np.inf if whole <= MOST_EXACT else MOST_EXACT, rng=np.random.default_rng(SEED)
        )
    )
    found = stats.mannwhitneyu(x[chosen], x[~chosen], method=method)
    theta = float(found.statistic) / (n_first * n_second)
    low, high = _limits_of_levels(theta, n_first, n_second, alpha)
    smallest = smallest_rank_biserial(n_first, n_second, alpha)
    return Association(LEVELS, n, 2 * theta - 1, 2 * low - 1, 2 * high - 1, float(found.pvalue), smallest)


@lru_cache
def smallest_rank_correlation(n: int, alpha: float) -> float:
    """Smallest Spearman correlation of ``n`` donors without ties whose p-value is at most ``alpha``; missing for none.

    All arrangements are counted where they are few, else the t approximation is inverted.
    """
    if factorial(n) > MOST_EXACT:
        t = float(special.stdtrit(n - 2, 1 - alpha / 2))
        return t / float(np.sqrt(n - 2 + t**2))
    ranks = np.arange(n, dtype=float)
    squares = ((np.array(list(permutations(range(n)))) - ranks) ** 2).sum(axis=1)
    null = np.sort(np.abs(1 - 6 * squares / (n * (n**2 - 1))))
    seen = np.unique(null.round(12))
    p_values = (len(null) - np.searchsorted(null, seen - 1e-9)) / len(null)
    reached = seen[p_values <= alpha]
    return float(reached[0]) if reached.size else float("nan")


@lru_cache
def smallest_rank_biserial(n_first: int, n_second: int, alpha: float) -> float:
    """Smallest rank-biserial correlation of two levels without ties with p at most ``alpha``; missing for none."""
    smallest = float("nan")
    for u in range(n_first * n_second // 2 + 1):
        # ranks of the first level with this statistic: the highest are moved up, one place after the other
        whole, rest = divmod(u, n_second)
        moved = np.zeros(n_first)
        moved[n_first - whole :] = n_second
        if rest:
            moved[n_first - whole - 1] = rest
        ranks = np.arange(1, n_first + 1) + moved
        others = np.setdiff1d(np.arange(1, n_first + n_second + 1), ranks)
        if stats.mannwhitneyu(ranks, others, method="exact").pvalue > alpha:
            break
        smallest = 1 - 2 * u / (n_first * n_second)
    return smallest


def _limits_of_numbers(r: float, n: int, alpha: float) -> tuple[float, float]:
    """Limits by Fisher's transformation; a perfect correlation counts as half a step of its values from it."""
    half = 6 / (n * (n**2 - 1))
    inside = float(np.clip(r, half - 1, 1 - half))
    reach = float(special.ndtri(1 - alpha / 2)) * np.sqrt((1 + r**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(inside) + np.array([-reach, reach]))
    return float(low), float(high)


def _limits_of_levels(theta: float, n_first: int, n_second: int, alpha: float) -> tuple[float, float]:
    """Limits of the probability that the second level has the higher value."""
    z2 = float(special.ndtri(1 - alpha / 2)) ** 2
    more = (n_first + n_second) / 2 - 1

    def beyond(at: float) -> float:
        spread = 1 + more * ((1 - at) / (2 - at) + at / (1 + at))
        return (theta - at) ** 2 - z2 * at * (1 - at) * spread / (n_first * n_second)

    tiny = 1e-9
    low = 0.0 if theta <= tiny else float(optimize.brentq(beyond, 0.0, min(theta, 1 - tiny)))
    high = 1.0 if theta >= 1 - tiny else float(optimize.brentq(beyond, max(theta, tiny), 1.0))
    return low, high


def _check(x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    alike = not (np.ptp(x) > 0 and np.ptp(y) > 0) if x.shape == y.shape and x.size else True
    if x.shape != y.shape or x.ndim != 1 or len(x) < 4 or alike or not np.isfinite([*x, *y]).all():
        raise ValueError(
            "an association needs at least four donors with finite numbers that are not all alike; found shapes "
            f"{x.shape} and {y.shape}. Leave donors without a value out first, or report it as not testable."
        )
