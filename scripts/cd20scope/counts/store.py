"""The one file of counts that later steps read: ``results/ingest/{sample}.h5ad``, written once.

It is an ordinary h5ad file, cells x genes, raw integers in CSR. It is written and read through h5py: importing anndata
takes half of the time of a small sample's job. A test reads it through anndata.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.hdf5 import explained, read_strings, take_rows
from cd20scope.counts.matrix import Counts, Genes, IngestError

if TYPE_CHECKING:
    import pandas as pd

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""For 9 million stored counts: 0.4 s to write, 0.2 s to read, 15 MB. Without shuffle 0.7 s and 22 MB; level 4
takes 0.6 s for 14 MB; lzf is as fast but 18 to 38 MB, and few HDF5 libraries outside Python read it."""

EMPTY = "empty_droplets"
"""Column of ``var``: molecules of a gene in droplets without a cell."""

DIGEST = "digest"
"""Attribute of ``var``: SHA-256 of the names and ids of its genes, equal where they are."""

RUN_AGAIN = "remove it and run again, so that the ingest step makes it anew"


def write_counts(counts: Counts, path: Path | str, *, provenance: Mapping[str, str]) -> None:
    """Write the counts of a sample as h5ad; the same input gives the same bytes.

    Parameters
    ----------
    counts
        As :func:`read_sample` gives them.
    path
        To write to; an existing file is replaced.
    provenance
        What the sheet says about the sample; kept in ``uns['sample']``. No times or machine names, which
        would make every run's file another.
    """
    # Python's text, in arrays of objects, is stored as strings of any length, which every anndata reads.
    gene, gene_id = counts.genes["gene"], counts.genes["gene_id"]
    var: dict[str, npt.NDArray[Any]] = {"gene_id": gene_id}
    if counts.empty is not None:
        var[EMPTY] = counts.empty
    with h5py.File(path, "w") as file:
        _mark(file, "anndata", "0.1.0")
        X, matrix = file.create_group("X"), counts.matrix
        _mark(X, "csr_matrix", "0.1.0", shape=np.array(matrix.shape))
        for name in ("data", "indices", "indptr"):
            X.create_dataset(name, data=getattr(matrix, name), **COMPRESSION)
        _write_table(file, "obs", counts.barcodes.astype(object), {}, index="barcode")
        _write_table(file, "var", gene, var, index="gene")
        file["var"].attrs[DIGEST] = hashlib.sha256("\n".join([*gene, *gene_id]).encode()).hexdigest()
        if (protein := counts.protein) is not None:
            _mark(file.create_group("obsm"), "dict", "0.1.0")
            columns = {str(name): protein[name].to_numpy() for name in protein}
            index = "_index" if "barcode" in columns else "barcode"  # whatever an antibody is called
            _write_table(file["obsm"], "protein", counts.barcodes.astype(object), columns, index=index)
        for name in ("uns", "uns/sample"):
            _mark(file.create_group(name), "dict", "0.1.0")
        for key, value in provenance.items():
            _mark(file["uns/sample"].create_dataset(key, data=str(value)), "string", "0.2.0")


def _mark(node: h5py.Group | h5py.Dataset, encoding: str, version: str, **more: object) -> None:
    """Say what an element is, in the words of the AnnData file format."""
    node.attrs.update({"encoding-type": encoding, "encoding-version": version, **more})


def _write_table(
    parent: h5py.Group,
    name: str,
    rows: npt.NDArray[np.object_],
    columns: Mapping[str, npt.NDArray[Any]],
    *,
    index: str,
) -> None:
    """Write a table of text and numbers as AnnData does, its rows named by the column ``index``."""
    table = parent.create_group(name)
    order = np.array(list(columns), dtype=h5py.string_dtype())
    _mark(table, "dataframe", "0.2.0", **{"_index": index, "column-order": order})
    for column, values in {index: rows, **columns}.items():
        text = values.dtype == object
        kind = h5py.string_dtype() if text else None
        made = table.create_dataset(column, data=values, dtype=kind, **COMPRESSION)
        _mark(made, "string-array" if text else "array", "0.2.0")


