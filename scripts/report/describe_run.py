"""Describe the run as a research object; see :mod:`cd20scope.report.provenance`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from cd20scope.jobs import files
from cd20scope.jobs.job import job
from cd20scope.report import provenance, read, software
from cd20scope.report.tables import listings

with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    target = Path(snakemake.output.crate)
    rows = [
        {
            "path": Path(path).relative_to(target.parent).as_posix(),
            "sha256": files.checksum(path),
            "bytes": Path(path).stat().st_size,
            "about": about,
        }
        for path, about in zip(inputs.outputs, params.about, strict=True)
    ]
    crate = provenance.describe(
        title=params.config["report"]["title"],
        licence="Not stated; it follows from that of the data",
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        version=params.version,
        code=params.run_code,
        software=software.versions(params.software),
        settings=list(listings.settings(params.config)),
        inputs=read.read_table(inputs.sums),
        outputs=pd.DataFrame(rows),
    )
    Path(output.crate).write_text(json.dumps(crate, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    log.info("described %d outputs", len(rows))
