"""What the judges of labels are given, made from simulated cells: a CellTypist model, a labelled h5ad file."""

import hashlib
import warnings

import numpy as np
import pandas as pd

from cd20scope import celltypist_model


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def train_celltypist(path, lognorm, genes, labels):
    """A model as CellTypist itself trains and writes it; a few passes are enough for simulated cells."""
    celltypist = celltypist_model._celltypist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        celltypist.train(
            lognorm, labels=np.array(labels), genes=np.array(genes), use_SGD=True, max_iter=10, random_state=0
        ).write(str(path))
    return path


def write_labelled(path, counts, genes, barcodes, **columns):
    """An h5ad file with raw counts and columns of obs; None is a missing value."""
    import anndata

    obs = pd.DataFrame(columns, index=pd.Index(np.array(barcodes, dtype=object), dtype=object))
    var = pd.DataFrame(index=pd.Index(np.array(genes, dtype=object), dtype=object))
    anndata.AnnData(counts.astype(np.float32), obs=obs, var=var).write_h5ad(path)
    return path
