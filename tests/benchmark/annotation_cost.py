"""What the annotation costs: cells labelled per second, and time and memory of a fit to a full sketch.

Seconds depend on the machine, so each stands beside a baseline of the same run: labelling beside the
log-normalisation of the same cells, the fit beside scanpy's principal components of the same sketch.
"""

import resource
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmark import annotation_labels
from benchmark.annotation_data import load_cohort, stack
from cd20scope.counts import matrix as counts_matrix

SKETCH = 50_000
"""Cells of a full sketch."""
STREAM = 20_000
"""Cells that are labelled."""
CELLS_PER_SAMPLE = 2_150
"""So that 24 samples hold a sketch."""


def seconds(work: Callable[[], object]) -> float:
    """Time that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_memory() -> float:
    """Most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux counts in kB


def measure() -> Iterator[tuple[str, float, float, float]]:
    """Measure all; gives name, value, least and highest value that will do."""
    from threadpoolctl import threadpool_limits

    populations = annotation_labels.read_populations()
    task = load_cohort(cells=CELLS_PER_SAMPLE, mix=True)
    lognorm, genes = stack(task)
    rows = np.sort(np.random.default_rng(0).permutation(lognorm.shape[0])[:SKETCH])
    lognorm = lognorm[rows]
    before = peak_memory()
    fitted = []
    with threadpool_limits(2):
        taken = seconds(lambda: fitted.append(annotation_labels.fit(lognorm, genes, populations=populations)))
    held = peak_memory()
    yield f"seconds to fit {len(rows)} cells, 2 cores", taken, -np.inf, 120.0
    yield "GB at the peak of the fit", held, -np.inf, np.inf
    yield "GB at the peak before it", before, -np.inf, np.inf
    with threadpool_limits(2):
        yield (
            "fit over scanpy's PCA, ratio of times",
            taken / seconds(lambda: components(lognorm)),
            -np.inf,
            np.inf,
        )
    counts = next(iter(task.samples.values()))
    matrix = sp.vstack([counts.matrix] * (STREAM // counts.matrix.shape[0] + 1), format="csr")[:STREAM]
    own = counts.genes["gene"]
    bounds = annotation_labels.read_bounds()

    def label(cells: sp.csr_matrix) -> pd.DataFrame:
        return annotation_labels.label(cells, own, fitted[0], populations=populations, bounds=bounds)

    with threadpool_limits(1):
        label(matrix[:1000])  # start-up: imports and first calls
        taken = seconds(lambda: label(matrix))
        base = seconds(lambda: counts_matrix.log_normalise(matrix))
    yield "cells labelled per second, 1 core", STREAM / taken, 5000.0, np.inf
    yield "labelling over normalisation, ratio of times", taken / base, -np.inf, np.inf


def components(lognorm: sp.csr_matrix) -> None:
    """Scanpy's usual way to principal components."""
    import scanpy as sc
    from anndata import AnnData

    data = AnnData(lognorm)
    sc.pp.highly_variable_genes(data, n_top_genes=2000)
    sc.pp.pca(data, n_comps=30, random_state=0)
