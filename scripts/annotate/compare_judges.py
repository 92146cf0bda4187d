"""Compare the judges of the labels, one sample at a time; see :mod:`cd20scope.annotate.judges.agreement`."""

import pandas as pd

from cd20scope.annotate.judges import agreement
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    judges, cells = snakemake.params.judges, snakemake.input.cells
    # the labels come judge by judge, each in the order of the samples
    of_sample = [snakemake.input.labels[number :: len(cells)] for number in range(len(cells))]
    tables = []
    for path, labels in zip(cells, of_sample, strict=True):
        keep = pd.read_parquet(path, columns=["keep"])["keep"]
        read = {
            judge: pd.read_parquet(label, columns=["population"])["population"][keep]
            for judge, label in zip(judges, labels, strict=True)
        }
        tables.append(agreement.tabulate(read))
    table = agreement.add_up(tables)
    summary = agreement.summarise(table)
    table.to_csv(output.cells, sep="\t", index=False)
    summary.to_csv(output.summary, sep="\t", index=False, na_rep="NA")
    for row in summary.itertuples():
        log.info("%s, %s: kappa %.3f over %d cells", row.judge_a, row.judge_b, row.kappa, row.n_assigned)
