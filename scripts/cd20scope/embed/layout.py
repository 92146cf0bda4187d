"""Coordinates of the sketch for the reader's eye; no later step reads them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]

LARGE = 10_000
"""Cells above which fewer rounds are made, as umap-learn does."""
EPOCHS, EPOCHS_LARGE = 500, 200
"""Rounds of the layout."""
REACH = 10.0
"""Largest coordinate that the layout starts from; as scranpy's own start has."""


def thin(n_cells: int, *, most: int, seed: int) -> Array:
    """Draw the rows of the sketch that are laid out, ascending: all of them, or ``most`` at random.

    A map of a page shows no more than some ten thousand points, and the time grows with their number.
    """
    return np.sort(np.random.default_rng(seed).permutation(n_cells)[:most])


def embed_sketch(
    components: Array, *, batch: Array | None, n_neighbors: int, min_distance: float, seed: int
) -> Array:
    """Lay the sketch out in two dimensions by UMAP, after Harmony over ``batch`` where one is given.

    Parameters
    ----------
    components
        Principal components, cells x n.
    batch
        Batch of each cell, shape (n_cells,); None leaves the components as they are.
    n_neighbors
        Neighbours of the graph; bounded by the number of cells.
    min_distance
        UMAP's ``min_dist``.
    seed
        Seed of the layout.

    Returns
    -------
    numpy.ndarray
        Coordinates, cells x 2.

    References
    ----------
    Korsunsky et al. 2019, doi:10.1038/s41592-019-0619-0; McInnes et al. 2018, doi:10.48550/arXiv.1802.03426; the
    components as a start: Kobak & Linderman 2021, doi:10.1038/s41587-020-00809-z.
    """
    # compiled beforehand: of umap-learn, the same method, import and compiler take longer than the layout
    from knncolle import FindKnnResults
    from scranpy import run_umap
    from sklearn.neighbors import NearestNeighbors

    space = np.asarray(components, dtype=np.float32)
    if batch is not None:
        from harmonypy.harmony import run_harmony

        fitted = run_harmony(space, pd.DataFrame({"batch": batch}), "batch", random_state=seed, verbose=False)
        corrected = np.asarray(fitted.Z_corr, dtype=np.float32)
        space = corrected if corrected.shape[0] == len(space) else corrected.T
    # exact neighbours: the sketch is bounded
    search = NearestNeighbors(n_neighbors=min(n_neighbors, len(space) - 1), algorithm="brute").fit(space)
    distance, index = search.kneighbors()
    placed = run_umap(
        FindKnnResults(index.astype(np.uint32), distance.astype(float)),
        min_dist=min_distance,
        num_epochs=EPOCHS if len(space) <= LARGE else EPOCHS_LARGE,
        initialize_method="none",
        initial_coordinates=_start(space),
        optimize_seed=seed,
    )
    return np.asarray(placed, dtype=np.float32)


def _start(space: Array) -> Array:
    """First two components, centred and brought to :data:`REACH`: where the layout starts from."""
    first = np.zeros((len(space), 2))
    first[:, : space.shape[1]] = space[:, :2]
    first -= first.mean(axis=0)
    return first / (float(np.abs(first).max()) or 1.0) * REACH
