"""Write the exported cells as plain files for export_seurat.R; see :mod:`cd20scope.export.plain`."""

from pathlib import Path

from cd20scope.export.plain import write_plain
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    log.info("%d cells x %d genes", *write_plain(Path(output.parts), snakemake.input.cells))
