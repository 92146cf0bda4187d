"""A CellTypist model as a judge: read only with a stated checksum, applied block by block."""

import hashlib
import io
import logging
import os
import pickle
import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.judges.settings import PICKLE, require_sum

Array = npt.NDArray[Any]

BLOCK_CELLS = 2048
"""Cells judged together: CellTypist scales them into a dense matrix, 110 MB for the 6,639 genes of its widest
immune model."""
MIN_SHARED = 0.1
"""Least share of the model's genes that a sample must have. A model of another species or of Ensembl ids shares
next to none; a lack of some genes is usual, and CellTypist leaves them out."""


class _Loss:
    """Stands for the loss that a model was trained with: older classes of it are gone, and nothing judges by it."""

    def __init__(self, *_: object) -> None: ...


class _Models(pickle.Unpickler):
    """Reads models written with scikit-learn before 1.6, such as those of the package STCAT."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - any class of the pickle
        try:
            return super().find_class(module, name)
        except AttributeError:
            if module == "sklearn.linear_model._sgd_fast":
                return _Loss
            raise


def read_model(path: Path | str, *, sha256: str) -> Any:  # noqa: ANN401 - celltypist has no types
    """Read a CellTypist model if it is the file that was meant.

    The bytes whose checksum is taken are the bytes that are unpickled: nothing can come between.

    Parameters
    ----------
    path
        The ``.pkl`` file.
    sha256
        Its checksum, 64 hexadecimal digits.

    Returns
    -------
    celltypist.models.Model

    Raises
    ------
    ValueError
        When the checksum is another, or the file is no CellTypist model.
    """
    stored = Path(path).read_bytes()
    require_sum(hashlib.sha256(stored).hexdigest(), sha256=sha256, name=str(path), why=PICKLE)
    try:
        parts = _Models(io.BytesIO(stored)).load()
        return _celltypist().Model(parts["Model"], parts["Scaler_"], parts.get("description", {}))
    except Exception as error:  # a pickle may fail in any way
        raise ValueError(
            f"{path}: no CellTypist model ({type(error).__name__}: {error}). Give a file that CellTypist wrote: a "
            "model of celltypist.org, or your own from celltypist.train(...).write(...)."
        ) from error


def judge(lognorm: sp.csr_matrix, genes: Array, model: Any) -> pd.DataFrame:  # noqa: ANN401
    r"""Probability of every label of the model for every cell.

    .. math:: p_{ck} = \sigma\Big(b_k + \sum_g w_{kg} \min\big((x_{cg} - m_g) / s_g, 10\big)\Big)

    Parameters
    ----------
    lognorm
        Log-normalised counts to a total of 10,000, cells x all genes of the sample.
    genes
        Gene symbols, shape (n_genes,).
    model
        As :func:`read_model` gives it.

    Returns
    -------
    pandas.DataFrame
        Cells x labels. Each label is judged against all others by itself, so that rows do not sum to 1.

    Raises
    ------
    ValueError
        When the sample has next to none of the model's genes.

    References
    ----------
    Dominguez Conde et al. 2022, doi:10.1126/science.abl5197.
    """
    from anndata import AnnData

    shared = int(pd.Index(model.features, dtype=object).isin(genes).sum())
    if shared < MIN_SHARED * len(model.features):
        raise ValueError(
            f"annotate > celltypist: of {len(model.features):,} genes of the model ({model.features[0]}, ...) "
            f"{shared} are in the sample ({genes[0]}, ...). Give a model of human cells with gene symbols."
        )
    celltypist = _celltypist()
    # it would warn, block by block, that not all genes are given; the values are relative to all of them
    celltypist.logger.set_level(logging.ERROR)
    read = np.flatnonzero(pd.Index(genes, dtype=object).isin(model.features))
    of_model, var = lognorm[:, read], pd.DataFrame(index=pd.Index(genes[read].astype(object), dtype=object))
    parts = [pd.DataFrame(columns=[str(label) for label in model.cell_types], dtype=np.float64)]
    for start in range(0, lognorm.shape[0], BLOCK_CELLS):
        # dense, as CellTypist makes it in any case: of a sparse matrix it takes nearly twice as long
        block = AnnData(of_model[start : start + BLOCK_CELLS].toarray(), var=var)
        table = celltypist.annotate(block, model=model, majority_voting=False).probability_matrix
        parts.append(table.set_axis(parts[0].columns, axis=1))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _celltypist() -> ModuleType:
    """Import CellTypist, and undo what that does to home directory, logging and warnings of the process."""
    before, quiet = os.environ.get("CELLTYPIST_FOLDER"), logging.NullHandler()
    # the home of a compute node may not be writable, and no model is ever fetched into that folder
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        os.environ["CELLTYPIST_FOLDER"] = folder
        warnings.simplefilter("ignore", FutureWarning)  # of scanpy.__version__, which it imports
        logging.root.addHandler(quiet)  # with a handler there, its logging.basicConfig changes nothing
        try:
            import celltypist
        finally:
            logging.root.removeHandler(quiet)
            del os.environ["CELLTYPIST_FOLDER"]
            if before is not None:
                os.environ["CELLTYPIST_FOLDER"] = before
    return celltypist
