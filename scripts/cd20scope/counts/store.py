"""The one file of counts that later steps read: ``results/ingest/{sample}.h5ad``, written once.

It is an ordinary h5ad file, cells x genes, raw integers in CSR, written and read by anndata element by element: most
steps need a part of it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata.io import write_elem
from scipy import sparse

from cd20scope.counts.hdf5 import read_element, read_matrix
from cd20scope.counts.ingested import DIGEST, EMPTY, opened
from cd20scope.counts.matrix import Counts

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""For 9 million stored counts: 0.4 s to write, 0.2 s to read, 15 MB. Without shuffle 0.7 s and 22 MB; level 4
takes 0.6 s for 14 MB; lzf is as fast but 18 to 38 MB, and few HDF5 libraries outside Python read it."""


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
    # Python's text, in columns of objects, is stored as strings of any length, which every anndata reads.
    gene, gene_id = counts.genes["gene"], counts.genes["gene_id"]
    var = pd.DataFrame({"gene_id": gene_id}, index=pd.Index(gene, dtype=object, name="gene"), dtype=object)
    if counts.empty is not None:
        var[EMPTY] = counts.empty
    obs = pd.DataFrame(index=pd.Index(counts.barcodes.astype(object), dtype=object, name="barcode"))
    table = ad.AnnData(counts.matrix, obs=obs, var=var)
    with h5py.File(path, "w") as file:
        write_elem(file, "/", table, dataset_kwargs=COMPRESSION)
        # HDF5 compresses no single values
        write_elem(file["uns"], "sample", dict(provenance))
        if (protein := counts.protein) is not None:
            # whatever an antibody is called
            index = obs.index.rename(None if "barcode" in protein else "barcode")
            write_elem(file["obsm"], "protein", protein.set_axis(index, axis=0), dataset_kwargs=COMPRESSION)
        file["var"].attrs[DIGEST] = hashlib.sha256("\n".join([*gene, *gene_id]).encode()).hexdigest()


def read_protein(path: Path | str) -> pd.DataFrame | None:
    """Read the antibody counts of what :func:`write_counts` wrote.

    Returns
    -------
    Cells x antibodies, int32, in the order of the cells, barcodes as index (``barcode``); None for a sample
    without.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with opened(Path(path)) as (file, _):
        if "obsm/protein" not in file:
            return None
        table: pd.DataFrame = read_element(file["obsm/protein"])
    return table.set_axis(pd.Index(table.index.astype(str), name="barcode"), axis=0)


def read_rows(path: Path | str, rows: npt.NDArray[np.integer]) -> sparse.csr_matrix:
    """Read chosen cells of what :func:`write_counts` wrote, never holding the others.

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
    with opened(path) as (file, n_cells):
        inside = not wanted.size or 0 <= wanted[0] <= wanted[-1] < n_cells
        taken = read_matrix(file["X"], wanted) if inside else sparse.csr_matrix((0, 0))
    if not inside:  # a mistake of the caller, not of the file
        raise IndexError(f"{path}: cells {wanted[0]} to {wanted[-1]} asked for; it holds 0 to {n_cells - 1}.")
    chosen: sparse.csr_matrix = taken[back]
    return chosen
