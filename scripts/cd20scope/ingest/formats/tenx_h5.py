"""10x HDF5 files of Cell Ranger 1 to 9."""

from pathlib import Path

import h5py
from scipy import sparse

from cd20scope.counts.hdf5 import NO_STRINGS, Rows, check_size, checked, read_strings, take_rows
from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.h5ad import compressed
from cd20scope.ingest.formats.source import N_HEAD, Source, tell_apart


def _version_2_groups(file: h5py.File) -> list[str]:
    """Genomes of a Cell Ranger 1 or 2 file: one group each."""
    return [name for name, node in file.items() if isinstance(node, h5py.Group) and "gene_names" in node]


def _10x_h5(file: h5py.File, path: Path) -> Source:
    if "matrix" in file:
        group, features = file["matrix"], file["matrix"]["features"]
        names = read_strings(features["name"])
        ids = read_strings(features["id"]) if "id" in features else NO_STRINGS
        types = read_strings(features["feature_type"]) if "feature_type" in features else NO_STRINGS
    else:
        genomes = _version_2_groups(file)
        if len(genomes) > 1:
            raise IngestError(
                f"{path}: several genomes ({', '.join(genomes)}). Give a file of the human counts alone."
            )
        group = file[genomes[0]]
        names, ids, types = read_strings(group["gene_names"]), read_strings(group["genes"]), NO_STRINGS
    keep, antibodies = tell_apart(types, n_features=len(names), where=str(path))
    n_features, n_cells = (int(n) for n in group["shape"][:])
    shape = (n_cells, n_features)
    check_size(int(group["data"].shape[0]), path=path, what="stored values")
    check_size(int(group["barcodes"].shape[0]), path=path, what="barcodes")

    def load(rows: Rows | None) -> sparse.csr_matrix:
        if rows is not None:
            return take_rows(group, rows, n_columns=n_features)
        return checked(sparse.csr_matrix(compressed(group), shape=shape))

    # Genes x cells by column is, number for number, cells x genes by row.
    return Source(
        place=group.name.strip("/"),
        shape=shape,
        barcodes=read_strings(group["barcodes"]),
        names=names,
        ids=ids,
        keep=keep,
        antibodies=antibodies,
        head=lambda: checked(sparse.csr_matrix(compressed(group, N_HEAD), shape=shape)),
        load=load,
    )
