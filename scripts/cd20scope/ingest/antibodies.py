"""Antibody counts (CITE-seq) of a foreign count file: found, proven and named, or left out with a word in the log.

Protein is never required, so nothing here stops a run: a table that holds no counts is warned about and passed
over. Only damage of the file itself is an error, as it is for genes.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cd20scope.counts.foreign import checked
from cd20scope.counts.hdf5 import Node, index_of, is_array, read_element, read_strings
from cd20scope.counts.matrix import LIMIT, Strings, make_unique
from cd20scope.ingest.formats.source import Source, Table

LOG = logging.getLogger(__name__)

OBSM = ("protein_counts", "protein_expression", "protein", "proteins", "prot", "adt", "cite")
"""Where h5ad files keep antibodies, in any case; totalVI (doi:10.1038/s41592-020-01050-x) made ``protein_expression``
the commonest. A name that promises counts goes first, since several may lie side by side."""

HEAD_ROWS = 64
"""Cells of a first look; normalised values show a fraction or a sign in the first one."""

TAKEN = ("", ".", "..", "_index", "barcode")
"""Names that no column of a stored table can have."""


def find(
    source: Source, tagged: sparse.csr_matrix, *, where: str, rows: int | None = None
) -> pd.DataFrame | None:
    """Take the first place of a file that holds antibody counts, or say in the log what each place holds.

    Parameters
    ----------
    source
        The place that the gene counts come from.
    tagged
        Its columns of type Antibody Capture: cells x antibodies, none where it has no such features.
    where
        The file, for the log.
    rows
        How many cells to look at; None (default) for all.

    Returns
    -------
    Cells x antibodies, int32, barcodes as index; None where there are no antibodies or none with counts.
    """
    if not source.antibodies.any() and not source.tables:
        return None
    barcodes = source.barcodes[:rows]
    refused = []
    for place, load in _places(source, tagged):
        try:
            table = load(rows)
            values = table.to_numpy()
            flaw = _flaw(values, n_cells=len(barcodes))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # what h5py, scipy and pandas say of a table that is laid out in another way
            flaw = f"not laid out as a table ({type(error).__name__}: {str(error).strip()[:200]})"
        if not flaw:
            index = pd.Index(barcodes, name="barcode")
            return pd.DataFrame(values.astype(np.int32), index=index, columns=_tidy(table.columns))
        refused.append(f"{where}, {place}: {flaw}")
    for line in refused:
        LOG.warning("%s. No antibody counts, so protein is left out and the sample read without it.", line)
    return None


def _places(
    source: Source, tagged: sparse.csr_matrix
) -> Iterator[tuple[str, Callable[[int | None], pd.DataFrame]]]:
    if source.antibodies.any():
        names = source.names[source.antibodies]
        names = np.where(names == "", source.ids[source.antibodies], names) if source.ids.size else names
        yield (
            f"{source.place} (Antibody Capture)",
            lambda rows: pd.DataFrame(tagged[:rows].toarray(), columns=names),
        )
    for table in source.tables:
        yield table.place, table.load


def _flaw(values: npt.NDArray[np.generic], *, n_cells: int) -> str:
    """Why values are no counts; empty when they are."""
    if values.dtype.kind not in "uif":
        return f"values of type {values.dtype}"
    if values.shape[0] != n_cells or values.shape[1] == 0:
        return f"{values.shape[0]:,} cells x {values.shape[1]:,} antibodies beside {n_cells:,} cells of genes"
    if not np.isfinite(values).all():
        return "missing or infinite values"
    low, high = float(values.min()), float(values.max())
    if low < 0:
        return f"values from {low:.3g} to {high:.3g}: looks normalised (CLR, dsb)"
    if values.dtype.kind == "f" and (values != np.floor(values)).any():
        return f"fractions up to {high:.4g}: looks normalised (CLR, dsb)"
    return f"values up to {high:.4g}, more than a count can be" if high >= LIMIT else ""


def _tidy(names: pd.Index) -> list[str]:
    """Make names unique and such as a column of an h5ad table can have: a slash would make a folder of it."""
    plain = [str(name).strip().replace("/", "_") for name in names]
    return make_unique([f"antibody {name}".strip() if name in TAKEN else name for name in plain])


def obsm_tables(file: Node) -> tuple[Table, ...]:
    """Tables of antibodies beside the genes of an h5ad file, the likeliest counts first; nothing is read yet."""
    obsm = file.get("obsm", None)
    held = {} if obsm is None or is_array(obsm) else {key.lower(): key for key in obsm}
    keys = [held[name] for name in OBSM if name in held]
    return tuple(Table(place=f"obsm[{key!r}]", load=partial(_load, file, key)) for key in keys)


def _load(file: Node, key: str, rows: int | None) -> pd.DataFrame:
    """Read the first rows of a table as anndata writes it: DataFrame, array, or sparse matrix.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is written in another way, or its columns have no names.
    """
    read = read_element(file["obsm"][key])
    if isinstance(read, pd.DataFrame):
        if read.index.astype(str).tolist() != _names(file["obs"]).tolist():
            raise ValueError("its barcodes are not those of the cells")
        return read.iloc[:rows]
    values: npt.NDArray[Any] = checked(read)[:rows].toarray() if sparse.issparse(read) else read[:rows]
    uns = file.get("uns", {})
    for entry in (f"{key}_names", "protein_names"):
        if entry in uns:
            return pd.DataFrame(values, columns=read_strings(uns[entry]))
    raise ValueError(f"its antibodies have no names; give a DataFrame, or uns['{key}_names']")


def _names(frame: Node) -> Strings:
    return read_strings(frame[index_of(frame)])
