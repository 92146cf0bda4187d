"""The place of a count file that holds raw counts: of those whose values are proven, the one with most genes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.counts.foreign import explained
from cd20scope.counts.matrix import Genes, IngestError, NotRawError
from cd20scope.ingest.formats import detect
from cd20scope.ingest.formats.source import Source, choose_cells, says_counts
from cd20scope.ingest.gene_names import GeneTable, tidy_genes
from cd20scope.ingest.plausible import check_plausible
from cd20scope.schema import FORMATS

FIRST_CELLS = 100
"""Cells by which places that all hold integers are compared."""


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


def best_raw[T](
    path: Path,
    format: str,
    take: Callable[[Source, Genes, sparse.csr_matrix], T],
    *,
    place: str,
    cells: str,
    table: GeneTable,
) -> T:
    """Give the best place of the file that holds raw counts to ``take``, or say what each place holds.

    With the place go its genes and its first values, of all features. Where ``take`` refuses it, the next one follows.
    What ``take`` raises names the file, too.

    Raises
    ------
    IngestError
        Naming every place, with what speaks against it.
    """
    refused: list[IngestError] = []
    held: list[tuple[Source, Genes, sparse.csr_matrix]] = []
    with explained(path), detect.open_sources(path, format=format, place=place) as sources:
        for whole in sources:
            try:
                held.append(_proven(whole, path, cells=cells, table=table))
            except IngestError as error:
                # another place may have names that fit
                refused.append(error)
        if len(held) > 1:
            held = _ranked(held, path, refused)
        notes = [str(error).removeprefix(f"{path}, ").split(". Give")[0] for error in refused]
        notes += [f"{source.place} holds counts of {_n_genes(source):,} genes" for source, *_ in held[1:]]
        for source, genes, head in held:
            try:
                return take(replace(source, others="; ".join(notes)), genes, head)
            except NotRawError as error:
                refused.append(error)
    if not any(isinstance(error, NotRawError) for error in refused):
        raise refused[0]
    raise NotRawError("\n".join(str(error) for error in refused))


def _proven(
    whole: Source, path: Path, *, cells: str, table: GeneTable
) -> tuple[Source, Genes, sparse.csr_matrix]:
    """Prove names and first values of a place; its cells of the sample, its genes and those values."""
    proofs.check_names(whole.barcodes, whole.names, shape=whole.shape, where=str(path))
    source = choose_cells(whole, cells, where=str(path))
    ids = source.ids[source.keep] if source.ids.size else source.ids
    genes = tidy_genes(source.names[source.keep], ids, where=str(path), table=table)
    head = source.head()
    names, where = source.names[source.keep], f"{path}, {source.place}"
    proofs.check_raw(head[:, np.flatnonzero(source.keep)], barcodes=source.barcodes, names=names, where=where)
    return source, genes, head


def _ranked(
    held: list[tuple[Source, Genes, sparse.csr_matrix]], path: Path, refused: list[IngestError]
) -> list[tuple[Source, Genes, sparse.csr_matrix]]:
    """Put the place with most genes first; of those with as many, the one whose name says counts.

    Raises
    ------
    IngestError
        Several places hold other counts of as many genes, and no name tells which are the raw ones.
    """
    fit, totals = [], {}
    for one in held:
        source = one[0]
        n = min(FIRST_CELLS, len(source.barcodes))
        read = source.first(n) if source.first else source.load(np.arange(n))
        counts = read[:, np.flatnonzero(source.keep)]
        try:
            where = f"{path}, {source.place}"
            proofs.check_raw(counts, barcodes=source.barcodes, names=source.names[source.keep], where=where)
            check_plausible(counts, where=where, place=source.place)
        except NotRawError as error:
            refused.append(error)
            continue
        fit.append(one)
        totals[source.place] = np.asarray(counts.sum(axis=1)).ravel()
    fit.sort(key=lambda one: -_n_genes(one[0]))
    best = [one for one in fit if _n_genes(one[0]) == _n_genes(fit[0][0])]
    alike = [one for one in best if np.array_equal(totals[one[0].place], totals[best[0][0].place])]
    if len(alike) == len(best):
        return fit
    named = [one for one in best if says_counts(one[0].place)]
    if named and all(np.array_equal(totals[one[0].place], totals[named[0][0].place]) for one in named):
        return [*named, *(one for one in fit if not any(one is other for other in named))]
    shown = ", ".join(one[0].place for one in best)
    raise IngestError(
        f"{path}: several places hold counts that differ: {shown}. Name the one with the raw counts in the "
        f'configuration, as in ingest: {{place: "{best[0][0].place}"}}.'
    )


def _n_genes(source: Source) -> int:
    return int(source.keep.sum())
