"""Fits of many genes at once against PyDESeq2's routines for one gene."""

import numpy as np
import pytest
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference
from scipy import special

from cd20scope.expression import deseq_blocks, dispersions

BOUNDS = {"min_disp": 1e-8, "max_disp": 24.0}


def paired_counts(n_genes=40, donors=8, seed=0):
    """Counts of donors x 3 visits, donor-visits x genes, with dispersions from 0.02 to 1 and two quiet genes."""
    rng = np.random.default_rng(seed)
    donor, visit = (part.ravel() for part in np.divmod(np.arange(3 * donors), 3))
    design = np.column_stack(
        [np.ones(3 * donors)]
        + [donor == number for number in range(1, donors)]
        + [visit == number for number in (1, 2)]
    ).astype(float)
    size_factors = rng.uniform(0.5, 2, 3 * donors)
    beta = rng.normal(0, 0.4, (design.shape[1], n_genes))
    beta[0] = rng.uniform(2, 6, n_genes)
    mu = size_factors[:, None] * np.exp(design @ beta)
    alpha = rng.uniform(0.02, 1, n_genes)
    counts = rng.negative_binomial(1 / alpha, 1 / (1 + alpha * mu)).astype(float)
    counts[:, :2] = rng.poisson(mu[:, :2])
    return counts, size_factors, design, alpha, mu


def test_coefficients_are_those_of_one_gene_after_the_other():
    counts, size_factors, design, alpha, _ = paired_counts()
    settings = {"min_mu": 0.5, "beta_tol": 1e-8}
    found = deseq_blocks.GenesAtOnce().irls(counts, size_factors, design, alpha, **settings)
    expected = DefaultInference(n_cpus=1).irls(counts, size_factors, design, alpha, **settings)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)


def test_a_gene_whose_coefficients_run_away_goes_to_the_optimiser(monkeypatch):
    counts, size_factors, design, alpha, _ = paired_counts()
    single, called = utils.irls_solver, []
    monkeypatch.setattr(utils, "irls_solver", lambda *a, **k: called.append(a[0]) or single(*a, **k))
    settings = {"min_mu": 0.5, "beta_tol": 1e-8, "max_beta": 5}
    found = deseq_blocks.GenesAtOnce().irls(counts, size_factors, design, alpha, **settings)
    assert 0 < len(called) < counts.shape[1]
    for gene in range(counts.shape[1]):
        beta, mu, _, converged = single(counts[:, gene], size_factors, design, alpha[gene], **settings)
        np.testing.assert_allclose(found[0][gene], beta, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found[1][:, gene], mu, rtol=1e-6)
        assert found[3][gene] == converged


@pytest.mark.parametrize("prior", [None, 0.5])
def test_dispersions_are_where_the_optimiser_ends(prior):
    counts, _, design, alpha, mu = paired_counts()
    settings = BOUNDS | {"prior_disp_var": prior, "prior_reg": prior is not None}
    ours, converged = deseq_blocks.GenesAtOnce().alpha_mle(counts, design, mu, alpha * 3, **settings)
    theirs, _ = DefaultInference(n_cpus=1).alpha_mle(counts, design, mu, alpha * 3, **settings)
    assert converged.all()
    varies = theirs > 1e-3
    assert varies.sum() >= len(alpha) - 2
    np.testing.assert_allclose(np.log(ours[varies]), np.log(theirs[varies]), atol=1e-3)


def test_dispersions_maximise_the_adjusted_likelihood():
    counts, _, design, alpha, mu = paired_counts(seed=1)
    found, _ = deseq_blocks.GenesAtOnce().alpha_mle(counts, design, mu, alpha, **BOUNDS)

    def loss(gene, log_alpha):
        weights = mu[:, gene] / (1 + mu[:, gene] * np.exp(log_alpha))
        adjustment = np.linalg.slogdet((design.T * weights) @ design)[1] / 2
        return utils.nb_nll(counts[:, gene], mu[:, gene], np.exp(log_alpha)) + adjustment

    for gene in np.flatnonzero(found > 1e-3):
        near = np.log(found[gene]) + np.linspace(-0.01, 0.01, 21)
        assert np.argmin([loss(gene, place) for place in near]) == 10


def test_a_gene_that_varies_no_more_than_poisson_ends_where_its_likelihood_is_flat():
    _, _, design, _, mu = paired_counts()
    flat, _ = deseq_blocks.GenesAtOnce().alpha_mle(
        np.rint(mu[:, :3]), design, mu[:, :3], np.array([0.1, 1e-8, 5.0]), **BOUNDS
    )
    assert (flat < 1e-4).all()
    assert flat[1] == pytest.approx(1e-8)


