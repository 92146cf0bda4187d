"""Log odds of a share, and its upper limit, also where no cell was found."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special


def log_odds(n_cells: ArrayLike, n_denominator: ArrayLike) -> NDArray[np.float64]:
    r"""Empirical log odds of a cell being in the population, finite at zero cells.

    .. math:: y = \log\frac{x + 1/2}{n - x + 1/2}

    The halves remove the first-order bias of the log odds. Multiplying the population by a factor, everything
    outside it unchanged, adds the log of that factor.

    References
    ----------
    Haldane (1956). doi:10.1111/j.1469-1809.1955.tb01285.x
    Anscombe (1956). doi:10.1093/biomet/43.3-4.461
    """
    x, n = np.asarray(n_cells, dtype=float), np.asarray(n_denominator, dtype=float)
    result: NDArray[np.float64] = np.log((x + 0.5) / (n - x + 0.5))
    return result


def fraction_upper(
    n_cells: ArrayLike, n_denominator: ArrayLike, *, alpha: float = 0.05
) -> NDArray[np.float64]:
    r"""One-sided upper ``1 - alpha`` limit of a fraction, also where no cell was found.

    .. math:: B^{-1}(1 - \alpha;\; x + 1,\; n - x), \quad\text{for } x = 0:\; 1 - \alpha^{1/n} \approx 3/n

    References
    ----------
    Clopper & Pearson (1934). doi:10.1093/biomet/26.4.404
    """
    x, n = np.asarray(n_cells, dtype=float), np.asarray(n_denominator, dtype=float)
    inside = x < n
    limit = special.betaincinv(x + 1, np.where(inside, n - x, 1.0), 1 - alpha)
    result: NDArray[np.float64] = np.where(inside, limit, 1.0)
    return result
