"""Raw counts of a sample: from whatever file a lab has, into the one file that later steps read.

Steps read and write counts through this module alone; :mod:`cd20scope.counts.store` holds what concerns that file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.counts.matrix import Counts, Genes, IngestError, NotRawError, log_normalise
from cd20scope.counts.store import (
    read_barcodes,
    read_counts,
    read_genes,
    read_protein,
    read_rows,
    write_counts,
)
from cd20scope.ingest import antibodies, empty_droplets
from cd20scope.ingest.formats import detect
from cd20scope.ingest.formats.source import Source, choose_cells
from cd20scope.ingest.gene_names import NO_TABLE, GeneTable, parse_table, tidy_genes
from cd20scope.preflight.files import Look
from cd20scope.schema import FORMATS

__all__ = [
    "FORMATS",
    "Counts",
    "GeneTable",
    "Header",
    "IngestError",
    "NotRawError",
    "log_normalise",
    "look",
    "parse_table",
    "peek",
    "peek_empty",
    "read_barcodes",
    "read_counts",
    "read_empty",
    "read_genes",
    "read_protein",
    "read_rows",
    "read_sample",
    "sniff_format",
    "write_counts",
]


@dataclass(frozen=True)
class Header:
    """What a first look at a count file tells.

    Attributes
    ----------
    format
        One of :data:`FORMATS`.
    place
        Where in the file the counts are: ``matrix``, ``X``, ``layers['counts']``, ``raw.X`` or the
        name of the MTX file.
    n_cells, n_genes
        Without antibodies and other features that are no genes.
    n_proteins
        Antibodies with counts, as far as a first look tells; 0 when there are none.
    """

    format: str
    place: str
    n_cells: int
    n_genes: int
    n_proteins: int = 0


def sniff_format(path: Path | str) -> str:
    """Tell the format of a count file from its content; see :func:`cd20scope.ingest.formats.detect.sniff_format`."""
    return detect.sniff_format(path)


def read_sample(
    path: Path | str, *, format: str = "", place: str = "", cells: str = "", table: GeneTable = NO_TABLE
) -> Counts:
    """Read the raw counts of one sample.

    An h5ad file or a zarr store is searched for counts in ``X``, then ``layers['counts']``, then ``raw.X``; the
    first that is proven to hold non-negative integers is taken. Features that are no genes are left out, but for
    antibodies (features of type Antibody Capture, or an ``obsm`` of an h5ad file), which are kept beside the genes when
    they hold counts; genome prefixes (``hg19_``) are taken off; repeated symbols get -1, -2, ... as in anndata.

    Parameters
    ----------
    path
        10x HDF5 file (Cell Ranger 1 to 9), 10x MTX folder, h5ad, zarr, loom, or a dense table as text.
    format
        One of :data:`FORMATS`; empty (default) to tell it from the content.
    place
        Where an h5ad file or a zarr store holds the counts: ``X``, ``raw.X`` or ``layers['name']``; empty (default)
        to take the first that holds raw counts.
    cells
        Which cells of the file are the sample, as in ``donor=P01; visit=0M``; empty (default) for all. See
        :func:`cd20scope.ingest.formats.source.choose_cells`.
    table
        Symbols of Ensembl ids, and outdated symbols; see :mod:`cd20scope.ingest.gene_names`.

    Raises
    ------
    IngestError
        When the file cannot be read or holds something else than raw counts of human genes named by symbol.
    """
    path = Path(path)

    def take(source: Source, genes: Genes, _: sparse.csr_matrix) -> Counts:
        where = f"{path}, {source.place}"
        matrix = source.load(None)
        tagged = matrix[:, np.flatnonzero(source.antibodies)]
        matrix = matrix if source.keep.all() else matrix[:, np.flatnonzero(source.keep)]
        proofs.check_raw(matrix, barcodes=source.barcodes, names=source.names[source.keep], where=where)
        matrix = proofs.finish_matrix(matrix, where=where)
        protein = antibodies.find(source, tagged, where=str(path))
        return Counts(matrix=matrix, barcodes=source.barcodes, genes=genes, protein=protein)

    return _first_raw(path, _format(path, format), take, place=place, cells=cells, table=table)


def read_empty(
    path: Path | str, counts: Counts, *, place: str = "", table: GeneTable = NO_TABLE
) -> npt.NDArray[np.int64]:
    """Read the molecules of droplets without a cell, from the unfiltered matrix of a sample's run.

    Parameters
    ----------
    path
        In any format of :func:`read_sample`; Cell Ranger calls it ``raw_feature_bc_matrix``.
    counts
        The sample.
    place, table
        As for :func:`read_sample`.

    Returns
    -------
    Shape (n_genes,), in the order of the genes of ``counts``.

    Raises
    ------
    IngestError
        As :func:`read_sample` and :func:`cd20scope.ingest.empty_droplets.sum_empty`.
    """
    path = Path(path)

    def take(source: Source, genes: Genes, _: sparse.csr_matrix) -> npt.NDArray[np.int64]:
        matrix = source.load(None)[:, np.flatnonzero(source.keep)]
        names = source.names[source.keep]
        proofs.check_raw(matrix, barcodes=source.barcodes, names=names, where=f"{path}, {source.place}")
        return empty_droplets.sum_empty(
            matrix, source.barcodes, genes, cells=counts.barcodes, wanted=counts.genes, where=str(path)
        )

    return _first_raw(path, sniff_format(path), take, place=place, cells="", table=table)


def peek(
    path: Path | str, *, format: str = "", place: str = "", cells: str = "", table: GeneTable = NO_TABLE
) -> Header:
    """Check a count file by its names and first few thousand values, without loading the matrix.

    Whatever :func:`read_sample` refuses is refused here, except damage and odd values that lie deeper in the
    file. Imports no anndata and takes a fraction of a second, so that a run can look at every sample first.

    Parameters
    ----------
    path, format, place, cells, table
        As for :func:`read_sample`.

    Raises
    ------
    IngestError
        As :func:`read_sample`.
    """
    path = Path(path)
    name = _format(path, format)

    def take(source: Source, genes: Genes, head: sparse.csr_matrix) -> Header:
        tagged = head[:, np.flatnonzero(source.antibodies)]
        protein = antibodies.find(source, tagged, where=str(path), rows=antibodies.HEAD_ROWS)
        n_proteins = 0 if protein is None else protein.shape[1]
        return Header(name, source.place, len(source.barcodes), len(genes["gene"]), n_proteins)

    return _first_raw(path, name, take, place=place, cells=cells, table=table)


def look(
    path: Path | str,
    *,
    sample: str,
    format: str = "",
    place: str = "",
    cells: str = "",
    table: GeneTable = NO_TABLE,
    n_cells: int = 300,
) -> tuple[Header, Look]:
    """Check a count file as :func:`peek` does, and read the first cells of the sample.

    Parameters
    ----------
    path, format, place, cells, table
        As for :func:`read_sample`.
    sample
        Name of the sample.
    n_cells
        Cells to read: 300 (default) hold enough of XIST and Y genes to tell the sex.

    Raises
    ------
    IngestError
        As :func:`read_sample`.
    """
    path = Path(path)
    name = _format(path, format)

    def take(source: Source, genes: Genes, head: sparse.csr_matrix) -> tuple[Header, Look]:
        tagged = head[:, np.flatnonzero(source.antibodies)]
        protein = antibodies.find(source, tagged, where=str(path), rows=antibodies.HEAD_ROWS)
        n = min(n_cells, len(source.barcodes))
        read = source.first(n) if source.first else source.load(np.arange(n))
        counts = read[:, np.flatnonzero(source.keep)]
        proofs.check_raw(
            counts, barcodes=source.barcodes, names=source.names[source.keep], where=f"{path}, {source.place}"
        )
        symbols = genes["gene"].astype(np.str_)
        header = Header(
            name,
            source.place,
            len(source.barcodes),
            len(genes["gene"]),
            0 if protein is None else protein.shape[1],
        )
        return header, Look(sample, source.barcodes, symbols, counts)

    return _first_raw(path, name, take, place=place, cells=cells, table=table)


def peek_empty(path: Path | str, seen: Look, *, place: str = "", table: GeneTable = NO_TABLE) -> None:
    """Check by its names that an unfiltered matrix is of a sample's own run; see :func:`read_empty`.

    Raises
    ------
    IngestError
    """
    path = Path(path)

    def take(source: Source, genes: Genes, _: sparse.csr_matrix) -> None:
        empty_droplets.check_same(
            source.barcodes, genes["gene"], cells=seen.barcodes, wanted=seen.genes.tolist(), where=str(path)
        )

    _first_raw(path, sniff_format(path), take, place=place, cells="", table=table)


def _format(path: Path, format: str) -> str:
    if format and format not in FORMATS:
        raise IngestError(
            f"{path}: unknown format {format!r}. Use one of {', '.join(FORMATS)}, or leave it empty."
        )
    found = sniff_format(path)
    if format and format != found:
        raise IngestError(
            f"{path}: said to be {format}, but its content is {found}. Correct 'format' in the sample sheet, "
            "or leave it empty."
        )
    return found


def _first_raw[T](
    path: Path,
    format: str,
    take: Callable[[Source, Genes, sparse.csr_matrix], T],
    *,
    place: str,
    cells: str,
    table: GeneTable,
) -> T:
    """Give the first place of the file that holds raw counts to ``take``, or say what each place holds.

    With the place go its genes and its first values, of all features.
    """
    refused: list[NotRawError] = []
    with detect.open_sources(path, format=format, place=place) as sources:
        for whole in sources:
            proofs.check_names(whole.barcodes, whole.names, shape=whole.shape, where=str(path))
            source = choose_cells(whole, cells, where=str(path))
            ids = source.ids[source.keep] if source.ids.size else source.ids
            genes = tidy_genes(source.names[source.keep], ids, where=str(path), table=table)
            try:
                head = source.head()
                names, where = source.names[source.keep], f"{path}, {source.place}"
                proofs.check_raw(
                    head[:, np.flatnonzero(source.keep)], barcodes=source.barcodes, names=names, where=where
                )
                return take(source, genes, head)
            except NotRawError as error:
                refused.append(error)
    raise NotRawError("\n".join(str(error) for error in refused))
