"""Loom files: genes x cells in one dense HDF5 array, names and columns in row and column attributes.

anndata reads loom through loompy, whose last release is of 2020; an own reader of 40 lines needs no such package.
"""

from functools import partial
from pathlib import Path

import h5py
import numpy as np
from scipy import sparse

from cd20scope.counts.foreign import check_size
from cd20scope.counts.hdf5 import NO_STRINGS, Rows, as_sparse, read_strings, take_rows
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.formats.features import tell_apart
from cd20scope.ingest.formats.source import N_HEAD, Source, part_of_counts, without_parts

CELLS = ("CellID", "obs_names", "cell_id", "cell_names", "barcode", "barcodes")
GENES = ("Gene", "var_names", "gene_name", "gene_names", "symbol")
IDS = ("Accession", "gene_ids", "gene_id", "ensembl_id", "ensembl_ids", "ensembl")


def open_loom(file: h5py.File, path: Path) -> list[Source]:
    """Give the counts of a loom file; see :func:`cd20scope.ingest.formats.detect.open_sources`.

    Raises
    ------
    IngestError
    """
    node, of_genes, of_cells = file["matrix"], file["row_attrs"], file["col_attrs"]
    n_genes, n_cells = (int(n) for n in node.shape)
    for n, what in ((n_cells, "cells"), (n_genes, "genes"), (n_cells * n_genes, "values")):
        check_size(n, path=path, what=what)
    barcodes, ids = _first(of_cells, CELLS), _first(of_genes, IDS)
    names = _first(of_genes, (*GENES, *IDS))
    if not (names.size and barcodes.size):
        lacking, held = ("row_attrs", of_genes) if not names.size else ("col_attrs", of_cells)
        raise IngestError(
            f"{path}: a loom file whose {lacking} hold {', '.join(held) or 'nothing'}. Name genes in row_attrs/Gene "
            "and cells in col_attrs/CellID."
        )
    features = tell_apart(names, ids, NO_STRINGS, where=str(path))
    layers = {f"layers[{name!r}]": held for name, held in file.get("layers", {}).items()}
    places = {"matrix": node} | {
        place: held
        for place, held in layers.items()
        if held.shape == node.shape and not part_of_counts(place)
    }
    sources = [
        Source(
            place=place,
            shape=(n_cells, n_genes),
            barcodes=barcodes,
            names=names,
            ids=ids,
            keep=features.keep,
            antibodies=features.antibodies,
            left_out=features.left_out,
            head=partial(_load, held, np.arange(min(n_cells, max(1, N_HEAD // max(n_genes, 1)) + 9))),
            load=partial(_rows, held),
            columns={
                name: partial(read_strings, of_cells[name]) for name in of_cells if _is_text(of_cells[name])
            },
        )
        for place, held in places.items()
    ]
    parts = {name: partial(_rows, held) for name, held in file.get("layers", {}).items()}
    return without_parts(sources, parts, where=str(path))


def _is_text(attribute: h5py.Dataset) -> bool:
    """Whether an attribute has one value per cell: embeddings have two, clusterings of SCope a record."""
    return len(attribute.shape) == 1 and attribute.dtype.names is None


def _first(attributes: h5py.Group, names: tuple[str, ...]) -> Strings:
    return next(
        (
            read_strings(attributes[name])
            for name in names
            if name in attributes and _is_text(attributes[name])
        ),
        NO_STRINGS,
    )


def _rows(node: h5py.Dataset, rows: Rows | None) -> sparse.csr_matrix:
    return _load(node, np.arange(node.shape[1]) if rows is None else rows)


def _load(node: h5py.Dataset, rows: Rows) -> sparse.csr_matrix:
    return take_rows(
        lambda start, stop: as_sparse(node[:, start:stop].T),
        rows,
        n_columns=node.shape[0],
        dtype=node.dtype,
    )
