"""Calibration of expression in the run: genes called when the visits of donors are exchanged at random.

PyDESeq2 cannot be fitted hundreds of times, so the linear model of the cross-check, on paired differences of log2
counts per million, is asked instead, with the labels as they are and flipped.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from cd20scope import crosscheck, pairs
from cd20scope.expression import Pseudobulk
from cd20scope.flips import flip_signs

COLUMNS = (
    *("population", "contrast", "n_pairs", "n_flips", "n_genes"),
    *("called", "called_linear", "called_flipped", "any_flipped", "below_005", "below_005_flipped"),
)
"""Columns of the table: genes called at the false discovery rate by PyDESeq2, by the linear model, and by it under
flips (mean, and share of flips with any); shares of genes with p < 0.05 by the linear model, real and under flips."""


@dataclass(frozen=True)
class Flipped:
    """Moderated t of every gene, real and under flipped visits.

    Attributes
    ----------
    genes
        Names, shape (genes,).
    t
        Shape (1 + flips, genes); the first row has the visits as they are.
    p_value
        Same shape, two-sided.
    n_pairs
        Donors with both visits.
    """

    genes: pd.Index
    t: NDArray[np.float64]
    p_value: NDArray[np.float64]
    n_pairs: int


def flip_genes(
    data: Pseudobulk, genes: pd.Index, *, contrast: pairs.Contrast, seed: int, limit: int = 100
) -> Flipped:
    r"""Test every gene with the visits of donors exchanged.

    .. math:: d_{gi} = y_{gi1} - y_{gi0}, \quad \tilde t_g = \frac{\bar d_g}{\tilde s_g / \sqrt N}

    with y in log2 counts per million, and the variances moderated towards a trend in the mean as in
    :func:`cd20scope.crosscheck.moderated_t`.

    Parameters
    ----------
    data
        Summed counts of one population.
    genes
        Genes that the model of the population was fitted to.
    contrast
        Later and earlier visit.
    seed
        Of the random patterns of signs.
    limit
        Most flips. A pattern and its mirror image give the same absolute t, so all patterns are half of 2^N, without
        the one that changes nothing; beyond the limit they are drawn at random.

    References
    ----------
    Flips of signs as the null: Winkler et al. (2014). doi:10.1016/j.neuroimage.2014.01.060
    """
    design = data.design.astype({"donor": str, "visit": str})
    paired = pairs.pair(design, contrast)
    rows = design[design["unusable"] == ""].reset_index().set_index(["visit", "donor"])["index"]
    later, earlier = (rows.loc[[(visit, donor) for donor in paired.donors]] for visit in contrast)
    size = data.counts.sum(axis=1)
    y1, y0 = (
        crosscheck.log2_cpm(data.counts.loc[index, genes], library_size=size.loc[index]).to_numpy()
        for index in (later, earlier)
    )
    d, mean, n = y1 - y0, (y1 + y0).mean(axis=0) / 2, len(paired)
    signs = flip_signs(n, limit=2 * limit, rng=np.random.default_rng(seed))
    # the first donor keeps its sign: the mirror image of a pattern says the same
    signs = np.unique(signs * signs[:, :1], axis=0)[::-1][1 : limit + 1]
    patterns = np.vstack([np.ones(n), signs])
    average = patterns @ d / n
    variance = np.maximum((d**2).sum(axis=0) - n * average**2, 0) / (n - 1)
    t, p = np.empty_like(average), np.empty_like(average)
    for row in range(len(patterns)):
        prior, prior_df = crosscheck.variance_prior(variance[row], df=n - 1, mean=mean)
        weight = 1.0 if np.isinf(prior_df) else prior_df / (prior_df + n - 1)
        moderated = weight * prior + (1 - weight) * variance[row]
        t[row] = average[row] / np.sqrt(moderated / n)
        p[row] = 2 * special.stdtr(min(n - 1 + prior_df, (n - 1) * len(genes)), -np.abs(t[row]))
    return Flipped(genes, t, p, n)


def count_called(flipped: Flipped, fitted: pd.DataFrame, *, alpha: float) -> dict[str, object]:
    """Count what is called with the visits as they are and flipped: :data:`COLUMNS` but the first two.

    Parameters
    ----------
    flipped
        From :func:`flip_genes`.
    fitted
        Rows of the same population and contrast from :func:`cd20scope.expression.fit_population`.
    alpha
        False discovery rate.
    """
    adjusted = stats.false_discovery_control(flipped.p_value, axis=1, method="bh")
    called = (adjusted < alpha).sum(axis=1)
    below = (flipped.p_value < 0.05).mean(axis=1)
    return {
        "n_pairs": flipped.n_pairs,
        "n_flips": len(called) - 1,
        "n_genes": len(flipped.genes),
        "called": int((fitted["p_adjusted"] < alpha).sum()),
        "called_linear": int(called[0]),
        "called_flipped": float(called[1:].mean()),
        "any_flipped": float((called[1:] > 0).mean()),
        "below_005": float(below[0]),
        "below_005_flipped": float(below[1:].mean()),
    }
