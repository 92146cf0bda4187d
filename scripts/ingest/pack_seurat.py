"""Put together what R wrote of a Seurat object; see :mod:`cd20scope.ingest.formats.seurat`."""

import warnings
from pathlib import Path

from cd20scope.ingest.formats import seurat
from cd20scope.jobs.job import job

with (
    job(snakemake) as (log, output),
    warnings.catch_warnings(action="ignore"),
):
    shape = seurat.pack(Path(snakemake.input.parts), Path(output.counts))
    log.info("%d cells x %d genes", *shape)
