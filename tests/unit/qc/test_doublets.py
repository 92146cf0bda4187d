import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score

from cd20scope.qc import doublets


def test_made_doublets_score_higher_than_scrublet_scores_them(two_kinds):
    """Scanpy's Scrublet is the oracle: ours must tell made doublets at least as well."""
    import anndata as ad
    import scanpy as sc

    counts, is_doublet = two_kinds
    ours = roc_auc_score(is_doublet, doublets.score_doublets(counts, seed=0))
    cells = ad.AnnData(counts.astype(np.float32))
    sc.pp.scrublet(cells, random_state=0, verbose=False)
    assert ours > 0.95
    assert ours >= roc_auc_score(is_doublet, cells.obs["doublet_score"]) - 0.01


def test_share_of_simulated_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    points, n, k = rng.normal(size=(90, 4)), 30, 7
    expected = []
    for cell in range(n):
        distance = np.linalg.norm(points - points[cell], axis=1)
        nearest = [other for other in np.argsort(distance) if other != cell][:k]
        expected.append(np.mean([other >= n for other in nearest]))
    np.testing.assert_allclose(doublets._share_simulated(points, n_observed=n, k=k), expected)


def test_of_copies_of_a_cell_only_itself_is_left_out():
    rng = np.random.default_rng(1)
    cells = rng.normal(size=(20, 5))
    points = np.vstack([cells, cells, cells, rng.normal(size=(60, 5))])
    np.testing.assert_array_equal(doublets._share_simulated(points, n_observed=20, k=2), 1)


def test_too_few_cells_are_not_scored():
    assert not doublets.score_doublets(sp.csr_matrix(np.ones((10, 20), dtype=int)), seed=0).any()


@pytest.mark.parametrize(("rate", "called"), [(0.0, 0), (0.01, 2), (0.5, 3)])
def test_calls_are_bounded_by_the_expected_rate_and_by_the_score(rate, called):
    scores = np.concatenate([[0.99, 0.95, 0.9], np.full(97, 0.5)])
    calls = doublets.call_doublets(scores, expected_rate=rate)
    assert calls.sum() == called
    assert not calls[3:].any()
