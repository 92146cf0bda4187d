"""The exported cells as plain files that R reads without HDF5, written block by block."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem

from cd20scope.export.cells import LAYER

MOST = 2**31 - 1
"""Stored values that a sparse matrix of R can hold: its pointers are 32-bit integers."""

VALUES = 10_000_000
"""Stored values in memory at a time."""

KINDS = {"b": "logical", "i": "numeric", "u": "numeric", "f": "numeric"}
"""Class in R of a column by the kind of its type; text otherwise."""


class TooLargeError(ValueError):
    """More counts than an object of R can hold."""


def write_plain(folder: Path, exported: Path | str) -> tuple[int, int]:
    """Write the counts, cells, genes, map and tables of ``cells.h5ad`` into a folder.

    The rows of cells of a matrix stored by row are the columns of R's matrix genes x cells, so that the three arrays
    are copied as they are: ``starts.bin`` (32-bit), ``genes.bin`` (32-bit, from 0), ``values.bin`` (64-bit floats).
    Beside them ``cells.tsv`` with the classes of its columns in ``classes.txt``, ``genes.tsv``, ``umap.tsv`` and one
    ``uns-<name>.tsv`` per table.

    Returns
    -------
    Numbers of cells and genes.

    Raises
    ------
    TooLargeError
        When R could not hold the counts in one matrix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(exported, "r") as file:
        counts = file["layers"][LAYER]
        if (stored := counts["data"].shape[0]) > MOST:
            raise TooLargeError(
                f"{stored:,} counts are stored, and a sparse matrix of R holds {MOST:,}. Use cells.h5ad, or export "
                "a study with fewer samples."
            )
        for name, array, kind in (
            ("starts", "indptr", "<i4"),
            ("genes", "indices", "<i4"),
            ("values", "data", "<f8"),
        ):
            _copy(counts[array], folder / f"{name}.bin", kind)
        cells: Any = read_elem(file["obs"])
        genes: Any = read_elem(file["var"])
        _write(cells, folder / "cells.tsv", index=True)
        kinds = [KINDS.get(cells[column].dtype.kind, "character") for column in cells]
        (folder / "classes.txt").write_text(
            "".join(f"{kind}\n" for kind in ("character", *kinds)), encoding="utf-8"
        )
        _write(genes, folder / "genes.tsv", index=True)
        _write(
            pd.DataFrame(np.asarray(read_elem(file["obsm/X_umap"])), columns=["x", "y"]),
            folder / "umap.tsv",
            index=False,
        )
        tables: Any = read_elem(file["uns"])
        for name, value in tables.items():
            if isinstance(value, pd.DataFrame):
                _write(value, folder / f"uns-{name}.tsv", index=False)
    return len(cells), len(genes)


def _copy(array: h5py.Dataset, path: Path, kind: str) -> None:
    """Copy an array of HDF5 as plain numbers."""
    with path.open("wb") as file:
        for start in range(0, array.shape[0], VALUES):
            part: np.ndarray[Any, Any] = array[start : start + VALUES]
            file.write(part.astype(kind).tobytes())


def _write(table: pd.DataFrame, path: Path, *, index: bool) -> None:
    """Write a table without quotes; signs that would break its rows become spaces."""
    as_text: dict[str, Any] = {}
    for column in map(str, table):
        kind = table[column].dtype.kind
        if kind == "b":
            as_text[column] = table[column].map({True: "TRUE", False: "FALSE"})
        elif kind not in "iuf":
            as_text[column] = table[column].astype(str).str.replace(r"[\t\r\n]", " ", regex=True)
    table.assign(**as_text).to_csv(path, sep="\t", index=index, na_rep="NA", quoting=3, escapechar=None)
