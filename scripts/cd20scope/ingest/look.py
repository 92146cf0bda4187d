"""Names and first cells of a count file, without reading it whole."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.counts.matrix import Genes, Strings
from cd20scope.ingest import antibodies, empty_droplets
from cd20scope.ingest.formats.detect import sniff_format
from cd20scope.ingest.formats.source import Source
from cd20scope.ingest.gene_names import NO_TABLE, GeneTable
from cd20scope.ingest.places import best_raw, format_of
from cd20scope.ingest.plausible import check_plausible


@dataclass(frozen=True, eq=False)
class Look:
    """What a first look at a sample shows.

    Attributes
    ----------
    sample
        Its name.
    barcodes
        Of all its cells.
    genes
        Symbols, in the order of the columns of ``cells``.
    cells
        Counts of its first few hundred cells, cells x genes.
    """

    sample: str
    barcodes: Strings
    genes: Strings
    cells: sparse.csr_matrix


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
    left_out
        Features that are neither genes nor antibodies, with their number, by type.
    others
        What other places of the file hold.
    """

    format: str
    place: str
    n_cells: int
    n_genes: int
    n_proteins: int = 0
    left_out: str = ""
    others: str = ""


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
    """Check a count file by its names and first values, and read the first cells of the sample.

    What :func:`cd20scope.ingest.read.read_sample` refuses is refused here, too, except damage and odd values that lie
    deeper in the file. The matrix is not loaded, so that a run can check every sample first.

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
    name = format_of(path, format)

    def take(source: Source, genes: Genes, head: sparse.csr_matrix) -> tuple[Header, Look]:
        tagged = head[:, np.flatnonzero(source.antibodies)]
        protein = antibodies.find(source, tagged, where=str(path), rows=antibodies.HEAD_ROWS)
        n = min(n_cells, len(source.barcodes))
        read = source.first(n) if source.first else source.load(np.arange(n))
        counts = read[:, np.flatnonzero(source.keep)]
        where = f"{path}, {source.place}"
        proofs.check_raw(counts, barcodes=source.barcodes, names=source.names[source.keep], where=where)
        if not place:
            check_plausible(counts, where=where, place=source.place)
        symbols = genes["gene"].astype(np.str_)
        header = Header(
            name,
            source.place,
            len(source.barcodes),
            len(genes["gene"]),
            0 if protein is None else protein.shape[1],
            source.left_out_text,
            source.others,
        )
        return header, Look(sample, source.barcodes, symbols, counts)

    return best_raw(path, name, take, place=place, cells=cells, table=table)


def check_empty(path: Path | str, seen: Look, *, place: str = "", table: GeneTable = NO_TABLE) -> None:
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

    best_raw(path, sniff_format(path), take, place=place, cells="", table=table)
