"""The likelihood and its fit, against plain loops and SciPy's multinomial distribution."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import multinomial

from cd20scope.annotate.likelihood import constants, mixture
from cd20scope.annotate.likelihood.tree import Decision

RNG = np.random.default_rng(3)
PROFILE = RNG.dirichlet(np.ones(6), 4).T
COUNTS = sp.csr_matrix(RNG.poisson(4, (9, 6)))
GENES = np.array([f"G{n}" for n in range(6)])
FREE = Decision(
    "T+NK",
    ("a", "b", "c", "d"),
    ("CD4 naive", "CD4 memory", "CD4 memory", "NK"),
    free=True,
    moving=True,
)


def test_log_likelihood_is_the_multinomial_one():
    found = mixture.log_likelihood(COUNTS, PROFILE, np.ones(6))
    for cell, counts in enumerate(COUNTS.toarray()):
        exact = np.array([multinomial.logpmf(counts, counts.sum(), leaf) for leaf in PROFILE.T])
        assert found[cell] - found[cell, 0] == pytest.approx(exact - exact[0])


def test_weighted_likelihood_by_plain_loops():
    weight = RNG.uniform(0.2, 1, 6)
    found = mixture.log_likelihood(COUNTS, PROFILE, weight)
    for i, counts in enumerate(COUNTS.toarray()):
        for k in range(4):
            value = sum(
                weight[g] * (counts[g] * math.log(PROFILE[g, k]) - counts.sum() * PROFILE[g, k])
                for g in range(6)
            )
            assert found[i, k] == pytest.approx(value)


def fit_by_loops(counts, start, decision, share, steps):
    """The same steps as the docstring of the module says, one number at a time."""
    n_cells, n_genes = counts.shape
    n_leaves = start.shape[1]
    raw = np.exp(start)
    table = raw / raw.sum(axis=0)
    mean = counts.mean(axis=0)
    heed = [1 / (1 + constants.OVERDISPERSION * m) for m in mean]
    soup = counts.sum(axis=0) / counts.sum()
    log_w = [math.log(w) for w in mixture.starting_weights(decision)]
    profile = table.copy()
    a = [1.0] * n_genes
    for step in range(steps):
        r = np.zeros((n_cells, n_leaves))
        for i in range(n_cells):
            score = []
            for k in range(n_leaves):
                total = log_w[k]
                for g in range(n_genes):
                    p = (1 - share) * profile[g, k] + share * soup[g] + 1e-12
                    total += heed[g] * (counts[i, g] * math.log(p) - counts[i].sum() * p)
                score.append(total)
            top = max(score)
            weights = [math.exp(s - top) for s in score]
            r[i] = np.array(weights) / sum(weights)
        log_w = [
            math.log(max(w, constants.LEAST_WEIGHT)) for w in mixture.blend_healthy(r.mean(axis=0), decision)
        ]
        molecules = [sum(counts[i].sum() * r[i, k] for i in range(n_cells)) for k in range(n_leaves)]
        for g in range(n_genes):
            expected = (1 - share) * sum(profile[g, k] * molecules[k] for k in range(n_leaves)) / a[g]
            own = max(counts[:, g].sum() - share * soup[g] * counts.sum(), 0)
            limit = constants.OFFSET_LIMIT
            ratio = (own + constants.OFFSET_MOLECULES) / (expected + constants.OFFSET_MOLECULES)
            a[g] = min(max(ratio, 1 / limit), limit)
        still = table * np.array(a)[:, None]
        new = still.copy()
        if step + 1 >= constants.MOVE_FROM:
            for k in range(n_leaves):
                for g in range(n_genes):
                    seen = sum(r[i, k] * counts[i, g] for i in range(n_cells))
                    expected = molecules[k] * (
                        (1 - share) * still[g, k] / still[:, k].sum() + share * soup[g]
                    )
                    held = constants.PROFILE_MOLECULES
                    new[g, k] *= (seen + held) / (expected + held)
        profile = new / new.sum(axis=0)
    return profile, np.array(log_w)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_fit_by_plain_loops(steps):
    start = np.log(PROFILE)
    fitted = mixture.fit_mixture(COUNTS.astype(float), GENES, FREE, start, share=0.1, steps=steps)
    profile, log_weight = fit_by_loops(COUNTS.toarray(), start, FREE, 0.1, steps)
    assert fitted.profile == pytest.approx(profile)
    assert fitted.log_weight == pytest.approx(log_weight)


def test_two_classes_keep_the_table():
    pair = Decision("B", ("a", "b"), ("B naive", "B memory"), free=False, moving=False)
    fitted = mixture.fit_mixture(COUNTS.astype(float), GENES, pair, np.log(PROFILE[:, :2]))
    assert fitted.profile == pytest.approx(PROFILE[:, :2])


def test_no_cells_leave_table_and_healthy_weights():
    fitted = mixture.fit_mixture(sp.csr_matrix((0, 6)), GENES, FREE, np.log(PROFILE))
    assert fitted.profile == pytest.approx(PROFILE)
    assert np.exp(fitted.log_weight).sum() == pytest.approx(1)


def test_healthy_part_of_weights():
    blended = mixture.blend_healthy(np.array([1.0, 0, 0, 0]), FREE)
    healthy = mixture.healthy_shares(FREE)
    part = constants.HEALTHY_PART
    assert blended[0] == pytest.approx(1 - part + part * healthy["CD4 naive"])
    assert blended[1] == pytest.approx(blended[2])
    assert blended.sum() == pytest.approx(1)


def test_class_sums():
    assert mixture.class_sums(np.array([[0.1, 0.2, 0.3, 0.4]]), FREE)[0] == pytest.approx([0.1, 0.5, 0.4])
