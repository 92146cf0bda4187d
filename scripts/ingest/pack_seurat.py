"""Put together what R wrote of a Seurat object; see :mod:`cd20scope.ingest.formats.seurat`."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from cd20scope.ingest.formats import seurat
from cd20scope.jobs.logs import logged
from cd20scope.jobs.outputs import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    warnings.catch_warnings(action="ignore"),
    written(snakemake.input, snakemake.output) as output,
):
    shape = seurat.pack(Path(snakemake.input.parts), Path(output.counts))
    log.info("%d cells x %d genes", *shape)
