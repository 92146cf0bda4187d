"""Stop the run when the preflight found errors; its page stays to be read."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope.counts import IngestError
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]) as log:
    found = pd.read_csv(snakemake.input.findings, sep="\t", dtype=str)
    errors = found[found["level"] == "error"]
    if len(errors):
        lines = [f"{row.about}: {row.text}" for row in errors.itertuples()]
        raise IngestError("\n".join(["the samples cannot be used as they are:", *lines]))
    Path(snakemake.output.passed).write_text(f"{len(found)} warnings, no error\n", encoding="utf-8")
    log.info("%d warnings", len(found))
