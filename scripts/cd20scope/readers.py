"""Foreign count files: 10x HDF5, 10x MTX folders and h5ad, opened without loading the matrix.

Each opener yields the places of a file that may hold counts, as :class:`~cd20scope.sources.Source`: names at
once, values on request. So a look at the first values and a full read go through the same code. 10x files are
read with h5py and scipy and not with scanpy, whose import takes longer (2 to 6 s) than reading a sample; of
anndata only :func:`anndata.io.read_elem` is used, imported where an h5ad matrix is loaded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from scipy import sparse

from cd20scope.antibodies import obsm_tables
from cd20scope.counts import ENSEMBL, IngestError, Strings, share
from cd20scope.mtx import locate, open_mtx
from cd20scope.sources import N_HEAD, NO_STRINGS, Source, checked, explained, read_strings, tell_apart

type Node = h5py.Group | h5py.Dataset

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
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
BLOCK_ROWS = 1024
"""Cells of a dense matrix read together: 120 MB at 30,000 genes in float32."""


def sniff_format(path: Path | str) -> str:
    """Tell the format of a count file from its content, whatever it is called.

    Returns
    -------
    ``"10x_h5"``, ``"10x_mtx"`` or ``"h5ad"``.

    Raises
    ------
    IngestError
        When the path is not there or its content is none of these.
    """
    path = Path(path)
    with explained(path):
        if not path.exists():
            raise IngestError(f"{path}: not there. Correct the path in the sample sheet.")
        if path.is_dir():
            locate(path, "matrix.mtx")
            return "10x_mtx"
        with path.open("rb") as handle:
            start = handle.read(len(HDF5_SIGNATURE))
        if start != HDF5_SIGNATURE:
            what = "is empty" if not start else f"is no HDF5 file (it starts with {start!r})"
            raise IngestError(
                f"{path}: {what}. Give a 10x HDF5 file, an h5ad file, or the folder that holds matrix.mtx, "
                "features.tsv and barcodes.tsv (the folder, not the matrix in it)."
            )
        with h5py.File(path, "r") as file:
            if "matrix" in file or _version_2_groups(file):
                return "10x_h5"
            if file.attrs.get("encoding-type") == "anndata" or {"obs", "var"} <= set(file):
                return "h5ad"
            raise IngestError(
                f"{path}: an HDF5 file, but neither 10x counts nor h5ad; it holds "
                f"{', '.join(file) or 'nothing'}. Give Cell Ranger's filtered_feature_bc_matrix.h5 or an "
                "h5ad file with raw counts."
            )


@contextmanager
def open_sources(path: Path, *, format: str) -> Iterator[list[Source]]:
    """Open a count file; the places where counts may be, the likeliest first.

    Parameters
    ----------
    path
        File or folder.
    format
        As :func:`sniff_format` tells it.

    Raises
    ------
    IngestError
        Also for whatever goes wrong while the file is open.
    """
    with explained(path):
        if format == "10x_mtx":
            yield [open_mtx(path)]
            return
        with h5py.File(path, "r") as file:
            yield [_10x_h5(file, path)] if format == "10x_h5" else _h5ad(file, path)


def _compressed(group: Node, stop: int | None = None) -> tuple[Any, Any, Any]:
    """Values, indices and pointers of the first ``stop`` stored values of a compressed matrix."""
    pointers = group["indptr"][:]
    return (
        group["data"][:stop],
        group["indices"][:stop],
        pointers if stop is None else np.minimum(pointers, stop),
    )


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
    # Genes x cells by column is, number for number, cells x genes by row.
    return Source(
        place=group.name.strip("/"),
        shape=shape,
        barcodes=read_strings(group["barcodes"]),
        names=names,
        ids=ids,
        keep=keep,
        antibodies=antibodies,
        head=lambda: checked(sparse.csr_matrix(_compressed(group, N_HEAD), shape=shape)),
        load=lambda: checked(sparse.csr_matrix(_compressed(group), shape=shape)),
    )


def _index(frame: h5py.Group) -> Strings:
    return read_strings(frame[frame.attrs.get("_index", "_index")])


def _column(frame: h5py.Group, names: tuple[str, ...]) -> Strings:
    """Text of the first column of one of these names, in any case; empty when there is none."""
    found = {name.lower(): name for name in frame}
    return next((read_strings(frame[found[name]]) for name in names if name in found), NO_STRINGS)


def _is_matrix(file: h5py.File, key: str) -> bool:
    return key in file and file[key].attrs.get("encoding-type") != "null"


def _h5ad_head(node: Node, shape: tuple[int, int]) -> sparse.csr_matrix:
    if isinstance(node, h5py.Dataset):
        rows = sparse.csr_matrix(node[: max(1, N_HEAD // shape[1])])
        rows.resize(shape)
        return rows
    by_column = node.attrs["encoding-type"] == "csc_matrix"
    kind = sparse.csc_matrix if by_column else sparse.csr_matrix
    return checked(cast("sparse.csr_matrix", kind(_compressed(node, N_HEAD), shape=shape)))


def _h5ad_load(node: Node, shape: tuple[int, int]) -> sparse.csr_matrix:
    if isinstance(node, h5py.Dataset):
        starts = range(0, shape[0], BLOCK_ROWS)
        parts = [sparse.csr_matrix(node[at : at + BLOCK_ROWS]) for at in starts]
        stacked: sparse.csr_matrix = sparse.vstack(parts, format="csr")
        return stacked
    from anndata.io import read_elem  # costs a second or more: only for those who need it

    return checked(cast("sparse.csr_matrix", read_elem(node)))


def _h5ad(file: h5py.File, path: Path) -> list[Source]:
    if not (isinstance(file["obs"], h5py.Group) and isinstance(file["var"], h5py.Group)):
        raise IngestError(
            f"{path}: written by anndata before 0.7, whose tables are no longer read. Read it with such an "
            "anndata and write it again with a newer one."
        )
    barcodes, tables = _index(file["obs"]), obsm_tables(file)
    sources = []
    for place, key, var in (
        ("X", "X", "var"),
        ("layers['counts']", "layers/counts", "var"),
        ("raw.X", "raw/X", "raw/var"),
    ):
        if not _is_matrix(file, key):
            continue
        node, frame = file[key], file[var]
        n_rows, n_columns = node.shape if isinstance(node, h5py.Dataset) else node.attrs["shape"]
        shape = (int(n_rows), int(n_columns))
        names, ids, types = _index(frame), _column(frame, ID_COLUMNS), _column(frame, TYPE_COLUMNS)
        symbols = _column(frame, SYMBOL_COLUMNS)
        if symbols.size and share(names, ENSEMBL) > 0.5:
            names, ids = symbols, names
        keep, antibodies = tell_apart(types, n_features=len(names), where=str(path))
        sources.append(
            Source(
                place=place,
                shape=shape,
                barcodes=barcodes,
                names=names,
                ids=ids,
                keep=keep,
                antibodies=antibodies,
                head=partial(_h5ad_head, node, shape),
                load=partial(_h5ad_load, node, shape),
                tables=tables,
            )
        )
    if not sources:
        raise IngestError(
            f"{path}: an h5ad file without X, layers['counts'] or raw. Write the raw counts into X."
        )
    return sources
