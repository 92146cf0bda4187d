"""Droplets without a cell, in the unfiltered matrix of a sample's run: what they hold is ambient RNA alone."""

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.matrix import Genes, IngestError, Strings

MOST = 100
"""Molecules above which a droplet may hold a cell (Lun 2019, doi:10.1186/s13059-019-1662-y)."""
ENOUGH = 10_000
"""Molecules of all empty droplets together below which their profile is noise: a real run has millions."""
SEQUENCE = re.compile(r"[ACGTN]{8,}")
SAME_CELLS = 0.9
SAME_GENES = 0.9


def sum_empty(
    matrix: sparse.csr_matrix,
    barcodes: Strings,
    genes: Genes,
    *,
    cells: Strings,
    wanted: Genes,
    where: str,
) -> npt.NDArray[np.int64]:
    """Sum the molecules of the droplets that hold no cell.

    A droplet is empty when its barcode is not among the cells and it has 1 to :data:`MOST` molecules.

    Parameters
    ----------
    matrix, barcodes, genes
        The unfiltered matrix, droplets x genes.
    cells
        Barcodes of the sample's cells.
    wanted
        The sample's genes.
    where
        The unfiltered file, for the error.

    Returns
    -------
    Molecules per gene of the sample, shape (n_genes,); 0 for a gene that the unfiltered matrix lacks.

    Raises
    ------
    IngestError
        When this is the unfiltered matrix of another sample or of other genes, or holds hardly any empty droplet.
    """
    check_same(barcodes, genes["gene"], cells=cells, wanted=wanted["gene"], where=where)
    total = np.asarray(matrix.sum(axis=1)).ravel()
    called = np.isin(sequences(barcodes), sequences(cells))
    empty = matrix[np.flatnonzero((total > 0) & (total <= MOST) & ~called)]
    sums = np.asarray(empty.sum(axis=0)).ravel()
    if sums.sum() < ENOUGH:
        raise IngestError(
            f"{where}: {empty.shape[0]:,} droplets without a cell hold {int(sums.sum()):,} molecules, and {ENOUGH:,} "
            "are needed to tell ambient RNA. Give Cell Ranger's raw_feature_bc_matrix in the column raw of the sample "
            "sheet, or leave the cell empty."
        )
    of_gene = dict(zip(genes["gene"], sums, strict=True))
    return np.array([of_gene.get(gene, 0) for gene in wanted["gene"]], dtype=np.int64)


def check_same(
    barcodes: Strings, genes: Iterable[str], *, cells: Strings, wanted: Iterable[str], where: str
) -> None:
    """Check that an unfiltered matrix is of the sample's own run and reference, by its names.

    Raises
    ------
    IngestError
    """
    found = float(np.isin(sequences(cells), sequences(barcodes)).mean())
    if found < SAME_CELLS:
        raise IngestError(
            f"{where}: {found:.0%} of the sample's cells are among its barcodes: the unfiltered matrix of another "
            "sample? Correct the column raw of the sample sheet."
        )
    known = set(genes)
    shared = float(np.mean([gene in known for gene in wanted]))
    if shared < SAME_GENES:
        raise IngestError(
            f"{where}: has {shared:.0%} of the sample's genes: made with another reference? Correct the column raw of "
            "the sample sheet, or leave the cell empty."
        )


def sequences(barcodes: Strings) -> Strings:
    """Take the bases of each barcode: what is put before or after them differs between files of one run.

    A name without bases, such as that of a well, stays whole.
    """
    found = (SEQUENCE.search(name) for name in barcodes.tolist())
    return np.array(
        [match[0] if match else name for match, name in zip(found, barcodes.tolist(), strict=True)],
        dtype=np.str_,
    )
