"""Counts of a sample as the ingest step stored them (:mod:`cd20scope.counts.store`), read by h5py alone.

The layout of the project's own file is known, and to import anndata takes 0.3 s of processor time, a fifth of each job
that labels a sample.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.foreign import check_lengths, checked, explained
from cd20scope.counts.matrix import Counts, Genes, IngestError

EMPTY = "empty_droplets"
"""Column of ``var``: molecules of a gene in droplets without a cell."""

DIGEST = "digest"
"""Attribute of ``var``: SHA-256 of the names and ids of its genes, equal where they are."""

RUN_AGAIN = "remove it and run again, so that the ingest step makes it anew"


def read_counts(path: Path | str) -> Counts:
    """Read what :func:`cd20scope.counts.store.write_counts` wrote, without its protein and gene ids.

    Raises
    ------
    IngestError
        When the file is damaged or was written by something else.
    """
    path = Path(path)
    with opened(path) as (file, _):
        obs, var = file["obs"], file["var"]
        matrix = _read_matrix(file["X"])
        barcodes = _read_text(obs[obs.attrs["_index"]]).astype(np.str_)
        genes = {"gene": _read_text(var[var.attrs["_index"]])}
        empty = var[EMPTY][:] if EMPTY in var else None
    return Counts(matrix=matrix, barcodes=barcodes, genes=genes, empty=empty)


def read_genes(paths: Mapping[str, Path | str]) -> dict[str, Genes]:
    """Read the genes alone: ``gene`` and ``gene_id``, in order.

    Parameters
    ----------
    paths
        By sample. Samples mostly share their reference: each list of genes is read once, and is one object.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    lists: dict[str, Genes] = {}
    found = {}
    for sample, path in paths.items():
        with opened(Path(path)) as (file, _):
            var = file["var"]
            # a file of another version has no digest, and its list is its own
            digest = var.attrs.get(DIGEST, sample)
            if digest not in lists:
                columns = {"gene": var.attrs["_index"], "gene_id": "gene_id"}
                lists[digest] = {name: _read_text(var[column]) for name, column in columns.items()}
            found[sample] = lists[digest]
    return found


def read_barcodes(path: Path | str) -> npt.NDArray[np.str_]:
    """Read the barcodes alone of what :func:`cd20scope.counts.store.write_counts` wrote, in order.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with opened(Path(path)) as (file, _):
        return _read_text(file["obs"][file["obs"].attrs["_index"]]).astype(np.str_)


def count_stored(path: Path | str) -> int:
    """Count the values above zero in what :func:`cd20scope.counts.store.write_counts` wrote.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with opened(Path(path)) as (file, _):
        return int(file["X"]["data"].shape[0])


@contextmanager
def opened(path: Path) -> Iterator[tuple[h5py.File, int]]:
    """Open what :func:`cd20scope.counts.store.write_counts` wrote; the file and its number of cells."""
    with explained(path, remedy=RUN_AGAIN), h5py.File(path, "r") as file:
        X = file.get("X")
        if X is None or X.attrs.get("encoding-type") != "csr_matrix" or "gene_id" not in file.get("var", ()):
            raise IngestError(f"{path}: not written by the ingest step: {RUN_AGAIN}.")
        yield file, int(X.attrs["shape"][0])


def _read_matrix(group: h5py.Group) -> sparse.csr_matrix:
    values = (group["data"][:], group["indices"][:], group["indptr"][:])
    return checked(sparse.csr_matrix(values, shape=tuple(group.attrs["shape"])))


def _read_text(array: h5py.Dataset) -> npt.NDArray[np.object_]:
    texts: npt.NDArray[np.object_] = array.asstr()[:]
    check_lengths(texts.tolist())
    return texts
