"""Read one sample and write its raw counts, once; see :mod:`cd20scope.ingest.read`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cd20scope.ingest import read
from cd20scope.jobs.logs import logged
from cd20scope.jobs.outputs import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

files = [snakemake.input.counts, *snakemake.input.parts]
with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output, sources=files) as output,
):
    genes = Path(snakemake.input.genes)
    table = read.parse_table(genes.read_text(encoding="utf-8"), name=str(genes))
    counts = read.read_sample(snakemake.input.counts, **snakemake.params.reading, table=table)
    if snakemake.input.raw:
        empty = read.read_empty(
            snakemake.input.raw, counts, place=snakemake.params.reading["place"], table=table
        )
        counts = replace(counts, empty=empty)
        log.info("%s: %d molecules in droplets without a cell", snakemake.input.raw, empty.sum())
    read.write_counts(counts, output.counts, provenance={"sample": snakemake.wildcards.sample})
    log.info(
        "%s: %d cells x %d genes, %d molecules; %d antibodies",
        snakemake.wildcards.sample,
        *counts.matrix.shape,
        counts.matrix.sum(),
        0 if counts.protein is None else counts.protein.shape[1],
    )
