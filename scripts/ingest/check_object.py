"""Compare the checksum of an R object with the one that the sheet states, before R reads it."""

from pathlib import Path

from cd20scope.ingest import checksums
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params = snakemake.params
    found = checksums.check_stated(Path(snakemake.input.object), sha256=params.sha256, name=params.path)
    Path(output.sum).write_text(f"{found}\n", encoding="utf-8")
    log.info("%s: SHA-256 as stated", params.path)
