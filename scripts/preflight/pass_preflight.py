"""Stop the run when a count file cannot be used; the preflight's page stays to be read."""

from pathlib import Path

import pandas as pd

from cd20scope.counts.matrix import IngestError
from cd20scope.jobs.job import job

with job(snakemake) as (_, output):
    findings = pd.read_csv(snakemake.input.findings, sep="\t", dtype=str, keep_default_na=False)
    problems = findings[findings["level"] == "error"]
    if len(problems):
        lines = [
            f"{'samples' if ',' in row.about else 'sample'} {row.about}: {row.text}"
            for row in problems.itertuples()
        ]
        raise IngestError(
            "\n".join([f"{len(lines)} of the samples cannot be used (see {snakemake.input.page}):", *lines])
        )
    Path(output.passed).write_text("every count file can be used\n", encoding="utf-8")
