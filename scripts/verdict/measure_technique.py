"""Compare technique between visits donor by donor; see :mod:`cd20scope.verdict.technique`."""

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.verdict import quantities, technique

with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    sheet = pd.DataFrame(params.sheet)
    # nothing but an empty cell is missing: a sample may be called None
    estimated = pd.read_csv(
        inputs.contamination, sep="\t", dtype={"sample": str}, keep_default_na=False, na_values=[""]
    )
    ambient = estimated.set_index("sample")["share"]
    # one sample at a time: a few numbers are kept of each
    spilled = {
        sample: quantities.count_spilled(
            pd.read_parquet(path, columns=["population", "gene", "counts"]), params.populations
        )
        for sample, path in zip(sheet["sample"], inputs.sums, strict=True)
    }
    first = sheet.loc[sheet["visit"] == params.baseline, "sample"].tolist()
    shares = quantities.share_spilled(spilled, baseline=first)
    tables = []
    for row, cells, labels in zip(sheet.to_dict("records"), inputs.cells, inputs.labels, strict=True):
        told = pd.read_parquet(labels, columns=["population", "doublet"])
        measured = quantities.measure_sample(pd.read_parquet(cells), told) | shares[row["sample"]]
        tables.append(quantities.tabulate_sample(row, measured, ambient_share=ambient.get(row["sample"])))
    samples = pd.concat(tables, ignore_index=True)
    compared = technique.compare_technique(samples, contrasts=[tuple(pair) for pair in params.contrasts])
    samples.to_csv(output.samples, sep="\t", index=False)
    compared.to_csv(output.differences, sep="\t", index=False)
    for said in compared.loc[compared["moved"] == "yes", "statement"]:
        log.warning("%s", said)
