"""Map of the sketch in two dimensions, by scanpy; for the reader's eye, as no later step reads it."""

from typing import Any

import anndata as ad
import numpy as np
import numpy.typing as npt
import pandas as pd
import scanpy as sc
from harmonypy import run_harmony

Array = npt.NDArray[Any]

MAX_CELLS = 10_000
"""Cells of the map: more points hide each other on a page, and exact neighbours take time with their square."""


def thin(n_cells: int, *, most: int, seed: int) -> Array:
    """Draw the rows of the sketch that are laid out, ascending: all of them, or ``most`` at random."""
    return np.sort(np.random.default_rng(seed).permutation(n_cells)[:most])


def embed_sketch(
    components: Array, *, batch: Array | None, n_neighbors: int, min_dist: float, seed: int
) -> Array:
    """Lay the sketch out in two dimensions by UMAP, after Harmony over ``batch`` where one is given.

    Parameters
    ----------
    components
        Principal components, cells x n.
    batch
        Batch of each cell, shape (n_cells,); None leaves the components as they are.
    n_neighbors
        As in :func:`scanpy.pp.neighbors`; bounded by the number of cells.
    min_dist
        As in :func:`scanpy.tl.umap`.
    seed
        Seed of Harmony, graph and layout.

    Returns
    -------
    numpy.ndarray
        Coordinates, cells x 2, float32.

    References
    ----------
    Korsunsky et al. 2019, doi:10.1038/s41592-019-0619-0; McInnes et al. 2018, doi:10.48550/arXiv.1802.03426; Wolf et
    al. 2018, scanpy, doi:10.1186/s13059-017-1382-0; the components as a start: Kobak & Linderman 2021,
    doi:10.1038/s41587-020-00809-z.
    """
    n_cells = len(components)
    space: Array = np.asarray(components, dtype=np.float32)
    if batch is not None:
        # scanpy.external.pp.harmony_integrate of scanpy 1.12 fails with harmonypy 2, which gives cells x components
        fitted = run_harmony(
            space.astype(np.float64),
            pd.DataFrame({"batch": batch}),
            "batch",
            random_state=seed,
            verbose=False,
        )
        space = np.asarray(fitted.Z_corr, dtype=np.float32)
    table = ad.AnnData(obs=pd.DataFrame(index=pd.RangeIndex(n_cells).astype(str)))
    table.obsm["X_pca"] = space
    sc.pp.neighbors(
        table,
        n_neighbors=min(n_neighbors, n_cells - 1),
        use_rep="X_pca",
        transformer="sklearn",
        random_state=seed,
    )
    start = space[:, :2]
    spread = start.shape[1] == 2 and np.ptp(start, axis=0).all()
    sc.tl.umap(table, min_dist=min_dist, init_pos=start if spread else "random", random_state=seed)
    return np.asarray(table.obsm["X_umap"], dtype=np.float32)