def test_a_first_step_that_gains_nothing_is_not_gone():
    design, mu = np.ones((24, 1)), np.full((24, 40), 500.0)
    counts = np.random.default_rng(4).negative_binomial(1 / 0.005, 1 / (1 + 0.005 * mu)).astype(float)
    from_zero = np.full(counts.shape[1], 1e-8)
    ours, _ = deseq_blocks.GenesAtOnce().alpha_mle(counts, design, mu, from_zero, **BOUNDS)
    theirs, converged = DefaultInference(n_cpus=1).alpha_mle(counts, design, mu, from_zero, **BOUNDS)
    # where its line search fails PyDESeq2 goes to a grid instead
    assert converged.sum() > counts.shape[1] / 2
    np.testing.assert_allclose(ours[converged], theirs[converged], rtol=1e-3)
    assert (ours[converged] < 1.01e-8).sum() > 5
    # it is the start that holds them there: from elsewhere the same genes end at what they were drawn with
    elsewhere, _ = deseq_blocks.GenesAtOnce().alpha_mle(counts, design, mu, from_zero + 0.02, **BOUNDS)
    assert 0.003 < np.median(elsewhere) < 0.008


def test_wald_tests_are_those_of_one_gene_after_the_other():
    counts, _, design, alpha, mu = paired_counts()
    coefficients = np.random.default_rng(3).normal(size=(counts.shape[1], design.shape[1]))
    contrast = np.zeros(design.shape[1])
    contrast[-2:] = -1, 1
    ridge = np.eye(design.shape[1]) * 1e-6
    for alternative in (None, "greater"):
        args = (design, alpha, coefficients, mu, ridge, contrast, np.array(0.0), alternative)
        found = deseq_blocks.GenesAtOnce().wald_test(*args)
        expected = DefaultInference(n_cpus=1).wald_test(*args)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_results_do_not_depend_on_the_blocks(monkeypatch):
    counts, size_factors, design, alpha, mu = paired_counts()
    inference = deseq_blocks.GenesAtOnce()
    whole = inference.alpha_mle(counts, design, mu, alpha, **BOUNDS)[0]
    coefficients = inference.irls(counts, size_factors, design, alpha, min_mu=0.5, beta_tol=1e-8)[0]
    # one gene a block
    monkeypatch.setattr(deseq_blocks, "BLOCK_NUMBERS", 1)
    np.testing.assert_allclose(inference.alpha_mle(counts, design, mu, alpha, **BOUNDS)[0], whole, rtol=1e-6)
    single = inference.irls(counts, size_factors, design, alpha, min_mu=0.5, beta_tol=1e-8)[0]
    np.testing.assert_allclose(single, coefficients, rtol=1e-8, atol=1e-10)


def test_a_gene_without_a_root_goes_to_the_optimiser(monkeypatch):
    counts, _, design, alpha, mu = paired_counts(n_genes=6)
    monkeypatch.setattr(dispersions, "downhill", lambda *args, **_: np.full(len(args[1]), np.nan))
    ours, _ = deseq_blocks.GenesAtOnce().alpha_mle(counts, design, mu, alpha, **BOUNDS)
    theirs, _ = DefaultInference(n_cpus=1).alpha_mle(counts, design, mu, alpha, **BOUNDS)
    np.testing.assert_array_equal(ours, theirs)


def test_the_slope_is_the_derivative_of_the_loss():
    counts, _, design, alpha, mu = paired_counts(n_genes=5)
    products = dispersions.column_products(design)
    slope = dispersions.slope_of(counts.T, mu.T, products, centre=np.log(alpha), variance=None)
    step = 1e-5
    up, down = (dispersions.loss(counts.T, mu.T, products, alpha * np.exp(sign * step)) for sign in (1, -1))
    np.testing.assert_allclose(slope(np.log(alpha), np.arange(5)), (up - down) / (2 * step), rtol=1e-5)
    # the loss itself, written out
    k, m, over = counts[:, 0], mu[:, 0], 1 / alpha[0]
    log_mass = special.gammaln(k + over) - special.gammaln(over) - special.gammaln(k + 1)
    log_mass += k * np.log(m / (m + over)) + over * np.log(over / (m + over))
    information = (design.T * (m / (1 + m * alpha[0]))) @ design
    expected = -log_mass.sum() + np.linalg.slogdet(information)[1] / 2
    assert dispersions.loss(counts.T, mu.T, products, alpha)[0] == pytest.approx(expected)
