"""HDF5 files that are not read: what they are, and the command that makes of them one that is."""

from pathlib import Path

import h5py


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
