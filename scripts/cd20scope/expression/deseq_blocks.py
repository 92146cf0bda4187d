"""The per-gene fits of PyDESeq2 for many genes at once, through the interface that PyDESeq2 has for it.

Its own inference calls an optimiser for one gene after the other; here the same equations are solved for
blocks of genes as arrays. Genes that leave the common path are handed to PyDESeq2's routine for one gene.
"""

from collections.abc import Iterator
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference
from scipy import special, stats

from cd20scope.expression import dispersions
from cd20scope.expression.dispersions import Floats

BLOCK_NUMBERS = 2_000_000
"""Numbers in the largest array of a block, coefficients x coefficients x genes: 16 MB."""

RIDGE = 1e-6
"""On the diagonal of the information matrix, as in DESeq2."""


class GenesAtOnce(DefaultInference):
    """Coefficients, dispersions and Wald tests of blocks of genes; all else is PyDESeq2's.

    Needs a design of full rank. Results differ from those of ``DefaultInference`` by where its optimiser
    stops: it leaves off when the likelihood improves by less than 2e-9 of itself.

    References
    ----------
    Love, Huber & Anders (2014). doi:10.1186/s13059-014-0550-8
    Muzellec et al. (2023), PyDESeq2. doi:10.1093/bioinformatics/btad547
    """

    def __init__(self) -> None:
        super().__init__(n_cpus=1)

    def irls(
        self,
        counts: Floats,
        size_factors: Floats,
        design_matrix: Floats,
        disp: Floats,
        min_mu: float,
        beta_tol: float,
        min_beta: float = -30,
        max_beta: float = 30,
        optimizer: Literal["BFGS", "L-BFGS-B"] = "L-BFGS-B",
        maxiter: int = 250,
    ) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Coefficients by iteratively reweighted least squares, as :func:`pydeseq2.utils.irls_solver`.

        Parameters
        ----------
        counts
            Donor-visits x genes.
        size_factors, design_matrix
            One per donor-visit; donor-visits x coefficients.
        disp
            Dispersion of each gene.
        min_mu
            Smallest mean that is worked with.
        beta_tol
            A gene has converged when its deviance changes by less than this share.
        min_beta, max_beta, optimizer, maxiter
            A gene with a larger coefficient, or without an end after so many rounds, goes to PyDESeq2's
            routine, which takes it to the optimiser.

        Returns
        -------
        Coefficients (genes x coefficients), means and leverages (donor-visits x genes), and whether each
        gene converged.
        """
        products = dispersions.column_products(design_matrix)
        n_genes, n_coefficients = counts.shape[1], design_matrix.shape[1]
        beta = np.empty((n_genes, n_coefficients))
        leverage = np.empty((n_genes, len(counts)))
        converged = np.ones(n_genes, dtype=bool)
        for block in _blocks(n_genes, n_coefficients):
            found, lost = _reweighted(
                counts.T[block].astype(float),
                size_factors,
                design_matrix,
                products,
                disp[block],
                floor=min_mu,
                tolerance=beta_tol,
                limit=max_beta,
                rounds=maxiter,
            )
            for row in np.flatnonzero(lost):
                gene = block.start + row
                found[row], _, _, converged[gene] = utils.irls_solver(
                    counts[:, gene],
                    size_factors,
                    design_matrix,
                    disp[gene],
                    min_mu=min_mu,
                    beta_tol=beta_tol,
                    min_beta=min_beta,
                    max_beta=max_beta,
                    optimizer=optimizer,
                    maxiter=maxiter,
                )
            beta[block] = found
            mu = np.maximum(size_factors * np.exp(found @ design_matrix.T), min_mu)
            weights = mu / (1 + mu * disp[block, None])
            inverse = np.linalg.inv(
                dispersions.information(weights, products) + RIDGE * np.eye(n_coefficients)
            )
            leverage[block] = weights * (inverse.reshape(len(found), -1) @ products.T)
        means = size_factors[:, None] * np.exp(design_matrix @ beta.T)
        return beta, means, leverage.T, converged

    def alpha_mle(
        self,
        counts: Floats,
        design_matrix: Floats,
        mu: Floats,
        alpha_hat: Floats,
        min_disp: float,
        max_disp: float,
        prior_disp_var: float | None = None,
        cr_reg: bool = True,
        prior_reg: bool = False,
        optimizer: Literal["BFGS", "L-BFGS-B"] = "L-BFGS-B",
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Dispersions where the slope of the adjusted likelihood is zero, downhill from their first guess.

        Parameters
        ----------
        counts, mu
            Donor-visits x genes, with their means.
        design_matrix
            Donor-visits x coefficients.
        alpha_hat
            First guess of each gene, and the centre of its prior.
        min_disp, max_disp
            Bounds; where the likelihood still rises there, the bound is the estimate.
        prior_disp_var
            Variance of the log-normal prior, used with ``prior_reg``.
        cr_reg
            Adjust for the coefficients (Cox & Reid).
        prior_reg
            Weigh in the prior.
        optimizer
            For genes where no root was found, which go to :func:`pydeseq2.utils.fit_alpha_mle`.

        Returns
        -------
        Dispersion of each gene, and whether it converged.
        """
        products = dispersions.column_products(design_matrix) if cr_reg else None
        variance = prior_disp_var if prior_reg else None
        found = np.empty(counts.shape[1])
        for block in _blocks(len(found), design_matrix.shape[1]):
            k, m = counts.T[block].astype(float), np.ascontiguousarray(mu.T[block])
            guess = np.log(alpha_hat[block])
            found[block] = dispersions.downhill(
                dispersions.slope_of(k, m, products, centre=guess, variance=variance),
                guess,
                negligible=dispersions.GAIN
                * np.maximum(np.abs(dispersions.loss(k, m, products, alpha_hat[block])), 1),
                lower=np.log(min_disp),
                upper=np.log(max_disp),
            )
        estimates, converged = np.exp(found), np.ones(len(found), dtype=bool)
        for gene in np.flatnonzero(~np.isfinite(found)):
            estimates[gene], converged[gene] = utils.fit_alpha_mle(
                counts[:, gene],
                design_matrix,
                mu[:, gene],
                alpha_hat[gene],
                min_disp,
                max_disp,
                prior_disp_var,
                cr_reg,
                prior_reg,
                optimizer,
            )
        return estimates, converged

    def wald_test(
        self,
        design_matrix: Floats,
        disp: Floats,
        lfc: Floats,
        mu: Floats,
        ridge_factor: Floats,
        contrast: Floats,
        lfc_null: Floats,
        alt_hypothesis: Literal["greaterAbs", "lessAbs", "greater", "less"] | None = None,
    ) -> tuple[Floats, Floats, Floats]:
        """Two-sided Wald tests of a contrast, as :func:`pydeseq2.utils.wald_test`.

        Parameters
        ----------
        design_matrix
            Donor-visits x coefficients.
        disp, lfc, mu
            Dispersions, natural-log coefficients (genes x coefficients) and means (donor-visits x genes).
        ridge_factor
            Coefficients x coefficients.
        contrast, lfc_null
            Weights of the coefficients, and their values under the null hypothesis.
        alt_hypothesis
            Anything but None is left to PyDESeq2.

        Returns
        -------
        P-values, statistics and standard errors of the genes.
        """
        if alt_hypothesis is not None:
            return cast(
                "tuple[Floats, Floats, Floats]",
                super().wald_test(
                    design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis
                ),
            )
        products = dispersions.column_products(design_matrix)
        error = np.empty(len(lfc))
        for block in _blocks(len(lfc), design_matrix.shape[1]):
            weights = mu.T[block] / (1 + mu.T[block] * disp[block, None])
            information = dispersions.information(weights, products)
            solved = np.linalg.solve(information + ridge_factor, contrast[:, None])[..., 0]
            error[block] = np.sqrt(np.einsum("gj,gjk,gk->g", solved, information, solved, optimize=True))
        statistic = ((lfc - lfc_null) @ contrast) / error
        return 2 * stats.norm.sf(np.abs(statistic)), statistic, error


