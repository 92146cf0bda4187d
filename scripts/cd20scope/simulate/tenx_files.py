"""Writers of the 10x formats, for the built-in cohort and for tests of the readers."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import scipy  # scipy.io is imported where it is first used
import scipy.sparse as sp


def gene_ids(genes: Sequence[str]) -> list[str]:
    """Make up identifiers for genes that have none, in the form of Ensembl's but in a range that it does not use."""
    return [f"ENSG99{position:09d}" for position in range(len(genes))]


def write_h5(path: Path, counts: npt.NDArray[Any], *, genes: Sequence[str], barcodes: Sequence[str]) -> None:
    """Write counts (cells x genes) as the HDF5 file of Cell Ranger 3 and later."""
    matrix = sp.csr_matrix(
        counts
    )  # cells x genes by row is genes x cells by column, which the format asks for
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", track_order=False) as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes, dtype="S")
        for name, values in (("data", matrix.data.astype("i4")), ("indices", matrix.indices.astype("i8"))):
            group.create_dataset(name, data=values, compression="gzip", compression_opts=1)
        group["indptr"] = matrix.indptr.astype("i8")
        group["shape"] = np.array(matrix.shape[::-1], dtype="i4")
        features = group.create_group("features")
        features["id"] = np.array(gene_ids(genes), dtype="S")
        features["name"] = np.array(genes, dtype="S")
        features["feature_type"] = np.full(len(genes), b"Gene Expression")
        features["genome"] = np.full(len(genes), b"GRCh38")


def write_mtx(
    folder: Path, counts: npt.NDArray[Any], *, genes: Sequence[str], barcodes: Sequence[str]
) -> None:
    """Write counts (cells x genes) as the folder of Cell Ranger 3 and later: matrix, features and barcodes, gzipped."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, lines: list[str]) -> None:
        # no time stamp in the header, so that the same cohort gives the same bytes
        (folder / name).write_bytes(gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0))

    with gzip.GzipFile(folder / "matrix.mtx.gz", "wb", compresslevel=1, mtime=0) as file:
        scipy.io.mmwrite(file, sp.csr_matrix(counts).T.tocoo(), field="integer")
    pairs = zip(gene_ids(genes), genes, strict=True)
    write("features.tsv.gz", [f"{number}\t{gene}\tGene Expression\n" for number, gene in pairs])
    write("barcodes.tsv.gz", [f"{barcode}\n" for barcode in barcodes])
