"""Where the adjusted likelihood of the negative binomial's dispersion is largest, for many genes at once."""

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydeseq2 import utils
from scipy import special
from scipy.optimize import elementwise

GRADIENT = 1e-5
"""A slope of the likelihood along log dispersion that counts as flat; that of L-BFGS-B in scipy."""

GAIN = 2.2e-9
"""A first step that improves the likelihood by less than this share of it is not gone; L-BFGS-B's in scipy."""

STEP = 1e-8
"""Log dispersions are found to this distance."""

Floats = NDArray[np.float64]


def column_products(design: Floats) -> Floats:
    """Products of each two coefficients' columns, donor-visits x coefficients squared."""
    return (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)


def information(weights: Floats, products: Floats) -> Floats:
    """Weighted cross-products of the design, genes x coefficients x coefficients."""
    n_coefficients = int(np.sqrt(products.shape[1]))
    return (weights @ products).reshape(len(weights), n_coefficients, n_coefficients)


def slope_of(
    counts: Floats, mu: Floats, products: Floats | None, *, centre: Floats, variance: float | None
) -> Callable[[Floats, NDArray[np.intp]], Floats]:
    """Make the derivative of the negative adjusted log likelihood by log dispersion, for chosen genes of a block.

    Parameters
    ----------
    counts, mu
        Genes x donor-visits.
    products
        From :func:`column_products` for the Cox-Reid adjustment, None without it.
    centre, variance
        Of the prior of the log dispersions; no prior where the variance is None.
    """

    def slope(log_dispersion: Floats, genes: NDArray[np.intp]) -> Floats:
        alpha = np.exp(log_dispersion)[:, None]
        k, m, over = counts[genes], mu[genes], 1 / alpha
        likelihood = special.digamma(over) - special.digamma(k + over) + np.log1p(m * alpha)
        value = -over[:, 0] * (likelihood + (k - m) / (m + over)).sum(axis=1)
        if products is not None:
            weights = m / (1 + m * alpha)
            inverse = np.linalg.inv(information(weights, products)).reshape(len(genes), -1)
            value -= 0.5 * alpha[:, 0] * (weights**2 * (inverse @ products.T)).sum(axis=1)
        if variance is not None:
            value += (log_dispersion - centre[genes]) / variance
        return cast("Floats", value)

    return slope


def loss(counts: Floats, mu: Floats, products: Floats | None, alpha: Floats) -> Floats:
    """Negative adjusted log likelihood of each gene of a block at its dispersion, without a prior."""
    value: Floats = np.atleast_1d(utils.nb_nll(counts.T, mu.T, alpha if len(alpha) > 1 else alpha[0]))
    if products is not None:
        value += 0.5 * np.linalg.slogdet(information(mu / (1 + mu * alpha[:, None]), products))[1]
    return value


def downhill(
    slope: Callable[[Floats, NDArray[np.intp]], Floats],
    start: Floats,
    *,
    negligible: Floats,
    lower: float,
    upper: float,
) -> Floats:
    """First place downhill from the start where the slope is no more than :data:`GRADIENT`, or the bound.

    The way to it is gone in steps of 1, 2, 4, ..., and the last step is searched. NaN where no such place
    is found. Two rules are those of PyDESeq2's optimiser (and, with other numbers, of DESeq2), and matter
    where the likelihood is flat towards zero: the slope need not vanish, so that genes that vary no more than Poisson
    end where it leaves off and not at the bound; and a gene whose first step, along the slope and
    of length 1 at most, gains no more than is ``negligible`` stays, mostly at a first guess of zero.
    """
    genes = np.arange(len(start))
    near = np.clip(start, lower, upper)
    value = slope(near, genes)
    ahead = -np.sign(value)
    steep = np.abs(value)
    stays = (steep <= GRADIENT) | (steep * np.minimum(steep, 1) <= negligible)

    def excess(place: Floats, genes: NDArray[np.intp]) -> Floats:
        return slope(place, genes) * ahead[genes] + GRADIENT

    found = np.where(stays, near, np.nan)
    far = near.copy()
    walking = genes[~stays]
    bracketed = [genes[:0]]
    step = 1.0
    while len(walking):
        far[walking] = np.clip(near[walking] + step * ahead[walking], lower, upper)
        arrived = excess(far[walking], walking) >= 0
        bracketed.append(walking[arrived])
        walking = walking[~arrived]
        bounded = (far[walking] <= lower) | (far[walking] >= upper)
        found[walking[bounded]] = far[walking[bounded]]
        walking = walking[~bounded]
        near[walking] = far[walking]
        step *= 2
    if len(between := np.concatenate(bracketed)):
        root = elementwise.find_root(
            excess, (near[between], far[between]), args=(between,), tolerances={"xatol": STEP, "xrtol": 0.0}
        )
        found[between] = np.where(root.success, root.x, np.nan)
    return found
