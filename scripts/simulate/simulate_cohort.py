"""Write the built-in cohort as 10x files, with what was planted beside it; see :mod:`cd20scope.simulate.cohort`."""

import json
from pathlib import Path

import pandas as pd

from cd20scope import schema
from cd20scope.annotate.likelihood.profiles import read_profiles
from cd20scope.annotate.likelihood.tree import profiles_of_populations
from cd20scope.jobs.job import job
from cd20scope.simulate import cohort, tenx_files

with job(snakemake) as (log, output):
    params = snakemake.params
    sheet = pd.DataFrame(params.sheet)
    plan = params.plan
    genes, samples = cohort.simulate_cohort(
        sheet,
        visits=params.visits,
        plan=plan["plan"],
        cells=plan["cells"],
        seed=plan["seed"],
        populations=params.populations,
        programs=params.programs,
        table=read_profiles(Path(params.table)),
        profiles_of=profiles_of_populations(params.populations),
    )
    for row, path in zip(sheet.itertuples(), output.counts, strict=True):
        sample = samples[row.sample]
        write = tenx_files.write_h5 if row.path.endswith(".h5") else tenx_files.write_mtx
        write(Path(path), sample.counts, genes=genes, barcodes=sample.barcodes)
        log.info("%s: %d cells x %d genes written to %s", row.sample, *sample.counts.shape, row.path)
    # a sheet like any other: the workflow tells the controls itself, by the column of the arm
    written = sheet.drop(columns=schema.CONTROL).assign(path=[Path(path).name for path in sheet["path"]])
    written.to_csv(output.samples, sep="\t", index=False)
    truth = {
        "plan": plan["plan"],
        "planted": cohort.planted(
            plan["plan"],
            visits=params.visits,
            populations=params.populations,
            programs=params.programs,
        ),
        "labels": {name: dict(zip(s.barcodes, s.truth, strict=True)) for name, s in samples.items()},
    }
    Path(output.truth).write_text(json.dumps(truth, indent=1), encoding="utf-8")
