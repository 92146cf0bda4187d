"""What R wrote of an object of single cells, put together as one h5ad file."""

import csv
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from cd20scope.counts.matrix import IngestError


def pack(parts: Path, path: Path) -> tuple[int, int]:
    """Write the parts of ``unpack_seurat.R`` as h5ad, whole or not at all: counts, cells, antibodies in obsm.

    Parameters
    ----------
    parts
        Folder of the parts. R keeps genes x cells by column, which is cells x genes by row.
    path
        File to write.

    Returns
    -------
    Cells and genes.

    Raises
    ------
    IngestError
        When the parts do not fit each other.
    """
    genes = (parts / "genes.txt").read_text(encoding="utf-8").splitlines()
    cells = (parts / "cells.txt").read_text(encoding="utf-8").splitlines()
    stored = (
        np.fromfile(parts / "values.bin", dtype=np.float64),
        np.fromfile(parts / "genes.bin", dtype=np.int32),
        np.fromfile(parts / "starts.bin", dtype=np.int32),
    )
    meta = pd.read_csv(parts / "meta.tsv", sep="\t", dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)
    if len(meta) != len(cells) or len(stored[2]) != len(cells) + 1:
        raise IngestError(
            f"{parts}: {len(cells):,} cells, {len(meta):,} rows of meta.data and {len(stored[2]) - 1:,} columns of "
            "counts do not fit. Remove the folder and run again."
        )
    obs = meta.astype(object).set_axis(pd.Index(cells, dtype=object), axis=0)
    var = pd.DataFrame(index=pd.Index(genes, dtype=object))
    for name, column in (("symbols", "gene_symbols"), ("types", "feature_types")):
        if (parts / f"{name}.txt").exists():
            var[column] = np.array(
                (parts / f"{name}.txt").read_text(encoding="utf-8").splitlines(), dtype=object
            )
    table = ad.AnnData(sparse.csr_matrix(stored, shape=(len(cells), len(genes))), obs=obs, var=var)
    if (parts / "antibodies.tsv").exists():
        protein = pd.read_csv(parts / "antibodies.tsv", sep="\t", quoting=csv.QUOTE_NONE)
        table.obsm["protein_counts"] = protein.to_numpy()
        # a slash in a name would make a folder of a column
        table.uns["protein_counts_names"] = np.array(protein.columns, dtype=object)
    table.write_h5ad(path, compression="gzip", compression_opts=1)
    return table.shape
