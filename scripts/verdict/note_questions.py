"""Note which questions the study is asked, and since when; see :mod:`cd20scope.study.history`."""

from pathlib import Path

import pandas as pd

from cd20scope.jobs import clock
from cd20scope.jobs.job import job
from cd20scope.schema import require_columns
from cd20scope.study import history

with job(snakemake) as (log, output):
    params, kept = snakemake.params, Path(snakemake.output.questions)
    known = pd.DataFrame(columns=list(history.COLUMNS), dtype=str)
    if kept.exists():
        known = pd.read_csv(kept, sep="\t", dtype=str)
        require_columns(known, history.COLUMNS, name=str(kept))
    noted = history.note(
        known,
        digest=params.digest,
        version=params.version,
        now=clock.now(),
        verdicts=kept.with_name("verdicts.tsv").exists(),
    )
    noted.to_csv(output.questions, sep="\t", index=False)
    if warning := history.tell(noted, params.digest)["warning"]:
        log.warning("%s", warning)
