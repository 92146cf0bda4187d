"""Files of anndata, h5ad and zarr: the places that may hold counts, read by anndata's element readers."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cd20scope.counts.foreign import check_size
from cd20scope.counts.hdf5 import (
    NO_STRINGS,
    Element,
    Node,
    as_strings,
    index_of,
    is_array,
    read_columns,
    read_head,
    read_matrix,
)
from cd20scope.counts.matrix import ANCHORS, ENSEMBL, IngestError, Strings, share
from cd20scope.ingest.antibodies import obsm_tables
from cd20scope.ingest.formats.features import Features, are_types, tell_apart
from cd20scope.ingest.formats.source import N_HEAD, Source, Table, part_of_counts, without_parts
from cd20scope.ingest.formats.unread import name_zarr

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
TYPE_COLUMNS = ("feature_types", "feature_type", "modality", "type", "assay", "feature_class")
"""Columns that may hold feature types; one that holds other words, such as biotypes, is none."""

NUMBERED = re.compile(r"(?:gene|feature|var|v)?[-_ ]?\d+", flags=re.IGNORECASE)
"""Names that count features and name none."""
ANCHOR_NAMES = frozenset(ANCHORS)
SOME = 1000
"""Names by which a column is told."""


def open_anndata(file: Node, path: Path, *, place: str = "") -> list[Source]:
    """List the places of counts in an open h5ad file or zarr store, the likeliest first.

    Parameters
    ----------
    file
        The open file.
    path
        For the error.
    place
        The one to use: ``X``, ``raw.X`` or ``layers['name']``; empty (default) for all but layers that hold a part of
        the molecules by their name, such as ``spliced``.

    Raises
    ------
    IngestError
    """
    if "obs" not in file or "var" not in file:
        raise IngestError(f"{path}: {name_zarr(file)}.")
    if is_array(file["obs"]) or is_array(file["var"]):
        raise IngestError(
            f"{path}: written by anndata before 0.7, whose tables are no longer read. Read it with such an "
            "anndata and write it again with a newer one."
        )
    layers = list(file["layers"]) if "layers" in file else []
    places = {"X": "X", "layers['counts']": "layers/counts"}
    places |= {f"layers['{name}']": f"layers/{name}" for name in layers} | {"raw.X": "raw/X"}
    found = [name for name, key in places.items() if _is_matrix(file, key)]
    if place and place not in found:
        raise IngestError(
            f"{path}: no {place}, which ingest: place of the configuration asks for; it has {', '.join(found)}."
        )
    tried = [place] if place else [name for name in found if not part_of_counts(name)]
    cells = _read_cells(file, path)
    sources = []
    of_frame: dict[str, tuple[Strings, Strings, Features]] = {}
    for name in tried:
        node, frame = file[places[name]], "raw/var" if name == "raw.X" else "var"
        shape = _check_shape(node, path, n_cells=len(cells.barcodes))
        if frame not in of_frame:
            of_frame[frame] = _features(file[frame], path)
        names, ids, features = of_frame[frame]
        sources.append(
            Source(
                place=name,
                shape=shape,
                barcodes=cells.barcodes,
                names=names,
                ids=ids,
                keep=features.keep,
                antibodies=features.antibodies,
                left_out=features.left_out,
                head=partial(read_head, node, N_HEAD),
                load=partial(read_matrix, node),
                tables=cells.tables,
                columns=cells.columns,
            )
        )
    if not sources:
        raise IngestError(
            f"{path}: an h5ad file without X, a layer or raw that may hold counts; found {', '.join(found) or 'none'}. "
            "Write the raw counts into X, or name the layer that holds them under ingest: place in the configuration."
        )
    if place:
        return sources
    parts = {name: partial(read_matrix, file[f"layers/{name}"]) for name in layers}
    return without_parts(sources, parts, where=str(path))


class _Cells(NamedTuple):
    """Names of the cells of a file, tables of antibodies beside the counts, and readers of columns."""

    barcodes: Strings
    tables: tuple[Table, ...]
    columns: Mapping[str, Callable[[], Strings]]


def _read_cells(file: Node, path: Path) -> _Cells:
    obs, read = file["obs"], read_columns(file["obs"])
    index = obs[index_of(obs)]
    stored = index if is_array(index) else index["codes" if "codes" in index else "values"]
    check_size(int(stored.shape[0]), path=path, what="cells")
    columns = {
        name: partial(_text, read, name)
        for name in obs
        if name not in (index_of(obs), "__categories") and _is_column(obs[name])
    }
    return _Cells(as_strings(read(index_of(obs))), obsm_tables(file), columns)


def _check_shape(node: Node, path: Path, *, n_cells: int) -> tuple[int, int]:
    """Cells and genes of a matrix, once its file is proven to have room for so many."""
    rows, n_columns = map(int, node.shape if is_array(node) else node.attrs["shape"])
    if not is_array(node):
        check_size(int(node["data"].shape[0]), path=path, what="stored values")
    elif rows == n_cells:
        check_size(rows * n_columns, path=path, what="stored values")
    return rows, n_columns


def _features(frame: Node, path: Path) -> tuple[Strings, Strings, Features]:
    """Read names and ids of the features of a table, and what they are."""
    read = read_columns(frame)
    names, ids = _genes(frame, read)
    held = (_column(frame, read, (name,)) for name in TYPE_COLUMNS)
    types = next((found for found in held if are_types(found)), NO_STRINGS)
    return names, ids, tell_apart(names, ids, types, where=str(path))


def _genes(frame: Node, read: Callable[[str], Element]) -> tuple[Strings, Strings]:
    """Give symbols and ids: of the index, or of the column that holds genes where the index is numbers or ids."""
    names, ids = as_strings(read(index_of(frame))), _column(frame, read, ID_COLUMNS)
    if share(names[:SOME], ENSEMBL) > 0.5:
        symbols = _column(frame, read, SYMBOL_COLUMNS)
        return (symbols, names) if symbols.size else (names, ids)
    if not ANCHOR_NAMES.isdisjoint(names.tolist()):
        return names, ids
    numbered = share(names[:SOME], NUMBERED) > 0.5
    if numbered and (symbols := _column(frame, read, SYMBOL_COLUMNS)).size:
        return symbols, ids
    texts = [as_strings(read(name)) for name in frame if name != "__categories" and _is_text(frame[name])]
    best = max(texts, key=_n_anchors, default=NO_STRINGS)
    if _n_anchors(best) > 1:
        return best, ids
    return (ids, ids) if numbered and ids.size else (names, ids)


def _n_anchors(names: Strings) -> int:
    return len(ANCHOR_NAMES & set(names.tolist()))


def _is_column(node: Node) -> bool:
    """Whether a node is a column, and not what a slash in a column's name makes: a group."""
    return is_array(node) or node.attrs.get("encoding-type", "dict") != "dict"


def _is_text(node: Node) -> bool:
    return _is_column(node) and (not is_array(node) or node.dtype.kind in "OSUT")


def _text(read: Callable[[str], Element], name: str) -> Strings:
    return as_strings(read(name))


def _column(frame: Node, read: Callable[[str], Element], names: tuple[str, ...]) -> Strings:
    """Text of the first column of one of these names, in any case; empty when there is none."""
    found = {name.lower(): name for name in frame}
    return next((as_strings(read(found[name])) for name in names if name in found), NO_STRINGS)


def _is_matrix(file: Node, key: str) -> bool:
    return key in file and file[key].attrs.get("encoding-type") not in (
        "null",
        "dict",
        "dataframe",
        "anndata",
    )
