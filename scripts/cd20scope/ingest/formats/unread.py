"""HDF5 files and folders that are not read: what they are, and the command that makes of them one that is."""

import re
from collections.abc import Collection
from pathlib import Path

import h5py

from cd20scope.counts.hdf5 import Node


def name_hdf5(file: h5py.File, path: Path) -> str:
    """Say what an HDF5 file is that holds no counts which are read, and what to do."""
    held, quoted = set(file), repr(path.name)
    if {"assays", "meta.data"} <= held or "cell.names" in held:
        return f"a file of SeuratDisk. Write it as .rds (R): saveRDS(SeuratDisk::LoadH5Seurat({quoted}), 'x.rds')"
    if "posterior_noise_log_prob" in held or ("droplet_latents" in held and "matrix" not in held):
        return "CellBender's posterior, no counts. Give its _filtered.h5, or better Cell Ranger's matrix"
    if {"barcode_idx", "umi"} <= held or {"barcode", "gene", "umi"} <= held:
        return "Cell Ranger's molecule_info.h5, single molecules. Give filtered_feature_bc_matrix.h5 of the same run"
    if any(name.startswith("assay") for name in held):
        return (
            "arrays of R's HDF5Array, half of an object that se.rds completes. Write it as .rds with its counts in "
            "memory (R): x <- HDF5Array::loadHDF5SummarizedExperiment(FOLDER); assay(x) <- as(assay(x), 'dgCMatrix'); "
            "saveRDS(x, 'x.rds')"
        )
    return ""


def name_zarr(file: Node) -> str:
    """Say what a store is that holds no tables of cells and genes, and what to do."""
    if "tables" in file:
        tables = ", ".join(file["tables"]) or "none"
        return (
            f"a store of SpatialData with the tables {tables}. Write that of the cells as h5ad (Python): "
            "spatialdata.read_zarr(FOLDER).tables['table'].write_h5ad('x.h5ad')"
        )
    return (
        f"holds no tables obs and var of cells and genes, but {', '.join(file) or 'nothing'}: none of anndata's. Write "
        "its counts as h5ad"
    )


INSIDE = re.compile(
    r"(?:.*_)?filtered_(?:feature|gene)_bc_matri(?:x|ces)(?:_h5)?(?:\.h5)?|.*_filtered\.h5|.*\.(?:h5ad|h5mu|loom|zarr|rds)|"
    r"filtered|Gene|outs",
    flags=re.IGNORECASE,
)
"""Files of counts, and folders of them, by the names that tools give them."""


def name_unread(folder: Path, names: Collection[str]) -> str:
    """Say what a folder is that holds no counts which are read, and what to do; empty for one that is not known.

    Parameters
    ----------
    folder
        The folder, for the commands.
    names
        What it holds.
    """
    held, quoted = set(names), repr(folder.name)
    if {"idxptr", "version", "row_names", "col_names"} <= held:
        return (
            "a matrix of BPCells. Write it as .rds (R): saveRDS(as(BPCells::open_matrix_dir"
            f"({quoted}), 'dgCMatrix'), 'x.rds')"
        )
    if held & {"__group", "__tiledb_group.tdb"}:
        return (
            "an experiment of TileDB-SOMA. Write it as h5ad (Python): with tiledbsoma.open"
            f"({quoted}) as x: tiledbsoma.io.to_anndata(x, 'RNA', X_layer_name='raw').write_h5ad('x.h5ad'), with the "
            "layer of counts for raw"
        )
    if {"X.csv", "obs.csv", "var.csv"} <= held:
        return (
            "what anndata's write_csvs writes, with the names apart from the values. Put them together (Python): "
            "x = pandas.read_csv('X.csv', header=None); x.index = pandas.read_csv('obs.csv').iloc[:, 0]; "
            "x.columns = pandas.read_csv('var.csv').iloc[:, 0]; x.to_csv('counts.csv')"
        )
    if {"assays.h5", "se.rds"} <= held:
        return (
            "arrays of R's HDF5Array. Write it as .rds with its counts in memory (R): x <- HDF5Array::"
            f"loadHDF5SummarizedExperiment({quoted}); assay(x) <- as(assay(x), 'dgCMatrix'); saveRDS(x, 'x.rds')"
        )
    return ""


def name_inside(names: Collection[str]) -> str:
    """Name the files of counts in a folder that was given in their place; empty where there are none."""
    inside = sorted(filter(INSIDE.fullmatch, names), key=lambda name: (not name.endswith(".h5"), name))
    which = "one of them" if len(inside) > 1 else "that"
    return f"a folder that holds {', '.join(inside[:3])}. Give the path of {which}" if inside else ""
