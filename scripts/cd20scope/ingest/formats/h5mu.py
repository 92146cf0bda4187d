"""Files of mudata, h5mu and zarr: the modality of the genes is read as h5ad is, and that of antibodies beside it."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.counts.hdf5 import Node, as_strings, index_of, read_columns, read_matrix
from cd20scope.counts.matrix import IngestError, Strings
from cd20scope.ingest.formats.features import ANTIBODY, GENE, known_type
from cd20scope.ingest.formats.h5ad import open_anndata
from cd20scope.ingest.formats.source import Source, Table

PLACE = re.compile(r"mod\[(['\"])(?P<modality>.*?)\1\](?:\.(?P<place>.+))?")
TABLES = ("layers/counts", "layers/raw_counts", "layers/raw", "X", "raw/X")
"""Where counts of antibodies may be, the likeliest first; normalised ones stand in X."""


def open_mudata(file: Node, path: Path, *, place: str = "") -> list[Source]:
    """List the places of counts in an open h5mu file, or a zarr store of mudata.

    Parameters
    ----------
    file
        The open file.
    path
        For the error.
    place
        The one to use: a modality, or a place in it, as in ``mod['rna'].layers['counts']``, or a place of the modality
        of the genes; empty (default) for all of that modality.

    Raises
    ------
    IngestError
    """
    asked = PLACE.fullmatch(place)
    held = list(file["mod"])
    name = asked["modality"] if asked else _of_genes(held, path)
    if name not in held:
        raise IngestError(
            f"{path}: no modality {name!r}, which ingest: place of the configuration asks for; it has "
            f"{', '.join(held)}."
        )
    within = (asked["place"] or "") if asked else place
    sources = open_anndata(file["mod"][name], path, place=within)
    barcodes = sources[0].barcodes
    columns = _columns_of_all(file, barcodes) | dict(sources[0].columns)
    proteins = [file["mod"][other] for other in held if other != name and known_type(other) == ANTIBODY]
    tables = tuple(
        Table(f"mod[{other.name.rpartition('/')[2]!r}].{key}", partial(_load, other, key, barcodes))
        for other in proteins
        for key in TABLES
        if key in other
    )
    return [
        replace(
            source,
            place=f"mod[{name!r}].{source.place}",
            columns=columns,
            tables=(*source.tables, *tables),
        )
        for source in sources
    ]


def _of_genes(held: list[str], path: Path) -> str:
    """Name of the modality that holds the genes: the only one, or the only one that is called so."""
    named = held if len(held) == 1 else [name for name in held if known_type(name) == GENE]
    if len(named) != 1:
        raise IngestError(
            f"{path}: an h5mu file of the modalities {', '.join(held) or '(none)'}, and {len(named)} of them are named "
            "as genes (rna, gex). Name the one in the configuration, as in ingest: "
            f"{{place: \"mod['{(named or held or ['rna'])[0]}']\"}}."
        )
    return named[0]


def _columns_of_all(file: Node, barcodes: Strings) -> dict[str, Callable[[], Strings]]:
    """Columns of the table of all cells, for the cells of one modality."""
    if "obs" not in file:
        return {}
    obs, read = file["obs"], read_columns(file["obs"])
    index = index_of(obs)
    names = [name for name in obs if name not in (index, "__categories")]
    return {name: partial(_of_cells, read, index, name, barcodes) for name in names}


def _of_cells(read: Callable[[str], object], index: str, column: str, barcodes: Strings) -> Strings:
    rows = _positions(as_strings(read(index)), barcodes)
    # cells that the table lacks take the entry behind the last one
    return np.append(as_strings(read(column)), "")[rows]


def _positions(names: Strings, wanted: Strings) -> npt.NDArray[np.int64]:
    """Where each name stands; -1 for one that is not there."""
    place = {name: row for row, name in enumerate(names.tolist())}
    return np.array([place.get(name, -1) for name in wanted.tolist()], dtype=np.int64)


def _load(modality: Node, key: str, barcodes: Strings, rows: int | None) -> pd.DataFrame:
    """Read the first rows of the antibodies, in the order of the cells of the genes.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is no table, or lacks some of the cells.
    """
    obs = modality["obs"]
    at = _positions(as_strings(read_columns(obs)(index_of(obs))), barcodes[:rows])
    if (at < 0).any():
        raise ValueError(f"{int((at < 0).sum()):,} cells of the genes are not in it")
    var = modality["raw/var" if key == "raw/X" else "var"]
    wanted, back = np.unique(at, return_inverse=True)
    values = read_matrix(modality[key], wanted).toarray()[back]
    return pd.DataFrame(values, columns=as_strings(read_columns(var)(index_of(var))))
