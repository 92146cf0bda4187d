"""Take in a count file that came over the network, once its checksum is right; see :mod:`cd20scope.jobs.files`."""

from pathlib import Path

from cd20scope.ingest import checksums
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params = snakemake.params
    size = checksums.take_in(
        Path(snakemake.input.arrived),
        Path(output.counts),
        sha256=params.sha256,
        address=params.address,
    )
    log.info("%s: %d bytes, SHA-256 as stated", params.address, size)
