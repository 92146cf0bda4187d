"""Control genes: those whose mean expression is about that of a gene of a programme."""

import numpy as np
from numpy.typing import NDArray


def rank_controls(mean: NDArray[np.float64], *, eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rank the genes that may be drawn as controls by their mean expression.

    Parameters
    ----------
    mean
        Shape (genes,), mean expression by which controls are matched.
    eligible
        Shape (genes,), genes that may be drawn; none of a programme.

    Returns
    -------
    Their positions, from the lowest mean to the highest.

    Raises
    ------
    ValueError
        If no gene may be drawn.
    """
    ranked: NDArray[np.int64] = np.flatnonzero(eligible)[np.argsort(mean[eligible], kind="stable")]
    if ranked.size == 0:
        raise ValueError(
            "no gene is left to serve as a control: every gene measured in all samples belongs to a "
            "programme or is excluded. Use the whole transcriptome, or exclude fewer genes."
        )
    return ranked


def subtract_controls(
    weights: NDArray[np.float64],
    mean: NDArray[np.float64],
    *,
    ranked: NDArray[np.int64],
    rng: np.random.Generator,
    n_controls: int,
) -> NDArray[np.float64]:
    """Add negative weights for control genes to a programme's weights, so that they sum to zero.

    For each gene of the programme, ``n_controls`` are drawn without replacement from the eligible genes next
    to it in the ranking by mean expression, twice as many as are drawn: a bin centred on the gene.

    Parameters
    ----------
    weights
        Shape (genes,), positive for the genes of the programme.
    mean
        Shape (genes,), mean expression by which controls are matched.
    ranked
        From :func:`rank_controls`.
    rng
        Source of the draw.
    n_controls
        Controls per gene; all that may be drawn if there are fewer.
    """
    result, ascending = weights.copy(), mean[ranked]
    width = min(2 * n_controls, ranked.size)
    for gene in np.flatnonzero(weights > 0):
        position = int(np.searchsorted(ascending, mean[gene]))
        start = min(max(position - width // 2, 0), ranked.size - width)
        drawn = rng.choice(ranked[start : start + width], size=min(n_controls, width), replace=False)
        result[drawn] -= weights[gene] / len(drawn)
    return result
