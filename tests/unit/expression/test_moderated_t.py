"""Moderated t-tests against statsmodels, limma and their own model."""

import numpy as np
import pytest
import statsmodels.api as sm
from pseudobulk_tables import simulated
from scipy import special, stats

from cd20scope.expression import deseq, moderated_t

LATE = ("month6", "week2")


def cross_checked(seed=4):
    data = simulated(n_genes=200, seed=seed, planted=0)
    matrix = deseq.design_matrix(data.design)
    y = moderated_t.log2_cpm(data.counts, library_size=data.counts.sum(axis=1))
    vector = deseq.contrast_vector(matrix, LATE)
    return y, matrix, vector, moderated_t.moderated_t(y, design=matrix, contrast=vector)


def test_least_squares_equals_statsmodels():
    y, matrix, vector, result = cross_checked()
    for gene in y.columns[:10]:
        oracle = sm.OLS(y[gene], matrix).fit().t_test(vector)
        assert result.loc[gene, "log2_fold_change"] == pytest.approx(oracle.effect.item())
        # Undoing the moderation gives back the ordinary t.
    unmoderated = [sm.OLS(y[gene], matrix).fit().t_test(vector).tvalue.item() for gene in y.columns]
    assert stats.spearmanr(unmoderated, result["t"]).statistic > 0.97


def test_without_more_scatter_than_chance_the_prior_replaces_the_variance():
    df, n = 10, 500
    variance = np.full(n, 2.0)
    ((prior,), (prior_df,)) = moderated_t.variance_prior(variance[None], df=df, mean=np.linspace(0, 10, n))
    assert prior_df == np.inf
    assert prior == pytest.approx(np.full(n, 2.0 * np.exp(np.log(df / 2) - special.digamma(df / 2))))


def test_the_inverse_of_trigamma_is_its_inverse():
    y = np.logspace(-12, 6, 60)
    assert special.polygamma(1, moderated_t.inverse_trigamma(y)) == pytest.approx(y, rel=1e-6)


def test_the_prior_is_recovered_from_its_own_model():
    """100,000 genes whose variances follow the model: prior 0.3 with a trend, 8 degrees of freedom."""
    rng, df, d0 = np.random.default_rng(5), 12, 8.0
    mean = rng.uniform(0, 10, 100_000)
    trend = 0.3 * np.exp(-0.2 * mean)
    variance = trend * d0 / rng.chisquare(d0, mean.size) * rng.chisquare(df, mean.size) / df
    ((prior,), (prior_df,)) = moderated_t.variance_prior(variance[None], df=df, mean=mean)
    assert prior_df == pytest.approx(d0, rel=0.05)
    assert np.abs(np.log(prior / trend)).max() < 0.05


def test_a_prior_of_almost_infinite_weight_is_found():
    """Pairs of genes of one mean, apart by what chance explains and 1e-9 more."""
    df, mean = 10, np.repeat(np.arange(20.0), 2)
    apart = np.sqrt((float(special.polygamma(1, df / 2)) + 1e-9) * (40 - 4) / 40)
    _, (prior_df,) = moderated_t.variance_prior(np.exp(np.tile([apart, -apart], 20))[None], df=df, mean=mean)
    assert prior_df == pytest.approx(2e9, rel=1e-4)


def test_variances_of_which_most_are_zero_are_lifted_as_in_limma():
    mean = np.arange(40.0)
    variance = np.where(mean % 5 < 3, 0.0, 0.3 + mean / 7)
    ((prior,), (prior_df,)) = moderated_t.variance_prior(variance[None], df=10, mean=mean)
    # limma 3.54: fitFDist(variance, 10, covariate = mean)
    assert prior_df == pytest.approx(0.319978075979267, rel=1e-9)
    assert prior[[0, 39]] == pytest.approx([8.77245169255492e-07, 0.000250360572773142], rel=1e-9)


def test_the_spline_is_natural_and_fits_a_line_exactly():
    x = np.random.default_rng(6).normal(size=50)
    basis = moderated_t.natural_spline(x)
    assert np.linalg.matrix_rank(basis) == 4
    weights, *_ = np.linalg.lstsq(basis, 2 - 3 * x, rcond=None)
    assert basis @ weights == pytest.approx(2 - 3 * x)
    # Natural: the curvature vanishes at the outer knots. It grows linearly from there, over a third of the grid.
    grid = np.linspace(x.min(), x.max(), 2001)
    second = np.diff(moderated_t.natural_spline(grid) @ [0, 0, 1, 1], n=2)
    assert np.abs(second[[0, -1]]).max() < 0.005 * np.abs(second).max()


def test_too_few_different_means_fall_back_on_a_line():
    assert moderated_t.natural_spline(np.zeros(5)).shape == (5, 1)
    assert moderated_t.natural_spline(np.array([0.0, 0, 0, 0, 1])).shape == (5, 2)
