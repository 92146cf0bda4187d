"""Covariates of donors in the test of a change: what they explain is taken out of its spread.

The covariates are centred, so that the intercept, the tested change, is that of the mean donor of the study.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from statsmodels.regression.linear_model import OLS

from cd20scope.stats.paired_tests import PairedT, paired_t


@dataclass(frozen=True, slots=True)
class Covariates:
    """Covariates of the donors that enter a change.

    Attributes
    ----------
    names
        One per column.
    values
        Shape (N, k), one row per donor, none missing.
    turns
        Shape (k,), whether a column is itself a change between the visits and turns its sign when they are exchanged.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    turns: NDArray[np.bool_]

    @property
    def rank(self) -> int:
        """Degrees of freedom that they take, beside the mean."""
        return int(centred_basis(self.values).shape[1])

    def take(self, kept: NDArray[np.bool_]) -> Self:
        """Keep the donors that are true."""
        return replace(self, values=self.values[kept])

    def flip(self, signs: NDArray[np.float64]) -> Self:
        """Exchange the visits of the donors whose sign is -1."""
        return replace(self, values=np.where(self.turns, self.values * signs[:, None], self.values))


def covariate_t(differences: ArrayLike, covariates: ArrayLike) -> PairedT:
    r"""Test of a mean change with covariates, by least squares.

    .. math:: d_i = \beta_0 + \sum_j \beta_j (x_{ij} - \bar x_j) + e_i, \quad
        \hat\beta_0 \pm t_{N - 1 - r}\, se(\hat\beta_0)

    with r the rank of the centred covariates. As they are centred, :math:`\hat\beta_0 = \bar d`: covariates never move
    the estimate, only its spread and degrees of freedom, and collinear ones change nothing.

    Parameters
    ----------
    differences
        Shape (N,), one change per donor.
    covariates
        Shape (N, k).

    Returns
    -------
    As of :func:`cd20scope.stats.paired_tests.paired_t`, to which it is equal without covariates.

    Raises
    ------
    ValueError
        If no degree of freedom is left, or a number is not finite.

    References
    ----------
    Senn (2006), on change scores and covariates. doi:10.1002/sim.2682
    """
    plain = paired_t(differences)
    d, x = np.asarray(differences, dtype=float), np.asarray(covariates, dtype=float)
    if x.ndim != 2 or len(x) != len(d) or not np.isfinite(x).all():
        raise ValueError(
            f"covariate_t needs one finite row of covariates per donor; found shape {x.shape} for {len(d)} donors with "
            f"{int((~np.isfinite(x)).sum())} not finite. Leave donors without a value out first."
        )
    basis = centred_basis(x)
    if len(d) - 1 - basis.shape[1] < 1:
        raise ValueError(
            f"covariate_t: {len(d)} donors leave no degree of freedom beside covariates of rank {basis.shape[1]}."
        )
    fit = OLS(d, np.column_stack([np.ones(len(d)), basis])).fit()
    # residuals of rounding error only are no spread
    spread = np.sqrt(fit.ssr / fit.df_resid) > 1e-12 * max(1.0, float(np.abs(d).max()))
    return PairedT(
        n=plain.n,
        estimate=plain.estimate,
        se=float(fit.bse[0]) if spread else 0.0,
        df=int(fit.df_resid),
    )


def centred_basis(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal basis of the centred columns, shape (N, rank); constant and collinear ones add nothing."""
    centred = x - x.mean(axis=0)
    # columns that vary by rounding error only are constant
    spread = np.abs(centred).max(axis=0, initial=0.0)
    varies = spread > 1e-9 * np.abs(x).max(axis=0, initial=0.0)
    if not varies.any():
        return np.empty((len(x), 0))
    return np.asarray(linalg.orth(centred[:, varies] / spread[varies], rcond=1e-9))


def too_few_beside(n_pairs: int, covariates: Covariates | None, min_pairs: int) -> str:
    """Reason why donors are too few for their covariates; empty where they are enough.

    Every degree of freedom that covariates take costs a donor: as many must be left as a test without them needs.
    """
    rank = 0 if covariates is None else covariates.rank
    if covariates is None or not rank or n_pairs - rank >= min_pairs:
        return ""
    return f"{n_pairs} complete pairs, {min_pairs + rank} needed beside {_listed(covariates.names)}"


def _listed(names: Sequence[str]) -> str:
    return f"the covariate{'s' if len(names) > 1 else ''} {', '.join(names)}"
