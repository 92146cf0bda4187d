"""Files of anndata, h5ad and zarr: the places that may hold counts, read by anndata's element readers."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from cd20scope.counts.hdf5 import (
    NO_STRINGS,
    Element,
    Node,
    as_strings,
    check_size,
    index_of,
    is_array,
    read_columns,
    read_head,
    read_matrix,
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
    obs, read = file["obs"], read_columns(file["obs"])
    index = obs[index_of(obs)]
    stored = index if is_array(index) else index["codes" if "codes" in index else "values"]
    check_size(int(stored.shape[0]), path=path, what="cells")
    barcodes, tables = as_strings(read(index_of(obs))), obsm_tables(file)
    columns = {
        name: partial(_text, read, name) for name in obs if name not in (index_of(obs), "__categories")
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
    read = read_columns(frame)
    names = as_strings(read(index_of(frame)))
    ids, types = _column(frame, read, ID_COLUMNS), _column(frame, read, TYPE_COLUMNS)
    symbols = _column(frame, read, SYMBOL_COLUMNS)
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
        head=partial(read_head, node, N_HEAD),
        load=partial(read_matrix, node),
        tables=tables,
        columns=columns,
    )


def _text(read: Callable[[str], Element], name: str) -> Strings:
    return as_strings(read(name))


def _column(frame: Node, read: Callable[[str], Element], names: tuple[str, ...]) -> Strings:
    """Text of the first column of one of these names, in any case; empty when there is none."""
    found = {name.lower(): name for name in frame}
    return next((as_strings(read(found[name])) for name in names if name in found), NO_STRINGS)


def _is_matrix(file: Node, key: str) -> bool:
    return key in file and file[key].attrs.get("encoding-type") != "null"
