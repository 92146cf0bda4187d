"""The place of a count file that holds raw counts: the first whose values are proven."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.counts.hdf5 import explained
from cd20scope.counts.matrix import Genes, IngestError, NotRawError
from cd20scope.ingest.formats import detect
from cd20scope.ingest.formats.source import Source, choose_cells
from cd20scope.ingest.gene_names import GeneTable, tidy_genes
from cd20scope.schema import FORMATS


def format_of(path: Path, format: str) -> str:
    """Format of a count file by its content, which the sheet may not contradict."""
    if format and format not in FORMATS:
        raise IngestError(
            f"{path}: unknown format {format!r}. Use one of {', '.join(FORMATS)}, or leave it empty."
        )
    found = detect.sniff_format(path)
    if format and format != found:
        raise IngestError(
            f"{path}: said to be {format}, but its content is {found}. Correct 'format' in the sample sheet, "
            "or leave it empty."
        )
    return found


def first_raw[T](
    path: Path,
    format: str,
    take: Callable[[Source, Genes, sparse.csr_matrix], T],
    *,
    place: str,
    cells: str,
    table: GeneTable,
) -> T:
    """Give the first place of the file that holds raw counts to ``take``, or say what each place holds.

    With the place go its genes and its first values, of all features. What ``take`` raises names the file, too.
    """
    refused: list[NotRawError] = []
    with explained(path), detect.open_sources(path, format=format, place=place) as sources:
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
