"""Measure the cells of one sample and say which are kept; see :mod:`cd20scope.qc.metrics`."""

from typing import TYPE_CHECKING

import pandas as pd

from cd20scope.ingest import read
from cd20scope.jobs.logs import logged
from cd20scope.jobs.outputs import written
from cd20scope.qc import metrics

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output) as output,
):
    counts = read.read_counts(snakemake.input.counts)
    thresholds = snakemake.params.thresholds
    cells = metrics.flag_cells(
        counts.matrix,
        counts.genes["gene"],
        populations=snakemake.params.populations,
        min_counts=thresholds["min_counts"],
        min_genes=thresholds["min_genes"],
        max_percent_mito=thresholds["max_percent_mito"],
        doublets_dropped=thresholds["doublets"],
        doublet_rate_per_1000=thresholds["doublet_rate_per_1000"],
        seed=snakemake.params.seed,
    )
    cells.index = pd.Index(counts.barcodes, name="barcode")
    cells.to_parquet(output.cells)
    log.info("%s: %d of %d cells kept", snakemake.wildcards.sample, cells["keep"].sum(), len(cells))
    for reason, n in cells.loc[~cells["keep"], "reason"].value_counts().items():
        log.info("dropped, %s: %d", reason, n)
