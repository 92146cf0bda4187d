"""Read one sample, write its raw counts once, and flag its cells; see :mod:`cd20scope.ingest.read`."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from cd20scope.counts import store
from cd20scope.ingest import gene_names, read
from cd20scope.jobs.job import job
from cd20scope.qc import metrics
from cd20scope.study.text import read_text

with job(snakemake) as (log, output):
    inputs, params, sample = snakemake.input, snakemake.params, snakemake.wildcards.sample
    genes = Path(params.table)
    table = gene_names.parse_table(read_text(genes), name=str(genes))
    counts = read.read_sample(inputs.counts, **params.reading, table=table)
    if inputs.raw:
        empty = read.read_empty(inputs.raw, counts, place=params.reading["place"], table=table)
        counts = replace(counts, empty=empty)
        log.info("%s: %d molecules in droplets without a cell", inputs.raw, empty.sum())
    store.write_counts(counts, output.counts, provenance={"sample": sample})
    log.info(
        "%s: %d cells x %d genes, %d molecules; %d antibodies",
        sample,
        *counts.matrix.shape,
        counts.matrix.sum(),
        0 if counts.protein is None else counts.protein.shape[1],
    )
    cells = metrics.flag_cells(
        counts.matrix,
        counts.genes["gene"],
        populations=params.populations,
        min_counts=params.thresholds["min_counts"],
        min_genes=params.thresholds["min_genes"],
        max_percent_mito=params.thresholds["max_percent_mito"],
    )
    cells.index = pd.Index(counts.barcodes, name="barcode")
    cells.to_parquet(output.cells)
    log.info("%s: %d of %d cells kept", sample, cells["keep"].sum(), len(cells))
    for reason, n in cells.loc[~cells["keep"], "reason"].value_counts().items():
        log.info("left out, %s: %d", reason, n)
