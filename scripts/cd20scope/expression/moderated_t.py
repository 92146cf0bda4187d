"""A second opinion on expression: least squares on log2 CPM with variances moderated towards a trend.

It shares no code and no distribution with the negative binomial fit, so where the two agree the result does
not hang on either. It never adds a gene to a result.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special


def log2_cpm(counts: pd.DataFrame, *, library_size: pd.Series) -> pd.DataFrame:
    r"""Log2 counts per million with a half added to every count.

    .. math:: y = \log_2\left(10^6 \frac{k + 1/2}{R + 1}\right)

    Parameters
    ----------
    counts
        Donor-visits x genes.
    library_size
        Total counts ``R`` of each donor-visit over all genes, also those left out of ``counts``.

    References
    ----------
    Law et al. (2014). doi:10.1186/gb-2014-15-2-r29
    """
    return (counts + 0.5).div(library_size + 1, axis=0).mul(1e6).transform(np.log2)


def moderated_t(
    expression: pd.DataFrame, *, design: pd.DataFrame, contrast: NDArray[np.float64]
) -> pd.DataFrame:
    r"""Moderated t-test of one contrast per gene, the variance prior following the mean expression.

    .. math:: \tilde s_g^2 = \frac{d_0 s_{0g}^2 + d\, s_g^2}{d_0 + d}, \quad
        \tilde t_g = \frac{c^T \hat\beta_g}{\tilde s_g \sqrt{c^T (X^T X)^{-1} c}} \sim t_{d_0 + d}

    Parameters
    ----------
    expression
        Log2 expression, donor-visits x genes.
    design
        Full-rank design matrix, donor-visits x coefficients.
    contrast
        Weights of the coefficients.

    Returns
    -------
    Indexed by gene: ``log2_fold_change``, ``t``, ``df``, ``p_value``.

    References
    ----------
    Smyth (2004). doi:10.2202/1544-6115.1027
    Ritchie et al. (2015), limma, its function ``eBayes(trend=TRUE)``. doi:10.1093/nar/gkv007
    """
    X, Y = design.to_numpy(dtype=float), expression.to_numpy(dtype=float)
    coefficients, *_ = np.linalg.lstsq(X, Y, rcond=None)
    df = X.shape[0] - X.shape[1]
    variance = ((Y - X @ coefficients) ** 2).sum(axis=0) / df
    (moderated,), (total_df,) = moderate_variances(variance[None], df=df, mean=Y.mean(axis=0))
    effect = contrast @ coefficients
    t = effect / np.sqrt(moderated * (contrast @ np.linalg.inv(X.T @ X) @ contrast))
    return pd.DataFrame(
        {
            "log2_fold_change": effect,
            "t": t,
            "df": total_df,
            "p_value": 2 * special.stdtr(total_df, -np.abs(t)),
        },
        index=expression.columns,
    )


def moderate_variances(
    variance: NDArray[np.float64], *, df: int, mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Moderate variances towards a trend in the mean, each row of variances by itself.

    .. math:: \tilde s_g^2 = \frac{d_0 s_{0g}^2 + d\, s_g^2}{d_0 + d}

    Parameters
    ----------
    variance
        Residual variance of each gene, shape (patterns, genes).
    df
        Residual degrees of freedom ``d``.
    mean
        Mean expression of each gene, shape (genes,).

    Returns
    -------
    moderated
        Same shape as ``variance``; the prior variance itself where the genes scatter no more than chance.
    total_df
        Degrees of freedom of t, shape (patterns,). As in limma, the prior is worth at most all residuals together.
    """
    prior, prior_df = variance_prior(variance, df=df, mean=mean)
    # a prior of infinite weight replaces the variances
    weight = 1 / (1 + df / prior_df)[:, None]
    moderated: NDArray[np.float64] = weight * prior + (1 - weight) * variance
    return moderated, np.minimum(df + prior_df, df * len(mean))


def variance_prior(
    variance: NDArray[np.float64], *, df: int, mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Scaled inverse chi-square prior of variances, with a trend in the mean.

    The log variances, freed of their chi-square bias, follow a natural cubic spline in the mean; what they
    scatter beyond their chi-square noise gives the degrees of freedom of the prior.

    .. math:: e_g = \log s_g^2 - \psi(d/2) + \log(d/2), \quad \psi'(d_0/2) = \widehat{var}(e_g) - \psi'(d/2)

    Parameters
    ----------
    variance, df, mean
        As for :func:`moderate_variances`.

    Returns
    -------
    prior
        Prior variance of each gene, shape (patterns, genes).
    prior_df
        Degrees of freedom of the prior, shape (patterns,); infinite when the genes scatter no more than chance.
    """
    # a gene with no residual variance at all would have a log of minus infinity; limma's guards
    median = np.median(variance, axis=1, keepdims=True)
    guarded = np.maximum(variance, 1e-5 * np.where(median > 0, median, 1.0))
    e = np.log(guarded) - special.digamma(df / 2) + np.log(df / 2)
    basis = natural_spline(mean)
    weights, *_ = np.linalg.lstsq(basis, e.T, rcond=None)
    trend = (basis @ weights).T
    scatter = ((e - trend) ** 2).sum(axis=1) / (len(mean) - basis.shape[1]) - special.polygamma(1, df / 2)
    found = np.flatnonzero(scatter > 0)
    prior_df, log_prior = np.full(len(variance), np.inf), trend
    if len(found):
        half = inverse_trigamma(scatter[found])
        prior_df[found] = 2 * half
        log_prior[found] += (special.digamma(half) - np.log(half))[:, None]
    return np.exp(log_prior), prior_df


def inverse_trigamma(y: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Solve :math:`\psi'(x) = y` for positive ``y``.

    The reciprocal of the trigamma function is nearly straight, so that Newton's method needs a few steps
    (Smyth 2004, appendix). Where trigamma is 1/x but for rounding, 1/y is the solution.
    """
    x = 1 / y
    if (near := y >= 1e-6).any():
        x[near] = optimize.newton(
            lambda x, y: 1 / special.polygamma(1, x) - 1 / y,
            0.5 + x[near],
            fprime=lambda x, _: -special.polygamma(2, x) / special.polygamma(1, x) ** 2,
            args=(y[near],),
        )
    return x


def natural_spline(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural cubic spline basis with equally populated pieces, shape (genes, coefficients).

    As limma chooses them: four coefficients (two inner knots) from 30 genes on, three from 6, two (a line) from 3,
    one (a constant) below, and never more than there are different ``x``. Truncated powers; they span the same
    space as R's ``splines::ns(x, df, intercept = TRUE)``. Where so many ``x`` are equal that knots coincide, a line.
    """
    n, different = len(x), len(np.unique(x))
    size = min(1 + (n >= 3) + (n >= 6) + (n >= 30), different)
    knots = np.quantile(x, np.linspace(0, 1, max(size, 2)))
    if size < 3 or len(np.unique(knots)) < size:
        return np.column_stack([np.ones_like(x), x])[:, : min(size, 2)]
    z, k = (x - knots[0]) / (knots[-1] - knots[0]), (knots - knots[0]) / (knots[-1] - knots[0])

    def slope(j: int) -> NDArray[np.float64]:
        cubes = np.maximum(z - k[j], 0) ** 3 - np.maximum(z - k[-1], 0) ** 3
        result: NDArray[np.float64] = cubes / (k[-1] - k[j])
        return result

    curves = [slope(j) - slope(size - 2) for j in range(size - 2)]
    return np.column_stack([np.ones_like(z), z, *curves])
