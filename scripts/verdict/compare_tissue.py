"""Ask the questions of another tissue, by its samples alone; see :mod:`cd20scope.verdict.tissues`."""

import pandas as pd

from cd20scope.abundance import shares
from cd20scope.annotate.sketch import shared_genes
from cd20scope.counts import ingested
from cd20scope.jobs.job import job
from cd20scope.programs import scores
from cd20scope.pseudobulk.cohort import LeafSums, read_sums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.study import roles
from cd20scope.verdict import measure, tissues

with job(snakemake) as (log, output):
    params, settings, read = snakemake.params, snakemake.params.settings, snakemake.input
    sheet = pd.DataFrame(params.sheet)
    names = sheet["sample"]
    leaves = stack_cells(dict(zip(names, map(pd.read_parquet, read.cells), strict=True)))
    counted = {"sheet": sheet, "populations": params.populations}
    donors = shares.donor_table(leaves, **counted, tests=[tuple(test) for test in params.tests])
    sums = LeafSums.collect(
        zip(names, map(read_sums, read.sums), strict=True),
        leaves=leaves,
        sheet=sheet,
        genes=shared_genes(ingested.read_genes(dict(zip(names, read.counts, strict=True)))),
    )
    # as in compare_programs
    markers = {gene for node in params.populations["nodes"] for gene in node["markers"]}
    scored, parts = scores.score_programs(
        sums,
        populations=params.populations,
        programs=params.programs,
        tests=[
            (where, entry["name"]) for entry in params.programs["programs"] for where in entry["populations"]
        ],
        split=[roles.set_with(params.populations, roles.MONONUCLEAR)],
        not_controls=markers,
        n_controls=settings["control_genes"],
        min_cells=settings["min_cells"],
        seed=params.seed,
    )
    hypotheses, measured = (
        params.hypotheses["hypotheses"],
        {"donors": donors, "scores": scored, "parts": parts},
    )
    changes = measure.measure_needed(hypotheses, **measured, settings=measure.Settings(**params.measured))
    asked = tissues.ask_tissue(hypotheses, changes, tissue=sheet["tissue"].iloc[0], **params.level)
    tables = measured | {"samples": tissues.tabulate_samples(sheet, leaves), "questions": asked}
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
    log.info("%d samples, %s", len(sheet), asked["status"].value_counts().to_dict())
