"""Doublet scores of one sample by simulated doublets, after Scrublet.

The method is Scrublet's. The implementation is ours because the kept one, ``scanpy.pp.scrublet``, costs six
seconds of imports a sample, more than all else that is done to a sample of usual size; a test compares the two.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import svds
from sklearn.neighbors import NearestNeighbors

Array = npt.NDArray[Any]

N_VARIABLE = 1500
"""Variable genes that span the space."""
N_COMPONENTS = 20
"""Singular vectors that span it."""
RATIO = 2.0
"""Simulated doublets per cell."""
MIN_CELLS = 50
"""Fewer cells span no space in which a doublet could be told; their score is 0."""
MIN_SCORE = 0.85
"""A lower score is never called; in two public data sets with made doublets about half of those past it were made
ones."""


def _variable_genes(counts: sp.csr_matrix, *, n: int) -> Array:
    """Genes seen in 3 cells or more whose variance most exceeds that of Poisson counts (Fano factor)."""
    n_cells, n_genes = counts.shape
    values = counts.data.astype(np.float64)
    mean = np.bincount(counts.indices, weights=values, minlength=n_genes) / n_cells
    square = np.bincount(counts.indices, weights=values**2, minlength=n_genes) / n_cells
    seen = np.bincount(counts.indices, minlength=n_genes)
    fano = np.where(seen >= 3, (square - mean**2) / np.maximum(mean, 1e-12), -np.inf)
    return np.sort(np.argsort(-fano, kind="stable")[: min(n, int((seen >= 3).sum()))])


def _normalise(counts: sp.csr_matrix, totals: Array, *, target: float) -> sp.csr_matrix:
    values: sp.csr_matrix = counts.astype(np.float32).tocsr()
    factor = target / np.maximum(totals, 1)
    values.data = np.log1p(values.data * np.repeat(factor, np.diff(values.indptr)).astype(np.float32))
    return values


def score_doublets(counts: sp.csr_matrix, *, seed: int) -> Array:
    """Score each cell by the share of simulated doublets among its neighbours.

    ``q = (s + 1) / (k + 2)`` with s simulated doublets among the k nearest neighbours, in the space of the
    variable genes' leading singular vectors. Scrublet's further step, from q to a likelihood by the expected rate,
    keeps the order and is left out.

    Parameters
    ----------
    counts
        Raw counts of one sample, cells x genes.
    seed
        Seed of the simulated pairs.

    Returns
    -------
    numpy.ndarray
        Scores in (0, 1), shape (n_cells,); all 0 with fewer than 50 cells.

    References
    ----------
    Wolock et al. 2019, doi:10.1016/j.cels.2018.11.005.
    """
    n = counts.shape[0]
    if n < MIN_CELLS:
        return np.zeros(n)
    rng = np.random.default_rng(seed)
    genes = _variable_genes(counts, n=N_VARIABLE)
    first, second = rng.integers(0, n, size=(2, int(RATIO * n)))
    totals = np.asarray(counts.sum(axis=1)).ravel()
    target = float(np.median(totals))
    variable = counts[:, genes]
    observed = _normalise(variable, totals, target=target)
    simulated = _normalise(variable[first] + variable[second], totals[first] + totals[second], target=target)
    # neither centred nor scaled: distances do not feel the centre, and scaling would let rare genes rule them
    rank = min(N_COMPONENTS, min(observed.shape) - 1)
    _, _, axes = svds(observed, k=rank, v0=np.ones(min(observed.shape)), return_singular_vectors="vh")
    points = np.vstack([observed @ axes.T, simulated @ axes.T])
    k = round(0.5 * np.sqrt(n) * (1 + RATIO))
    return np.asarray((_share_simulated(points, n_observed=n, k=k) * k + 1) / (k + 2))


def _share_simulated(points: Array, *, n_observed: int, k: int) -> Array:
    """Share of simulated doublets among the k nearest other points of each cell, by exact search."""
    search = NearestNeighbors(n_neighbors=k + 1).fit(points.astype(np.float64))
    found = search.kneighbors(points[:n_observed], return_distance=False)
    # a cell is not its own neighbour, nor is one of two cells in one place more so than the other
    own = found == np.arange(n_observed)[:, None]
    own[~own.any(axis=1), -1] = True
    return np.asarray((found[~own].reshape(n_observed, k) >= n_observed).mean(axis=1))


def call_doublets(scores: Array, *, expected_rate: float) -> Array:
    """Call doublets: the highest scores, past :data:`MIN_SCORE` and at most twice as many as expected.

    Parameters
    ----------
    scores
        Scores, shape (n_cells,).
    expected_rate
        Expected share of doublets, 0 to 1.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (n_cells,).
    """
    most = int(2 * expected_rate * len(scores))
    called = np.zeros(len(scores), dtype=bool)
    called[np.argsort(-scores, kind="stable")[:most]] = True
    return called & (scores >= MIN_SCORE)
