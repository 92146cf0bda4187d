"""Check the first look at the count files against the study, and write the preflight's page."""

from pathlib import Path

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.preflight import page as preflight_page
from cd20scope.preflight import study
from cd20scope.preflight.sexes import COLUMNS as SEX_COLUMNS


def read(path: str) -> pd.DataFrame:
    """Read one of the small tables; a gene may be called NA, and a sample 01."""
    return pd.read_csv(path, sep="\t", dtype={"sample": str, "about": str}, keep_default_na=False)


with job(snakemake) as (log, output):
    inputs, params = snakemake.input, snakemake.params
    sheet = pd.DataFrame(params.sheet)
    samples = read(inputs.samples)
    # of other tissues no more than whether their files can be used
    samples = samples[samples["sample"].isin(sheet["sample"])]
    problems = list(read(inputs.problems).itertuples(index=False, name=None))
    tables, findings = study.examine(samples, read(inputs.genes), sheet, problems=problems, **params.study)
    totals = {
        "n_samples": len(sheet),
        "n_donors": sheet["donor"].nunique(),
        "n_cells": f"{samples['n_cells'].sum():,}",
    }
    page = preflight_page.render(
        params.template["preflight.html.j2"], findings=findings, tables=tables, totals=totals
    )
    Path(output.page).write_text(page, encoding="utf-8")
    found = pd.DataFrame([vars(finding) for finding in findings], columns=["level", "about", "text"])
    found.to_csv(output.findings, sep="\t", index=False)
    tables.get("Sex", pd.DataFrame(columns=list(SEX_COLUMNS))).to_csv(output.sexes, sep="\t", index=False)
    for finding in findings:
        log.warning("%s: %s: %s", finding.level, finding.about, finding.text)
    n = found["level"].value_counts()
    print(f"preflight: {n.get('error', 0)} errors, {n.get('warning', 0)} warnings")
    print(*(f"  {row.level}: {row.about}: {row.text}" for row in found.itertuples()), sep="\n")
    print(f"  the page: {Path(snakemake.output.page).resolve()}")
