"""Labels that an h5ad file already holds: one column of its obs, read without its counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from cd20scope.annotate.judges import settings
from cd20scope.counts.foreign import explained, open_hdf5
from cd20scope.counts.hdf5 import as_strings, index_of, read_columns
from cd20scope.counts.matrix import IngestError, Strings


def check_column(path: Path | str, *, column: str, key: str) -> None:
    """Stop unless a file is h5ad and its obs has a column.

    Parameters
    ----------
    path
        File or folder.
    column
        Name of the column.
    key
        Section of the configuration that names it, for the error.

    Raises
    ------
    IngestError
        Naming the file, the column and the columns found.
    """
    path = Path(path)
    with explained(path):
        if path.is_dir() or not h5py.is_hdf5(path):
            raise IngestError(f"{path}: no h5ad file, so it holds no labels for {key}. Give an h5ad file.")
        with open_hdf5(path) as file:
            obs = file.get("obs")
            if not isinstance(obs, h5py.Group):
                raise IngestError(
                    f"{path}: an HDF5 file without a table obs, as 10x counts are, so it holds no labels for "
                    f"{key}. Give an h5ad file."
                )
            columns = [name for name in obs if name not in (index_of(obs), "__categories")]
            if column not in columns:
                raise IngestError(
                    f"{path}: obs has no column {column!r}; found {', '.join(columns) or 'none'}. Correct {key} > "
                    "column."
                )


def read_labels(path: Path | str, *, column: str, key: str) -> pd.Series:
    """Read a column of the obs of an h5ad file.

    Parameters
    ----------
    path, column, key
        As for :func:`check_column`.

    Returns
    -------
    pandas.Series
        Text, indexed by ``barcode`` as the file spells it; empty where the value is missing.

    Raises
    ------
    IngestError
        As :func:`check_column`.
    """
    path = Path(path)
    check_column(path, column=column, key=key)
    with explained(path), open_hdf5(path) as file:
        read = read_columns(file["obs"])
        barcodes, values = as_strings(read(index_of(file["obs"]))), as_strings(read(column))
    return pd.Series(values, index=pd.Index(barcodes, name="barcode"), name=column, dtype=object)


def check_labels(
    files: Mapping[str, Path | str],
    *,
    column: str,
    mapping: Mapping[Any, str],
    populations: Mapping[str, Any],
    judge: str,
) -> None:
    """Check the labels of several files against their mapping, reading no more than their names.

    Parameters
    ----------
    files
        By the name that a message gives them.
    column
        Name of the column in each.
    mapping, populations, judge
        As for :func:`cd20scope.annotate.judges.settings.check_mapping`.

    Raises
    ------
    JudgeError
        When a file has no such column, for all such files.
    ConfigError
        When a label of the mapping is in none of the files, or when no label means anything.
    """
    problems, found = [], set()
    for name, path in files.items():
        try:
            check_column(path, column=column, key=f"annotate > {judge}")
            with explained(Path(path)), open_hdf5(path) as file:
                values = read_columns(file["obs"])(column)
                names = values.categories.array if isinstance(values, pd.Categorical) else values
                found |= set(as_strings(names).tolist())
        except IngestError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise settings.JudgeError("\n".join(problems))
    settings.check_mapping(sorted(found), mapping=mapping, populations=populations, judge=judge)


def align_labels(labels: pd.Series, barcodes: Strings, *, where: str) -> pd.Series:
    """Bring labels to the cells of a sample, which must all be among those labelled.

    Raises
    ------
    ValueError
        Naming the file and a barcode that it lacks.
    """
    at = labels.index.get_indexer(pd.Index(barcodes))
    missing = np.flatnonzero(at < 0)
    if missing.size:
        raise ValueError(
            f"{where}: {missing.size:,} of {len(barcodes):,} cells of the sample are not in it, such as "
            f"{str(barcodes[missing[0]])!r} (it has {labels.index[0]!r}, ...). It has changed since it was read: "
            "remove the sample's file under results/ingest and run again."
        )
    return labels.iloc[at]
