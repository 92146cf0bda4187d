"""Variable genes: what a judge learns from, and what the map of the cells is made of."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

Array = npt.NDArray[Any]

N_VARIABLE = 6000
"""Variable genes beside the markers. Naive and memory T cells differ by many weak genes."""
N_COMPONENTS = 30
"""Principal components of the map."""
LOUDNESS = 0.5
"""Power of a gene's standard deviation that it keeps in them. At 0 the noise of thousands of quiet genes sets the
components, at 1 a few loud genes do."""
SD_FLOOR = 0.05
"""Added to a gene's standard deviation so that a gene seen in a handful of cells does not weigh in."""
AT_ONCE = 4_000_000
"""Stored values that are summed at a time."""

# Genes that follow the receptor, the handling or the drug rather than the kind of cell. MS4A1 is the target: labels
# that used it would change with treatment by themselves. Immunoglobulin transcripts float in every droplet.
NOT_FEATURES = re.compile(
    r"^(MT-.+|RP[SL](\d+[AXYL]{0,2}\d?|P\d|A)|IG[HKL]([VDJ]\d.*|[CAG]\d?|[EMD])|MS4A1|MALAT1|XIST)$"
)
RECEPTOR = re.compile(r"^TR[ABGD]([VDJ]\d.*|C\d?)$")
"""Segments of T-cell receptors: features only where the population tree names them, as for gamma-delta cells."""


def choose_features(lognorm: sp.csr_matrix, genes: Array, *, markers: set[str]) -> Array:
    """Choose the genes that are read: the most variable for their mean, and every marker.

    Parameters
    ----------
    lognorm
        Log-normalised sketch, cells x genes.
    genes
        Names, shape (n_genes,).
    markers
        Genes that are taken whether they are seen or not.

    Returns
    -------
    numpy.ndarray
        Positions of the chosen genes, ascending.
    """
    seen = np.bincount(lognorm.indices, minlength=lognorm.shape[1])
    named = np.isin(genes, list(markers))
    allowed = np.array(
        [
            NOT_FEATURES.match(gene) is None and (marker or RECEPTOR.match(gene) is None)
            for gene, marker in zip(genes, named, strict=True)
        ]
    )
    mean, sd = moments(lognorm)
    dispersion = np.log((sd**2 + 1e-9) / (mean + 1e-9))
    # dispersion against that of genes of like mean, in 20 bins of equal size
    table = pd.DataFrame(
        {"dispersion": dispersion, "bin": pd.Series(mean).rank(method="first").floordiv(len(mean) / 20 + 1)}
    )
    table = table[allowed & (seen >= 3)]
    grouped = table.groupby("bin")["dispersion"]
    excess = (table["dispersion"] - grouped.transform("median")) / (
        grouped.transform("std").fillna(1.0) + 1e-9
    )
    variable = excess.nlargest(N_VARIABLE).index.to_numpy()
    # a marker that is measured and not seen speaks against its class
    return np.union1d(variable, np.flatnonzero(allowed & named))


def take_features(lognorm: sp.csr_matrix, genes: Array, *, features: Array, cap: Array) -> sp.csr_matrix:
    """Columns of the genes that a model reads, in its order; a gene that the sample's reference lacks is all zero."""
    at = pd.Index(genes).get_indexer(pd.Index(features))
    found = np.flatnonzero(at >= 0)
    values = lognorm[:, at[found]].tocsr()
    taken = sp.csr_matrix(
        (values.data.copy(), found[values.indices], values.indptr), shape=(values.shape[0], len(at))
    )
    taken.data = np.minimum(taken.data, cap[taken.indices])
    return taken


def principal_components(lognorm: sp.csr_matrix, genes: Array, *, markers: set[str], seed: int) -> Array:
    """Principal components of cells over variable genes and markers, cells x at most :data:`N_COMPONENTS`, float32."""
    from sklearn.decomposition import PCA

    values = lognorm[:, choose_features(lognorm, genes, markers=markers)].astype(np.float32)
    _, sd = moments(values)
    scaled = values @ sp.diags((sd + SD_FLOOR) ** (LOUDNESS - 1))
    n = min(N_COMPONENTS, min(scaled.shape) - 1)
    # of a sparse matrix, centred without being made dense
    placed = PCA(n, svd_solver="arpack", random_state=seed).fit_transform(scaled.tocsr())
    return np.asarray(placed, dtype=np.float32)


def moments(values: sp.csr_matrix) -> tuple[Array, Array]:
    """Mean and standard deviation of each column, in double precision; shapes (n_columns,)."""
    n, n_columns = values.shape
    total, squares = np.zeros(n_columns), np.zeros(n_columns)
    # some at a time: all of them in double precision are as large as the matrix
    for start in range(0, values.nnz, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        stored, columns = values.data[some].astype(np.float64), values.indices[some]
        total += np.bincount(columns, weights=stored, minlength=n_columns)
        squares += np.bincount(columns, weights=stored**2, minlength=n_columns)
    mean = total / n
    return mean, np.sqrt(np.maximum(squares / n - mean**2, 0.0))
