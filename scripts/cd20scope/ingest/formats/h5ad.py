"""Files of anndata, h5ad and zarr: the places that may hold counts, read without anndata itself."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from cd20scope.counts.hdf5 import (
    BLOCK_ROWS,
    NO_STRINGS,
    Node,
    Rows,
    check_size,
    checked,
    is_array,
    read_strings,
    take_rows,
    take_rows_by_column,
)
from cd20scope.counts.matrix import ENSEMBL, IngestError, Strings, share
from cd20scope.ingest.antibodies import obsm_tables
from cd20scope.ingest.formats.source import N_HEAD, Source, Table, tell_apart

SYMBOL_COLUMNS = (
    "feature_name",
    "gene_symbols",
    "gene_symbol",
    "gene_names",
    "gene_name",
    "symbol",
    "symbols",
)
ID_COLUMNS = ("gene_ids", "gene_id", "ensembl_id", "ensembl_ids", "ensembl", "feature_id", "ensg")
TYPE_COLUMNS = ("feature_types", "feature_type")


def open_anndata(file: Node, path: Path, *, place: str = "") -> list[Source]:
    """List the places of counts in an open h5ad file or zarr store, the likeliest first.

    Parameters
    ----------
    file
        The open file.
    path
        For the error.
    place
        The one to use: ``X``, ``raw.X`` or ``layers['name']``; empty (default) for X, layers['counts'] and raw.X.

    Raises
    ------
    IngestError
    """
    if is_array(file["obs"]) or is_array(file["var"]):
        raise IngestError(
            f"{path}: written by anndata before 0.7, whose tables are no longer read. Read it with such an "
            "anndata and write it again with a newer one."
        )
    layers = list(file["layers"]) if "layers" in file else []
    places = {"X": "X", "layers['counts']": "layers/counts"}
    places |= {f"layers['{name}']": f"layers/{name}" for name in layers} | {"raw.X": "raw/X"}
    tried = (place,) if place else ("X", "layers['counts']", "raw.X")
    found = [name for name, key in places.items() if _is_matrix(file, key)]
    if place and place not in found:
        raise IngestError(
            f"{path}: no {place}, which ingest: place of the configuration asks for; it has {', '.join(found)}."
        )
    obs = file["obs"]
    index = obs[obs.attrs.get("_index", "_index")]
    stored = index if is_array(index) else index["codes" if "codes" in index else "values"]
    check_size(int(stored.shape[0]), path=path, what="cells")
    barcodes, tables = read_strings(index), obsm_tables(file)
    columns = {
        name: partial(_text, obs[name])
        for name in obs
        if name not in (obs.attrs.get("_index", "_index"), "__categories")
    }
    sources = []
    for name in (name for name in tried if name in found):
        node, frame = file[places[name]], file["raw/var" if name == "raw.X" else "var"]
        rows, n_columns = node.shape if is_array(node) else node.attrs["shape"]
        shape = (int(rows), int(n_columns))
        if not is_array(node):
            check_size(int(node["data"].shape[0]), path=path, what="stored values")
        elif shape[0] == len(barcodes):
            check_size(shape[0] * shape[1], path=path, what="stored values")
        sources.append(_source(name, node, frame, shape, path, barcodes, tables, columns))
    if not sources:
        raise IngestError(
            f"{path}: an h5ad file without X, layers['counts'] or raw. Write the raw counts into X, or name the layer "
            "that holds them under ingest: place in the configuration."
        )
    return sources


def _source(
    place: str,
    node: Node,
    frame: Node,
    shape: tuple[int, int],
    path: Path,
    barcodes: Strings,
    tables: tuple[Table, ...],
    columns: Mapping[str, Callable[[], Strings]],
) -> Source:
    names, ids, types = _index(frame), _column(frame, ID_COLUMNS), _column(frame, TYPE_COLUMNS)
    symbols = _column(frame, SYMBOL_COLUMNS)
    if symbols.size and share(names, ENSEMBL) > 0.5:
        names, ids = symbols, names
    keep, antibodies = tell_apart(types, n_features=len(names), where=str(path))
    return Source(
        place=place,
        shape=shape,
        barcodes=barcodes,
        names=names,
        ids=ids,
        keep=keep,
        antibodies=antibodies,
        head=partial(_head, node, shape),
        load=partial(_load, node, shape),
        tables=tables,
        columns=columns,
    )


def compressed(group: Node, stop: int | None = None) -> tuple[Any, Any, Any]:
    """Values, indices and pointers of the first ``stop`` stored values of a compressed matrix."""
    pointers = group["indptr"][:]
    return (
        group["data"][:stop],
        group["indices"][:stop],
        pointers if stop is None else np.minimum(pointers, stop),
    )


def _index(frame: Node) -> Strings:
    return read_strings(frame[frame.attrs.get("_index", "_index")])


def _text(node: Node) -> Strings:
    """Read a column as text; whole numbers without a point, so that 1.0 of a nullable column is 1."""
    if is_array(node) and node.dtype.kind == "f":
        return np.array([f"{value:g}" for value in node[:]], dtype=np.str_)
    return read_strings(node)


def _column(frame: Node, names: tuple[str, ...]) -> Strings:
    """Text of the first column of one of these names, in any case; empty when there is none."""
    found = {name.lower(): name for name in frame}
    return next((read_strings(frame[found[name]]) for name in names if name in found), NO_STRINGS)


def _is_matrix(file: Node, key: str) -> bool:
    return key in file and file[key].attrs.get("encoding-type") != "null"


def _by_column(node: Node) -> bool:
    return bool(node.attrs["encoding-type"] == "csc_matrix")


def _head(node: Node, shape: tuple[int, int]) -> sparse.csr_matrix:
    if is_array(node):
        rows = sparse.csr_matrix(node[: max(1, N_HEAD // shape[1])])
        rows.resize(shape)
        return rows
    kind = sparse.csc_matrix if _by_column(node) else sparse.csr_matrix
    return checked(kind(compressed(node, N_HEAD), shape=shape))  # type: ignore[arg-type]


def _load(node: Node, shape: tuple[int, int], rows: Rows | None) -> sparse.csr_matrix:
    if is_array(node):
        wanted = np.arange(shape[0]) if rows is None else rows
        parts = [sparse.csr_matrix((0, shape[1]), dtype=node.dtype)]
        for at in np.unique(wanted // BLOCK_ROWS) * BLOCK_ROWS:
            inside = wanted[(wanted >= at) & (wanted < at + BLOCK_ROWS)]
            block = node[int(inside[0]) : int(inside[-1]) + 1]
            parts.append(sparse.csr_matrix(block[inside - inside[0]]))
        stacked: sparse.csr_matrix = sparse.vstack(parts, format="csr")
        return stacked
    if rows is not None:
        if _by_column(node):
            return take_rows_by_column(node, rows, shape=shape)
        return take_rows(node, rows, n_columns=shape[1])
    kind = sparse.csc_matrix if _by_column(node) else sparse.csr_matrix
    return checked(kind(compressed(node), shape=shape))  # type: ignore[arg-type]