def read_counts(path: Path | str) -> Counts:
    """Read what :func:`write_counts` wrote, without its protein and gene ids and without importing anndata.

    Raises
    ------
    IngestError
        When the file is damaged or was written by something else.
    """
    path = Path(path)
    with _opened(path) as (file, shape):
        X, obs = file["X"], file["obs"]
        matrix = sparse.csr_matrix((X["data"][:], X["indices"][:], X["indptr"][:]), shape=shape)
        barcodes = read_strings(obs[obs.attrs["_index"]])
        genes = {"gene": read_strings(file["var"][file["var"].attrs["_index"]]).astype(object)}
        empty = file["var"][EMPTY][:] if EMPTY in file["var"] else None
    return Counts(matrix=matrix, barcodes=barcodes, genes=genes, empty=empty)


def read_genes(paths: Mapping[str, Path | str]) -> dict[str, Genes]:
    """Read the genes alone of what :func:`write_counts` wrote: ``gene`` and ``gene_id``, in order.

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
        with _opened(Path(path)) as (file, _):
            var = file["var"]
            # a file of another version has no digest, and its list is its own
            digest = var.attrs.get(DIGEST, sample)
            if digest not in lists:
                columns = {"gene": var.attrs["_index"], "gene_id": "gene_id"}
                lists[digest] = {
                    name: read_strings(var[column]).astype(object) for name, column in columns.items()
                }
            found[sample] = lists[digest]
    return found


def read_barcodes(path: Path | str) -> npt.NDArray[np.str_]:
    """Read the barcodes alone of what :func:`write_counts` wrote, in order.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with _opened(Path(path)) as (file, _):
        return read_strings(file["obs"][file["obs"].attrs["_index"]])


def read_protein(path: Path | str) -> "pd.DataFrame | None":
    """Read the antibody counts of what :func:`write_counts` wrote, without importing anndata.

    Returns
    -------
    Cells x antibodies, int32, in the order of the cells, barcodes as index (``barcode``); None for a sample
    without.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    import pandas as pd

    with _opened(Path(path)) as (file, _):
        if "obsm/protein" not in file:
            return None
        table = file["obsm/protein"]
        barcodes = pd.Index(read_strings(table[table.attrs["_index"]]), name="barcode")
        counts = {name: table[name][:] for name in table.attrs["column-order"]}
    return pd.DataFrame(counts, index=barcodes)


def read_rows(path: Path | str, rows: npt.NDArray[np.integer]) -> sparse.csr_matrix:
    """Read chosen cells of what :func:`write_counts` wrote, never holding more than a block of the others.

    Parameters
    ----------
    path
        As for :func:`read_counts`.
    rows
        Positions of the cells in the file, in any order, repeats allowed.

    Returns
    -------
    Cells x genes, int32, in the order of ``rows``.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    IndexError
        When a position lies outside the file.
    """
    path = Path(path)
    rows = np.asarray(rows, dtype=np.int64)
    wanted, back = np.unique(rows, return_inverse=True)
    with _opened(path) as (file, (n_cells, n_genes)):
        if wanted.size and not 0 <= wanted[0] <= wanted[-1] < n_cells:
            raise IndexError(
                f"{path}: cells {wanted[0]} to {wanted[-1]} asked for; it holds 0 to {n_cells - 1}."
            )
        taken = take_rows(file["X"], wanted, n_columns=n_genes)
    chosen: sparse.csr_matrix = taken[back]
    return chosen


@contextmanager
def _opened(path: Path) -> Iterator[tuple[h5py.File, tuple[int, int]]]:
    """Open what :func:`write_counts` wrote; the file and the shape of its matrix."""
    with explained(path, remedy=RUN_AGAIN), h5py.File(path, "r") as file:
        X = file.get("X")
        if X is None or X.attrs.get("encoding-type") != "csr_matrix" or "gene_id" not in file.get("var", ()):
            raise IngestError(f"{path}: not written by the ingest step: {RUN_AGAIN}.")
        n_cells, n_genes = (int(n) for n in X.attrs["shape"])
        yield file, (n_cells, n_genes)
