"""10x HDF5 files of Cell Ranger 1 to 9."""

from pathlib import Path

import h5py
import numpy as np
from scipy import sparse

from cd20scope.counts.foreign import check_size, checked
from cd20scope.counts.hdf5 import NO_STRINGS, Rows, native, read_strings, take_rows
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.formats.features import tell_apart
from cd20scope.ingest.formats.source import N_HEAD, Source


def _version_2_groups(file: h5py.File) -> list[str]:
    """Genomes of a Cell Ranger 1 or 2 file: one group each."""
    return [name for name, node in file.items() if isinstance(node, h5py.Group) and "gene_names" in node]


def _matrix_and_features(file: h5py.File, path: Path) -> tuple[h5py.Group, Strings, Strings, Strings]:
    """Group of the matrix; names, ids and types of its features, of which an old file has no types."""
    if "matrix" in file:
        held = file["matrix"]["features"]
        ids, types = (
            read_strings(held[key]) if key in held else NO_STRINGS for key in ("id", "feature_type")
        )
        return file["matrix"], read_strings(held["name"]), ids, types
    genomes = _version_2_groups(file)
    if len(genomes) > 1:
        raise IngestError(
            f"{path}: several genomes ({', '.join(genomes)}). Give a file of the human counts alone."
        )
    group = file[genomes[0]]
    return group, read_strings(group["gene_names"]), read_strings(group["genes"]), NO_STRINGS


def _10x_h5(file: h5py.File, path: Path) -> Source:
    group, names, ids, types = _matrix_and_features(file, path)
    features = tell_apart(names, ids, types, where=str(path))
    n_features, n_cells = (int(n) for n in group["shape"][:])
    shape = (n_cells, n_features)
    check_size(int(group["data"].shape[0]), path=path, what="stored values")
    check_size(int(group["barcodes"].shape[0]), path=path, what="barcodes")

    pointers = group["indptr"][:].astype(np.int64)

    # Genes x cells by column is, number for number, cells x genes by row.
    def read(start: int, stop: int) -> sparse.csr_matrix:
        if pointers[0] != 0 or pointers[-1] != len(group["data"]):
            raise ValueError(
                f"indptr runs from {pointers[0]} to {pointers[-1]}, data from 0 to {len(group['data'])}"
            )
        bounds = pointers[start : stop + 1]
        span = slice(int(bounds[0]), int(bounds[-1]))
        stored = (native(group["data"][span]), native(group["indices"][span]), bounds - bounds[0])
        return checked(sparse.csr_matrix(stored, shape=(len(bounds) - 1, n_features)))

    def head() -> sparse.csr_matrix:
        first = read(0, max(1, int(np.searchsorted(pointers, N_HEAD))))
        first.resize(shape)
        return first

    def load(rows: Rows | None) -> sparse.csr_matrix:
        if rows is None:
            return read(0, n_cells)
        return take_rows(read, rows, n_columns=n_features, dtype=group["data"].dtype)

    return Source(
        place=group.name.strip("/"),
        shape=shape,
        barcodes=read_strings(group["barcodes"]),
        names=names,
        ids=ids,
        keep=features.keep,
        antibodies=features.antibodies,
        left_out=features.left_out,
        head=head,
        load=load,
    )
