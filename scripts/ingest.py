"""Read one sample and write its raw counts, once; see :mod:`cd20scope.ingest`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cd20scope import ingest
from cd20scope.logs import logged
from cd20scope.whole import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

files = [snakemake.input.counts, *snakemake.input.parts]
with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output, sources=files) as output,
):
    genes = Path(snakemake.input.genes)
    table = ingest.parse_table(genes.read_text(encoding="utf-8"), name=str(genes))
    counts = ingest.read_sample(snakemake.input.counts, **snakemake.params.reading, table=table)
    if snakemake.input.raw:
        empty = ingest.read_empty(
            snakemake.input.raw, counts, place=snakemake.params.reading["place"], table=table
        )
        counts = replace(counts, empty=empty)
        log.info("%s: %d molecules in droplets without a cell", snakemake.input.raw, empty.sum())
    ingest.write_counts(counts, output.counts, provenance={"sample": snakemake.wildcards.sample})
    log.info(
        "%s: %d cells x %d genes, %d molecules; %d antibodies",
        snakemake.wildcards.sample,
        *counts.matrix.shape,
        counts.matrix.sum(),
        0 if counts.protein is None else counts.protein.shape[1],
    )
