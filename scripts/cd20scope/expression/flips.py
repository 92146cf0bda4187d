"""Calibration of expression in the run: genes called when the visits of donors are exchanged at random.

PyDESeq2 cannot be fitted hundreds of times, so the linear model of the cross-check is used instead, on paired
differences of log2 counts per million, with the visits as they are and flipped.

A gene that did change keeps its large differences when they are flipped, as spread: under flips its variance, and
with it the trend that all variances lean on, is larger than without treatment. Where much changed, fewer genes are
called under flips than chance would call.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from cd20scope.expression import moderated_t
from cd20scope.expression.fit import Pseudobulk
from cd20scope.stats import pairs
from cd20scope.stats.sign_flips import other_patterns

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
    df
        Degrees of freedom of t, shape (1 + flips,).
    n_pairs
        Donors with both visits.
    """

    genes: pd.Index
    t: NDArray[np.float64]
    df: NDArray[np.float64]
    n_pairs: int

    def p_values(self, below: float = 1.0) -> NDArray[np.float64]:
        """Two-sided p-values, shape of ``t``; those that are not under ``below`` are given as 1, which saves time."""
        p, size = np.ones_like(self.t), np.abs(self.t)
        # a little room, so that rounding loses no p-value at the edge
        small = size >= (1 - 1e-9) * special.stdtrit(self.df, 1 - below / 2)[:, None]
        p[small] = 2 * special.stdtr(np.broadcast_to(self.df[:, None], size.shape)[small], -size[small])
        return p


def flip_genes(
    data: Pseudobulk, genes: pd.Index, *, contrast: pairs.Contrast, seed: int, limit: int = 100
) -> Flipped:
    r"""Test every gene with the visits of donors exchanged.

    .. math:: d_{gi} = y_{gi1} - y_{gi0}, \quad \tilde t_g = \frac{\bar d_g}{\tilde s_g / \sqrt N}

    with y in log2 counts per million, and the variances moderated towards a trend in the mean as in
    :func:`cd20scope.expression.moderated_t.moderated_t`.

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
        Maximum number of flips. A pattern and its mirror image give the same absolute t, so all patterns are half of
        2^N, without the one that changes nothing; beyond the limit they are drawn at random.

    References
    ----------
    Flips of signs as the null: Winkler et al. (2014). doi:10.1016/j.neuroimage.2014.01.060
    Moderation: Smyth (2004). doi:10.2202/1544-6115.1027
    """
    design = data.design.astype({"donor": str, "visit": str})
    paired = pairs.pair(design, contrast)
    rows = design[design["unusable"] == ""].reset_index().set_index(["visit", "donor"])["index"]
    later, earlier = (rows.loc[[(visit, donor) for donor in paired.donors]] for visit in contrast)
    size = data.counts.sum(axis=1)
    y1, y0 = (
        moderated_t.log2_cpm(data.counts.loc[index, genes], library_size=size.loc[index]).to_numpy()
        for index in (later, earlier)
    )
    d, mean, n = y1 - y0, (y1 + y0).mean(axis=0) / 2, len(paired)
    patterns = np.vstack([np.ones(n), other_patterns(n, limit=limit, rng=np.random.default_rng(seed))])
    average = patterns @ d / n
    variance = np.maximum((d**2).sum(axis=0) - n * average**2, 0) / (n - 1)
    moderated, df = moderated_t.moderate_variances(variance, df=n - 1, mean=mean)
    return Flipped(genes, average / np.sqrt(moderated / n), df, n)


def count_called(flipped: Flipped, fitted: pd.DataFrame, *, alpha: float) -> dict[str, object]:
    """Count what is called with the visits as they are and flipped: :data:`COLUMNS` but the first two.

    Parameters
    ----------
    flipped
        From :func:`flip_genes`.
    fitted
        Rows of the same population and contrast from :func:`cd20scope.expression.fit.fit_population`.
    alpha
        False discovery rate.
    """
    # a gene is called only with p < alpha, so larger p-values decide nothing
    p = flipped.p_values(below=max(alpha, 0.05))
    called = (stats.false_discovery_control(p, axis=1, method="bh") < alpha).sum(axis=1)
    below = (p < 0.05).mean(axis=1)
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
