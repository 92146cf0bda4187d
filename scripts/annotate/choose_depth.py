"""Choose the depth at which the visits of a donor are compared; see :mod:`cd20scope.annotate.likelihood.depth`."""

import pandas as pd

from cd20scope.annotate.likelihood import depth
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params = snakemake.params
    measured = {
        sample: depth.measure_depth(
            pd.read_parquet(path, columns=["n_counts", "stratum", "keep"]), populations=params.populations
        )
        for sample, path in zip(params.samples, snakemake.input.cells, strict=True)
    }
    donor = {sample: number for number, visits in enumerate(params.visits) for sample in visits}
    samples = pd.DataFrame.from_dict(measured, orient="index").assign(donor=pd.Series(donor))
    table = samples.join(depth.choose_depth(samples).drop(columns="molecules")).rename_axis("sample")
    table.drop(columns="donor").to_csv(output.depth, sep="\t")
    for sample, row in table[table["reason"] != ""].iterrows():
        log.warning(
            "%s: %s (median %.0f molecules, %d T cells)", sample, row.reason, row.molecules, row.t_cells
        )
