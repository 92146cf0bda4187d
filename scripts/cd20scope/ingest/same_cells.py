"""Whether two files show the same cells, under other suffixes or with counts made in another way."""

from collections import Counter

import numpy as np

from cd20scope.counts.matrix import Strings
from cd20scope.ingest.empty_droplets import SEQUENCE, sequences
from cd20scope.ingest.look import Look

NEAREST = 0.5
"""Part of the cells that must be nearest to themselves; by chance it is one of their number."""
SURE, FEW_COMPARED = 10, 3
"""Cells compared below which all of them must be, and below which they say nothing."""
NEARLY_ALL, MANY_SHARED = 0.9, 100
"""Part and number of shared barcodes that suffice where too few cells can be compared."""


def are_same(nearest: int, n: int, *, shared: int, of: int, sample: str) -> bool:
    """Decide whether two samples are of the same cells.

    Parameters
    ----------
    nearest, n
        As :func:`count_nearest` gives them.
    shared, of
        Barcodes that both have, and barcodes of the smaller one.
    sample
        One of the shared barcodes: the name of a well, which many plates have, proves nothing by itself.
    """
    if n >= SURE:
        return nearest > NEAREST * n
    # other orders of the same cells leave few to compare; so many barcodes are shared by no chance
    certain = shared > NEARLY_ALL * of and of >= MANY_SHARED and bool(SEQUENCE.fullmatch(sample))
    return nearest == n and (n >= FEW_COMPARED or certain)


def count_nearest(one: Look, other: Look) -> tuple[int, int]:
    """Count the cells whose nearest in the other sample has the same barcode, and those compared.

    Profiles are log counts of the genes of both, compared by the cosine.
    """
    rows = [_of_once(sequences(look.barcodes[: look.cells.shape[0]])) for look in (one, other)]
    common = [name for name in rows[0] if name in rows[1]]
    genes = sorted(set(one.genes.tolist()) & set(other.genes.tolist()))
    if not common or not genes:
        return 0, 0
    profiles = []
    for look, of in zip((one, other), rows, strict=True):
        place = {gene: column for column, gene in enumerate(look.genes.tolist())}
        counts = look.cells[[of[name] for name in common]][:, [place[gene] for gene in genes]]
        values = np.log1p(counts.toarray().astype(np.float64))
        length = np.linalg.norm(values, axis=1, keepdims=True)
        profiles.append(np.divide(values, length, out=np.zeros_like(values), where=length > 0))
    filled = (profiles[0].any(axis=1)) & (profiles[1].any(axis=1))
    alike = profiles[0][filled] @ profiles[1][filled].T
    # of cells that are equal, each is nearest to all
    itself = alike.diagonal() > alike.max(axis=1, initial=0.0) - 1e-9
    return int(itself.sum()), len(alike)


def _of_once(names: Strings) -> dict[str, int]:
    """Positions of the names that occur once."""
    times = Counter(names.tolist())
    return {name: row for row, name in enumerate(names.tolist()) if times[name] == 1}
