"""Exact sign-flip test of a mean paired difference, and what a number of pairs can reach at all.

Had the treatment changed nothing, each donor's difference could as well have had the other sign. All patterns of signs
are counted, so the p-value rests on no distribution.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_PAIRS = 40
"""Most pairs that are counted exactly: the two halves of the donors have 2^20 patterns each."""


def exact_flip_p(differences: ArrayLike) -> float:
    r"""Two-sided p-value of "each donor's difference is as likely to have the other sign".

    .. math:: p = 2^{-N} \#\{\epsilon \in \{-1, 1\}^N : |\textstyle\sum_i \epsilon_i d_i| \ge |\sum_i d_i|\}

    The sums of the signs of two halves of the donors are sorted and matched, which counts all :math:`2^N` patterns in
    about :math:`2^{N/2}` steps. Sums that are equal but for rounding count as equal.

    Parameters
    ----------
    differences
        Shape (N,), one finite number per donor, 1 to :data:`MOST_PAIRS` of them.

    Returns
    -------
    A multiple of :math:`2^{1-N}`, never 0; 1 where all differences are 0.

    Raises
    ------
    ValueError
        If there is no difference, one is not finite, or there are too many to count.

    References
    ----------
    Fisher (1935), The Design of Experiments, ch. 3.
    Pagano & Tritchler (1983), counting all permutations. doi:10.1080/01621459.1983.10477989
    """
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or not 1 <= d.size <= MOST_PAIRS or not np.isfinite(d).all():
        raise ValueError(
            f"exact_flip_p needs 1 to {MOST_PAIRS} finite differences, one per donor; found shape {d.shape} with "
            f"{int((~np.isfinite(d)).sum())} not finite. With more donors the t-test needs no exact one beside it."
        )
    reach = float(np.abs(d).sum())
    if reach == 0:
        return 1.0
    left, right = _sums(d[: d.size // 2]), np.sort(_sums(d[d.size // 2 :]))
    least = abs(float(d.sum())) - 1e-12 * reach
    # a sum of the left half reaches it with those of the right that are large enough; the other sign is as frequent
    beyond = len(right) * len(left) - int(np.searchsorted(right, least - left, side="left").sum())
    return min(1.0, 2 * beyond / 2.0**d.size)


def smallest_p(n_pairs: int) -> float:
    """Smallest two-sided p-value that this many pairs can give, all differences having one sign: 2^(1 - N)."""
    return float(np.exp2(1 - n_pairs))


def pairs_needed(level: float) -> int:
    """Fewest pairs that can reach a two-sided level at all.

    Raises
    ------
    ValueError
        If the level is not above 0 and at most 1.
    """
    if not 0 < level <= 1:
        raise ValueError(f"pairs_needed: a level lies above 0 and at most at 1, found {level:g}.")
    return max(1, int(np.ceil(1 - np.log2(level) - 1e-12)))


def say_reach(n_pairs: int, level: float) -> str:
    """Say what this many pairs can show without trusting a distribution; empty where they can reach the level."""
    if smallest_p(n_pairs) <= level:
        return ""
    return (
        f"{n_pairs} pairs cannot reach the level {level:.2g} by an exact test, whose smallest p-value is "
        f"{smallest_p(n_pairs):.2g}; {pairs_needed(level)} pairs could. The verdict rests on the t distribution."
    )


def _sums(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """All sums of the differences under their signs, shape (2^n,)."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums
