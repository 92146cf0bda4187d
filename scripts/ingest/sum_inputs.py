"""Sum the count files of all samples; see :mod:`cd20scope.jobs.files`."""

import pandas as pd

from cd20scope.ingest import checksums as ingest_checksums
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    table = ingest_checksums.tabulate(
        snakemake.params.samples, snakemake.params.paths, files=snakemake.params.files
    )
    looks = pd.read_csv(snakemake.input.looks, sep="\t", dtype={"sample": str}, keep_default_na=False)
    table = ingest_checksums.add_taken(table, looks, cells=snakemake.params.cells)
    table.to_csv(output.sums, sep="\t", index=False)
    files = table.drop_duplicates("path")
    log.info("%d files, %.1f MB", len(files), files["bytes"].sum() / 1e6)
