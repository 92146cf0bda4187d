"""Cells that lie near each other, and averages over them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Array = npt.NDArray[Any]

LEAST_PER_THREAD = 2048
"""Cells of each thread of a search for neighbours."""


def find_neighbors(components: Array, *, n: int, threads: int = 1) -> Array:
    """Nearest cells of each cell, itself first; shape (n_cells, n), or (n_cells, n_cells) in small data.

    Each thread searches for cells of its own, so that their number changes nothing.
    """
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    n = min(n, len(components))
    # in few cells scikit-learn shares out those that are searched among instead, and ties may fall otherwise
    threads = threads if len(components) > LEAST_PER_THREAD * threads else 1
    with threadpool_limits(threads, user_api="openmp"):
        # a tree, which scikit-learn would take for few dimensions, is no faster at ten, and uses one thread
        search = NearestNeighbors(n_neighbors=n, algorithm="brute").fit(components)
        near = search.kneighbors(components, return_distance=False)
    return np.asarray(near)


def neighbor_mean(near: Array) -> sp.csr_matrix:
    """Operator that replaces a value by its mean over a cell and its nearest neighbours, cells x cells."""
    n, k = near.shape
    return sp.csr_matrix(
        (np.full(n * k, 1 / k, dtype=np.float32), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )
