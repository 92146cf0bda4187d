"""What every reader of a foreign count file hands over: the places that may hold counts, not yet loaded."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cd20scope.counts.hdf5 import Rows
from cd20scope.counts.matrix import IngestError, NotRawError, Strings
from cd20scope.study.cell_choice import parse_cells

N_HEAD = 4096
"""Stored values that a first look reads: normalised data show a fraction within the first few."""

HEAD_CELLS = 100
"""Cells that a first look reads where a sample is some cells of a file."""


PARTS = re.compile(
    r"(un)?spliced|ambiguous|mature|nascent|intronic|exonic|mito|denoised|imputed|smoothed|m[su]|"
    r"log_?(norm|counts|1p).*|(log)?(norm|scaled|cpm|tpm|fpkm|rpkm|data|scale_?data|logcounts).*",
    flags=re.IGNORECASE,
)
"""Layers that hold a part of the counts (velocyto, STARsolo), or values by their own name."""
NAMED = re.compile(
    r"(raw|umi|original)?[-_. ]?(counts?|umis?|raw|x|matrix)([-_. ]raw)?|raw[-_. ]?.*", flags=re.IGNORECASE
)
"""Layers whose name says that they hold the raw counts."""

HALVES = (("spliced", "unspliced"), ("mature", "nascent"), ("exonic", "intronic"))
"""Layers that make up the counts together."""
COMPARED = 20
"""Cells by which a place is compared with layers that hold a part of the counts."""


MODALITY = re.compile(r"^mod\[(['\"]).*?\1\]\.")
"""What stands before a place of an h5mu file."""


def layer_of(place: str) -> str:
    """Name of the layer that a place is; empty for another place."""
    found = re.fullmatch(r"layers\[(['\"])(.*)\1\]", MODALITY.sub("", place))
    return found[2] if found else ""


def part_of_counts(place: str) -> bool:
    """Whether a place holds a part of the molecules, or no counts, by its name."""
    return bool(PARTS.fullmatch(layer_of(place)))


def says_counts(place: str) -> bool:
    """Whether the name of a place says that it holds the raw counts."""
    return MODALITY.sub("", place) == "raw.X" or bool(NAMED.fullmatch(layer_of(place)))


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
        Which features are genes, and which antibodies; guides and hashtags of a type of their own are neither.
    head, load
        The first :data:`N_HEAD` stored values; and the cells at these positions (ascending; None for all of them),
        as cells x features CSR in the type that the file has.
    left_out
        How many features are neither, by their type.
    tables
        Antibodies kept beside the genes, the likeliest counts first.
    first
        The first n cells, where that takes less than ``load``; None where it does not.
    columns
        What the file says of its cells: a column's name, and how to read it.
    others
        What other places of the file hold; empty where there are none.
    """

    place: str
    shape: tuple[int, int]
    barcodes: Strings
    names: Strings
    ids: Strings
    keep: npt.NDArray[np.bool_]
    antibodies: npt.NDArray[np.bool_]
    head: Callable[[], sparse.csr_matrix]
    load: Callable[[Rows | None], sparse.csr_matrix]
    left_out: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    first: Callable[[int], sparse.csr_matrix] | None = None
    columns: Mapping[str, Callable[[], Strings]] = field(default_factory=dict)
    others: str = ""

    @property
    def left_out_text(self) -> str:
        """Features that are left out, by type: ``12 Custom, 3 Peaks``."""
        return ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.left_out.items()))


def without_parts(
    sources: list[Source], layers: Mapping[str, Callable[[Rows | None], sparse.csr_matrix]], *, where: str
) -> list[Source]:
    """Leave out places that repeat a layer with a part of the counts, as X does after velocyto or scVelo.

    Parameters
    ----------
    sources
        Places of a file.
    layers
        Its layers: a name, and how to read cells of it.
    where
        The file, for the error.

    Raises
    ------
    NotRawError
        When no place is left.
    """
    named = {name.casefold(): name for name in layers}
    kept = sources
    for pair in HALVES:
        if not sources or not set(pair) <= named.keys():
            continue
        some = np.arange(min(COMPARED, len(sources[0].barcodes)), dtype=np.int64)
        halves = [layers[named[name]](some) for name in pair]
        if all(half.count_nonzero() for half in halves):
            kept = [source for source in kept if not any(_equal(source.load(some), half) for half in halves)]
    if sources and not kept:
        shown = ", ".join(source.place for source in sources)
        raise NotRawError(
            f"{where}: {shown} repeats a layer of spliced or unspliced molecules, a part of the counts. Give the file "
            f"that they were split from, or name the place under ingest: place of the configuration."
        )
    return kept


def _equal(one: sparse.csr_matrix, other: sparse.csr_matrix) -> bool:
    return one.shape == other.shape and not (one != other).nnz


def choose_cells(source: Source, cells: str, *, where: str) -> Source:
    """Narrow a source to the cells that are one sample.

    Parameters
    ----------
    source
        The place of the counts.
    cells
        As :func:`cd20scope.study.cell_choice.parse_cells` reads it; the value of ``barcode`` may hold ``*``, as in
        ``barcode=*-2`` for the second library of an aggregated run. Empty for all cells.
    where
        The file, for the error.

    Raises
    ------
    IngestError
        A column that the file lacks, or a value that no cell has.
    """
    if not cells:
        return source
    chosen = np.ones(len(source.barcodes), dtype=bool)
    try:
        wanted = parse_cells(cells)
    except ValueError as error:
        raise IngestError(f"{where}: cells: {error}.") from error
    for column, value in wanted.items():
        if column == "barcode":
            found = source.barcodes
            fits = np.array([fnmatch.fnmatchcase(name, value) for name in found], dtype=bool)
        elif column in source.columns:
            found = source.columns[column]()
            fits = found == value
        else:
            known = ", ".join(source.columns) or "none"
            raise IngestError(
                f"{where}: no column {column!r} tells its cells apart; found {known}. Correct 'cells' in the "
                "sample sheet."
            )
        if not fits.any():
            seen = sorted(set(found.tolist()))
            raise IngestError(
                f"{where}: no cell has {value!r} in column {column!r}; found {', '.join(seen[:8])}"
                f"{', ...' if len(seen) > 8 else ''}. Correct 'cells' in the sample sheet."
            )
        chosen &= fits
    rows = np.flatnonzero(chosen)
    if not rows.size:
        raise IngestError(f"{where}: no cell has all of {cells!r}. Correct 'cells' in the sample sheet.")
    return _narrowed(source, rows)


def _narrowed(source: Source, rows: Rows) -> Source:
    def narrow(table: Table) -> Table:
        return Table(table.place, lambda n: table.load(None).iloc[rows if n is None else rows[:n]])

    return replace(
        source,
        shape=(len(rows), source.shape[1]),
        barcodes=source.barcodes[rows],
        head=lambda: source.load(rows[:HEAD_CELLS]),
        load=lambda wanted: source.load(rows if wanted is None else rows[wanted]),
        tables=tuple(narrow(table) for table in source.tables),
        first=None,
        columns={name: partial(_some, read, rows) for name, read in source.columns.items()},
    )


def _some(read: Callable[[], Strings], rows: Rows) -> Strings:
    return read()[rows]
