"""Times of day: their mean, and their differences, on a clock on which 23:00 is next to 01:00."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAY = 24.0
CONCENTRATED = 0.7
"""Mean resultant length from which differences have a direction: their spread is then some three hours, and of eight
without one two in a hundred reach it."""


def mean_hour(hours: ArrayLike) -> float:
    """Circular mean of times of day, 0 to below 24 hours."""
    return float(np.angle(_resultant(hours)) * DAY / (2 * np.pi) % DAY)


def shifts(later: ArrayLike, earlier: ArrayLike) -> NDArray[np.float64]:
    r"""Hours by which each donor's later draw is later in the day.

    .. math:: d_i = c + ((h_{i1} - h_{i0} - c + 12) \bmod 24) - 12

    with c the circular mean of the differences where they have a direction (:data:`CONCENTRATED`), else 0: differences
    of 11.5 and 12.5 hours are one hour apart and not 23.

    Parameters
    ----------
    later, earlier
        Shape (N,), times of day in hours, one per donor.

    Returns
    -------
    Shape (N,), hours; negative where the later visit was drawn earlier in the day.

    References
    ----------
    Fisher (1993), Statistical Analysis of Circular Data. doi:10.1017/CBO9780511564345
    """
    raw = np.asarray(later, dtype=float) - np.asarray(earlier, dtype=float)
    directed = abs(_resultant(raw)) >= CONCENTRATED
    centre = float(_signed(np.array(mean_hour(raw)))) if directed else 0.0
    return centre + _signed(raw - centre)


def _resultant(hours: ArrayLike) -> complex:
    return complex(np.exp(2j * np.pi * np.asarray(hours, dtype=float) / DAY).mean())


def _signed(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring differences to -12 up to below 12 hours."""
    return np.asarray((hours + DAY / 2) % DAY - DAY / 2)
