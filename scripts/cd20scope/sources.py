"""What every reader of a foreign count file hands over: the places that may hold counts, not yet loaded."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts import IngestError, Strings

N_HEAD = 4096
"""Stored values that a first look reads: normalised data show a fraction within the first few."""

NO_STRINGS: Strings = np.array([], dtype=np.str_)


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
    keep
        Which features are genes: antibodies and hashtags are left out.
    head, load
        The first :data:`N_HEAD` stored values, and all of them, as cells x features CSR in the type
        that the file has.
    """

    place: str
    shape: tuple[int, int]
    barcodes: Strings
    names: Strings
    ids: Strings
    keep: npt.NDArray[np.bool_]
    head: Callable[[], sparse.csr_matrix]
    load: Callable[[], sparse.csr_matrix]


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


def are_genes(types: Strings, *, where: str) -> npt.NDArray[np.bool_]:
    """Tell genes from antibodies, hashtags and guides by 10x feature type.

    Raises
    ------
    IngestError
        When no feature is a gene.
    """
    keep = types == "Gene Expression"
    if types.size and not keep.any():
        raise IngestError(
            f"{where}: no feature is of type 'Gene Expression'; found "
            f"{', '.join(sorted(set(types.tolist())))}. Give the file with the gene counts."
        )
    return np.asarray(keep)
