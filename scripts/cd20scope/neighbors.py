"""Cells that lie near each other, and averages over them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Array = npt.NDArray[Any]


def find_neighbors(components: Array, *, n: int) -> Array:
    """Nearest cells of each cell, itself first; shape (n_cells, n), or (n_cells, n_cells) in small data."""
    from sklearn.neighbors import NearestNeighbors

    n = min(n, len(components))
    return np.asarray(
        NearestNeighbors(n_neighbors=n).fit(components).kneighbors(components, return_distance=False)
    )


def neighbor_mean(near: Array) -> sp.csr_matrix:
    """Operator that replaces a value by its mean over a cell and its nearest neighbours, cells x cells."""
    n, k = near.shape
    return sp.csr_matrix(
        (np.full(n * k, 1 / k, dtype=np.float32), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )
