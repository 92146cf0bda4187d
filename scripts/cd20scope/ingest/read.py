"""Raw counts of a sample: from whatever file a lab has, into the one file that later steps read."""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.counts.matrix import Counts, Genes
from cd20scope.ingest import antibodies, empty_droplets
from cd20scope.ingest.formats import detect
from cd20scope.ingest.formats.source import Source
from cd20scope.ingest.gene_names import NO_TABLE, GeneTable
from cd20scope.ingest.places import best_raw, format_of
from cd20scope.ingest.plausible import check_plausible

LOG = logging.getLogger(__name__)


def describe(source: Source, cells: str) -> str:
    """Say what is taken of a file: place, cells, genes, and what is left out."""
    parts = [f"counts of {source.place}: {len(source.barcodes):,} cells x {int(source.keep.sum()):,} genes"]
    parts += [f"cells with {cells}"] if cells else []
    parts += [f"features left out: {source.left_out_text}"] if source.left_out else []
    return "; ".join([*parts, *([f"other places: {source.others}"] if source.others else [])])


def read_sample(
    path: Path | str, *, format: str = "", place: str = "", cells: str = "", table: GeneTable = NO_TABLE
) -> Counts:
    """Read the raw counts of one sample.

    All places of an h5ad file, a zarr store or a loom file are looked at: ``X``, the layers and ``raw.X``. Of those
    that are proven to hold counts the one with most genes is taken. Features that are no genes are left out, but for
    antibodies (by their type, by their names, or in an ``obsm`` of an h5ad file), which are kept beside the genes when
    they hold counts; genome prefixes (``hg19_``) are taken off; repeated symbols get -1, -2, ... as in anndata.

    Parameters
    ----------
    path
        10x HDF5 file (Cell Ranger 1 to 9), 10x MTX folder, h5ad, zarr, loom, or a dense table as text.
    format
        One of :data:`FORMATS`; empty (default) to tell it from the content.
    place
        Where an h5ad file or a zarr store holds the counts: ``X``, ``raw.X`` or ``layers['name']``; empty (default)
        to take the one with most genes. A place that is named is taken for counts when it holds integers, however even
        they are.
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
        if not place:
            check_plausible(matrix, where=where, place=source.place)
        matrix = proofs.finish_matrix(matrix, where=where)
        protein = antibodies.find(source, tagged, where=str(path))
        LOG.info("%s", describe(source, cells))
        return Counts(matrix=matrix, barcodes=source.barcodes, genes=genes, protein=protein)

    return best_raw(path, format_of(path, format), take, place=place, cells=cells, table=table)


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

    return best_raw(path, detect.sniff_format(path), take, place=place, cells="", table=table)
