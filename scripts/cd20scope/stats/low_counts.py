"""Shares of rare cells where visits have unequal numbers of cells.

Below some three cells the empirical log odds are biased upwards, the more so the fewer cells there are: a share that
does not change seems to change with the number of cells loaded.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

LEAST_EXPECTED = 3.0
"""Fewest cells expected at a visit. From 3 on, the mean of log(x + 1/2) of a Poisson x is within 0.002 of the log of
its mean; at 2 it is 0.03 too high, at 1 0.17, at 0.5 0.48."""


def too_few_expected(
    n_cells: ArrayLike, n_denominator: ArrayLike, *, least: float = LEAST_EXPECTED
) -> tuple[float, ...] | None:
    r"""Cells that a visit would have had the share been the same at all visits, where that is below the least.

    .. math:: E_v = \bar n_v \frac{\sum_{iv} x_{iv}}{\sum_{iv} n_{iv}}

    Counting what is expected and not what is seen, this does not depend on which way the share went: a population that
    vanishes stays testable when the later visit had cells enough to see it.

    Parameters
    ----------
    n_cells, n_denominator
        Shape (donors, visits), cells of the population and of its denominator.
    least
        Fewest expected cells per donor at each visit, by default :data:`LEAST_EXPECTED`.

    Returns
    -------
    Expected cells per donor at each visit where one is below ``least``; None where the share can be tested.

    Raises
    ------
    ValueError
        If the counts are not of one shape, or a population has more cells than its denominator.
    """
    x, n = _counts(n_cells, n_denominator)
    pooled = x.sum() / max(float(n.sum()), 1.0)
    expected = n.mean(axis=0) * pooled
    return tuple(expected.tolist()) if (expected < least).any() else None


def equal_log_odds(n_cells: ArrayLike, n_denominator: ArrayLike) -> NDArray[np.float64]:
    r"""Take the expected log odds of each donor's visits, had all of them as many cells as the one with fewest.

    .. math:: \tilde y_{iv} = E \log\frac{h + 1/2}{m_i - h + 1/2}, \quad
        h \sim \mathrm{Hypergeometric}(n_{iv}, x_{iv}, m_i), \quad m_i = \min_v n_{iv}

    Whatever bias the log odds have at that number of cells, all visits have the same, so an unchanged share has a mean
    change of 0. The expectation is exact: no cells are drawn.

    Parameters
    ----------
    n_cells, n_denominator
        Shape (donors, visits), cells of the population and of its denominator; every denominator at least 1.

    Returns
    -------
    Shape (donors, visits). A donor whose visits have equally many cells keeps the plain empirical log odds.

    Raises
    ------
    ValueError
        As for :func:`too_few_expected`, or if a visit has no cells.
    """
    x, n = _counts(n_cells, n_denominator)
    if (n < 1).any():
        raise ValueError(
            f"equal_log_odds needs cells at every visit; {int((n < 1).sum())} donor-visits have none. "
            "Drop the donors without a pair first."
        )
    fewest = n.min(axis=1)
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        result[place] = _expected_log_odds(int(x[place]), int(n[place]), int(fewest[place[0]]))
    return result


def _expected_log_odds(x: int, n: int, m: int) -> float:
    if m == n:
        return float(np.log((x + 0.5) / (n - x + 0.5)))
    low, high = max(0, m - (n - x)), min(x, m)
    # beyond 12 SDs nothing is left, and a population of 10,000 cells would be summed for minutes
    mean, sd = m * x / n, np.sqrt(m * x / n * (1 - x / n) * (n - m) / max(n - 1, 1))
    h = np.arange(max(low, int(mean - 12 * sd - 3)), min(high, int(mean + 12 * sd + 3)) + 1)
    log_p = (
        _log_choose(x, h) + _log_choose(n - x, m - h) - special.gammaln(n + 1)
        + special.gammaln(m + 1) + special.gammaln(n - m + 1)
    )  # fmt: skip
    weight = np.exp(log_p - log_p.max())
    return float((weight * np.log((h + 0.5) / (m - h + 0.5))).sum() / weight.sum())


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _counts(n_cells: ArrayLike, n_denominator: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    x, n = (np.rint(np.asarray(part, dtype=float)).astype(np.int64) for part in (n_cells, n_denominator))
    if x.shape != n.shape or x.ndim != 2 or (x > n).any() or (x < 0).any():
        raise ValueError(
            f"counts must be two tables of donors by visits, no population above its denominator; found shapes "
            f"{x.shape} and {n.shape} with {int((x > n).sum()) if x.shape == n.shape else 'unknown'} beyond it."
        )
    return x, n