def _blocks(n_genes: int, n_coefficients: int) -> Iterator[slice]:
    """Give runs of genes that keep the largest array within :data:`BLOCK_NUMBERS`."""
    size = max(1, BLOCK_NUMBERS // n_coefficients**2)
    for start in range(0, n_genes, size):
        yield slice(start, min(start + size, n_genes))


def _reweighted(
    counts: Floats,
    size_factors: Floats,
    design: Floats,
    products: Floats,
    dispersion: Floats,
    *,
    floor: float,
    tolerance: float,
    limit: float,
    rounds: int,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Coefficients of a block (genes first in all arrays), and which genes did not come to an end."""
    orthogonal, triangle = np.linalg.qr(design)
    beta = np.linalg.solve(triangle, orthogonal.T @ np.log(counts / size_factors + 0.1).T).T
    lost = np.zeros(len(counts), dtype=bool)
    mu = np.maximum(size_factors * np.exp(beta @ design.T), floor)
    ridge = RIDGE * np.eye(design.shape[1])
    inverse = 1 / dispersion[:, None]
    constant = (
        np.log(dispersion[:, None]) * inverse
        - special.gammaln(counts + inverse)
        + special.gammaln(counts + 1)
        + special.gammaln(inverse)
    ).sum(axis=1)
    deviance = np.full(len(counts), 1000.0)
    active = np.arange(len(counts))
    for _ in range(1, rounds):
        k, m, over = counts[active], mu[active], inverse[active]
        weights = m / (1.0 + m / over)
        response = np.log(m / size_factors) + (k - m) / m
        right = (weights * response) @ design
        new = np.linalg.solve(dispersions.information(weights, products) + ridge, right[..., None])[..., 0]
        wild = (np.abs(new) > limit).any(axis=1)
        lost[active[wild]] = True
        active, new, k, over = active[~wild], new[~wild], k[~wild], over[~wild]
        beta[active] = new
        mu[active] = m = np.maximum(size_factors * np.exp(new @ design.T), floor)
        now = -2 * (constant[active] + ((k + over) * np.log(over + m) - k * np.log(m)).sum(axis=1))
        moving = np.abs(now - deviance[active]) / (np.abs(now) + 0.1) > tolerance
        deviance[active] = now
        active = active[moving]
        if not len(active):
            break
    lost[active] = True
    return beta, lost
