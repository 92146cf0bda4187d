"""What every reader of a foreign count file hands over: the places that may hold counts, not yet loaded."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cd20scope.counts import IngestError, Strings

N_HEAD = 4096
"""Stored values that a first look reads: normalised data show a fraction within the first few."""

NO_STRINGS: Strings = np.array([], dtype=np.str_)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of antibodies that an h5ad file keeps beside its genes.

    Attributes
    ----------
    place
        Its name in the file's own words: ``obsm['protein']``.
    load
        Its first rows, or all for None, as cells x antibodies in the type that the file has.
    """

    place: str
    load: Callable[[int | None], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Source:
    """One place of a file that may hold counts.

    Attributes
    ----------
    place
        Its name in the file's own words, for messages: ``matrix``, ``X``, ``layers['counts']``.
    shape
        Cells x features as the file declares it.
    barcodes, names, ids
        Of cells and features; ``ids`` is empty where the file has none.
    keep, antibodies
        Which features are genes, and which antibodies; hashtags of their own type and guides are neither.
    head, load
        The first :data:`N_HEAD` stored values, and all of them, as cells x features CSR in the type
        that the file has.
    tables
        Antibodies kept beside the genes, the likeliest counts first.
    """

    place: str
    shape: tuple[int, int]
    barcodes: Strings
    names: Strings
    ids: Strings
    keep: npt.NDArray[np.bool_]
    antibodies: npt.NDArray[np.bool_]
    head: Callable[[], sparse.csr_matrix]
    load: Callable[[], sparse.csr_matrix]
    tables: tuple[Table, ...] = ()


COPY_AGAIN = "compare its size and checksum with the original and copy it again"


@contextmanager
def explained(path: Path, *, remedy: str = COPY_AGAIN) -> Iterator[None]:
    """Turn what libraries say about an unreadable file into one error that names it.

    Raises
    ------
    IngestError
    """
    try:
        yield
    except IngestError:
        raise
    except (OSError, EOFError, zlib.error, ValueError, KeyError, RuntimeError) as error:
        raise IngestError(
            f"{path}: cannot be read ({type(error).__name__}: {str(error).strip()[:300]}). It may be truncated "
            f"or damaged: {remedy}."
        ) from error


def checked(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Prove of a matrix, by row or by column, that every index lies inside: scipy would write outside its arrays."""
    matrix.check_format(full_check=True)
    return sparse.csr_matrix(matrix)


def read_strings(node: h5py.Dataset | h5py.Group) -> Strings:
    """Read text as 10x and anndata write it: plain, categorical, or nullable (missing becomes empty)."""
    if isinstance(node, h5py.Group):
        if "categories" in node:
            codes = node["codes"][:]
            # One entry more, which code -1 (missing) picks.
            labels: Strings = np.append(read_strings(node["categories"]), "")[codes]
            return labels
        values = read_strings(node["values"])
        return np.where(node["mask"][:], "", values) if "mask" in node else values
    text = h5py.check_string_dtype(node.dtype) is not None
    return np.asarray(node.asstr()[:] if text else node[:], dtype=np.str_)


def tell_apart(
    types: Strings, *, n_features: int, where: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell genes and antibodies from each other, and from hashtags and guides, by 10x feature type.

    Parameters
    ----------
    types
        One per feature; empty where the file has none: then all are genes.
    n_features
        Length of the answers when ``types`` is empty.
    where
        The file, for the error.

    Returns
    -------
    Which features are genes, and which are antibodies.

    Raises
    ------
    IngestError
        When no feature is a gene.
    """
    if not types.size:
        return np.ones(n_features, dtype=bool), np.zeros(n_features, dtype=bool)
    keep = np.asarray(types == "Gene Expression")
    if not keep.any():
        raise IngestError(
            f"{where}: no feature is of type 'Gene Expression'; found "
            f"{', '.join(sorted(set(types.tolist())))}. Give the file with the gene counts."
        )
    return keep, np.asarray(types == "Antibody Capture")
